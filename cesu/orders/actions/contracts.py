"""What the issuer's staff sets for an employer: who it is, its contract from a day on, its invoices of before the portal.

The floor of an employer's account follows the contract in force. Locks: the key, the employer, its account.
"""

from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from cesu.models import Contract, Employer, Invoice
from cesu.orders.actions.employers import open_employer
from cesu.orders.actions.fabrication import wake_fabrication
from cesu.orders.reads.contracts import contract_of
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions.wallets import set_floors

NEW = "new-employer"  # the purpose of the key that creates one


class ReferenceGiven(Refusal):
    sentence = "Un employeur a déjà cette référence client."


class ContractPast(Refusal):
    """What was charged under a contract is not rewritten."""

    sentence = "Un contrat commence aujourd’hui au plus tôt : ce qui a été commandé avant garde ses conditions."


class InvoiceThere(Refusal):
    sentence = "Cette facture est déjà enregistrée."


class NotBeforeToday(Refusal):
    sentence = "Une facture d’avant le portail a une date passée."


def contracting(employer: Employer) -> str:
    """The purpose of the key that sets a contract."""
    return f"employer-contract:{employer.pk}"


def invoicing(employer: Employer) -> str:
    """The purpose of the key that notes an old invoice."""
    return f"employer-invoice:{employer.pk}"


@outermost
def create_employer(*, agent: User, key: str, **fields) -> Employer:
    """Create an employer with its account and a contract without credit. Twice is once. Raise ReferenceGiven."""
    once = claim_key(key, agent.owner, NEW)
    if once.answer:
        return Employer.objects.get(pk=once.answer["employer"])
    try:
        with transaction.atomic():
            employer = open_employer(**fields)
    except IntegrityError:
        raise ReferenceGiven from None
    once.remember({"employer": employer.pk})
    return employer


@outermost
def set_contract(*, agent: User, employer: Employer, starts_on: date, key: str, **conditions) -> Contract:
    """Set the conditions of an employer from a day on; those already set for that day are replaced. Twice is once.

    The credit of a contract that starts today holds at once, that of a later one from its first night. Raise ContractPast.
    """
    once = claim_key(key, agent.owner, contracting(employer))
    if once.answer:
        return Contract.objects.get(pk=once.answer["contract"])
    if starts_on < timezone.localdate():
        raise ContractPast
    employer = Employer.objects.locked().get(pk=employer.pk)
    contract, _ = Contract.objects.update_or_create(employer=employer, starts_on=starts_on, defaults=conditions)
    _apply(employer)
    once.remember({"contract": contract.pk})
    return contract


def apply_contracts(today: date) -> dict[str, int]:
    """Every night: the accounts follow the contracts that begin; return how many changed."""
    begun = Contract.objects.filter(employer=OuterRef("pk"), starts_on__lte=today).order_by("-starts_on", "-pk")
    behind = Employer.objects.annotate(due=-Subquery(begun.values("credit_cents")[:1])).exclude(account__floor=F("due"))
    pks = list(behind.order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        _apply_to(pk)
    return {"contracts": len(pks)}


@outermost
def _apply_to(pk: int) -> None:
    _apply(Employer.objects.locked().get(pk=pk))


def _apply(employer: Employer) -> None:
    """Let the account go down to what the contract in force allows; what is owed already stays owed."""
    set_floors([employer.account_id], -contract_of(employer).credit_cents)
    transaction.on_commit(wake_fabrication, robust=True)


@outermost
def note_invoice(*, agent: User, employer: Employer, number: str, issued_on: date, cents: int, key: str) -> Invoice:
    """Note an invoice of before the portal: it opens « S’inscrire en ligne ». Raise InvoiceThere, NotBeforeToday."""
    once = claim_key(key, agent.owner, invoicing(employer))
    if once.answer:
        return Invoice.objects.get(pk=once.answer["invoice"])
    if issued_on > timezone.localdate():
        raise NotBeforeToday
    try:
        with transaction.atomic():
            invoice = Invoice.objects.create(employer=employer, number=number, issued_on=issued_on, cents=cents)
    except IntegrityError:
        raise InvoiceThere from None
    once.remember({"invoice": invoice.pk})
    return invoice
