"""What a browser says is not believed: the server decides price, place, deadline and owner. All through HTTP."""

from datetime import date

import pytest

from reservations.models import Booking, CartLine, Order, Tariff
from tests.client import PortalClient, once_keys
from tests.factories.reservations import (
    LOUANE,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    choose,
    household,
    instant,
    session,
    sessions,
)
from tests.reservations.reading import iso, text
from wallet.models import Operation

pytestmark = pytest.mark.django_db
CANTEEN = "/reservations/activite/cantine/"
CART, BOOKINGS = "/reservations/panier/", "/reservations/mes-reservations/"


def pay(parent, key=None, **forged):
    """Click « Payer avec mon porte-monnaie »."""
    key = key or once_keys(parent.get(CART))[0]
    return parent.post(CART, {"once_key": key} | forged, follow=True)


def add(parent, home, *days, **forged):
    """Click « Ajouter au panier »."""
    return parent.post(CANTEEN, {"enfant": home.pks, "jour": iso(*days), "ajouter": "1"} | forged, follow=True)


def test_of_two_parents_on_the_last_place_one_gets_it_and_the_other_is_told(visitor):
    it = session(ActivityFactory(slug="cantine"), capacity=1)
    homes = [household(), household()]
    parents = [visitor(home.user) for home in homes]
    for parent, home in zip(parents, homes, strict=True):
        add(parent, home, TUESDAY)
    keys = [once_keys(parent.get(CART))[0] for parent in parents]
    first, second = (pay(parent, key) for parent, key in zip(parents, keys, strict=True))
    assert "Votre demande est enregistrée." in text(first)
    assert "Louane, mardi 10 novembre : il n’y a plus de place." in text(second)
    it.refresh_from_db()
    assert (it.booked, Booking.objects.count()) == (1, 1)
    assert [home.balance for home in homes] == [9620, 10_000]


def test_the_same_body_posted_twice_books_and_pays_once(parent, home, canteen):
    add(parent, home, TUESDAY)
    body = {"once_key": once_keys(parent.get(CART))[0]}
    answers = [parent.post(CART, body) for _ in range(2)]
    assert [answer.url for answer in answers] == [f"/reservations/commandes/{Order.objects.get().pk}/?confirmee=1"] * 2
    assert (Booking.objects.count(), home.balance) == (2, 9240)


FORGED = {
    **dict.fromkeys(("prix", "price", "cents", "total", "amount", "unit_price", "due"), "0.01"),
    **dict.fromkeys(("quantite", "quantity", "count"), "0"),
    **dict.fromkeys(("family", "famille", "owner", "user", "by", "billing", "status", "booked", "capacity"), "1"),
}


def test_a_price_or_a_quantity_set_by_the_browser_changes_nothing(parent, home, canteen):
    add(parent, home, TUESDAY, **FORGED)
    pay(parent, **FORGED)
    assert set(Booking.objects.values_list("cents", "family", "billing", "status")) == {
        (380, home.family.pk, "prepaid", "booked")
    }
    assert (Booking.objects.count(), home.balance, Order.objects.get().booked_cents) == (2, 9240, 760)


def test_a_past_day_is_not_booked(parent, home, canteen):
    session(canteen, date(2026, 10, 13))
    answer = add(parent, home, date(2026, 10, 13))
    assert "Louane, mardi 13 octobre : le délai de réservation est passé" in text(answer)
    assert CartLine.objects.count() == 0


def test_a_day_that_passed_while_it_lay_in_the_cart_is_not_booked(parent, home, canteen, time_machine):
    choose(home, canteen, TUESDAY, THURSDAY)
    time_machine.move_to(instant(TUESDAY, "08:00"))
    parent.force_login(home.user)
    answer = pay(parent)
    assert "Louane, mardi 10 novembre : le délai de réservation est passé" in text(answer)
    assert (Booking.objects.count(), home.balance) == (0, 10_000)


def test_another_familys_booking_is_not_deleted(home, canteen, visitor):
    booking, _ = book(home, canteen.sessions.get(date=TUESDAY))
    thief = household()
    theirs = visitor(thief.user)
    own, _ = book(household(10_000, LOUANE, LOUANE), canteen.sessions.get(date=THURSDAY))
    for address in (f"{BOOKINGS}{booking.pk}/annuler/", f"{BOOKINGS}{own.pk}/annuler/"):
        assert theirs.get(address).status_code == 404
        assert theirs.post(address, {"once_key": "x"}).status_code == 404
    assert Booking.objects.active().count() == 4
    assert (home.balance, thief.balance) == (9240, 10_000)


def test_the_key_of_ones_own_booking_cancels_no_other(home, canteen, visitor):
    victim, _ = book(home, canteen.sessions.get(date=TUESDAY))
    thief = household()
    [own] = book(thief, canteen.sessions.get(date=TUESDAY))
    theirs = visitor(thief.user)
    key = once_keys(theirs.get(f"{BOOKINGS}{own.pk}/annuler/"))[0]
    assert theirs.post(f"{BOOKINGS}{victim.pk}/annuler/", {"once_key": key}).status_code == 404
    assert Booking.objects.active().count() == 3


def test_another_family_is_not_charged(home, canteen, visitor):
    """Neither another's child, nor another's cart, nor another's page makes another's wallet pay."""
    thief = household()
    theirs = visitor(thief.user)
    answer = add(theirs, home, TUESDAY)
    assert "Une personne choisie ne figure pas dans vos filiations" in text(answer)
    choose(home, canteen, TUESDAY)
    key = once_keys(visitor(home.user).get(CART))[0]
    answer = pay(theirs, key)
    assert "Cette page a été ouverte il y a trop longtemps." in text(answer)
    assert (home.balance, thief.balance, Booking.objects.count()) == (10_000, 10_000, 0)


def test_another_familys_cart_is_not_emptied(home, canteen, visitor):
    choose(home, canteen, TUESDAY)
    pks = ",".join(str(line.pk) for line in CartLine.objects.all())
    theirs = visitor(household().user)
    theirs.post("/reservations/panier/retirer/", {"panier": "prepaid", "lignes": pks})
    theirs.post("/reservations/demandes/abandonner/")
    assert CartLine.objects.count() == 2


def test_a_stale_page_confirms_nothing_it_did_not_show(parent, home, canteen):
    """One tab shows one day at 3,80 €; another tab adds a day, an agent changes the price."""
    choose(home, canteen, TUESDAY)
    key = once_keys(parent.get(CART))[0]
    add(parent, home, THURSDAY)
    changed = "Votre demande ou un prix a changé depuis l’affichage de cette page."
    assert changed in text(pay(parent, key))
    key = once_keys(parent.get(CART))[0]
    Tariff.objects.update(cents=900)
    assert changed in text(pay(parent, key))
    assert (Booking.objects.count(), home.balance) == (0, 10_000)
    pay(parent)
    assert (Booking.objects.count(), home.balance) == (4, 6400)


def test_a_stale_page_of_a_cart_already_paid_pays_nothing_more(parent, home, canteen):
    choose(home, canteen, TUESDAY)
    stale = once_keys(parent.get(CART))[0]
    pay(parent)
    assert "Votre panier est vide" in text(pay(parent, stale))
    assert (Order.objects.count(), home.balance) == (1, 9240)


def test_a_stale_page_cancels_nothing_twice(parent, home, canteen):
    booking, _ = book(home, canteen.sessions.get(date=TUESDAY))
    address = f"{BOOKINGS}{booking.pk}/annuler/"
    first, second = (once_keys(parent.get(address))[0] for _ in range(2))
    parent.post(address, {"once_key": first})
    answer = parent.post(address, {"once_key": second}, follow=True)
    assert "Cette réservation est déjà annulée." in text(answer)
    assert (home.balance, Operation.objects.filter(kind="cancellation").count()) == (9620, 1)


def test_a_closed_day_and_another_activitys_day_are_not_booked(parent, home, canteen):
    other = ActivityFactory(slug="autre")
    sessions(other, date(2026, 11, 17))
    canteen.sessions.filter(date=TUESDAY).update(closed_at=instant(date(2026, 11, 1)), closed_reason="Grève")
    answer = add(parent, home, TUESDAY, date(2026, 11, 17))
    assert "Louane, mardi 10 novembre : fermé (Grève)." in text(answer)
    assert "Le 17-11-2026 n’est pas ouvert à la réservation." in text(answer)
    assert CartLine.objects.count() == 0


def test_a_form_from_elsewhere_without_its_token_is_refused(home, canteen):
    choose(home, canteen, TUESDAY)
    browser = PortalClient(enforce_csrf_checks=True)
    browser.force_login(home.user)
    key = once_keys(browser.get(CART))[0]
    assert browser.post(CART, {"once_key": key}).status_code == 403
    assert Booking.objects.count() == 0
