"""What SEPA asks of direct debits and bank transfers, as pure functions. Sources: EPC016-06, ISO 20022 reason codes."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from schwifty import BIC

from common.values.calendars import target_day
from common.values.dates import month_after
from common.values.money import euros
from common.values.sepa import account_fault

LEAD = timedelta(2)  # the bank wants the file the day before at the latest
DORMANT_YEARS = 3  # a mandate lapses after 36 months without a debit


@dataclass(frozen=True)
class Reason:
    """Why a bank sends a payment back: for the agent, then for the family (« … a été rejeté : {words} »)."""

    label: str
    words: str
    ends_mandate: bool = False


CANCELLED = "DS02"
TECHNICAL = Reason("Motif technique", "la banque a rencontré un problème technique. Vous n’y êtes pour rien.")
UNTOLD = "MS03"
REASONS = {
    "AM04": Reason("Provision insuffisante", "le compte n’avait pas une provision suffisante ce jour-là."),
    "AC01": Reason("Numéro de compte incorrect", "le numéro de compte (IBAN) n’est pas reconnu par la banque.", True),
    "AC04": Reason("Compte clôturé", "le compte est clôturé.", True),
    "AC06": Reason("Compte bloqué", "le compte est bloqué par la banque."),
    "AG01": Reason("Opération interdite sur ce compte", "ce compte n’accepte pas cette opération.", True),
    "MD01": Reason("Pas de mandat valable", "la banque ne reconnaît pas le mandat, ou vous l’avez révoqué.", True),
    "MD06": Reason("Remboursement demandé par la famille", "vous avez demandé son remboursement à votre banque."),
    "MD07": Reason("Titulaire décédé", "la banque nous informe que le compte n’est plus utilisable.", True),
    "MS02": Reason("Refus de la famille", "vous avez demandé à votre banque de le refuser."),
    UNTOLD: Reason("Motif non communiqué", "la banque n’en donne pas la raison."),
    "RC01": Reason("BIC incorrect", "l’identifiant de la banque (BIC) n’est pas reconnu."),
    "SL01": Reason("Service de la banque du débiteur", "un service de votre banque l’a arrêté."),
    CANCELLED: Reason("Retiré par la collectivité", "nous l’avons retiré."),
}
OF_REFUNDS = ("AC01", "AC04", "AC06", "AG01", "MD07", "RC01", UNTOLD, CANCELLED)
CODE = re.compile(r"[A-Z0-9]{4}", re.ASCII)


def reason_of(code: str) -> Reason:
    """What a code means; a bank's own or a rare one is a technical matter."""
    return REASONS.get(code, TECHNICAL)


def told(code: str) -> str:
    """« AM04 – Provision insuffisante »."""
    return f"{code} – {reason_of(code).label}"


def due_collection(today: date, debit_day: int, notice: int) -> tuple[date, date] | None:
    """The month whose debits are announced today, by its first day, and when they are collected; None: too early.

    That day is ``debit_day`` moved to the banks' next one, and further when the announcement is late: families always
    have their ``notice`` days.
    """
    for month in (month_after(today, rank) for rank in (-1, 0, 1)):
        nominal = target_day(month.replace(day=debit_day))
        if nominal >= today:
            break
    told_on = nominal - timedelta(notice)
    return (month, target_day(max(nominal, today + timedelta(notice)))) if told_on <= today else None


def earliest_collection(today: date) -> date:
    """The first day on which the bank can still collect or transfer what is given to it today."""
    return target_day(today + LEAD)


def dormant_since(today: date) -> date:
    """A mandate neither signed nor used after this day has lapsed."""
    day = min(today.day, 28) if today.month == 2 else today.day
    return today.replace(year=today.year - DORMANT_YEARS, day=day)


def against_refund(*, cents: int, balance: int, iban: str, bic: str, holder: str, reason: str) -> list[str]:
    """Every reason, in French, not to pay ``cents`` of a wallet's ``balance`` back to a bank account."""
    found = []
    if cents <= 0:
        found.append("Le montant doit être supérieur à zéro.")
    if cents > balance:
        found.append(f"Le porte-monnaie ne contient que {euros(max(0, balance))}.")
    if fault := account_fault(iban):
        found.append(fault)
    if bic and not BIC(bic, allow_invalid=True).is_valid:
        found.append("Ce BIC n’est pas valable : recopiez-le, ou laissez-le vide.")
    if not holder.strip():
        found.append("Indiquez le titulaire du compte.")
    if not reason.strip():
        found.append("Indiquez le motif : la famille le lira.")
    return found
