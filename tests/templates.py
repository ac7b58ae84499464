"""An undefined variable in a template of ours fails the test that shows it; the libraries' templates rely on silence."""

from contextvars import ContextVar

from django.conf import settings
from django.template.base import FilterExpression, Node, VariableDoesNotExist
from django.template.defaulttags import ForNode

OURS = str(settings.BASE_DIR / "templates")
DEFAULTS = {"default", "default_if_none"}
current = ContextVar("node", default=None)  # the node being rendered: it knows the file it stands in
render_annotated, resolve = Node.render_annotated, FilterExpression.resolve


class UndefinedVariable(AssertionError):
    """A template names something that nobody gave it."""


def _render_annotated(node, context):
    token = current.set(node)
    try:
        return render_annotated(node, context)
    finally:
        current.reset(token)


def _resolve(expression, context, ignore_failures=False):
    node = current.get()
    if node is not None and _must_be_known(expression, node, ignore_failures):
        try:
            expression.var.resolve(context)
        except VariableDoesNotExist as missing:
            raise UndefinedVariable(f"{node.origin.name}, line {node.token.lineno}: {missing}") from None
    return resolve(expression, context, ignore_failures)


def _must_be_known(expression, node, ignore_failures) -> bool:
    """``{% if %}`` may ask for what is not there, and so may ``|default``; ``{% for %}`` may not."""
    if not expression.is_var or (ignore_failures and not isinstance(node, ForNode)):
        return False
    return _is_ours(node) and not DEFAULTS & {function.__name__ for function, _ in expression.filters}


def _is_ours(node) -> bool:
    origin = getattr(node, "origin", None)
    return origin is not None and str(origin.name).startswith(OURS) and node.token is not None


def watch(monkeypatch) -> None:
    """Fail on undefined variables until the end of the test."""
    monkeypatch.setattr(Node, "render_annotated", _render_annotated)
    monkeypatch.setattr(FilterExpression, "resolve", _resolve)
