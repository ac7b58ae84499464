"""What a visitor may send: days, members, months; every value is checked against the family and the calendar."""

import calendar
from collections.abc import Iterable
from datetime import date

from django import forms
from django.utils import timezone

from families.models import Member
from portal.lib.dates import weekday_titles

MAX_DAYS = 366
YEARS = range(2000, 2100)  # at the very ends of the calendar a month has no neighbour


def read_month(text: str | None) -> date:
    """« 2026-11 » as its first day; this month for anything else."""
    return _read_day(f"{text}-01") or timezone.localdate().replace(day=1)


def read_days(texts: Iterable[str]) -> set[date]:
    """The dates among the texts, at most a year's worth; what is not a date is left out."""
    return {day for text in list(texts)[:MAX_DAYS] if (day := _read_day(text))}


def _read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def read_pks(texts: Iterable[str]) -> set[int]:
    """The numbers among the texts; what is not a small number is left out."""
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16}


class TypicalWeekForm(forms.Form):
    """« Semaine type »: the same weekdays over a period, for one or several members."""

    members = forms.ModelMultipleChoiceField(
        Member.objects.none(),
        label="Pour qui ?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choisissez au moins une personne."},
    )
    weekdays = forms.TypedMultipleChoiceField(
        label="Quels jours ?",
        coerce=int,
        choices=[(number, long.capitalize()) for number, (_, long) in enumerate(weekday_titles())],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choisissez au moins un jour de la semaine."},
    )
    first = forms.DateField(label="Du", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label="Au", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args, members, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["members"].queryset = members

    def clean(self):
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", "La date de fin vient avant la date de début.")
        elif first and last and (last - first).days >= MAX_DAYS:
            self.add_error("last", "Choisissez une période d’un an au plus.")
        return data


def end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
