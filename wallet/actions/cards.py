"""Payments by card: opened here, paid at Stripe, booked once whatever the order in which the news arrives.

Every call to Stripe is made outside a transaction; what it answers is then booked under the payment's lock. The
webhook, the return page and the reconciliation all call ``fulfil``; any of them may come first, twice or never.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from common.models import authority
from common.refusals import Refusal
from common.values.money import euros
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from families.models import Family
from wallet import purposes
from wallet.actions.ledger import Move, post
from wallet.actions.wallets import system_account
from wallet.emails import payments as emails
from wallet.gateways import stripe as gateway
from wallet.models import AccountKind, CardPayment, CardPaymentLine, Operation, Wallet
from wallet.rules.payments import against_top_up

log = logging.getLogger(__name__)
OPEN_FOR = timedelta(minutes=40)  # Stripe wants 30 at least, counted from its own answer
CREATE_WITHIN = timedelta(minutes=5)  # later, Stripe would refuse what is left of the time
GRACE = timedelta(minutes=20)  # Stripe silent: the places are freed this long after the page's end
TOP_UP = "topup"
LONGEST_ONWARD = 70  # characters, of the 80 of a purpose


class PaymentGoing(Refusal):
    """A family pays one thing at a time."""

    sentence = "Un paiement par carte est déjà en cours pour votre famille : terminez-le ou abandonnez-le d’abord."


class TopUpRefused(Refusal):
    """The amounts asked for cannot be a top-up; all reasons at once."""


@outermost
def open_top_up(
    *, user: User, cents_by_wallet: Mapping[int, int], email: str = "", onward: str = "", key: str
) -> CardPayment:
    """Ask for a payment by card that credits wallets of the user's family (cents by pk of wallet).

    ``onward``: the page of ours that the payer goes back to once it has ended.

    ``key`` was made for (user.owner, ``top-up``); a second click gets the first payment. Raise TopUpRefused,
    PaymentGoing, StalePage. Then ``start`` gives the page to pay on.
    """
    once = claim_key(key, user.owner, "top-up")
    if once.answer:
        return CardPayment.objects.get(pk=once.answer["payment"])
    wanted = {pk: cents for pk, cents in cents_by_wallet.items() if cents}
    wallets = Wallet.objects.of(user).in_bulk(wanted)
    reasons = against_top_up([wanted[pk] for pk in wallets], authority().top_up_max * 100)
    if reasons:
        raise TopUpRefused(*reasons)
    payment = new_payment(
        user=user,
        family=user.guardian.family,
        purpose=f"{TOP_UP}:{onward}" if 0 < len(onward) <= LONGEST_ONWARD else TOP_UP,
        label="Recharge du porte-monnaie",
        lines={wallet.account_id: wanted[wallet.pk] for wallet in wallets.values()},
        email=email,
    )
    once.remember({"payment": payment.pk})
    return payment


def new_payment(
    *, user: User, family: Family | None, purpose: str, label: str, lines: Mapping[int, int], email: str
) -> CardPayment:
    """Write a payment to come, crediting accounts (cents by pk). The caller's transaction. Raise PaymentGoing."""
    now = timezone.now()
    try:
        with transaction.atomic():
            payment = CardPayment.objects.create(
                user=user,
                family=family,
                purpose=purpose,
                label=label,
                cents=sum(lines.values()),
                email=email,
                created_at=now,
                expires_at=now + OPEN_FOR,
            )
    except IntegrityError as error:
        if error.__cause__.diag.constraint_name != "one_open_card_payment_per_family":
            raise
        raise PaymentGoing from error
    CardPaymentLine.objects.bulk_create(
        CardPaymentLine(payment=payment, account_id=pk, cents=cents) for pk, cents in lines.items()
    )
    return payment


def start(payment: CardPayment) -> CardPayment:
    """Have the payment's page opened at Stripe: ``url`` then says where. Called again, the same page.

    Raise CardsUnavailable (the payment may be started again for 5 minutes) or CardsRefused (it has ended).
    """
    if payment.status != CardPayment.Status.CREATED:
        return payment
    if timezone.now() > payment.created_at + CREATE_WITHIN:
        raise gateway.CardsUnavailable
    try:
        checkout = gateway.create_checkout(payment, address(payment))
    except gateway.CardsRefused:
        log.exception("Stripe refuses to open payment %s", payment.reference)
        serve(_end(payment.pk))
        raise
    payment = _opened(payment.pk, checkout)
    if payment.status == CardPayment.Status.EXPIRED:  # given up while Stripe was answering
        gateway.expire_checkout(checkout.id)
    return payment


def address(payment: CardPayment) -> str:
    """The absolute address of the payment's page on the portal, where Stripe sends the payer back."""
    return settings.PUBLIC_URL + purposes.of(payment).page(payment)


@outermost
def _opened(pk: int, checkout: gateway.Checkout) -> CardPayment:
    payment = locked(pk)
    if payment.status == CardPayment.Status.CREATED:
        move(payment, CardPayment.Status.OPEN, session=checkout.id, url=checkout.url)
    return payment


def locked(pk: int) -> CardPayment:
    """The payment, locked until the transaction ends: first in the order of locks after the form's key."""
    return CardPayment.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def fulfil(payment: CardPayment) -> CardPayment:
    """Ask Stripe how the payment stands, book it once, then serve its purpose; return it as it is now.

    What is not what was asked goes « À vérifier ». Raise CardsUnavailable when Stripe is silent (nothing changed).
    """
    if payment.session and not _is_certain(payment):
        payment = _record(payment.pk, gateway.read_checkout(payment.session))
    return serve(payment)


def _is_certain(payment: CardPayment) -> bool:
    """Whether Stripe itself told the end: an end that was only assumed keeps the address of its page."""
    return not payment.is_going and not payment.url and payment.status != CardPayment.Status.TO_CHECK


@outermost
def _record(pk: int, checkout: gateway.Checkout) -> CardPayment:
    """Book what Stripe says of a payment, once."""
    payment = locked(pk)
    if payment.status == CardPayment.Status.PAID:
        return payment
    if mismatch := _mismatch(payment, checkout):
        _set_aside(payment, mismatch)
    elif checkout.paid:
        _credit(payment, checkout.intent)
    elif checkout.status == "expired" and payment.status != CardPayment.Status.EXPIRED:
        move(payment, CardPayment.Status.EXPIRED, url="")
    elif checkout.status == "expired":
        CardPayment.objects.filter(pk=pk).update(url="")
    return payment


def _mismatch(payment: CardPayment, checkout: gateway.Checkout) -> str:
    """What of Stripe's page is not what was asked, in French for the agent; "" when all is."""
    found = []
    if (checkout.cents, checkout.currency) != (payment.cents, "eur"):
        shown = f"{checkout.cents} centimes de « {checkout.currency or '?'} »"
        found.append(f"Stripe annonce {shown} au lieu de {euros(payment.cents)}")
    if checkout.reference != str(payment.reference):
        found.append(f"sa référence est « {checkout.reference[:60]} » au lieu de « {payment.reference} »")
    paid = "Stripe la dit payée" if checkout.paid else "Stripe ne la dit pas payée"
    return f"{' ; '.join(found)}. {paid} (session {checkout.id})."[:300] if found else ""


def _set_aside(payment: CardPayment, mismatch: str) -> None:
    """No money moves on what was not asked: an agent looks, the family is told and may pay anew."""
    if payment.status == CardPayment.Status.TO_CHECK:
        return
    log.error("card payment %s is to be checked: %s", payment.reference, mismatch)
    move(payment, CardPayment.Status.TO_CHECK, mismatch=mismatch, url="", settled_at=None)
    emails.card_to_check(payment)


def checking(payment: CardPayment) -> str:
    """The purpose of the key that closes a check."""
    return f"check-card:{payment.pk}"


def check_again(*, agent: User, payment: CardPayment, key: str, note: str) -> CardPayment:
    """Ask Stripe once more about a payment « À vérifier »: booked if it is now what was asked, else closed with a note.

    A second click changes nothing more. Raise CardsUnavailable (nothing changed), AlreadyChecked, StalePage.
    """
    if payment.status == CardPayment.Status.TO_CHECK:
        fulfil(payment)
    return serve(_close(agent, payment.pk, key, note))


@outermost
def _close(agent: User, pk: int, key: str, note: str) -> CardPayment:
    payment = CardPayment.objects.get(pk=pk)
    once = claim_key(key, agent.owner, checking(payment))
    payment = locked(pk)
    if once.answer:
        return payment
    if payment.status == CardPayment.Status.TO_CHECK:
        # What it held was freed when it was set aside: nothing more follows its end.
        move(payment, CardPayment.Status.EXPIRED, url="", checked_by=agent, checked_note=note.strip())
    elif payment.status != CardPayment.Status.PAID:
        raise AlreadyChecked
    once.remember({"status": payment.status})
    return payment


class AlreadyChecked(Refusal):
    """Somebody closed it."""

    sentence = "Cette vérification est déjà close."


def _credit(payment: CardPayment, intent: str) -> None:
    source, now = system_account(AccountKind.CARD).pk, timezone.now()
    moves = [Move(source, line.account_id, line.cents, line.reference) for line in payment.lines.all()]
    label = f"{Operation.Kind.CARD_CREDIT.label} – {payment.label}"
    operation = post(Operation.Kind.CARD_CREDIT, moves, actor=payment.user, label=label, at=now)
    # Money may come after the end: what follows is then owed anew.
    move(
        payment,
        CardPayment.Status.PAID,
        paid_at=now,
        operation=operation,
        session=payment.session,
        intent=intent,
        url="",
        settled_at=None,
    )
    emails.card_paid(payment)


def serve(payment: CardPayment) -> CardPayment:
    """Let the payment's purpose do what follows its end, if it is owed; return the payment as it is now."""
    if not payment.is_going and payment.settled_at is None:
        purposes.of(payment).settle(payment)
        payment.refresh_from_db()
    return payment


def abandon(payment: CardPayment) -> CardPayment:
    """Close the payment's page at Stripe, then end the payment: it is booked if it was paid just before.

    Raise CardsUnavailable when Stripe is silent: the payment ends by itself at its hour.
    """
    if payment.status == CardPayment.Status.OPEN:
        payment = _record(payment.pk, gateway.expire_checkout(payment.session))
    elif payment.status == CardPayment.Status.CREATED:
        payment = _end(payment.pk)
    return serve(payment)


@outermost
def _end(pk: int) -> CardPayment:
    """End a payment that Stripe has not told the end of: nobody has its page, or Stripe is silent past its hour."""
    payment = locked(pk)
    if payment.is_going:
        move(payment, CardPayment.Status.EXPIRED)
    return payment


class TopUp(purposes.FamilyPayment):
    """What follows a top-up: nothing more, the wallets are credited; the payer goes back to the page that asked for it."""

    @staticmethod
    def settle(payment: CardPayment) -> None:
        date_settled(payment.pk)

    @staticmethod
    def address(payment: CardPayment) -> str:
        _, _, onward = payment.purpose.partition(":")
        checked = payment.status == CardPayment.Status.TO_CHECK
        return onward if onward and not checked else TopUp.page(payment)


@outermost
def date_settled(pk: int) -> None:
    """Say that what follows the end of a payment was done."""
    payment = locked(pk)
    if not payment.is_going and payment.settled_at is None:
        payment.settled_at = timezone.now()
        payment.save(update_fields=["settled_at"])


def reconcile(now: datetime | None = None) -> dict[str, int]:
    """Find out what no event told: payments still going, ends that were assumed, purposes not served (every 10 min).

    One payment's trouble never keeps the others waiting. Return how many were looked at, and how many failed.
    """
    now = now or timezone.now()
    owed = [*CardPayment.objects.going(), *CardPayment.objects.assumed(), *CardPayment.objects.unsettled()]
    failed = sum(not _reconcile(payment, now) for payment in {payment.pk: payment for payment in owed}.values())
    return {"payments": len(owed), "failed": failed}


def _reconcile(payment: CardPayment, now: datetime) -> bool:
    try:
        if payment.status == CardPayment.Status.CREATED and now > payment.created_at + CREATE_WITHIN:
            payment = _end(payment.pk)
        fulfil(payment)
    except gateway.CardsUnavailable:
        if payment.is_going and now > payment.expires_at + GRACE:
            serve(_end(payment.pk))
        return False
    except Exception:  # whatever this one meets, the others are owed too
        log.exception("card payment %s cannot be reconciled", payment.reference)
        return False
    return True
