"""The night's transfers to caregivers: payments are frozen into one file for each bank account that pays them.

What is in no file yet goes into the next: a crash, a second run or a missed night change nothing but the time. A transfer
that the bank rejects restores the rights, once. Locks: who pays, aid accounts by pk, payments by pk, the ledger by pk.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.models import User
from cesu.aid.emails import payments as emails
from cesu.models import AidAccount, AidPayment, AidTransferBatch, Funder, Issuer, issuer
from cesu.rules.aid import executed_on, hours
from common.refusals import Refusal
from common.values.sepa import IN_ZONE
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions import Draft, Move, NotEnough, card_returns, post, post_all, system_account
from wallet.actions.bank_refunds import UnknownCode
from wallet.actions.ledger import mirror
from wallet.gateways.sepa_files import Credit, Creditor, SepaFileInvalid, credits_file
from wallet.gateways.stripe import CardsRefused
from wallet.models import AccountKind, CardPayment, Operation, Transfer
from wallet.rules.sepa import OF_REFUNDS, told

log = logging.getLogger(__name__)
Status = AidPayment.Status
REFUND_REASON = "Le paiement de votre intervenant n’a pas eu lieu."


class NotTransferred(Refusal):
    """Some files could not be prepared; the payments wait for the next run."""


class AlreadyBack(Refusal):
    """A transfer comes back once."""

    sentence = "Ce virement est déjà revenu : les droits sont rendus."


class NotSent(Refusal):
    sentence = "Ce paiement n’est pas encore parti à la banque."


# --- The night's files ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Payer:
    """The bank account that pays: a funder's for its aid; the issuer's for e-CESU (``funder`` None)."""

    funder: Funder | None
    bank: Creditor
    code: str

    def __str__(self):
        return str(self.funder or self.bank.name)


def prepare_transfers(today: date) -> dict[str, int]:
    """Prepare a file for each payer with payments that wait; {"files", "transfers"}. Raise NotTransferred, others done."""
    done, failed = Counter(files=0, transfers=0), []
    for payer in _payers():
        if not payer.bank.iban:
            failed.append(f"{payer} : indiquez le titulaire et l’IBAN du compte qui paie.")
            continue
        try:
            count = prepare(payer, today)
        except SepaFileInvalid as refusal:
            log.exception("no file of transfers for %s", payer)
            failed += [f"{payer} : {sentence}" for sentence in refusal.sentences]
        else:
            done.update(files=bool(count), transfers=count)
        failed += _out_of_reach(payer)
    if failed:
        raise NotTransferred(*failed)
    return dict(done)


def _waiting(payer: Payer):
    return AidPayment.objects.filter(status=Status.CONFIRMED, aid_account__funder=payer.funder)


def _out_of_reach(payer: Payer) -> list[str]:
    """The payments that no file takes: accounts outside SEPA, from before the register refused them."""
    lost = _waiting(payer).exclude(caregiver__iban__regex=IN_ZONE).order_by("pk").select_related("caregiver")
    return [f"{payer} : {it} attend, le compte de {it.caregiver} est hors de la zone SEPA." for it in lost]


def _payers() -> Iterator[Payer]:
    """Those with payments to send."""
    waiting = AidPayment.objects.filter(status=Status.CONFIRMED).order_by()
    of = set(waiting.values_list("aid_account__funder", flat=True).distinct())
    for funder in Funder.objects.filter(pk__in=of - {None}).order_by("pk"):
        yield Payer(funder, Creditor(funder.account_holder, "", funder.iban, funder.bic), str(funder.pk))
    if None in of:
        it = issuer()
        yield Payer(None, Creditor(it.legal_name or it.name, "", it.iban, it.bic), "E")


@outermost
def prepare(payer: Payer, today: date) -> int:
    """Freeze what waits into one batch with its file; return how many transfers, 0 for no batch. Raise SepaFileInvalid.

    Each payment keeps the account it is sent to, as the register had it that night.
    """
    _lock_payer(payer)
    waiting = _waiting(payer).filter(caregiver__iban__regex=IN_ZONE)
    payments = list(waiting.locked().order_by("pk").values_list("pk", flat=True))
    if not payments:
        return 0
    batch = _batch(payer, today, AidPayment.objects.filter(pk__in=payments))
    with connection.cursor() as cursor:
        cursor.execute(_SEND, [batch.pk, payments])
    operation = _pay_out(batch)
    file = credits_file(
        payer.bank, _credits(batch), message=batch.message, at=batch.created_at, executed_on=batch.executed_on
    )
    AidTransferBatch.objects.filter(pk=batch.pk).update(file=file, operation=operation)
    return len(payments)


def _lock_payer(payer: Payer) -> None:
    """One run at a time numbers a payer's files."""
    if payer.funder:
        Funder.objects.select_for_update(of=("self",), no_key=True).get(pk=payer.funder.pk)
    else:
        Issuer.objects.select_for_update(no_key=True).filter(pk=1).first()


def _batch(payer: Payer, today: date, payments) -> AidTransferBatch:
    number = AidTransferBatch.objects.filter(funder=payer.funder, night=today).count() + 1
    total = payments.aggregate(count=Count("pk"), cents=Sum("cents") + Sum("complement_cents"))
    return AidTransferBatch.objects.create(
        funder=payer.funder,
        night=today,
        message=f"AIDE-{payer.code}-{today:%Y%m%d}-{number}",
        created_at=timezone.now(),
        executed_on=executed_on(today),
        **total,
    )


_SEND = """
    UPDATE cesu_aidpayment payment
    SET status = 'sent', batch_id = %s, account_holder = caregiver.account_holder, iban = caregiver.iban, bic = caregiver.bic
    FROM cesu_caregiver caregiver
    WHERE caregiver.id = payment.caregiver_id AND payment.id = ANY(%s)
"""


def _pay_out(batch: AidTransferBatch) -> Operation:
    """What is owed to the caregivers leaves by the bank, in one operation."""
    bank = system_account(AccountKind.BANK_TRANSFER).pk
    with connection.cursor() as cursor:
        cursor.execute(_OWED, [batch.pk])
        moves = [Move(owed, bank, cents, f"aid-transfer:{pk}", f"AIDE-{pk}") for pk, owed, cents in cursor]
    label = f"{Operation.Kind.AID_TRANSFER.label} {batch.message}"
    return post(Operation.Kind.AID_TRANSFER, moves, actor=None, label=label, at=batch.created_at)


_OWED = """
    SELECT payment.id, owed.id, payment.cents + payment.complement_cents
    FROM cesu_aidpayment payment
    JOIN wallet_account owed ON owed.kind = 'caregiver' AND owed.code = 'caregiver:' || payment.caregiver_id
    WHERE payment.batch_id = %s ORDER BY payment.id
"""


def _credits(batch: AidTransferBatch) -> Iterator[Credit]:
    rows = batch.payments.order_by("pk").values_list(
        "pk",
        "account_holder",
        "iban",
        "bic",
        "cents",
        "complement_cents",
        "minutes",
        "aid_account__holder__last_name",
        "aid_account__holder__first_name",
    )
    for pk, holder, iban, bic, cents, complement, minutes, last_name, first_name in rows.iterator(chunk_size=5000):
        words = f"{last_name} {first_name}" + (f", {hours(minutes)}" if minutes else "")
        yield Credit(holder, iban, bic, cents + complement, f"AIDE-{pk}", words)


# --- Handing over -------------------------------------------------------------------------------------------------------
def handing_over(batch: AidTransferBatch) -> str:
    """The purpose of the key that notes it."""
    return f"aid-handed-over:{batch.pk}"


@outermost
def hand_over(*, agent: User, batch: AidTransferBatch, key: str) -> AidTransferBatch:
    """Note that an agent gave a file to the bank; a second click changes nothing."""
    once = claim_key(key, agent.owner, handing_over(batch))
    if once.answer is None:
        rows = AidTransferBatch.objects.filter(pk=batch.pk, handed_over_at=None)
        rows.update(handed_over_at=timezone.now(), handed_over_by=agent)
        once.remember({"batch": batch.pk})
    return batch


# --- What the bank rejects ------------------------------------------------------------------------------------------------
def rejecting(payment: AidPayment) -> str:
    """The purpose of the key that rejects a transfer by hand."""
    return f"aid-reject:{payment.pk}"


def reject_by_hand(*, agent: User, payment: AidPayment, code: str, key: str) -> AidPayment:
    """Restore a payment that the bank sent back, as an agent read it; a second click changes nothing more.

    Raise AlreadyBack, NotSent, UnknownCode.
    """
    rejected = _reject_by_hand(agent=agent, payment=payment, code=code, key=key)
    give_back_cards()
    return rejected


@outermost
def _reject_by_hand(*, agent: User, payment: AidPayment, code: str, key: str) -> AidPayment:
    once = claim_key(key, agent.owner, rejecting(payment))
    if once.answer is None:
        if code not in OF_REFUNDS:
            raise UnknownCode
        if not reject(agent, {payment.pk: code}):
            standing = AidPayment.objects.get(pk=payment.pk)
            raise AlreadyBack if standing.status == Status.REJECTED else NotSent
        once.remember({"payment": payment.pk})
    return AidPayment.objects.get(pk=payment.pk)


def reject(agent: User | None, codes: dict[int, str]) -> list[AidPayment]:
    """Restore payments (pk: the bank's code) inside the caller's transaction; those that are back already are left alone.

    The rights get their hours and cents again; one that has expired meanwhile is opened for the days of its funder. The
    card money of a complement stands on the payment's hold until ``give_back_cards``.
    """
    list(AidAccount.objects.filter(payments__in=codes).locked().order_by("pk"))
    rows = AidPayment.objects.filter(pk__in=codes, status=Status.SENT).select_related(
        "aid_account__holder", "aid_account__funder", "caregiver", "by__aid_login"
    )
    payments = list(rows.locked().order_by("pk"))
    if not payments:
        return []
    now = timezone.now()
    post_all(_restorations(agent, payments, codes, now))
    for payment in payments:
        payment.status, payment.rejected_at, payment.reject_code = Status.REJECTED, now, codes[payment.pk]
    AidPayment.objects.bulk_update(payments, ["status", "rejected_at", "reject_code"], batch_size=500)
    _reopen(payments, timezone.localdate(now))
    emails.rejected(payments)
    return payments


def _restorations(agent: User | None, payments: list[AidPayment], codes: dict[int, str], now: datetime) -> list[Draft]:
    """Everything that a payment moved goes back in one operation: from the bank, from the caregiver, to the rights."""
    owners = {pk: each.pk for each in payments for pk in (each.operation_id, each.hold_id) if pk}
    references = {f"aid-transfer:{each.pk}": each.pk for each in payments}
    moved = defaultdict(list)
    rows = Transfer.objects.filter(Q(operation__in=owners) | Q(reference__in=references))
    for transfer in rows.order_by("-operation", "pk"):
        moved[references.get(transfer.reference) or owners[transfer.operation_id]].append(mirror(transfer))
    return [
        Draft(
            Operation.Kind.AID_REJECT,
            moved[each.pk],
            agent,
            f"Virement rejeté à {each.caregiver} ({told(codes[each.pk])})"[:200],
            now,
        )
        for each in payments
    ]


def _reopen(payments: Iterable[AidPayment], today: date) -> None:
    """Rights whose last day is near or over may be used for the days that their funder gives."""
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN, [today, [payment.pk for payment in payments], today])


_REOPEN = """
    UPDATE cesu_monthlyright monthly SET reopened_until = %s::date + funder.reopening_days
    FROM cesu_aidpaymentline line, cesu_aidaccount account, cesu_funder funder
    WHERE line.right_id = monthly.id AND account.id = monthly.aid_account_id AND funder.id = account.funder_id
      AND line.payment_id = ANY(%s)
      AND coalesce(greatest(monthly.expires_on, monthly.reopened_until), monthly.expires_on) < %s::date + funder.reopening_days
"""


# --- The card money of what was rejected --------------------------------------------------------------------------------
def give_back_cards(today: date | None = None) -> dict[str, int]:
    """Give back by card what stands on the hold of payments that ended; {"refunds"}. Every night too: none is forgotten.

    A card that refuses keeps its money on the hold, and is asked again the next night.
    """
    done = 0
    for payment in CardPayment.objects.filter(pk__in=_held()).order_by("pk"):
        try:
            done += card_returns.refund_in_full(payment, REFUND_REASON) is not None
        except (CardsRefused, NotEnough):
            log.exception("card payment %s could not be given back", payment.reference)
    return {"refunds": done}


def _held() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_HELD)
        return [pk for (pk,) in cursor.fetchall()]


_HELD = """
    SELECT payment.card_payment_id
    FROM cesu_aidpayment payment
    JOIN wallet_cardpayment card ON card.id = payment.card_payment_id AND card.status = 'paid'
    JOIN wallet_account held ON held.kind = 'hold' AND held.code = 'aid:' || payment.reference
    JOIN wallet_balance balance ON balance.account_id = held.id
    WHERE payment.status IN ('abandoned', 'rejected') AND balance.cents > 0
"""
