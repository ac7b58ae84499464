"""What families consumed and paid in the past, for the pages of money; the ledger stays exact."""

import itertools
from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from common.writing.states import move
from families.models import SepaMandate
from reservations.models import Activity, Billing, Booking, Order, Session
from reservations.rules import instant
from tests.factories.reservations import Household
from wallet.actions import Move, post, system_account
from wallet.models import (
    BankRefund,
    BankRefundBatch,
    CardDispute,
    CardPayment,
    CardPaymentLine,
    CardRefund,
    CounterPayment,
    DirectDebit,
    DirectDebitRun,
    Operation,
    Wallet,
)

numbers = itertools.count(1)
IBAN = "FR1420041010050500013M02606"


def consumed(home: Household, member, activity: Activity, day: date, cents: int, quantity: int = 1) -> Booking:
    """A deferred booking of a day, not debited yet."""
    session, _ = Session.objects.get_or_create(
        activity=activity, date=day, defaults={"arrival": activity.arrival, "departure": activity.departure}
    )
    order = Order.objects.create(
        family=home.family, by=home.user, billing=Billing.DEFERRED, booked_cents=cents, at=instant(day, time(7))
    )
    return Booking.objects.create(
        session=session,
        member=member,
        family=home.family,
        order=order,
        billing=Billing.DEFERRED,
        cents=cents,
        quantity=quantity,
    )


def _moved(kind, source, target, cents, at: datetime, reference: str = "") -> Operation:
    with transaction.atomic():
        move = Move(source, target, cents, reference or f"test:{next(numbers)}")
        return post(kind, [move], actor=None, label=Operation.Kind(kind).label, at=at)


def paid_at_counter(wallet: Wallet, cents: int, on: date, means: str = "CH", **fields) -> CounterPayment:
    """Money that an agent received on a day."""
    source = system_account(CounterPayment.ACCOUNTS[means]).pk
    operation = _moved(Operation.Kind.COUNTER_CREDIT, source, wallet.account_id, cents, instant(on, time(10)))
    fields = {"number": str(next(numbers))} | fields
    return CounterPayment.objects.create(
        wallet=wallet, means=means, cents=cents, received_on=on, operation=operation, **fields
    )


def paid_by_card(user, wallets: dict[Wallet, int], on: date, label: str = "Recharge du porte-monnaie") -> CardPayment:
    """A payment by card that Stripe has confirmed, crediting wallets."""
    at = instant(on, time(20))
    payment = CardPayment.objects.create(
        purpose="topup",
        family=user.guardian.family,
        user=user,
        label=label,
        cents=sum(wallets.values()),
        created_at=at,
        expires_at=at,
        session=f"cs_{next(numbers)}",
    )
    lines = [CardPaymentLine(payment=payment, account=each.account, cents=cents) for each, cents in wallets.items()]
    CardPaymentLine.objects.bulk_create(lines)
    source = system_account("card").pk
    moves = [Move(source, line.account_id, line.cents, line.reference) for line in lines]
    with transaction.atomic():
        operation = post(Operation.Kind.CARD_CREDIT, moves, actor=user, label=label, at=at)
    move(payment, CardPayment.Status.PAID, paid_at=at, settled_at=at, operation=operation)
    return payment


def refunded(payment: CardPayment, cents: int, on: date, status: str = "done") -> CardRefund:
    """A part of a card payment given back to the card."""
    source, at = payment.lines.get().account_id, instant(on, time(10))
    operation = _moved(Operation.Kind.PARTIAL_REFUND, source, system_account("card").pk, cents, at)
    return CardRefund.objects.create(payment=payment, cents=cents, status=status, created_at=at, operation=operation)


def disputed(payment: CardPayment, on: date) -> CardDispute:
    """A card payment that its holder contests."""
    source, at = payment.lines.get().account_id, instant(on, time(10))
    operation = _moved(Operation.Kind.DISPUTE, source, system_account("card").pk, payment.cents, at)
    return CardDispute.objects.create(
        payment=payment, stripe=f"dp_{next(numbers)}", cents=payment.cents, created_at=at, operation=operation
    )


def debited(wallet: Wallet, cents: int, on: date, status: str = "settled") -> DirectDebit:
    """A monthly direct debit of a wallet, collected on a day, or announced for it."""
    mandate, _ = SepaMandate.objects.get_or_create(
        family=wallet.family,
        ended_at=None,
        defaults={"rum": f"RUM{next(numbers)}", "iban": IBAN, "holder": "Jean-Paul DUPONT", "signed_on": on},
    )
    run = DirectDebitRun.objects.create(
        purse=wallet.purse, month=on.replace(day=1), collected_on=on, message=f"PRLV{next(numbers)}"
    )
    operation, end_to_end = None, f"E2E-{next(numbers)}"
    if status == "settled":
        kind, source = Operation.Kind.DIRECT_DEBIT, system_account("direct_debit").pk
        at, reference = instant(on, time(10)), f"debit:{end_to_end}"
        operation = _moved(kind, source, wallet.account_id, cents, at, reference)
    return DirectDebit.objects.create(
        run=run,
        wallet=wallet,
        mandate=mandate,
        sequence="RCUR",
        cents=cents,
        end_to_end=end_to_end,
        status=status,
        operation=operation,
        rejected_at=timezone.now() if status == "rejected" else None,
    )


def paid_back(wallet: Wallet, cents: int, on: date, by) -> BankRefund:
    """Money of a wallet paid back to the family's bank account."""
    at = instant(on, time(10))
    batch = BankRefundBatch.objects.create(message=f"VIR{next(numbers)}", executed_on=on, by=by)
    kind, target, end_to_end = Operation.Kind.BANK_REFUND, system_account("bank_transfer").pk, f"VIR-{next(numbers)}"
    operation = _moved(kind, wallet.account_id, target, cents, at, f"bank-refund:{end_to_end}")
    return BankRefund.objects.create(
        wallet=wallet,
        batch=batch,
        cents=cents,
        iban=IBAN,
        holder="Jean-Paul DUPONT",
        reason="Départ",
        end_to_end=end_to_end,
        status="sent",
        by=by,
        created_at=at,
        operation=operation,
    )
