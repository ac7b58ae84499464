"""Money of employers: transfers that arrived, orders paid by card. Fabrication then takes what it needs."""

from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from cesu.models import Employer, VoucherOrder
from cesu.orders.actions.fabrication import start_order, wake_fabrication
from common.refusals import Refusal
from common.values.dates import date_short
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions import Move, post, system_account
from wallet.actions.cards import PaymentGoing, date_settled, new_payment
from wallet.models import AccountKind, CardPayment, Operation
from wallet.rules.payments import MIN_CARD_CENTS

PURPOSE = "cesu"
MAX_CARD_CENTS = 10_000_00  # beyond, banks refuse cards: a transfer


class NothingToPay(Refusal):
    sentence = "Cette commande n’attend pas de paiement."


class TooMuchForACard(Refusal):
    sentence = "Ce montant se règle par virement : une carte bancaire n’est pas acceptée au-delà de 10 000 €."


class NotAnAmount(Refusal):
    sentence = "Écrivez le montant reçu, supérieur à zéro."


class ReferenceMissing(Refusal):
    sentence = "Écrivez la référence du virement, telle que la banque la donne."


def crediting(employer: Employer) -> str:
    """The purpose of the key of a form that notes an employer's transfer."""
    return f"employer-credit:{employer.pk}"


@outermost
def credit_employer(
    *, agent: User, employer: Employer, cents: int, received_on: date, reference: str, key: str
) -> Operation:
    """Note a transfer that arrived on the issuer's account; twice is once, by the key and by the bank's reference.

    What may now be made is made soon. Raise NotAnAmount, ReferenceMissing, AlreadyPosted (the same reference).
    """
    once = claim_key(key, agent.owner, crediting(employer))
    if once.answer:
        return Operation.objects.get(pk=once.answer["operation"])
    if cents <= 0:
        raise NotAnAmount
    if not reference.strip():
        raise ReferenceMissing
    source = system_account(AccountKind.BANK_TRANSFER).pk
    move = Move(source, employer.account_id, cents, f"employer:{employer.pk}:{reference.strip()}"[:120])
    label = f"Virement reçu le {date_short(received_on)}, {reference.strip()}"[:200]
    operation = post(Operation.Kind.EMPLOYER_CREDIT, [move], actor=agent, label=label)
    once.remember({"operation": operation.pk})
    transaction.on_commit(wake_fabrication, robust=True)
    return operation


def paying(order: VoucherOrder) -> str:
    """The purpose of the key of the form that pays an order by card."""
    return f"pay-cesu:{order.pk}"


@outermost
def pay_by_card(*, user: User, order: VoucherOrder, key: str) -> CardPayment:
    """Ask for a card payment of an order that waits for its money; ``wallet.actions.cards.start`` opens its page.

    Raise NothingToPay, TooMuchForACard, PaymentGoing (somebody of the employer pays it at this moment).
    """
    once = claim_key(key, user.owner, paying(order))
    if once.answer:
        return CardPayment.objects.get(pk=once.answer["payment"])
    order = VoucherOrder.objects.select_related("employer").locked().get(pk=order.pk)
    if order.status != VoucherOrder.Status.TAKEN or order.total_cents < MIN_CARD_CENTS:
        raise NothingToPay
    if order.total_cents > MAX_CARD_CENTS:
        raise TooMuchForACard
    standing = card_payments_of(order)
    if standing.going().exists():
        raise PaymentGoing("Un paiement par carte de cette commande est déjà en cours.")
    if standing.filter(status=CardPayment.Status.PAID).exists():
        raise NothingToPay
    payment = new_payment(
        user=user,
        family=None,
        purpose=_purpose(order),
        label=f"Commande de CESU {order.number}",
        lines={order.employer.account_id: order.total_cents},
        email=user.manager.email,
    )
    once.remember({"payment": payment.pk})
    return payment


def _purpose(order: VoucherOrder) -> str:
    return f"{PURPOSE}:{order.pk}"


def card_payments_of(order: VoucherOrder) -> QuerySet[CardPayment]:
    """All that was asked of cards for an order, whatever became of it."""
    return CardPayment.objects.filter(purpose=_purpose(order))


def order_of(payment: CardPayment) -> int:
    """The pk of the order that a payment is for."""
    return int(payment.purpose.partition(":")[2])


class OrderPayment:
    """What follows an order's card payment: that order is the first to take the money."""

    @staticmethod
    def settle(payment: CardPayment) -> None:
        if payment.status == CardPayment.Status.PAID and start_order(order_of(payment)):
            wake_fabrication()
        date_settled(payment.pk)

    @staticmethod
    def page(payment: CardPayment) -> str:
        return reverse("cesu:payment", args=[payment.reference])

    @staticmethod
    def address(payment: CardPayment) -> str:
        return reverse("cesu:order", args=[VoucherOrder.objects.get(pk=order_of(payment)).number])
