"""What is typed to pay a caregiver, and every reason why it cannot be paid. Minutes, cents. Pure functions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from cesu.rules.aid import PaymentRefused, Standing, Use, cents_used, fee, hours
from common.refusals import Refusal
from common.values.dates import day_and_month, month_title
from common.values.money import euros, parse_euros
from wallet.rules.payments import MIN_CARD_CENTS

COUNT = re.compile(r"[0-9]{1,4}", re.ASCII)
NOTHING = "Indiquez ce que vous payez : des heures, ou cochez « Tout utiliser »."
NOTHING_IN_EUROS = "Indiquez ce que vous payez : un montant, ou cochez « Tout utiliser »."


class RightsChanged(Refusal):
    sentence = (
        "Vos droits ont changé depuis que vous avez rempli la page : le montant n’est plus le même. "
        "Vérifiez, puis validez à nouveau. Rien n’a été payé."
    )


class NotThisPayment(Refusal):
    sentence = (
        "Cette page a été préparée pour un autre intervenant ou un autre montant. Recommencez le paiement. "
        "Rien n’a été payé."
    )


class AccountClosed(Refusal):
    """No payment is made any more with this account."""


class CaregiverGone(Refusal):
    sentence = "Cet intervenant n’est plus affilié : on ne peut plus le payer. Rien n’a été payé."


class PaymentStands(Refusal):
    sentence = (
        "Un paiement attend déjà sa carte bancaire. Terminez-le ou abandonnez-le d’abord : il est dans l’historique."
    )


@dataclass(frozen=True)
class CardTerms:
    """What a complement by card costs: so much for each started slice; at most so much. In cents."""

    fee_cents: int
    slice_cents: int
    most_cents: int

    def fee(self, complement_cents: int) -> int:
        """« Participation aux frais de traitement » (S1-71)."""
        return fee(complement_cents, self.slice_cents, self.fee_cents)


@dataclass(frozen=True)
class Asked:
    """What is typed for the right of a month, as it is typed; ``all``: « Tout utiliser »."""

    hours: str = ""
    minutes: str = ""
    euros: str = ""
    all: bool = False


# --- What is typed ----------------------------------------------------------------------------------------------------
def read_uses(standings: Iterable[Standing], asked: Mapping[int, Asked]) -> tuple[list[Use], dict[int, str]]:
    """What is asked of each right, and by pk of right what cannot be read or had."""
    uses, faults = [], {}
    for standing in standings:
        try:
            use = use_of(standing, asked.get(standing.right, Asked()))
        except PaymentRefused as refusal:
            faults[standing.right] = refusal.sentences[0]
        else:
            uses += [use] if use else []
    return uses, faults


def use_of(standing: Standing, asked: Asked) -> Use | None:
    """What is typed for a right as a use at its price; None for nothing. Raise PaymentRefused for what is none."""
    if asked.all:
        return Use(standing.right, standing.minutes, standing.cents)
    if standing.minutes is None:
        cents = _cents(standing, asked.euros)
        return Use(standing.right, None, cents) if cents else None
    minutes = _minutes(standing, asked)
    return Use(standing.right, minutes, cents_used(minutes, standing.minutes, standing.cents)) if minutes else None


def _minutes(standing: Standing, asked: Asked) -> int:
    typed = [text.strip() for text in (asked.hours, asked.minutes)]
    if not all(text == "" or COUNT.fullmatch(text) for text in typed):
        raise PaymentRefused(f"{_month(standing)} : écrivez les heures et les minutes en chiffres, comme 12 et 30.")
    full, over = (int(text or 0) for text in typed)
    if over >= 60:
        raise PaymentRefused(
            f"{_month(standing)} : les minutes vont de 0 à 59. Pour {over} minutes, écrivez {hours(full * 60 + over)}."
        )
    if full * 60 + over > standing.minutes:
        raise PaymentRefused(_beyond(standing, hours(full * 60 + over)))
    return full * 60 + over


def _cents(standing: Standing, typed: str) -> int:
    try:
        cents = parse_euros(typed) if typed.strip() else 0
    except ValueError:
        cents = -1
    if cents < 0:
        raise PaymentRefused(f"{_month(standing)} : écrivez un montant en euros, comme 15,20.")
    if cents > standing.cents:
        raise PaymentRefused(_beyond(standing, euros(cents)))
    return cents


def _month(standing: Standing) -> str:
    return month_title(standing.month)


def _left(standing: Standing) -> str:
    return euros(standing.cents) if standing.minutes is None else hours(standing.minutes)


def _beyond(standing: Standing, wanted: str) -> str:
    return f"{_month(standing)} : il reste {_left(standing)}, vous ne pouvez pas payer {wanted}."


# --- What a payment asks for ------------------------------------------------------------------------------------------
def against_uses(
    standings: Sequence[Standing], uses: Sequence[Use], today: date, *, in_order: bool, in_hours: bool
) -> list[str]:
    """Every reason not to take these uses of an account's rights, given the oldest first.

    ``in_order``: the oldest rights are used up before later ones. What expired or was used meanwhile is said as such.
    """
    if not uses:
        return [NOTHING if in_hours else NOTHING_IN_EUROS]
    known = {standing.right: standing for standing in standings}
    if len({use.right for use in uses}) < len(uses) or any(use.right not in known for use in uses):
        return [RightsChanged.sentence]
    reasons = [reason for use in uses if (reason := _against(known[use.right], use, today))]
    return reasons or (_out_of_order([each for each in standings if _usable(each, today)], uses) if in_order else [])


def _usable(standing: Standing, today: date) -> bool:
    return standing.cents > 0 and today <= standing.usable_until


def _against(standing: Standing, use: Use, today: date) -> str:
    if today > standing.usable_until:
        last = f"{day_and_month(standing.usable_until)} {standing.usable_until.year}"
        return f"{_month(standing)} : ces droits ont expiré le {last}. Ils ne peuvent plus payer."
    if standing.cents == 0:
        return f"{_month(standing)} : tous ces droits ont déjà été utilisés."
    if (use.minutes is None) != (standing.minutes is None) or (use.cents if use.minutes is None else use.minutes) <= 0:
        return RightsChanged.sentence
    if use.minutes is None:
        return _beyond(standing, euros(use.cents)) if use.cents > standing.cents else ""
    return _beyond(standing, hours(use.minutes)) if use.minutes > standing.minutes else ""


def _out_of_order(standings: Sequence[Standing], uses: Iterable[Use]) -> list[str]:
    taken = {use.right: use.minutes if use.minutes is not None else use.cents for use in uses}
    for rank, standing in enumerate(standings):
        rest = (standing.minutes if standing.minutes is not None else standing.cents) - taken.get(standing.right, 0)
        later = next((each for each in standings[rank + 1 :] if each.right in taken), None)
        if rest and later:
            what = euros(rest) if standing.minutes is None else hours(rest)
            return [
                f"Utilisez d’abord tout ce qui reste du mois le plus ancien : {_month(standing)} (encore {what}), "
                f"avant de prendre sur {_month(later)}."
            ]
    return []


def changed(standings: Iterable[Standing], uses: Iterable[Use]) -> bool:
    """Whether a use no longer costs what the page showed."""
    known = {standing.right: standing for standing in standings}
    return any(_price(known[use.right], use) != use.cents for use in uses)


def _price(standing: Standing, use: Use) -> int:
    return use.cents if use.minutes is None else cents_used(use.minutes, standing.minutes, standing.cents)


def against_complement(cents: int, terms: CardTerms, *, of_rights: bool) -> list[str]:
    """Every reason not to add so much by card to a payment; ``of_rights``: whether rights are used with it."""
    if cents == 0:
        return []
    if cents < 0:
        return ["Complément par carte : écrivez un montant supérieur à zéro."]
    reasons = [] if of_rights else ["Un complément par carte s’ajoute à des droits : indiquez aussi ce que vous payez."]
    if cents > terms.most_cents:
        reasons.append(f"Complément par carte : {euros(terms.most_cents)} au plus.")
    if cents + terms.fee(cents) < MIN_CARD_CENTS:
        reasons.append(f"Complément par carte : une carte ne peut pas payer moins de {euros(MIN_CARD_CENTS)}.")
    return reasons


def digest(caregiver: int, aid_account: int, uses: Iterable[Use], complement_cents: int) -> str:
    """What a page to confirm was made for: this payee, this account, these amounts."""
    said = [caregiver, aid_account, complement_cents, sorted((use.right, use.minutes, use.cents) for use in uses)]
    return sha256(repr(said).encode()).hexdigest()
