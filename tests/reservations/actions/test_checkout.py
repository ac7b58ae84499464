"""Confirming the cart of prepaid days: everything is checked again, then all of it happens, or nothing."""

from datetime import date

import pytest

from common.models import IdempotencyKey, OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from reservations.actions import confirm_cart
from reservations.actions.checkout import CartChanged, DaysRefused, NotCertified, NothingToConfirm
from reservations.models import Activity, Billing, Booking, CartLine, Order, Tariff
from tests.factories.accounts import CommuneFactory
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    basket,
    book,
    choose,
    confirm,
    household,
    instant,
    key_for,
    session,
    sessions,
    share,
)
from tests.factories.wallet import wallet_with
from wallet.actions import NotEnough
from wallet.models import Operation, Purse, Transfer

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


def shopping(*children, cents=10_000, days=(TUESDAY, THURSDAY), **fields):
    """A family with days of a canteen in its cart: (household, activity, sessions)."""
    home, activity = household(cents, *children), ActivityFactory()
    made = sessions(activity, *days, **fields)
    choose(home, activity, *days)
    return home, activity, made


def nothing_changed(home, balance=10_000, lines=2):
    """Nobody booked, nothing was paid, no email is owed, the cart stands."""
    assert (Booking.objects.count(), Order.objects.count()) == (0, 0)
    assert Operation.objects.exclude(kind="opening").count() == 0
    assert OutgoingEmail.objects.count() == 0
    assert home.balance == balance
    assert CartLine.objects.filter(cart__family=home.family).count() == lines
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.seed("S3-103", "S2-72")
def test_a_cart_is_booked_and_paid_day_by_day_from_the_wallet():
    home, activity, _ = shopping(LOUANE, THEO)
    order = confirm(home)
    bookings = list(Booking.objects.order_by("session__date", "member__birth_date"))
    assert [(each.session.date, each.member.first_name, each.cents, each.status) for each in bookings] == [
        (TUESDAY, "Théo", 380, "booked"),
        (TUESDAY, "Louane", 380, "booked"),
        (THURSDAY, "Théo", 380, "booked"),
        (THURSDAY, "Louane", 380, "booked"),
    ]
    assert {(each.order, each.family, each.billing) for each in bookings} == {(order, home.family, "prepaid")}
    moves = Transfer.objects.filter(operation=order.operation)
    assert {move.reference: move.cents for move in moves} == {f"booking:{each.pk}": 380 for each in bookings}
    assert {(move.source_id, move.target.code) for move in moves} == {
        (home.wallet.account_id, f"service:{activity.service_id}")
    }
    assert (order.booked_cents, order.cancelled_cents, order.by, home.balance) == (1520, 0, home.user, 8480)
    assert (order.operation.kind, order.operation.label, order.operation.actor) == (
        "booking",
        "Réservations",
        home.user,
    )
    assert CartLine.objects.count() == 0


def test_places_are_counted_where_they_are_limited():
    home, _, (limited, free) = shopping(LOUANE, THEO, capacity=5)
    free.capacity = None
    free.save()
    confirm(home)
    limited.refresh_from_db()
    free.refresh_from_db()
    assert (limited.booked, free.booked) == (2, 0)


def test_an_email_is_owed_to_the_parent_who_confirmed():
    home, _, _ = shopping()
    confirm(home)
    [email] = OutgoingEmail.objects.all()
    assert (email.template, email.to, email.owner) == (
        "reservations/order_confirmed",
        home.user.email,
        home.user.owner,
    )


def test_a_parent_without_address_reads_the_message_in_the_portal():
    home, _, _ = shopping()
    home.user.email = None
    home.user.save()
    confirm(home)
    [email] = OutgoingEmail.objects.all()
    assert (email.to, email.owner) == ("", home.user.owner)


def test_a_second_click_gets_the_first_answer_and_pays_nothing():
    home, _, _ = shopping()
    key = key_for(home)
    first = confirm_cart(user=home.user, billing="prepaid", key=key)
    assert confirm_cart(user=home.user, billing="prepaid", key=key) == first
    assert (Order.objects.count(), home.balance, OutgoingEmail.objects.count()) == (1, 9240, 1)


def test_a_second_click_does_not_confirm_what_was_put_into_the_cart_since():
    home, activity, _ = shopping()
    key = key_for(home)
    first = confirm(home, key=key)
    session(activity, FRIDAY)
    choose(home, activity, FRIDAY)
    assert confirm(home, key=key) == first
    assert (Booking.objects.count(), CartLine.objects.count(), home.balance) == (2, 1, 9240)


@pytest.mark.parametrize("key", ["", "forged", "a:b:c", "é" * 500, "\x00"])
def test_a_forged_key_confirms_nothing(key):
    home, _, _ = shopping()
    with pytest.raises(StalePage):
        confirm_cart(user=home.user, billing="prepaid", key=key)
    nothing_changed(home)


def test_the_key_of_another_family_confirms_nothing():
    home, other = shopping()[0], shopping()[0]
    with pytest.raises(StalePage):
        confirm(home, key=key_for(other))
    nothing_changed(home)


def test_a_key_made_for_another_act_confirms_nothing():
    home, _, _ = shopping()
    with pytest.raises(StalePage):
        confirm(home, key=make_key(home.user.owner, "cancel:1", basket(home).purpose))
    nothing_changed(home)


def test_the_page_of_the_day_before_confirms_nothing(time_machine):
    home, _, _ = shopping()
    key = key_for(home)
    time_machine.move_to(instant(date(2026, 11, 3), "09:01"))
    with pytest.raises(StalePage):
        confirm(home, key=key)
    nothing_changed(home)


def test_a_cart_changed_in_another_tab_is_shown_again_first():
    home, activity, _ = shopping()
    key = key_for(home)
    session(activity, FRIDAY)
    choose(home, activity, FRIDAY)
    with pytest.raises(CartChanged):
        confirm(home, key=key)
    nothing_changed(home, lines=3)


def test_a_price_changed_between_the_page_and_the_click_is_shown_first():
    home, _, _ = shopping()
    key = key_for(home)
    Tariff.objects.update(cents=1)
    with pytest.raises(CartChanged):
        confirm(home, key=key)
    nothing_changed(home)
    assert confirm(home).booked_cents == 2


def test_an_empty_cart_confirms_nothing():
    home, _, _ = shopping(days=())
    with pytest.raises(NothingToConfirm):
        confirm(home)
    nothing_changed(home, lines=0)


@pytest.mark.seed("S4-80")
def test_a_deadline_that_passes_after_the_page_was_shown_refuses_everything(time_machine):
    home, _, (tuesday, _) = shopping()
    tuesday.bookable_until = instant(date(2026, 11, 2), "12:00")
    tuesday.save()
    key = key_for(home)
    time_machine.move_to(tuesday.bookable_until, tick=False)
    with pytest.raises(DaysRefused) as refused:
        confirm(home, key=key)
    assert refused.value.sentences == [
        f"Louane, mardi 10 novembre : le délai de réservation est passé (c’était jusqu’au lundi 2 novembre à 12{NBSP}h)."
    ]
    nothing_changed(home)


def test_all_reasons_are_told_at_once():
    home, _, (tuesday, thursday) = shopping(LOUANE, THEO)
    tuesday.closed_at, tuesday.closed_reason = instant(date(2026, 11, 2)), "Travaux"
    thursday.capacity = 0
    tuesday.save()
    thursday.save()
    with pytest.raises(DaysRefused) as refused:
        confirm(home)
    assert sorted(refused.value.sentences) == [
        "Louane, jeudi 12 novembre : il n’y a plus de place.",
        "Louane, mardi 10 novembre : fermé (Travaux).",
        "Théo, jeudi 12 novembre : il n’y a plus de place.",
        "Théo, mardi 10 novembre : fermé (Travaux).",
    ]
    nothing_changed(home, lines=4)


@pytest.mark.seed("S3-109")
def test_a_wallet_too_low_by_a_cent_books_nothing():
    home, _, _ = shopping(cents=759)
    with pytest.raises(NotEnough, match=f"Il manque 0,01{NBSP}€ dans votre porte-monnaie."):
        confirm(home)
    nothing_changed(home, balance=759)


def test_the_last_cent_may_be_spent():
    home, _, _ = shopping(cents=760)
    confirm(home)
    assert home.balance == 0


def test_a_family_without_a_wallet_gets_one_and_is_told_what_lacks():
    home, activity = household(None), ActivityFactory()
    session(activity)
    choose(home, activity, TUESDAY)
    with pytest.raises(NotEnough, match=f"Il manque 3,80{NBSP}€"):
        confirm(home)
    assert Booking.objects.count() == 0


def test_a_family_that_did_not_certify_this_year_is_asked_to():
    home, activity = household(certified=False), ActivityFactory()
    session(activity)
    choose(home, activity, TUESDAY)
    with pytest.raises(NotCertified):
        confirm(home)
    nothing_changed(home, lines=1)


def test_two_siblings_do_not_share_the_last_place():
    """One has it, the other is refused and told; the family may give the place back."""
    home, _, _ = shopping(LOUANE, THEO, capacity=1, days=[TUESDAY])
    order = confirm(home)
    [booking], [refused] = order.bookings.all(), order.refused_days.all()
    assert {booking.member, refused.member} == set(home.children)
    assert refused.reason == f"{refused.member.first_name}, mardi 10 novembre : il n’y a plus de place."
    assert (order.booked_cents, home.balance) == (380, 9620)


@pytest.mark.seed("S4-80", "S4-89", "S4-92")
def test_a_day_that_filled_up_since_is_refused_alone_and_the_rest_is_booked():
    home, _, (tuesday, thursday) = shopping()
    key = key_for(home)
    tuesday.capacity = 0
    tuesday.save()
    order = confirm(home, key=key)
    [booking], [refused], [email] = order.bookings.all(), order.refused_days.all(), OutgoingEmail.objects.all()
    assert (booking.session, refused.session, order.booked_cents, home.balance) == (thursday, tuesday, 380, 9620)
    assert email.context["refused"] == ["Louane, mardi 10 novembre : il n’y a plus de place."]
    assert CartLine.objects.count() == 0


def test_one_of_two_siblings_takes_the_last_place():
    home, activity, [tuesday] = shopping(LOUANE, THEO, capacity=2, days=[TUESDAY])
    CartLine.objects.all().delete()
    tuesday.booked = 0
    choose(home, activity, TUESDAY, members=home.children[:1])
    confirm(home)
    tuesday.refresh_from_db()
    assert tuesday.booked == 1


def test_a_free_day_is_booked_without_any_money():
    home, activity = household(0), ActivityFactory(cents=0)
    session(activity)
    choose(home, activity, TUESDAY)
    order = confirm(home)
    assert (order.operation, order.booked_cents, Booking.objects.get().cents) == (None, 0, 0)


@pytest.mark.seed("S3-119", "S2-72")
def test_one_wallet_pays_the_services_of_two_communes():
    home = household(1000)
    aiguilhe, coubon = (CommuneFactory(name=name) for name in ("Aiguilhe", "Coubon"))
    canteen = ActivityFactory(service__commune=aiguilhe)
    centre = ActivityFactory(service__commune=coubon, cents=475)
    for activity in (canteen, centre):
        session(activity)
        choose(home, activity, TUESDAY)
    order = confirm(home)
    taken = Transfer.objects.filter(operation=order.operation).values_list("target__code", "cents")
    assert set(taken) == {(f"service:{canteen.service_id}", 380), (f"service:{centre.service_id}", 475)}
    assert home.balance == 145


def test_each_purse_pays_its_own_activities():
    home = household(380)
    purse = Purse.objects.create(code="loisirs", name="Loisirs")
    leisure_wallet = wallet_with(1000, home.family, purse)
    for activity in (ActivityFactory(), ActivityFactory(cents=1000, purse=purse)):
        session(activity)
        choose(home, activity, TUESDAY)
    confirm(home)
    leisure_wallet.account.balance.refresh_from_db()
    assert (home.balance, leisure_wallet.balance) == (0, 0)


def test_a_purse_that_lacks_money_is_named():
    home = household(10_000)
    purse = Purse.objects.create(code="loisirs", name="Loisirs")
    activity = ActivityFactory(cents=1000, purse=purse)
    session(activity)
    choose(home, activity, TUESDAY)
    with pytest.raises(NotEnough) as refused:
        confirm(home)
    assert refused.value.sentences == [f"Il manque 10,00{NBSP}€ dans votre porte-monnaie « Loisirs »."]


@pytest.mark.seed("S2-73")
def test_a_cart_of_bookings_and_cancellations_moves_the_difference():
    home, activity = household(760, LOUANE, THEO), ActivityFactory()
    tuesday, thursday, friday = sessions(activity, TUESDAY, THURSDAY, FRIDAY, capacity=9)
    book(home, tuesday)
    assert home.balance == 0
    choose(home, activity, TUESDAY, FRIDAY)
    CartLine.objects.filter(member__first_name="Théo", session=friday).delete()
    order = confirm(home)
    assert (order.booked_cents, order.cancelled_cents, home.balance) == (380, 760, 380)
    for day in (tuesday, thursday, friday):
        day.refresh_from_db()
    assert (tuesday.booked, thursday.booked, friday.booked) == (0, 0, 1)
    assert order.cancellations.count() == 2
    assert set(order.cancellations.values_list("status", "cancelled_by", "cancelled_at")) == {
        ("cancelled", home.user.pk, order.at)
    }


def test_a_cart_of_cancellations_only_is_a_cancellation():
    home, activity = household(380), ActivityFactory()
    book(home, session(activity))
    choose(home, activity, TUESDAY)
    order = confirm(home)
    assert (order.operation.kind, order.operation.label, home.balance) == ("cancellation", "Annulation", 380)


def test_a_cancelled_day_may_be_booked_again():
    home, activity = household(380), ActivityFactory()
    it = session(activity, capacity=1)
    for _ in range(2):
        book(home, it)
        assert home.balance == 0
        choose(home, activity, TUESDAY)
        confirm(home)
    it.refresh_from_db()
    assert (home.balance, it.booked) == (380, 0)
    assert list(Booking.objects.values_list("status", flat=True)) == ["cancelled", "cancelled"]


def test_a_cancellation_past_its_deadline_refuses_the_whole_cart():
    home, activity = household(), ActivityFactory()
    tuesday, _ = sessions(activity, TUESDAY, THURSDAY)
    book(home, tuesday)
    choose(home, activity, TUESDAY, THURSDAY)
    tuesday.cancellable_until = instant(date(2026, 11, 2), "09:00")
    tuesday.save()
    with pytest.raises(DaysRefused) as refused:
        confirm(home)
    assert refused.value.sentences == [
        f"Louane, mardi 10 novembre : le délai d’annulation est passé (c’était jusqu’au lundi 2 novembre à 9{NBSP}h)."
    ]
    assert (home.balance, Booking.objects.active().count()) == (9620, 1)


def test_a_child_withdrawn_since_is_named_and_nothing_is_booked():
    home, _, _ = shopping()
    home.child.memberships.update(withdrawn_at=instant(date(2026, 11, 2)))
    with pytest.raises(DaysRefused) as refused:
        confirm(home)
    assert set(refused.value.sentences) == {"Louane ne figure plus dans vos filiations."}
    nothing_changed(home)


def test_a_day_that_the_other_parent_booked_meanwhile_is_refused():
    home, activity, _ = shopping(days=[TUESDAY])
    other = household()
    share(home, other)
    choose(other, activity, TUESDAY, members=home.children)
    confirm(home)
    with pytest.raises(DaysRefused) as refused:
        confirm(other)
    assert refused.value.sentences == ["Louane, mardi 10 novembre : déjà réservé par l’autre parent."]
    assert (home.balance, other.balance) == (9620, 10_000)


def test_an_activity_withdrawn_since_is_refused():
    home, activity, _ = shopping(days=[TUESDAY])
    Activity.objects.filter(pk=activity.pk).update(is_open=False)
    with pytest.raises(DaysRefused) as refused:
        confirm(home)
    assert refused.value.sentences == ["Louane, mardi 10 novembre : cette activité n’est plus proposée."]
    nothing_changed(home, lines=1)


def test_an_activity_paid_otherwise_since_is_chosen_again():
    home, activity, _ = shopping(days=[TUESDAY])
    Activity.objects.filter(pk=activity.pk).update(billing=Billing.DEFERRED)
    with pytest.raises(DaysRefused) as refused:
        confirm(home)
    assert refused.value.sentences == ["Cantine : le mode de paiement a changé, choisissez à nouveau vos jours."]
    nothing_changed(home, lines=1)


def test_a_prepaid_booking_is_recredited_even_when_cancelled_among_deferred_requests():
    home, activity = household(), ActivityFactory()
    book(home, session(activity))
    Activity.objects.filter(pk=activity.pk).update(billing=Billing.DEFERRED)
    choose(home, activity, TUESDAY)
    order = confirm(home, Billing.DEFERRED)
    assert (order.operation.kind, home.balance) == ("cancellation", 10_000)


def test_a_deferred_booking_gives_nothing_back_when_cancelled_in_a_prepaid_cart():
    home, activity = household(), LeisureFactory()
    book(home, session(activity))
    Activity.objects.filter(pk=activity.pk).update(billing=Billing.PREPAID)
    choose(home, activity, TUESDAY)
    assert basket(home).due == 0
    order = confirm(home)
    assert (order.operation, home.balance, Booking.objects.get().status) == (None, 10_000, "cancelled")


def test_a_service_with_a_very_long_name_is_paid_all_the_same():
    home = household(10_000, ("L" * 80, LOUANE[1]))
    activity = ActivityFactory(name="C" * 100, service__commune__name="S" * 80)
    [booking] = book(home, session(activity))
    assert len(Transfer.objects.get(reference=booking.payment_reference).label) == 200
