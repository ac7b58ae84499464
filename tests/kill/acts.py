"""What is killed, and then asked again: each act is one request after the other, as a browser sends them.

Asked again with the same words, an act finds what it has already done. Keys are those of the page that was shown.
"""

from datetime import date
from hashlib import sha256
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.payments import pay
from cesu.aid.actions.rights.plans import credit_month
from cesu.aid.actions.transfers import prepare_transfers
from cesu.models import AidAccount, Caregiver, Voucher, VoucherLine
from cesu.orders.actions.fabrication import make_due
from cesu.rules.aid import Use
from reservations.actions import cancel_booking, confirm_cart, pay_by_card
from reservations.actions.telling.answers import collect_answers
from reservations.actions.telling.transmission import deliver_pending, freeze_the_night
from reservations.backoffice import deliveries, files
from reservations.models import BackOffice, Booking, Change
from tests.doubles.client import StripeDouble
from wallet.actions import Move, post, system_account
from wallet.actions.card_returns import refund_card
from wallet.actions.cards import abandon, fulfil, open_top_up, start
from wallet.models import CardPayment, Wallet


def _pay(stripe: str, payment: CardPayment) -> None:
    """The payer pays, then comes back; who has paid already finds the page closed."""
    payment = start(payment)
    StripeDouble(stripe, "").pay(payment.session)
    fulfil(payment)


def top_up(user: int, wallet: int, cents: int, key: str, stripe: str) -> None:
    parent = User.objects.get(pk=user)
    _pay(stripe, open_top_up(user=parent, cents_by_wallet={wallet: cents}, email=parent.email, key=key))


def checkout(user: int, key: str) -> None:
    confirm_cart(user=User.objects.get(pk=user), billing="prepaid", key=key)


def checkout_by_card(user: int, key: str, stripe: str) -> None:
    answer = pay_by_card(user=User.objects.get(pk=user), use_wallet=True, key=key)
    _pay(stripe, CardPayment.objects.get(pk=answer["payment"]))


def leave(user: int, key: str) -> None:
    """The payment page is opened, then left unpaid."""
    answer = pay_by_card(user=User.objects.get(pk=user), use_wallet=True, key=key)
    abandon(start(CardPayment.objects.get(pk=answer["payment"])))


def cancel(user: int, booking: int, key: str) -> None:
    cancel_booking(user=User.objects.get(pk=user), booking=Booking.objects.get(pk=booking), key=key)


def refund(agent: int, payment: int, cents: int, key: str) -> None:
    refund_card(
        agent=User.objects.get(pk=agent),
        payment=CardPayment.objects.get(pk=payment),
        cents=cents,
        reason="Erreur de saisie",
        key=key,
    )


def transmit(night: str) -> None:
    """The night freezes what was not told yet, and hands it over."""
    freeze_the_night(date.fromisoformat(night))
    deliver_pending()


def answers() -> None:
    """The hour takes what the back office answers."""
    collect_answers()


def fabricate() -> None:
    """Whatever may be made is made."""
    make_due()


def careless_fabricate(order: int) -> None:
    """What nobody may write: titles numbered in one transaction, the note that they are made in another."""
    for line in VoucherLine.objects.filter(order=order, made_at=None).order_by("pk"):
        first = (Voucher.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        titles = range(line.booklets * line.vouchers)
        Voucher.objects.bulk_create([Voucher(number=first + n, line=line, booklet=1) for n in titles])
        VoucherLine.objects.filter(pk=line.pk).update(made_at=timezone.now())


def aid_night(today: str) -> None:
    """The month's rights are given, the transfers to caregivers prepared."""
    credit_month(date.fromisoformat(today))
    prepare_transfers(date.fromisoformat(today))


def pay_caregiver(user: int, account: int, caregiver: int, uses: list, complement: int, key: str, stripe: str) -> None:
    """A caregiver is paid out of rights; the card completes when there is a complement."""
    aid_account = AidAccount.objects.select_related("holder").get(pk=account)
    payment = pay(
        user=User.objects.get(pk=user),
        holder=aid_account.holder,
        aid_account=aid_account,
        caregiver=Caregiver.objects.get(pk=caregiver),
        uses=[Use(*use) for use in uses],
        complement_cents=complement,
        password="Cantine-Facile-2026",
        key=key,
    )
    if payment.card_payment:
        _pay(stripe, payment.card_payment)


def careless_transmit() -> None:
    """What nobody may write: a file made from what stands when it is sent, numbered once it has arrived."""
    office = BackOffice.objects.get()
    lines = Change.objects.filter(transmission=None).order_by("pk").values_list("pk", "kind", "booking", "payload")
    data = files.write(
        "csv", office.transmissions.count() + 1, date(2026, 11, 3), (files.Line(*line) for line in lines)
    )
    parcel = deliveries.Parcel(office.transmissions.count() + 1, "csv", sha256(data).hexdigest(), data)
    deliveries.send(office, parcel)
    freeze_the_night(date(2026, 11, 3))


def careless(wallet: int, account: int) -> None:
    """What nobody may write: money in one transaction, the note that it came in another, a reference made anew."""
    source = system_account("cash").pk
    with transaction.atomic():
        post("counter_credit", [Move(source, account, 5000, f"careless:{uuid4()}")], actor=None, label="Espèces")
    Wallet.objects.filter(pk=wallet).update(reminded_at=timezone.now())


ACTS = {
    act.__name__: act
    for act in (
        top_up,
        checkout,
        checkout_by_card,
        leave,
        cancel,
        refund,
        careless,
        transmit,
        answers,
        careless_transmit,
        fabricate,
        careless_fabricate,
        aid_night,
        pay_caregiver,
    )
}
