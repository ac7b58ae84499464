"""What a visitor may send: days, members, months; every value is checked against the family and the calendar."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.utils import timezone

from common.addresses import read_id
from common.values.dates import month_after, weekday_titles
from common.values.money import bare_euros, euros
from families.models import Family, Member
from reservations.reads.books.balances import Balances, PurseLine
from wallet.forms.payments import EurosField
from wallet.rules.payments import MIN_CARD_CENTS

MAX_DAYS = 366
YEARS = range(2000, 2100)  # at the very ends of the calendar a month has no neighbour


def read_month(text: str | None) -> date:
    """« 2026-11 » as its first day; this month for anything else."""
    return _read_day(f"{text}-01") or timezone.localdate().replace(day=1)


@dataclass(frozen=True)
class AskedMonth:
    """A month of the past or this one, its neighbours where there are any, and a word when another was asked for."""

    month: date
    previous: date | None
    following: date | None
    notice: str = ""


def read_past_month(text: str | None, family: Family) -> AskedMonth:
    """« 2027-02 »; this month, and why, for what is no month or has not begun. Arrows go back to the family's first."""
    today = timezone.localdate().replace(day=1)
    month, notice = _read_day(f"{text}-01") or today, ""
    if text and _read_day(f"{text}-01") is None:
        notice = "Ce mois n’existe pas\u00a0: voici le mois en cours."
    elif month > today:
        month, notice = today, "Ce mois n’a pas encore commencé\u00a0: voici le mois en cours."
    first = min(timezone.localdate(family.created_at).replace(day=1), month_after(today, -1))
    return AskedMonth(
        month,
        month_after(month, -1) if month > first else None,
        min(end_of_month(month) + timedelta(1), today) if month < today else None,
        notice,
    )


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
    return {pk for text in texts if (pk := read_id(text)) is not None}


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


class UntilForm(forms.Form):
    """« Calculez vos réservations jusqu’au »: a day from today on; left empty, all bookings count."""

    jusquau = forms.DateField(
        label="Calculez vos réservations jusqu’au",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "invalid": "Écrivez une date comme 30/04/2027\u00a0: pour l’instant, toutes vos réservations comptent."
        },
    )

    def clean_jusquau(self):
        day = self.cleaned_data["jusquau"]
        if day and day < timezone.localdate():
            raise forms.ValidationError(
                "Cette date est passée\u00a0: choisissez un jour à venir. Pour l’instant, toutes vos réservations comptent."
            )
        return day

    @property
    def day(self) -> date | None:
        """The day asked for, None when there is none or it cannot be read."""
        return self.cleaned_data.get("jusquau") if self.is_bound and not self.errors else None


class CardPaymentForm(forms.Form):
    """« Montant à créditer », purse by purse, computed and editable; amounts in cents, ``largest`` for one purse."""

    email = forms.EmailField(
        label="E-mail",
        required=False,
        max_length=254,
        help_text="Pour recevoir la confirmation du paiement. Vide\u00a0: aucun e-mail.",
    )

    def __init__(self, *args, balances: Balances, largest: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.balances, self.largest = balances, largest
        for line in balances.lines:
            self.fields[_name(line)] = EurosField(
                label=f"Montant à créditer, {line.purse.name}",
                required=False,
                initial=bare_euros(min(line.due, largest)),
            )
            self.fields[_name(line)].widget.attrs |= {"class": "form-control", "autocomplete": "off"}

    @property
    def rows(self) -> list[tuple]:
        """(line, its field, its new balance): None when what was typed is no amount."""
        return [(line, self[_name(line)], self._new_balance(line)) for line in self.balances.lines]

    @property
    def total(self) -> int | None:
        """« TOTAL Paiement », None while an amount cannot be read."""
        amounts = [self.cents(line) for line in self.balances.lines]
        return None if None in amounts else sum(amounts)

    @property
    def wanted(self) -> list[tuple[PurseLine, int]]:
        """What to credit, purse by purse."""
        return [(line, cents) for line in self.balances.lines if (cents := self.cents(line))]

    @property
    def is_capped(self) -> bool:
        """Whether more is due in a purse than one payment may be."""
        return any(line.due > self.largest for line in self.balances.lines)

    def cents(self, line: PurseLine) -> int | None:
        """What is to be credited to a purse: as typed, else as computed."""
        if not self.is_bound:
            return min(line.due, self.largest)
        return None if _name(line) in self.errors else self.cleaned_data.get(_name(line)) or 0

    def clean(self):
        for line in self.balances.lines:
            cents = self.cleaned_data.get(_name(line)) or 0
            if cents < 0:
                self.add_error(_name(line), "Le montant ne peut pas être négatif.")
            elif cents > self.largest:
                self.add_error(_name(line), f"Au plus {euros(self.largest)} par porte-monnaie.")
        amounts = [self.cleaned_data.get(_name(line)) or 0 for line in self.balances.lines]
        if not self.errors and sum(amounts) < MIN_CARD_CENTS:
            self.add_error(None, f"Un paiement par carte est d’au moins {euros(MIN_CARD_CENTS)}.")
        return self.cleaned_data

    def _new_balance(self, line: PurseLine) -> int | None:
        cents = self.cents(line)
        return None if cents is None else line.new_balance + cents


def _name(line: PurseLine) -> str:
    return f"montant_{line.purse.pk}"
