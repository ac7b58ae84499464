"""Whether an answer is what Stripe's published API description says.

The classes of Stripe's library are generated from it: a field whose type is not Optional is required, a Literal is an
enum, and a field that the class does not name does not exist.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe

CLASSES = {
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "payment_intent": stripe.PaymentIntent,
    "refund": stripe.Refund,
}


def faults(thing: dict[str, Any]) -> list[str]:
    """Where this object strays from the description of its kind; empty when it does not."""
    kind = thing["object"]
    if kind == "list":
        return [fault for each in thing["data"] for fault in faults(each)]
    found = list(_of_class(thing, CLASSES[kind], kind))
    return found + faults(thing["data"]["object"]) if kind == "event" else found


def _of_class(thing: Any, described: type, path: str) -> Iterator[str]:
    if not isinstance(thing, dict):
        yield f"{path} is no object"
        return
    fields = {name: kind for name, kind in described.__annotations__.items() if name != "OBJECT_NAME"}
    for name in thing.keys() - fields.keys():
        yield f"{path}.{name} does not exist"
    for name, kind in fields.items():
        if name in thing:
            yield from _of_type(thing[name], kind, f"{path}.{name}")
        elif NoneType not in get_args(kind):
            yield f"{path}.{name} is missing"


def _of_type(value: Any, kind: Any, path: str) -> Iterator[str]:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        yield from _of_union(value, inside, path)
    elif origin is Literal:
        if value not in inside:
            yield f"{path} is {value!r}, none of {inside}"
    elif origin is list:
        yield from _of_list(value, inside[0], path)
    elif isinstance(kind, ForwardRef):
        yield from _of_reference(value, kind.__forward_arg__, path)
    elif getattr(origin or kind, "__name__", "") == "UntypedStripeObject":
        if not isinstance(value, dict):
            yield f"{path} is no object"
    elif isinstance(kind, type) and issubclass(kind, stripe.StripeObject):
        yield from _of_class(value, kind, path)
    elif type(value) is not kind:
        yield f"{path} is {value!r}, not {kind}"


def _of_reference(value: Any, name: str, path: str) -> Iterator[str]:
    """An object named by its class."""
    described = CLASSES.get(value.get("object")) if isinstance(value, dict) else None
    if described is None or described.__name__ != name:
        yield f"{path} is no {name}"
    else:
        yield from _of_class(value, described, path)


def _of_list(value: Any, kind: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} is no list"
        return
    for place, each in enumerate(value):
        yield from _of_type(each, kind, f"{path}[{place}]")


def _of_union(value: Any, kinds: tuple, path: str) -> Iterator[str]:
    """One of several; the library leaves enums open for the values of tomorrow, an answer of today keeps to them."""
    enums = [kind for kind in kinds if get_origin(kind) is Literal]
    strict = [kind for kind in kinds if kind is not str] if enums or isinstance(value, dict) else kinds
    wrong = [list(_of_type(value, kind, path)) for kind in strict if kind is not NoneType or value is None]
    if value is None and NoneType in kinds:
        return
    if wrong and all(wrong):
        yield from min(wrong, key=len)
