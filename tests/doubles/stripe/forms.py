"""Parameters as Stripe takes them: forms whose names hold brackets."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.stripe.errors import ApiError, lacking, unsound

Params = Mapping[str, Any]


def decode(text: str) -> dict[str, Any]:
    """``a[b][0][c]=1`` is ``{"a": {"b": [{"c": "1"}]}}``."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, rest = name.partition("[")[0], re.findall(r"\[([^\]]*)\]", name)
        _plant(tree, [first, *rest], value)
    return {name: _listed(value) for name, value in tree.items()}


def _plant(branch: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        branch = branch.setdefault(name, {})
        if not isinstance(branch, dict):
            raise unsound(path[0], f"Invalid {path[0]}.")
    branch[path[-1] or str(len(branch))] = value


def _listed(value: Any) -> Any:
    """A branch whose names are all numbers is a list."""
    if not isinstance(value, dict):
        return value
    grown = {name: _listed(below) for name, below in value.items()}
    if grown and all(name.isdigit() for name in grown):
        return [grown[name] for name in sorted(grown, key=int)]
    return grown


def only(params: Params, known: Collection[str], within: str = "") -> None:
    """Stripe refuses a parameter that it does not know, and so does this double for those that it does not keep."""
    for name in params:
        if name not in known:
            full = f"{within}[{name}]" if within else name
            raise ApiError(400, f"Received unknown parameter: {full}", code="parameter_unknown", param=full)


def number(params: Params, name: str, default: int | None = None, *, param: str = "") -> int:
    """A whole number; without default, one that must be given."""
    value = params.get(name, default)
    if value is None:
        raise lacking(param or name)
    if isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"-?\d{1,12}", value)):
        return int(value)
    raise unsound(param or name, f"Invalid integer: {value}", "parameter_invalid_integer")


def text(params: Params, name: str, limit: int = 5000) -> str | None:
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise unsound(name, f"Invalid string: {value}")
    if len(value) > limit:
        raise unsound(name, f"Invalid {name}: must be at most {limit} characters", "parameter_invalid_string_too_long")
    return value


def address(params: Params, name: str) -> str | None:
    """An absolute address of the web."""
    value = text(params, name)
    if value is not None:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise unsound(name, "Not a valid URL", "url_invalid")
    return value


def branch(params: Params, name: str) -> dict[str, Any]:
    """Named values below a name; none is an empty branch."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise unsound(name, f"Invalid object: {value}", "parameter_invalid_empty" if value == "" else None)
    return value


def metadata(params: Params) -> dict[str, str]:
    """At most 50 texts of at most 500 characters under names of at most 40."""
    given = branch(params, "metadata")
    sound = all(isinstance(value, str) and len(value) <= 500 and len(name) <= 40 for name, value in given.items())
    if len(given) > 50 or not sound:
        raise unsound("metadata", "Invalid metadata.")
    return given
