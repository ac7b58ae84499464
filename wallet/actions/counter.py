"""Money received at the counter: credited once, taken back once."""

from datetime import date

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.models import Family
from wallet.actions.ledger import Move, NotEnough, balance, post, reverse
from wallet.actions.wallets import system_account, wallet_of
from wallet.emails import payments as emails
from wallet.models import CounterPayment, Operation, Purse
from wallet.rules.payments import against_counter_payment


class CounterRefused(Refusal):
    """What the agent typed cannot be a payment; all reasons at once."""


class AlreadyCancelled(Refusal):
    """The payment was cancelled before."""

    sentence = "Ce règlement est déjà annulé."


class AlreadySpent(Refusal):
    """A mistaken credit cannot be taken back: the family has spent it."""

    sentence = "La famille a déjà dépensé ce crédit : annulez d’abord des réservations."


class NotACheque(Refusal):
    """Only a cheque bounces."""

    sentence = "Seul un chèque peut revenir impayé."


class ReasonMissing(Refusal):
    """A cancellation is explained to the family."""

    sentence = "Indiquez le motif : la famille le lira."


@outermost
def credit_at_counter(
    *,
    agent: User,
    family: Family,
    purse: Purse,
    means: str,
    cents: int,
    number: str = "",
    payer: str = "",
    bank: str = "",
    received_on: date,
    key: str,
) -> CounterPayment:
    """Record money received and credit the family's wallet; a second click gets the first payment.

    ``key`` was made for (agent.owner, ``credit:<family pk>``). Raise CounterRefused, StalePage.
    """
    once = claim_key(key, agent.owner, f"credit:{family.pk}")
    if once.answer:
        return CounterPayment.objects.get(pk=once.answer["payment"])
    now = timezone.now()
    reasons = against_counter_payment(
        means=means, cents=cents, number=number, received_on=received_on, today=timezone.localdate(now)
    )
    if reasons:
        raise CounterRefused(*reasons)
    payment = CounterPayment(
        wallet=wallet_of(family, purse),
        means=means,
        cents=cents,
        number=number.strip(),
        payer=payer.strip(),
        bank=bank.strip(),
        received_on=received_on,
    )
    payment.operation = _credit(payment, agent, once.pk, now)
    payment.save()
    emails.credited(payment, balance(payment.wallet.account))
    once.remember({"payment": payment.pk})
    return payment


def _credit(payment: CounterPayment, agent: User, key, now) -> Operation:
    source = system_account(CounterPayment.ACCOUNTS[payment.means])
    move = Move(source.pk, payment.wallet.account_id, payment.cents, f"counter:{key}", payment.details)
    label = f"{Operation.Kind.COUNTER_CREDIT.label} – {payment.label}"
    return post(Operation.Kind.COUNTER_CREDIT, [move], actor=agent, label=label, at=now)


@outermost
def cancel_counter_payment(
    *, agent: User, payment: CounterPayment, reason: str, bounced: bool, key: str
) -> CounterPayment:
    """Take back a credit: a mistake while it is unspent, a bounced cheque whatever the balance (it is then owed).

    ``key`` was made for (agent.owner, ``cancel-credit:<payment pk>``). Raise AlreadySpent, AlreadyCancelled, NotACheque.
    """
    once = claim_key(key, agent.owner, f"cancel-credit:{payment.pk}")
    payment = CounterPayment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment.pk)
    if once.answer:
        return payment
    _check_cancellable(payment, reason, bounced)
    payment.cancellation = _take_back(payment, agent, bounced)
    payment.cancellation_reason = reason.strip()
    payment.save(update_fields=["cancellation", "cancellation_reason"])
    emails.credit_cancelled(payment, balance(payment.wallet.account))
    once.remember({"payment": payment.pk})
    return payment


def _check_cancellable(payment: CounterPayment, reason: str, bounced: bool) -> None:
    if payment.cancellation_id:
        raise AlreadyCancelled
    if bounced and payment.means != CounterPayment.Means.CHEQUE:
        raise NotACheque
    if not reason.strip():
        raise ReasonMissing


def _take_back(payment: CounterPayment, agent: User, bounced: bool) -> Operation:
    kind = Operation.Kind.BOUNCED_CHEQUE if bounced else Operation.Kind.REVERSAL
    try:
        return reverse(payment.operation, actor=agent, kind=kind, label=f"{kind.label} – {payment.label}")
    except NotEnough as refusal:
        raise AlreadySpent from refusal
