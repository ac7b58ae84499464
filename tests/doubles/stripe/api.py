"""Stripe's API, the part that the portal uses: from a request to the bytes of its answer."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.doubles.stripe import forms, orders, shapes
from tests.doubles.stripe.answers import Answer
from tests.doubles.stripe.bank import Bank
from tests.doubles.stripe.errors import ApiError, lacking, unsound
from tests.doubles.stripe.forms import Params
from tests.doubles.stripe.store import Thing

KEYS = ("sk_test_", "rk_test_")
EXPANDABLE = {"payment_intent": "payment_intent", "latest_charge": "charge", "charge": "charge"}
OF_REFUND = ("amount", "expand", "metadata", "payment_intent", "reason")
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def encode(thing: Thing) -> bytes:
    return json.dumps(thing, indent=2).encode()


class Api:
    """Answers calls, each key of idempotency once."""

    def __init__(self, bank: Bank):
        self.bank, self.store = bank, bank.store
        self._busy: set[str] = set()
        self._busy_lock = threading.Lock()

    def answer(self, method: str, path: str, raw: str, headers: Mapping[str, str], pause: float = 0) -> Answer:
        """Do what is asked and answer. ``pause``: seconds that the work takes."""
        request = {"id": shapes.new_id("req_", 14), "idempotency_key": headers.get("Idempotency-Key")}
        said = {"Request-Id": request["id"], "Stripe-Version": shapes.API_VERSION}
        try:
            check_headers(headers)
            if method != "POST" or not request["idempotency_key"]:
                time.sleep(pause)
                with self.bank.act(request):
                    return Answer(200, encode(self._work(method, path, raw)), said)
            return self._once(request, path, raw, said, pause)
        except ApiError as error:
            return Answer(error.status, encode(error.body), said)

    def _once(self, request: Thing, path: str, raw: str, said: dict[str, str], pause: float) -> Answer:
        key = request["idempotency_key"]
        said = said | {"Idempotency-Key": key}
        with self._busy_lock:
            if key in self._busy:
                raise ApiError(
                    409,
                    "There is currently another in-progress request using this Idempotent Key.",
                    type="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._busy.add(key)
        try:
            time.sleep(pause)
            return self._remembered(key, path, raw, said) or self._first(request, path, raw, said)
        finally:
            with self._busy_lock:
                self._busy.discard(key)

    def _remembered(self, key: str, path: str, raw: str, said: dict[str, str]) -> Answer | None:
        known = self.store.answer_to(key)
        if known is None:
            return None
        asked, status, body = known
        if asked != digest(path, raw):
            raise ApiError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return Answer(status, bytes(body), said | {"Idempotent-Replayed": "true"})

    def _first(self, request: Thing, path: str, raw: str, said: dict[str, str]) -> Answer:
        """Work, and keep the answer with it; a refusal is kept only when the work had begun."""
        with self.bank.act(request):
            try:
                status, thing = 200, self._work("POST", path, raw)
            except ApiError as error:
                if not error.begun:
                    raise
                status, thing = error.status, error.body
            body = encode(thing)
            self.store.keep_answer(request["idempotency_key"], digest(path, raw), status, body)
            return Answer(status, body, said)

    def _work(self, method: str, path: str, raw: str) -> Thing:
        for verb, pattern, call in ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                params = forms.decode(raw)
                return self._expanded(call(self, params, *found.groups()), params)
        raise ApiError(404, f"Unrecognized request URL ({method}: {path}).")

    def _expanded(self, thing: Thing, params: Params) -> Thing:
        """Objects in the place of their ids, where ``expand`` names them."""
        for name in params.get("expand") or []:
            field = name.removeprefix("data.")
            if field not in EXPANDABLE:
                raise unsound("expand", f"This property cannot be expanded ({name}).")
            for each in thing["data"] if name != field else [thing]:
                if isinstance(each.get(field), str):
                    each[field] = self.store.get(EXPANDABLE[field], each[field])
        return thing

    # --- One method a route

    def create_session(self, params: Params) -> Thing:
        return self.bank.open(orders.read(params, self.bank.clock.now()))

    def retrieve_session(self, params: Params, id: str) -> Thing:
        forms.only(params, ["expand"])
        return self.bank.session(id)

    def expire_session(self, params: Params, id: str) -> Thing:
        forms.only(params, ["expand"])
        return self.bank.expire(id)

    def list_sessions(self, params: Params) -> Thing:
        self.bank.sweep()
        return self.page("checkout.session", "/v1/checkout/sessions", params, "payment_intent")

    def create_refund(self, params: Params) -> Thing:
        forms.only(params, OF_REFUND)
        intent = forms.text(params, "payment_intent")
        if intent is None:
            raise lacking("payment_intent")
        cents = forms.number(params, "amount") if "amount" in params else None
        reason = forms.text(params, "reason")
        if reason not in (None, *REASONS):
            raise unsound("reason", f"Invalid reason: must be one of {', '.join(REASONS)}")
        return self.bank.refund(intent, cents, forms.metadata(params), reason)

    def page(self, kind: str, path: str, params: Params, *filters: str) -> Thing:
        """One page of a list, newest first."""
        forms.only(params, ["created", "expand", "limit", "starting_after", *filters])
        limit = forms.number(params, "limit", 10)
        if not 1 <= limit <= 100:
            raise unsound("limit", "Invalid limit: must be between 1 and 100", "parameter_invalid_integer")
        after = forms.text(params, "starting_after")
        if after is not None:
            self.store.get(kind, after, "starting_after")
        found = self.store.newest(
            kind, limit + 1, after=after, intent=forms.text(params, "payment_intent"), span=span_of(params)
        )
        return shapes.page_of(path, found[:limit], len(found) > limit)


def check_headers(headers: Mapping[str, str]) -> None:
    """Only a test key opens, and only the version of the API whose objects these are."""
    key = (headers.get("Authorization") or "").removeprefix("Bearer ")
    if not key.startswith(KEYS):
        said = "Invalid API Key provided: it is no test key." if key else "You did not provide an API key."
        raise ApiError(401, said)
    version = headers.get("Stripe-Version", shapes.API_VERSION)
    if version != shapes.API_VERSION:
        raise ApiError(400, f"Invalid Stripe API version: {version}")


def digest(path: str, raw: str) -> str:
    """What was asked, whatever the order of its parameters."""
    return hashlib.sha256(f"{path}?{'&'.join(sorted(raw.split('&')))}".encode()).hexdigest()


def span_of(params: Params) -> dict[str, int]:
    """The bounds of ``created``, in seconds."""
    created = params.get("created") or {}
    if isinstance(created, str):
        second = forms.number(params, "created")
        return {"gte": second, "lte": second}
    forms.only(created, ["gt", "gte", "lt", "lte"], "created")
    return {bound: forms.number(created, bound, param=f"created[{bound}]") for bound in created}


def retrieve(kind: str) -> Callable[..., Thing]:
    def call(api: Api, params: Params, id: str) -> Thing:
        forms.only(params, ["expand"])
        return api.store.get(kind, id)

    return call


def listing(kind: str, path: str, *filters: str) -> Callable[..., Thing]:
    def call(api: Api, params: Params) -> Thing:
        return api.page(kind, path, params, *filters)

    return call


ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("POST", "/v1/checkout/sessions", Api.create_session),
    ("GET", "/v1/checkout/sessions", Api.list_sessions),
    ("GET", r"/v1/checkout/sessions/(\w+)", Api.retrieve_session),
    ("POST", r"/v1/checkout/sessions/(\w+)/expire", Api.expire_session),
    ("GET", r"/v1/payment_intents/(\w+)", retrieve("payment_intent")),
    ("GET", r"/v1/charges/(\w+)", retrieve("charge")),
    ("POST", "/v1/refunds", Api.create_refund),
    ("GET", "/v1/refunds", listing("refund", "/v1/refunds", "payment_intent")),
    ("GET", r"/v1/refunds/(\w+)", retrieve("refund")),
    ("GET", "/v1/disputes", listing("dispute", "/v1/disputes", "payment_intent")),
    ("GET", r"/v1/disputes/(\w+)", retrieve("dispute")),
    ("GET", "/v1/events", listing("event", "/v1/events")),
    ("GET", r"/v1/events/(\w+)", retrieve("event")),
]
