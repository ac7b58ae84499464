"""What the tests of the agents' pages fill in and read."""

import re
from html import unescape

from django.urls import reverse

from tests.forms import fields_of

TERM = {
    "opening_rules-TOTAL_FORMS": "1",
    "opening_rules-0-weekdays": ["0", "1", "3", "4"],
    "opening_rules-0-period": "term",
    "opening_rules-0-first": "2026-11-30",
    "opening_rules-0-last": "2026-12-11",
}


def url(table: str, page: str = "changelist", *args) -> str:
    """An admin page of reservations."""
    return reverse(f"admin:reservations_{table}_{page}", args=args)


def change(browser, activity, **fields):
    """Open an activity's page, change some fields and save."""
    page = url("activity", "change", activity.pk)
    return browser.post(page, fields_of(browser.get(page)) | fields)


def rule(prefix: str, **fields) -> dict:
    """The fields of a delay as the form sends them."""
    return {f"{prefix}_rule-{name}": value for name, value in fields.items()}


def told(response) -> list[str]:
    """The messages on top of the next page."""
    return [str(message) for message in response.context["messages"]]


def errors(response) -> list[str]:
    """Every error of an admin form and of its rows, in order."""
    form = response.context["adminform"].form
    rows = [formset.formset for formset in response.context["inline_admin_formsets"]]
    found = [error for each in form.errors.values() for error in each]
    found += [error for formset in rows for each in formset.errors for list_ in each.values() for error in list_]
    return found + [error for formset in rows for error in formset.non_form_errors()]


def words(response) -> str:
    """The words of a page."""
    page = re.sub(r"<(script|style).*?</\1>", "", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
