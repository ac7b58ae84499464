"""What is typed to pay a caregiver: whom, then hours month by month. What was typed is never lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django import forms
from django.core import signing

from cesu.aid.actions.payments import against, card_terms, closed, every_standing, standings
from cesu.aid.reads.balances import label_of
from cesu.fields import DayField
from cesu.models import AidAccount, Caregiver, CesuHolder
from cesu.rules.aid import Standing, Use, clock, hours
from cesu.rules.aid_payments import Asked, CardTerms, read_uses
from common.refusals import StalePage
from common.values.dates import month_title
from common.values.money import bare_euros, euros, parse_euros
from common.writing.once import MAX_AGE
from wallet.gateways import stripe as gateway

LONGEST = 12  # characters of a cell that are shown again
KINDS = [
    (Caregiver.Kind.PERSON, "Une personne physique (Emploi direct gré à gré)"),
    (Caregiver.Kind.ORGANISATION, "Une personne morale (Organisme prestataire, mandataire ou établissement public)"),
]


class FindForm(forms.Form):
    """« Type de l’intervenant » and « Critères de recherche » (S1-37…S1-43); an organisation has a name, no birth date."""

    kind = forms.ChoiceField(
        label="L’intervenant est :", choices=KINDS, widget=forms.RadioSelect, initial=Caregiver.Kind.PERSON
    )
    nan = forms.CharField(
        label="Code NAN",
        max_length=20,
        help_text="Comme 0012345*1.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    birth_date = DayField(
        label="Date de naissance",
        help_text="JJ/MM/AAAA",
        error_messages={"invalid": "Écrivez une date comme 31/12/1979."},
    )
    name = forms.CharField(label="Nom de l’organisme", max_length=120, help_text="Son nom, ou les premiers mots.")

    use_required_attribute = False  # the page shows one of birth date and name

    def _clean_fields(self):
        """What does not apply is not asked for."""
        is_person = self.data.get(self.add_prefix("kind")) != Caregiver.Kind.ORGANISATION
        other = "name" if is_person else "birth_date"
        self.fields[other].required = False
        super()._clean_fields()
        self._errors.pop(other, None)
        self.cleaned_data[other] = None if is_person is False else ""


class PasswordForm(forms.Form):
    """Step 3: the password again (S1-66)."""

    password = forms.CharField(
        label="Votre mot de passe",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


# --- What travels from a step to the next -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Choice:
    """What was asked for and found right: of which account, which uses, with which complement. In cents."""

    aid_account: int
    uses: tuple[Use, ...]
    complement_cents: int = 0

    def sealed(self, holder: int, caregiver: int) -> str:
        """The choice as it travels in an address, signed: no browser changes it."""
        rows = [[use.right, use.minutes, use.cents] for use in self.uses]
        said = [holder, caregiver, self.aid_account, rows, self.complement_cents]
        return signing.dumps(said, salt="aid-choice", compress=True)


def opened(sealed: str, holder: int, caregiver: int) -> Choice:
    """What was sealed for this holder and caregiver, a day ago at most; raise StalePage otherwise."""
    try:
        its_holder, its_caregiver, account, rows, complement = signing.loads(sealed, salt="aid-choice", max_age=MAX_AGE)
    except (signing.BadSignature, ValueError):
        raise StalePage from None
    if (its_holder, its_caregiver) != (holder, caregiver):
        raise StalePage
    return Choice(account, tuple(Use(*row) for row in rows), complement)


# --- Step 2 -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """A month of attribution, with what is typed beside it."""

    standing: Standing
    asked: Asked
    use: Use | None
    fault: str

    @property
    def pk(self) -> int:
        return self.standing.right

    @property
    def month(self) -> str:
        return month_title(self.standing.month)

    @property
    def remark(self) -> str:
        """The fault as it is read beside its box, the month being written there."""
        return self.fault.partition(" : ")[2]

    @property
    def hours(self) -> str:
        """« 42 h 00 »; empty for rights in euros."""
        return "" if self.standing.minutes is None else hours(self.standing.minutes)

    @property
    def cents(self) -> int:
        return self.use.cents if self.use else 0


class AmountsForm:
    """« Saisie du montant » of one account: read from what was typed, else from a choice made before."""

    def __init__(
        self,
        holder: CesuHolder,
        today: date,
        data: Mapping | None = None,
        choice: Choice | None = None,
        account: str = "",
    ):
        self.today, self.data, self.choice = today, data, choice
        self.accounts = list(AidAccount.objects.filter(holder=holder).select_related("funder").order_by("kind"))
        self.account = self._chosen(account)
        self.cards = gateway.is_set_up()

    def _chosen(self, asked: str) -> AidAccount | None:
        """The account that was asked for, never another one of those typed for; else the first one with something."""
        wanted = self.data.get("compte", "") if self.data is not None else asked
        wanted = wanted or (str(self.choice.aid_account) if self.choice else "")
        return next((each for each in self.accounts if str(each.pk) == wanted), None) or self._usable()

    def _usable(self) -> AidAccount | None:
        """The first account with something to use."""
        return next((each for each in self.accounts if standings(each, self.today)), next(iter(self.accounts), None))

    @cached_property
    def labels(self) -> list[tuple[int, str]]:
        return [(each.pk, label_of(each, self.today)) for each in self.accounts]

    @cached_property
    def standings(self) -> list[Standing]:
        return standings(self.account, self.today) if self.account else []

    @cached_property
    def closed(self) -> str:
        """Why the account pays nothing any more."""
        return closed(self.account, self.today) if self.account else ""

    @property
    def in_hours(self) -> bool:
        return self.account is not None and self.account.is_in_hours

    @cached_property
    def asked(self) -> dict[int, Asked]:
        return {each.right: self._asked(each) for each in self.standings}

    def _asked(self, standing: Standing) -> Asked:
        if self.data is not None:
            typed = (self.data.get(f"{name}-{standing.right}", "")[:LONGEST] for name in ("h", "m", "e"))
            return Asked(*typed, all=f"tout-{standing.right}" in self.data)
        use = next((use for use in (self.choice.uses if self.choice else ()) if use.right == standing.right), None)
        if use is None:
            return Asked()
        if use.minutes is None:
            return Asked(euros=bare_euros(use.cents), all=use.cents == standing.cents)
        return Asked(str(use.minutes // 60), f"{use.minutes % 60:02d}", all=use.minutes == standing.minutes)

    @cached_property
    def _read(self) -> tuple[list[Use], dict[int, str]]:
        return read_uses(self.standings, self.asked)

    @property
    def uses(self) -> list[Use]:
        return self._read[0]

    @cached_property
    def rows(self) -> list[Row]:
        uses = {use.right: use for use in self.uses}
        faults = self._read[1]
        return [
            Row(each, self.asked[each.right], uses.get(each.right), faults.get(each.right, ""))
            for each in self.standings
        ]

    # --- The complement -----------------------------------------------------------------------------------------------
    @property
    def wants_complement(self) -> bool:
        """« Je souhaite effectuer un complément de paiement par CB » (S1-62)."""
        if not self.cards:
            return False
        return (
            "complement" in self.data if self.data is not None else bool(self.choice and self.choice.complement_cents)
        )

    @cached_property
    def complement(self) -> str:
        """Its amount as typed."""
        if self.data is not None:
            return self.data.get("montant", "")[:LONGEST]
        cents = self.choice.complement_cents if self.choice else 0
        return bare_euros(cents) if cents else ""

    @cached_property
    def complement_cents(self) -> int:
        """Its amount; −1 for what is none."""
        if not self.wants_complement:
            return 0
        try:
            return parse_euros(self.complement) or -1
        except ValueError:
            return -1

    @cached_property
    def terms(self) -> CardTerms:
        return card_terms(self.account)

    @property
    def fee_cents(self) -> int:
        return self.terms.fee(max(0, self.complement_cents))

    @property
    def card_cents(self) -> int:
        return max(0, self.complement_cents) + self.fee_cents

    # --- The totals ---------------------------------------------------------------------------------------------------
    @property
    def cents(self) -> int:
        return sum(use.cents for use in self.uses)

    @property
    def total(self) -> str:
        """« 0:00 », or euros."""
        return clock(sum(use.minutes for use in self.uses)) if self.in_hours else euros(self.cents)

    @property
    def paid_cents(self) -> int:
        """What the caregiver receives."""
        return self.cents + max(0, self.complement_cents)

    @cached_property
    def errors(self) -> list[dict]:
        """All reasons at once, each with the box that it concerns."""
        first = "e" if not self.in_hours else "h"
        found = [_error(row.fault, f"{first}-{row.pk}") for row in self.rows if row.fault]
        complement = self.complement_cents
        unread = self.wants_complement and complement < 0
        if unread:
            found.append(_error("Complément par carte : écrivez un montant en euros, comme 15,20.", "montant"))
        if self.account and not found:
            every = every_standing(self.account)
            found += [_error(each) for each in against(self.account, every, self.uses, complement, self.today)]
        return found

    def chosen(self) -> Choice:
        return Choice(self.account.pk, tuple(self.uses), self.complement_cents)


def _error(text: str, target: str = "") -> dict:
    """« Novembre 2026 : il reste… » as an error of a box is named by what comes before the colon."""
    label, _, rest = text.partition(" : ") if target else ("", "", text)
    return {"text": rest, "label": label, "target": target}


def uses_of(lines: Sequence) -> tuple[Use, ...]:
    """The lines of a payment as uses."""
    return tuple(Use(line.right_id, line.minutes, line.cents) for line in lines)
