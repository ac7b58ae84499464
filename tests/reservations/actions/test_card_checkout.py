"""A cart paid by card: what is held meanwhile, and every end."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.models import OutgoingEmail
from common.refusals import StalePage
from reservations.actions import confirm_cart, empty_cart, pay_by_card, remove_lines
from reservations.actions.card_checkout import NoCardNeeded
from reservations.actions.checkout import CartChanged, DaysRefused, NothingToConfirm
from reservations.models import Booking, Cart, CartLine, Order, Session
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    cancel,
    choose,
    household,
    instant,
    key_for,
    session,
    share,
)
from tests.factories.wallet import spend
from wallet.actions import balance
from wallet.actions.cards import PaymentGoing, abandon, fulfil, reconcile, start
from wallet.actions.wallets import hold_account
from wallet.models import CardPayment, Operation, Purse

pytestmark = pytest.mark.django_db
Status = CardPayment.Status


@pytest.fixture(autouse=True)
def in_november(time_machine, stripe_double):
    """The morning of 2 November 2026, here and at Stripe."""
    time_machine.move_to(instant(date(2026, 11, 2), "10:00"), tick=False)


def wants(*days, cents=0, capacity=None, activity=None, home=None):
    """A family with these days in its cart: (home, activity)."""
    home, activity = home or household(cents), activity or ActivityFactory()
    for day in days:
        if not Session.objects.filter(activity=activity, date=day).exists():
            session(activity, day, capacity=capacity)
    choose(home, activity, *days)
    return home, activity


def ask(home, use_wallet=False) -> CardPayment:
    """Ask to pay the cart by card; the page is open at Stripe."""
    answer = pay_by_card(user=home.user, use_wallet=use_wallet, key=key_for(home, "prepaid"))
    return start(CardPayment.objects.get(pk=answer["payment"]))


def pay(double, payment):
    double.pay(payment.session)
    return fulfil(payment)


def aside(home):
    return balance(hold_account(home.wallet))


def held():
    return list(Session.objects.order_by("date").values_list("booked", "held"))


@pytest.mark.seed("S2-56", "S3-5", "S3-81", "S3-95")
def test_a_cart_paid_by_card_is_booked_and_the_wallet_is_as_it_was(stripe_double):
    home, _ = wants(TUESDAY, THURSDAY, capacity=5)
    payment = ask(home)
    assert (payment.cents, held(), Booking.objects.count()) == (760, [(0, 1), (0, 1)], 0)
    pay(stripe_double, payment)
    assert (home.balance, held(), Booking.objects.count()) == (0, [(1, 0), (1, 0)], 2)
    order = Order.objects.get()
    assert (order.card_payment, order.booked_cents, order.remarks) == (payment, 760, [])
    assert not Cart.objects.get().lines.exists()


def test_the_card_pays_all_even_when_the_wallet_could(stripe_double):
    home, _ = wants(TUESDAY, cents=10_000)
    payment = ask(home)
    assert (payment.cents, home.balance) == (380, 10_000)
    pay(stripe_double, payment)
    assert home.balance == 10_000


def test_what_the_wallet_has_is_put_aside_and_the_card_pays_the_rest(stripe_double):
    home, _ = wants(TUESDAY, THURSDAY, cents=300)
    payment = ask(home, use_wallet=True)
    assert (payment.cents, home.balance, aside(home)) == (460, 0, 300)
    pay(stripe_double, payment)
    assert (home.balance, aside(home), Booking.objects.count()) == (0, 0, 2)


def test_the_card_pays_fifty_cents_at_least_and_the_rest_stays_in_the_wallet(stripe_double, visitor):
    home, _ = wants(TUESDAY, cents=350)
    page = visitor(home.user).get(reverse("reservations:cart")).content.decode()
    assert "0,20\u00a0€ resteront dans votre porte-monnaie" in page
    payment = ask(home, use_wallet=True)
    assert (payment.cents, aside(home)) == (50, 350)
    pay(stripe_double, payment)
    assert home.balance == 20


def test_a_wallet_that_owes_is_settled_by_the_same_payment(stripe_double):
    home, _ = wants(TUESDAY, cents=0)
    spend(home.wallet, 1000, kind=Operation.Kind.DEFERRED_DEBIT)
    payment = ask(home, use_wallet=True)
    assert payment.cents == 1380
    pay(stripe_double, payment)
    assert (home.balance, Booking.objects.count()) == (0, 1)


def test_each_purse_is_charged_for_its_own_activities(stripe_double):
    home, _ = wants(TUESDAY, cents=100)
    other = ActivityFactory(purse=Purse.objects.create(code="cdc", name="CDC"), cents=475)
    wants(THURSDAY, activity=other, home=home)
    payment = ask(home, use_wallet=True)
    assert sorted(payment.lines.values_list("cents", flat=True)) == [280, 475]
    pay(stripe_double, payment)
    assert Booking.objects.count() == 2


def test_without_anything_to_pay_no_page_is_opened():
    home, _ = wants(TUESDAY, cents=380)
    with pytest.raises(NoCardNeeded):
        ask(home, use_wallet=True)
    assert not CardPayment.objects.exists()


def test_a_cart_that_only_gives_back_needs_no_card():
    home = household(1000)
    activity = ActivityFactory()
    book(home, session(activity))
    choose(home, activity, TUESDAY)
    with pytest.raises(NoCardNeeded):
        ask(home)


def test_both_buttons_of_one_page_are_one_confirmation(stripe_double):
    home, _ = wants(TUESDAY, cents=1000)
    key = key_for(home, "prepaid")
    first = pay_by_card(user=home.user, use_wallet=False, key=key)
    assert pay_by_card(user=home.user, use_wallet=True, key=key) == first
    assert confirm_cart(user=home.user, billing="prepaid", key=key) == first
    assert (CardPayment.objects.count(), Booking.objects.count()) == (1, 0)


def test_what_is_being_paid_does_not_change(stripe_double):
    home, activity = wants(TUESDAY, THURSDAY)
    payment = ask(home)
    changes = [
        lambda: choose(home, activity, TUESDAY),
        lambda: empty_cart(user=home.user, billing="prepaid"),
        lambda: remove_lines(user=home.user, billing="prepaid", lines=[CartLine.objects.first().pk]),
        lambda: confirm_cart(user=home.user, billing="prepaid", key=key_for(home, "prepaid")),
        lambda: ask(home),
    ]
    for change in changes:
        with pytest.raises(PaymentGoing):
            change()
    pay(stripe_double, payment)
    assert Booking.objects.count() == 2


def test_a_cart_that_cannot_be_confirmed_opens_no_page(time_machine):
    home, activity = wants(TUESDAY)
    stale = key_for(home, "prepaid")
    with pytest.raises(StalePage):
        pay_by_card(user=home.user, use_wallet=False, key="x")
    session(activity, THURSDAY)
    choose(home, activity, THURSDAY)
    with pytest.raises(CartChanged):
        pay_by_card(user=home.user, use_wallet=False, key=stale)
    time_machine.move_to(instant(date(2026, 11, 20)), tick=False)
    with pytest.raises(DaysRefused):
        ask(home)
    empty_cart(user=home.user, billing="prepaid")
    with pytest.raises(NothingToConfirm):
        ask(home)
    assert not CardPayment.objects.exists()


# The places


def test_a_place_that_is_being_paid_is_nobody_else_s(stripe_double):
    home, activity = wants(TUESDAY, capacity=1)
    rival = household(1000)
    payment = ask(home)
    assert choose(rival, activity, TUESDAY).reasons == ["Louane, mardi 10 novembre : il n’y a plus de place."]
    abandon(payment)
    assert held() == [(0, 0)]
    book(rival, Session.objects.get())
    assert held() == [(1, 0)]


def test_leaving_the_page_frees_the_places_and_gives_back_what_was_put_aside(stripe_double):
    home, _ = wants(TUESDAY, THURSDAY, cents=300, capacity=3)
    payment = ask(home, use_wallet=True)
    abandon(payment)
    assert (home.balance, aside(home), held()) == (300, 0, [(0, 0), (0, 0)])
    assert Cart.objects.get().lines.count() == 2
    assert Cart.objects.get().lines.filter(agreed_cents=None, held=False).count() == 2
    assert ask(home).status == Status.OPEN


def test_a_page_whose_time_is_over_frees_the_places(stripe_double):
    home, _ = wants(TUESDAY, cents=300, capacity=3)
    payment = ask(home, use_wallet=True)
    stripe_double.expire(payment.session)
    for _ in range(2):
        reconcile()
    assert (home.balance, aside(home), held()) == (300, 0, [(0, 0)])


def test_stripe_silent_past_its_hour_frees_the_places_then_money_that_came_is_in_the_wallet(
    stripe_double, time_machine, visitor
):
    home, activity = wants(TUESDAY, cents=0, capacity=1)
    payment = ask(home)
    stripe_double.pay(payment.session)
    stripe_double.fault("error_500", share=1)
    time_machine.move_to(payment.expires_at + timedelta(minutes=25), tick=False)
    reconcile()
    assert held() == [(0, 0)]
    stripe_double.calm()
    rival, _ = wants(TUESDAY, cents=380, activity=activity)
    confirm_cart(user=rival.user, billing="prepaid", key=key_for(rival, "prepaid"))
    reconcile()
    assert (home.balance, Booking.objects.filter(family=home.family).count()) == (380, 0)
    assert OutgoingEmail.objects.filter(template="reservations/paid_too_late", to=home.user.email).count() == 1
    page = visitor(home.user).get(reverse("wallet:payment", args=[payment.reference]))
    assert (
        page.status_code,
        "rien n’a été réservé, l’argent est dans votre porte-monnaie" in page.content.decode(),
    ) == (200, True)


@pytest.mark.parametrize("paid", [True, False])
def test_a_page_that_is_not_what_was_asked_frees_the_places_and_the_part_of_the_wallet(stripe_double, visitor, paid):
    home, _ = wants(TUESDAY, cents=300, capacity=3)
    payment = ask(home, use_wallet=True)
    stranger = stripe_double.open(99_900, reference=str(payment.reference))
    CardPayment.objects.filter(pk=payment.pk).update(session=stranger["id"])
    if paid:
        stripe_double.pay(stranger["id"])
    page = visitor(home.user).get(reverse("wallet:payment", args=[payment.reference]) + ("" if paid else "?retour=1"))
    assert "un agent vérifie ce paiement" in page.content.decode()
    assert (home.balance, aside(home), held()) == (300, 0, [(0, 0)])
    again = ask(home, use_wallet=True)
    stripe_double.pay(again.session)
    fulfil(again)
    assert Booking.objects.filter(family=home.family).count() == 1


def test_a_place_given_back_by_the_same_cart_is_not_held_twice(stripe_double):
    """Of two places one is Louane's and one is free: she gives hers back, her brothers take both."""
    home = household(380, LOUANE, THEO, ("Malo", date(2016, 2, 3)))
    louane, *brothers = home.children
    activity = ActivityFactory()
    book(home, session(activity, capacity=2), members=[louane])
    choose(home, activity, TUESDAY, members=[louane])
    choose(home, activity, TUESDAY, members=brothers)
    payment = ask(home)
    assert (payment.cents, held()) == (380, [(1, 1)])
    pay(stripe_double, payment)
    assert held() == [(2, 0)]
    assert set(Booking.objects.active().values_list("member", flat=True)) == {each.pk for each in brothers}


def test_what_was_in_time_when_the_payment_began_is_honoured(stripe_double, time_machine):
    home, _ = wants(TUESDAY, capacity=1)
    time_machine.move_to(instant(TUESDAY) - timedelta(minutes=1), tick=False)  # the last minute
    payment = ask(home)
    time_machine.move_to(instant(TUESDAY) + timedelta(minutes=10), tick=False)
    pay(stripe_double, payment)
    assert Booking.objects.count() == 1


def test_a_price_that_changed_since_is_not_asked(stripe_double):
    home, activity = wants(TUESDAY)
    payment = ask(home)
    activity.tariffs.update(cents=999)
    pay(stripe_double, payment)
    assert (Booking.objects.get().cents, home.balance) == (380, 0)


def test_a_day_the_other_parent_booked_meanwhile_stays_money_in_the_wallet_and_is_told(stripe_double, visitor):
    home, activity = wants(TUESDAY, THURSDAY)
    other = household(1000, certified=True)
    other.children.clear()
    share(home, other)
    payment = ask(home)
    choose(other, activity, TUESDAY, members=home.children)
    confirm_cart(user=other.user, billing="prepaid", key=key_for(other, "prepaid"))
    pay(stripe_double, payment)
    order = Order.objects.get(card_payment=payment)
    assert (home.balance, order.bookings.count(), order.booked_cents) == (380, 1, 380)
    assert order.remarks == ["Louane, mardi 10 novembre : déjà réservé par l’autre parent."]
    page = visitor(home.user).get(reverse("reservations:order", args=[order.pk])).content.decode()
    assert "Remarques concernant vos réservations" in page
    (letter,) = OutgoingEmail.objects.filter(template="reservations/order_confirmed", to=home.user.email)
    assert letter.context["remarks"] == order.remarks


def test_a_day_closed_meanwhile_is_not_booked(stripe_double):
    home, _ = wants(TUESDAY, THURSDAY)
    payment = ask(home)
    Session.objects.filter(date=TUESDAY).update(closed_at=timezone.now(), closed_reason="grève")
    pay(stripe_double, payment)
    assert (home.balance, list(Booking.objects.values_list("session__date", flat=True))) == (380, [THURSDAY])


def test_money_spent_meanwhile_books_nothing_and_is_told(stripe_double):
    """A deferred meal was debited at night: the wallet cannot pay the cart any more, the card's money is in it."""
    home, _ = wants(TUESDAY, capacity=2)
    payment = ask(home)
    stripe_double.pay(payment.session)
    spend(home.wallet, 100, kind=Operation.Kind.DEFERRED_DEBIT)
    fulfil(payment)
    order = Order.objects.get()
    assert (home.balance, Booking.objects.count(), held()) == (280, 0, [(0, 0)])
    assert order.remarks == ["Il manque 1,00\u00a0€ dans votre porte-monnaie."]


def test_a_cancelled_day_of_the_same_cart_lowers_what_the_card_pays(stripe_double):
    home = household(380)
    activity = ActivityFactory()
    book(home, session(activity))
    session(activity, THURSDAY)
    session(activity, FRIDAY)
    choose(home, activity, TUESDAY)
    choose(home, activity, THURSDAY, FRIDAY)
    payment = ask(home)
    assert payment.cents == 380
    pay(stripe_double, payment)
    days = Booking.objects.active().values_list("session__date", flat=True)
    assert (home.balance, sorted(days)) == (0, [THURSDAY, FRIDAY])


def test_a_booking_cancelled_meanwhile_is_recredited_once(stripe_double):
    home = household(380)
    activity = ActivityFactory()
    (booking,) = book(home, session(activity))
    session(activity, THURSDAY)
    session(activity, FRIDAY)
    choose(home, activity, TUESDAY)
    choose(home, activity, THURSDAY, FRIDAY)
    payment = ask(home)
    cancel(home, booking)
    pay(stripe_double, payment)
    assert (home.balance, Booking.objects.active().count()) == (0, 2)


def test_a_payment_is_settled_once_however_often_it_is_told(stripe_double):
    home, _ = wants(TUESDAY, cents=100)
    payment = ask(home, use_wallet=True)
    pay(stripe_double, payment)
    for _ in range(3):
        CardPayment.objects.filter(pk=payment.pk).update(settled_at=None)
        reconcile()
    assert (Order.objects.count(), Booking.objects.count(), home.balance, aside(home)) == (1, 1, 0, 0)


def test_a_payment_whose_cart_was_not_served_is_served_by_the_reconciliation(stripe_double, monkeypatch):
    """The process died between the two transactions."""
    home, _ = wants(TUESDAY, cents=100)
    payment = ask(home, use_wallet=True)
    stripe_double.pay(payment.session)
    with monkeypatch.context() as patch:
        patch.setattr("reservations.actions.card_checkout._settle", lambda pk: None)
        fulfil(payment)
    assert (Booking.objects.count(), home.balance) == (0, 280)
    reconcile()
    assert (Booking.objects.count(), home.balance) == (1, 0)


# Pages


@pytest.mark.seed("S3-94", "S3-107")
def test_the_cart_s_button_leads_to_stripe_and_back_to_the_order(visitor, stripe_double):
    home, _ = wants(TUESDAY)
    client = visitor(home.user)
    page = client.get(reverse("reservations:cart"))
    assert "Confirmez votre réservation" in page.content.decode()
    assert "Payez par Carte Bancaire (CB, VISA, MASTERCARD, ...)" in page.content.decode()
    answer = client.post(reverse("reservations:cart"), {"carte": "tout", "once_key": page.context["once_key"]})
    payment = CardPayment.objects.get()
    assert answer.url == payment.url
    stripe_double.pay(payment.session)
    answer = client.get(reverse("wallet:payment", args=[payment.reference]), follow=True)
    assert answer.redirect_chain == [(reverse("reservations:order", args=[Order.objects.get().pk]), 302)]
    assert "Payé par carte" in answer.content.decode()


def test_the_cart_says_that_a_payment_is_going_and_how_to_end_it(visitor, stripe_double):
    home, _ = wants(TUESDAY)
    payment = ask(home)
    client = visitor(home.user)
    page = client.get(reverse("reservations:cart")).content.decode()
    assert ("Reprendre le paiement" in page, "Retirer du panier" in page) == (True, False)
    answer = client.get(reverse("wallet:payment", args=[payment.reference]) + "?retour=1", follow=True)
    assert "rien n’a été débité" in answer.content.decode()
    assert "Retirer du panier" in answer.content.decode()


def test_adding_days_while_paying_is_refused_with_a_sentence(visitor, stripe_double):
    home, activity = wants(TUESDAY)
    session(activity, THURSDAY)
    ask(home)
    answer = visitor(home.user).post(
        reverse("reservations:calendar", args=[activity.slug]),
        {"ajouter": "1", "enfant": home.child.pk, "jour": THURSDAY.isoformat()},
    )
    assert (answer.status_code, "paiement par carte est déjà en cours" in answer.content.decode()) == (409, True)


def test_a_mixed_payment_says_both_amounts(visitor, stripe_double):
    home, _ = wants(TUESDAY, THURSDAY, cents=300)
    page = visitor(home.user).get(reverse("reservations:cart")).content.decode()
    assert "Payer 3,00\u00a0€ avec mon porte-monnaie et 4,60\u00a0€ par carte" in page
