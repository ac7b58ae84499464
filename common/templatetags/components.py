"""The tags and filters that pages share; every template has them without ``{% load %}``."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.values import dates, money, phones

register = template.Library()

TONE_ICONS = {
    "ok": "check-lg",
    "warn": "hourglass-split",
    "danger": "x-lg",
    "info": "info-circle",
    "quiet": "dash-lg",
}
MESSAGE_ICONS = {
    "success": "check-circle-fill",
    "warning": "exclamation-triangle-fill",
    "error": "exclamation-circle",
}
CELL_ICONS = {
    "closed": "dash-lg",
    "open": "plus-lg",
    "booked": "check-lg",
    "locked": "lock-fill",
    "waitable": "hourglass-split",
    "full": "slash-circle",
    "waiting": "list-ol",
    "offered": "bell-fill",
    "cancelled": "arrow-counterclockwise",
    "mixed": "people-fill",
}
CELL_WORDS = {
    "closed": "Fermé",
    "open": "Libre",
    "booked": "Réservé, modifiable",
    "locked": "Réservé, délai passé",
    "waitable": "Complet, liste d’attente ouverte",
    "full": "Complet, liste d’attente pleine",
    "waiting": "Sur la liste d’attente",
    "offered": "Place proposée, à confirmer",
    "cancelled": "Annulé par le service, recrédité",
    "mixed": "Différent selon l’enfant",
}
GIVING_BACK = {"booked", "waiting"}  # ticking such a day gives it back


@cache
def icon_names() -> frozenset[str]:
    """Return the names of the icons in the sprite."""
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', Path(finders.find("img/icons.svg")).read_text()))


@register.simple_tag
@cache
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon of the sprite beside the words that say the same; raise ValueError for an unknown name."""
    if name not in icon_names():
        raise ValueError(f"No icon {name!r} in static/img/icons.svg: add it to tools/vendor.py.")
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {css}" if css else "",
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def state_icon(state: str) -> SafeString:
    """Draw the mark of a day's state."""
    return icon(CELL_ICONS[state])


@register.simple_tag
def ticked_icon(state: str) -> SafeString:
    """Draw the mark of a ticked day: a cross when ticking gives the day back, else a check."""
    return icon("x-lg" if state in GIVING_BACK else "check2-circle")


@register.filter(name="money")
def as_money(cents: int) -> str:
    """Write cents as « 15,20 € »."""
    return money.euros(cents)


@register.filter
def phone(number: str) -> str:
    """Write « 06 12 34 56 78 », whatever the form in which it was stored."""
    return phones.shown(number)


@register.filter
def date_long(day: date | datetime) -> str:
    """Write « mardi 3 novembre », with the year outside the current school year."""
    return dates.date_long(day, timezone.localdate())


@register.filter
def date_short(day: date | datetime) -> str:
    """Write « 03-11-2026 »."""
    return dates.date_short(day)


@register.filter
def month_title(day: date | datetime) -> str:
    """Write « Novembre 2026 »."""
    return dates.month_title(day)


@register.filter
def deadline_long(limit: datetime) -> str:
    """Write until when something may be done: « mardi 1er décembre à 23 h 59 », never 00:00."""
    return dates.deadline_long(limit, timezone.localdate())


@register.filter
def opening_long(moment: datetime) -> str:
    """Write from when something may be done: « mercredi 2 décembre à 0 h »."""
    return dates.opening_long(moment, timezone.localdate())


@register.filter
def moment_long(moment: datetime) -> str:
    """Write « mardi 3 novembre 10:00 » in local time."""
    return dates.moment_long(moment, timezone.localdate())


@register.simple_tag(takes_context=True)
def once_key(context) -> SafeString:
    """Write the hidden field of the confirmation's key, which the view gave as ``once_key``."""
    return format_html('<input type="hidden" name="once_key" value="{}">', context["once_key"])


@register.inclusion_tag("components/steps.html")
def steps(names: str | Iterable[str], current: int) -> dict:
    """Show a journey's steps (« A / B / C » or a list) and its progress; ``current`` counts from 1."""
    names = names.split(" / ") if isinstance(names, str) else list(names)
    return {
        "steps": [
            {"number": number, "name": name, "done": number < current, "current": number == current}
            for number, name in enumerate(names, start=1)
        ],
        "total": len(names),
    }


@register.inclusion_tag("components/badge.html")
def badge(text: str, tone: str = "info", mark: str = "") -> dict:
    """Show a state in a word, its tone (ok, warn, danger, info, quiet) doubled by a mark."""
    return {"text": text, "tone": tone, "mark": mark or TONE_ICONS[tone]}


@register.inclusion_tag("components/empty.html")
def empty_state(title: str, text: str = "", mark: str = "inbox", url: str = "", action: str = "") -> dict:
    """Say that there is nothing yet, and what to do next."""
    return {"title": title, "text": text, "mark": mark, "url": url, "action": action}


@register.inclusion_tag("components/tile.html")
def tile(title: str, url: str, mark: str, text: str = "", state: str = "", tone: str = "info") -> dict:
    """Show a block of the account page, to be put in a ``ul.pv-tiles``."""
    return {"title": title, "url": url, "mark": mark, "text": text, "state": state, "tone": tone}


@register.inclusion_tag("components/stat.html")
def stat(name: str, value: str, note: str = "") -> dict:
    """Show a figure with its name, to be put in a ``div.pv-stats``."""
    return {"name": name, "value": value, "note": note}


@register.inclusion_tag("components/red_cross.html")
def red_cross(url: str, label: str) -> dict:
    """Show the red cross that leads to a cancellation; ``label`` says of what."""
    return {"url": url, "label": label}


@register.inclusion_tag("components/confirm.html", takes_context=True)
def confirm(context, action: str, label: str, tone: str = "primary", mark: str = "check-lg", back: str = "") -> dict:
    """Show the form of a confirmation: its key, its button and a link back."""
    return {
        "once_key": context["once_key"],
        "action": action,
        "label": label,
        "tone": tone,
        "mark": mark,
        "back": back,
    }


@register.inclusion_tag("components/password_rules.html")
def password_rules(field_id: str) -> dict:
    """Show the password rule (S2-14), ticked off while typing when scripts/password.js is there."""
    return {"field_id": field_id}


@register.inclusion_tag("components/pagination.html")
def pagination(page) -> dict:
    """Show the links to the other pages of ``page``, the rest of the address kept."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {"page": page, "numbers": list(numbers)}


@register.inclusion_tag("components/legend.html")
def calendar_legend(states: Iterable[str] = ()) -> dict:
    """Show what each state of a day looks like (S4-77); without ``states``, all of them."""
    return {"entries": [(state, CELL_WORDS[state]) for state in states or CELL_WORDS]}


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm) -> dict:
    """List every error of the forms, each with a link to its field."""
    return {"errors": [error for form in forms for error in form_errors(form)]}


def form_errors(form: BaseForm) -> list[dict]:
    """Return the form's errors with the label and the id of their field, both empty for the form's own."""
    return [
        {"text": text, **({"label": "", "target": ""} if name == NON_FIELD_ERRORS else field_names(form[name]))}
        for name, texts in form.errors.items()
        for text in texts
    ]


def field_names(field) -> dict:
    """Return the label of a bound field and the id that a link can focus: of a group, its first box."""
    target = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
    return {"label": field.label, "target": target}


@register.filter
def message_icon(level: str) -> str:
    """Return the name of the icon of a message's level."""
    return MESSAGE_ICONS.get(level, "info-circle-fill")
