"""« Reçu »: one payment of a family, as its receipt tells it."""

from dataclasses import dataclass, field
from datetime import date

from django.db.models import Sum
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import User
from reservations.reads.books.consumption import CARD, COUNTER
from wallet.models import CardDispute, CardPayment, CardPaymentLine, CardRefund, CounterPayment, Wallet


@dataclass(frozen=True)
class Receipt:
    """A payment received, in cents, with the purses that it credited and what was given back since."""

    number: str
    received: date
    means: str
    payer: str
    purpose: str
    cents: int
    lines: list[tuple[str, int]] = field(default_factory=list)
    given_back: int = 0


def receipt(user: User, source: str, pk: int) -> Receipt:
    """The receipt of a payment of the user's family; Http404 for any other, and for one that was not received."""
    if source not in READ:
        raise Http404
    return READ[source](user, pk)


def _of_card(user: User, pk: int) -> Receipt:
    paid = CardPayment.objects.of(user).filter(status=CardPayment.Status.PAID).select_related("user")
    payment = get_object_or_404(paid, pk=pk)
    return Receipt(
        number=f"CB-{payment.pk}",
        received=timezone.localdate(payment.paid_at),
        means="Carte bancaire",
        payer=_name(payment.user),
        purpose=payment.label,
        cents=payment.cents,
        lines=_credited(payment),
        given_back=_given_back(payment),
    )


def _credited(payment: CardPayment) -> list[tuple[str, int]]:
    lines = CardPaymentLine.objects.filter(payment=payment).order_by("pk").values_list("account", "cents")
    names = dict(Wallet.objects.filter(account__in=[pk for pk, _ in lines]).values_list("account", "purse__name"))
    return [(names.get(pk, payment.label), cents) for pk, cents in lines]


def _given_back(payment: CardPayment) -> int:
    refunds = payment.refunds.filter(status=CardRefund.Status.DONE)
    disputes = payment.disputes.exclude(status=CardDispute.Status.WON)
    return sum(rows.aggregate(total=Sum("cents"))["total"] or 0 for rows in (refunds, disputes))


def _of_counter(user: User, pk: int) -> Receipt:
    standing = CounterPayment.objects.of(user).standing().select_related("wallet__purse")
    payment = get_object_or_404(standing, pk=pk)
    return Receipt(
        number=f"G-{payment.pk}",
        received=payment.received_on,
        means=f"{payment.label}, {payment.bank}" if payment.bank else payment.label,
        payer=payment.payer or str(user.guardian.family),
        purpose="Recharge du porte-monnaie",
        cents=payment.cents,
        lines=[(payment.wallet.purse.name, payment.cents)],
    )


def _name(person: User) -> str:
    return f"{person.last_name.upper()} {person.first_name}"


READ = {CARD: _of_card, COUNTER: _of_counter}
