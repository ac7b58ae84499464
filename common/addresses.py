"""What may stand for a number in an address or a field: ASCII digits, no more than a key of the database has.

``<id:pk>`` and ``<year:year>`` are converters of every URL; anything else is an address that does not exist.
``onward`` is the page that another one asks to be gone back to.
"""

import re

from django.http import HttpRequest
from django.urls import register_converter
from django.utils.http import url_has_allowed_host_and_scheme

DIGITS = 18  # a bigint holds every number of so many


class IdConverter:
    """A primary key."""

    regex = rf"[0-9]{{1,{DIGITS}}}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value) -> str:
        return str(value)


class YearConverter(IdConverter):
    """A year that a calendar has."""

    regex = "[12][0-9]{3}"


def read_id(text: str) -> int | None:
    """The number that somebody typed or a form carries, None for anything that no row can be named by."""
    return int(text) if re.fullmatch(IdConverter.regex, text) else None


def onward(request: HttpRequest) -> str:
    """The page that asked for this one (``suite``) and is to be gone back to, "" for none or one that is not ours."""
    asked = request.POST.get("suite") or request.GET.get("suite") or ""
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()) else ""


def register() -> None:
    """Make the converters known; once, before any table of URLs is read."""
    register_converter(IdConverter, "id")
    register_converter(YearConverter, "year")
