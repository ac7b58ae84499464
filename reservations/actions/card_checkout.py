"""Paying a cart by card: what the page holds until it is paid, left or over, and what follows each end.

Two transactions, as docs/money.md says: the wallet's own credits the family's wallets, then ``settle`` here pays the
cart from them. Locks: key → card payment → cart → members → sessions → bookings → accounts.
"""

from collections import Counter

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from reservations.actions.carts import clear, lock_cart
from reservations.actions.checkout import DaysRefused, carry_out, check, open_order
from reservations.actions.places.baskets import Basket, change_counters, held_by, lock_sessions, read_basket
from reservations.actions.places.ledger import post_orders
from reservations.actions.places.promotion import promote
from reservations.emails import bookings as emails
from reservations.models import Billing, Cart, CartLine, Order
from reservations.rules.payment import Share, share_payment
from wallet.actions import Draft, Move, NotEnough, lock_accounts, post_all, wallet_of
from wallet.actions.cards import locked, new_payment
from wallet.actions.ledger import mirror
from wallet.actions.wallets import hold_account
from wallet.models import CardPayment, Operation, Purse, Transfer
from wallet.purposes import FamilyPayment
from wallet.rules.payments import MIN_CARD_CENTS

PURPOSE = "cart"


class NoCardNeeded(Refusal):
    """Nothing is left for the card to pay."""

    sentence = "Votre porte-monnaie suffit pour cette commande : payez avec votre porte-monnaie."


@outermost
def pay_by_card(*, user: User, use_wallet: bool, key: str) -> dict:
    """Hold the places of the family's cart and ask for its payment by card; return {"payment": pk}.

    The key is the one of ``confirm_cart``: whichever button comes second gets the answer of the first. Refusals are
    those of ``confirm_cart``, NoCardNeeded and PaymentGoing. ``wallet.actions.cards.start`` then opens the page.
    """
    once = claim_key(key, user.owner, f"confirm:{Billing.PREPAID}")
    if once.answer:
        return once.answer
    basket = read_basket(lock_cart(user.guardian.family_id, Billing.PREPAID), lock=True)
    check(basket, once.detail)
    if basket.reasons:
        raise DaysRefused(*basket.reasons)  # who pays by card first sees what there is to pay for
    wallets, shares = _shares(basket, use_wallet)
    if not shares:
        raise NoCardNeeded
    payment = new_payment(
        user=user,
        family=basket.offer.facts.family,
        purpose=f"{PURPOSE}:{basket.cart.pk}",
        label=f"Réservations ({len(basket.booked)})",
        lines={wallets[purse].account_id: share.card for purse, share in shares.items() if share.card},
        email=user.email or "",
    )
    _hold_places(basket, payment)
    _put_aside(payment, {wallets[purse]: share.hold for purse, share in shares.items() if share.hold})
    return once.remember({"payment": payment.pk})


def _shares(basket: Basket, use_wallet: bool) -> tuple[dict, dict[int, Share]]:
    """The wallets that pay and their shares, by pk of purse, the wallets' accounts locked."""
    due = {purse: cents for purse, cents in sorted(basket.due_by_purse.items()) if cents > 0}
    purses = Purse.objects.in_bulk(due)
    wallets = {pk: wallet_of(basket.offer.facts.family, purse) for pk, purse in purses.items()}
    standings = lock_accounts(wallet.account_id for wallet in wallets.values())
    spendable = {pk: standings[wallet.account_id].spendable for pk, wallet in wallets.items()}
    return wallets, share_payment(due, spendable, use_wallet, MIN_CARD_CENTS)


def _hold_places(basket: Basket, payment: CardPayment) -> None:
    """Freeze the lines at their prices; a place that the same cart gives back is not held a second time."""
    given_back = Counter(line.session_id for line in basket.lines if line.act == CartLine.Act.CANCEL)
    for line in basket.lines:
        line.agreed_cents = line.cents
        line.act = CartLine.Act.WAIT if line.waits else line.act
        line.held = line.act == CartLine.Act.BOOK and line.session.capacity is not None
        if line.held and given_back[line.session_id]:
            given_back[line.session_id] -= 1
            line.held = False
    CartLine.objects.bulk_update(basket.lines, ["act", "agreed_cents", "held"])
    change_counters(Counter(), Counter(), Counter({pk: -number for pk, number in held_by(basket.lines).items()}))
    basket.cart.payment = payment
    basket.cart.save(update_fields=["payment"])


def _put_aside(payment: CardPayment, holds: dict) -> None:
    moves = [
        Move(wallet.account_id, hold_account(wallet).pk, cents, f"hold:{payment.pk}:{wallet.account_id}")
        for wallet, cents in holds.items()
    ]
    if moves:
        label = "Somme mise de côté pour votre paiement par carte"
        post_all([Draft(Operation.Kind.HOLD, moves, payment.user, label, payment.created_at)])


class CartPayment(FamilyPayment):
    """What follows the end of a cart's payment."""

    @staticmethod
    def settle(payment: CardPayment) -> None:
        _settle(payment.pk)

    @staticmethod
    def address(payment: CardPayment) -> str:
        order = Order.objects.filter(card_payment=payment).first()
        if order:
            return reverse("reservations:order", args=[order.pk])
        went_elsewhere = payment.status in (CardPayment.Status.PAID, CardPayment.Status.TO_CHECK)
        return CartPayment.page(payment) if went_elsewhere else reverse("reservations:cart")


@outermost
def _settle(pk: int) -> None:
    """Pay the cart of a payment that was paid, free what it held otherwise; once."""
    payment = locked(pk)
    if payment.is_going or payment.settled_at:
        return
    cart = Cart.objects.select_for_update(of=("self",), no_key=True).filter(payment=payment).first()
    paid = payment.status == CardPayment.Status.PAID
    if cart is None:
        if paid:
            emails.paid_too_late(payment)
    elif paid:
        cart.payment = payment
        _complete(payment, read_basket(cart, lock=True))
    else:
        _release(payment, cart)
    payment.settled_at = timezone.now()
    payment.save(update_fields=["settled_at"])


def _complete(payment: CardPayment, basket: Basket) -> None:
    """Book all that still can be; the rest of the money stays in the wallet, and the family is told which days."""
    cart, released = basket.cart, held_by(basket.lines)
    refused = [line for line in basket.lines if line.reasons]
    basket.lines = [line for line in basket.lines if not line.reasons]
    remarks = list(dict.fromkeys(reason for line in refused for reason in line.reasons))

    def write(remarks: list[str]) -> Order:
        order = open_order(basket, payment.user, card_payment=payment, remarks=remarks, at=timezone.now())
        carry_out(basket, order, _returns(payment), released)
        return order

    try:
        with transaction.atomic():
            order = write(remarks)
    except NotEnough as refusal:
        basket.lines = basket.waiting
        order = write(remarks + refusal.sentences)
    clear(cart)
    Cart.objects.filter(pk=cart.pk).update(payment=None)
    emails.order_confirmed(order, basket.lines, basket.recredited)


def _release(payment: CardPayment, cart: Cart) -> None:
    """Nothing was paid: the cart is as it was, its places are free, what was put aside is back."""
    released = held_by(cart.lines.filter(held=True))
    lock_sessions(released)
    change_counters(Counter(), Counter(), released)
    cart.lines.update(agreed_cents=None, held=False)
    Cart.objects.filter(pk=cart.pk).update(payment=None)
    post_orders(promote(released, [(draft, None) for draft in _returns(payment)]))


def _returns(payment: CardPayment) -> list[Draft]:
    """What gives back what the payment put aside, once."""
    held = Transfer.objects.filter(reference__startswith=f"hold:{payment.pk}:", reversal=None).order_by("pk")
    moves = [mirror(transfer) for transfer in held]
    label = "Somme mise de côté, rendue"
    return [Draft(Operation.Kind.HOLD, moves, payment.user, label, timezone.now())] if moves else []
