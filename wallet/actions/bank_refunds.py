"""Refunds to families by bank transfer: taken from the wallet at once, given to the bank in one file, restored when
they come back.

Locks: key → refunds by pk → accounts by pk (docs/locks.md).
"""

from django.utils import timezone

from accounts.models import User
from common.models import authority
from common.refusals import Refusal
from common.values.sepa import compact
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions.ledger import Draft, Move, balance, lock_accounts, mirror, post, post_all
from wallet.actions.wallets import system_account
from wallet.emails import sepa as emails_sepa
from wallet.gateways.sepa_files import creditor_of, transfer_file
from wallet.models import AccountKind, BankRefund, BankRefundBatch, Operation, Transfer, Wallet
from wallet.rules.sepa import OF_REFUNDS, against_refund, earliest_collection, told

Status = BankRefund.Status


class RefundRefused(Refusal):
    """What the agent typed cannot be a refund; all reasons at once."""


class NothingToSend(Refusal):
    """A file without a payment is none."""

    sentence = "Aucun remboursement n’attend d’être viré."


class AlreadyBack(Refusal):
    """A refund comes back once."""

    sentence = "Ce remboursement est déjà revenu dans le porte-monnaie."


class UnknownCode(Refusal):
    """The agent chose none of the codes."""

    sentence = "Choisissez le motif du rejet dans la liste."


@outermost
def refund_to_bank(
    *, agent: User, wallet: Wallet, cents: int, iban: str, bic: str = "", holder: str, reason: str, key: str
) -> BankRefund:
    """Take ``cents`` of what is in a wallet, to be paid to a bank account; a second click gets the first refund.

    ``key`` was made for (agent.owner, ``bank-refund:<wallet pk>``). Raise RefundRefused, StalePage.
    """
    once = claim_key(key, agent.owner, f"bank-refund:{wallet.pk}")
    if once.answer:
        return BankRefund.objects.get(pk=once.answer["refund"])
    standing = lock_accounts([wallet.account_id])[wallet.account_id]
    refund = BankRefund(
        wallet=wallet,
        cents=cents,
        iban=compact(iban),
        bic=compact(bic),
        holder=holder.strip(),
        reason=reason.strip(),
        end_to_end=_reference(wallet),
        by=agent,
    )
    typed = {name: getattr(refund, name) for name in ("cents", "iban", "bic", "holder", "reason")}
    if reasons := against_refund(balance=standing.cents, **typed):
        raise RefundRefused(*reasons)
    refund.operation = _pay(refund)
    refund.save()
    emails_sepa.refund_decided(refund, balance(wallet.account))
    once.remember({"refund": refund.pk})
    return refund


def _reference(wallet: Wallet) -> str:
    """« RMB-D1042-1-3 »: the wallet's third; its account is locked."""
    return f"RMB-{wallet.family.reference}-{wallet.purse_id}-{wallet.bank_refunds.count() + 1}"


def _pay(refund: BankRefund) -> Operation:
    target = system_account(AccountKind.BANK_TRANSFER).pk
    move = Move(refund.wallet.account_id, target, refund.cents, f"bank-refund:{refund.end_to_end}", refund.reason[:200])
    kind = Operation.Kind.BANK_REFUND
    return post(kind, [move], actor=refund.by, label=f"{kind.label} ({refund.masked_iban})")


@outermost
def make_refund_file(*, agent: User, key: str) -> BankRefundBatch:
    """Give the bank, in one file, all the refunds that wait; a second click gets the first file.

    ``key`` was made for (agent.owner, ``refund-file``). Raise NothingToSend, CreditorMissing, SepaFileInvalid.
    """
    once = claim_key(key, agent.owner, "refund-file")
    if once.answer:
        return BankRefundBatch.objects.get(pk=once.answer["batch"])
    ready = BankRefund.objects.filter(status=Status.READY).order_by("pk")
    refunds = list(ready.select_for_update(no_key=True))
    if not refunds:
        raise NothingToSend
    batch = _batch(agent, refunds)
    for refund in refunds:
        refund.status, refund.batch = Status.SENT, batch
    BankRefund.objects.bulk_update(refunds, ["status", "batch"], batch_size=500)
    once.remember({"batch": batch.pk})
    return batch


def _batch(agent: User, refunds: list[BankRefund]) -> BankRefundBatch:
    now = timezone.localtime()
    batch = BankRefundBatch(
        message=f"VIR-{now:%Y%m%d-%H%M%S-%f}", executed_on=earliest_collection(now.date()), created_at=now, by=agent
    )
    batch.file = transfer_file(creditor_of(authority()), batch, refunds)
    batch.save()
    return batch


@outermost
def reject_refund(*, agent: User, refund: BankRefund, code: str, key: str) -> BankRefund:
    """Restore a refund by hand, before it left or when the bank sent it back; a second click changes nothing more.

    ``key`` was made for (agent.owner, ``reject-refund:<refund pk>``). Raise AlreadyBack, UnknownCode.
    """
    once = claim_key(key, agent.owner, f"reject-refund:{refund.pk}")
    if once.answer is None:
        if code not in OF_REFUNDS:
            raise UnknownCode
        if not reject_refunds(agent, {refund.end_to_end: code}):
            raise AlreadyBack
        once.remember({"refund": refund.pk})
    return BankRefund.objects.get(pk=refund.pk)


def reject_refunds(agent: User, codes: dict[str, str]) -> list[BankRefund]:
    """Restore refunds, by reference, inside the caller's transaction; those that are back already are left alone."""
    wanted = BankRefund.objects.exclude(status=Status.REJECTED).filter(end_to_end__in=codes)
    rows = wanted.select_related("wallet__family", "wallet__purse").order_by("pk")
    refunds = list(rows.select_for_update(of=("self",), no_key=True))
    if not refunds:
        return []
    paid = {each.operation_id: each for each in Transfer.objects.filter(operation__bank_refund__in=refunds)}
    drafts = [_restore(agent, mirror(paid[each.operation_id]), codes[each.end_to_end]) for each in refunds]
    for refund, operation in zip(refunds, post_all(drafts), strict=True):
        refund.status, refund.rejection = Status.REJECTED, operation
    BankRefund.objects.bulk_update(refunds, ["status", "rejection"], batch_size=500)
    emails_sepa.refunds_rejected(refunds, codes)
    return refunds


def _restore(agent: User, move: Move, code: str) -> Draft:
    return Draft(Operation.Kind.REVERSAL, [move], agent, f"Virement non abouti ({told(code)})", timezone.now())
