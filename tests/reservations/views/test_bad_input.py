"""Whatever a browser sends: a sentence, and nothing changes; never a 500."""

from datetime import date, timedelta

import pytest

from common.writing.once import make_key
from reservations.models import Booking, Cart, CartLine, Order
from tests.client import once_keys
from tests.factories.reservations import TUESDAY, book, choose, household
from tests.reservations.reading import iso, offered_days, text, ticked

pytestmark = pytest.mark.django_db
CANTEEN = "/reservations/activite/cantine/"
CART, REQUESTS, BOOKINGS, SELECTION = (
    "/reservations/panier/",
    "/reservations/demandes/",
    "/reservations/mes-reservations/",
    "/reservations/",
)
REMOVE = "/reservations/panier/retirer/"
MONTHS = [
    "9999-99",
    "9999-12",
    "0001-01",
    "0000-00",
    "2026-13",
    "2026",
    "",
    "novembre",
    "2026-11-03",
    "\x00",
    "²026-11",
]
DAYS = ["2026-13-45", "9999-12-31", "0001-01-01", "hier", "", "\x00", "2026-11-10T10:00", "-1", "1e9", "２０２６-11-10"]


@pytest.mark.parametrize("month", MONTHS)
def test_a_month_that_is_none_shows_this_month(parent, canteen, leisure, home, month):
    for page in (CANTEEN, f"{BOOKINGS}calendrier/", SELECTION):
        where = {"mois": month, "personne": home.child.pk, "activite": leisure.pk}
        assert "Novembre 2026" in text(parent.get(page, where))
    data = {"enfant": home.pks, "jour": iso(TUESDAY), "aller": month, "mois_affiche": month}
    answer = parent.post(CANTEEN, data)
    assert "Novembre 2026" in text(answer)
    assert ticked(answer) == iso(TUESDAY)


@pytest.mark.parametrize("month", ["2000-01", "2099-12", "2045-06"])
def test_a_month_far_away_is_shown_closed(parent, canteen, month):
    answer = parent.get(CANTEEN, {"mois": month})
    assert (answer.status_code, offered_days(answer)) == (200, [])


@pytest.mark.parametrize("button", ["semaine", "mois", "effacer", "rafraichir"])
@pytest.mark.parametrize("value", DAYS)
def test_a_button_with_nonsense_redraws_the_page(parent, home, canteen, button, value):
    data = {"enfant": home.pks, "jour": iso(TUESDAY), "mois_affiche": "2026-11", button: value}
    answer = parent.post(CANTEEN, data)
    assert answer.status_code == 200
    assert set(ticked(answer)) >= (set() if button == "effacer" else set(iso(TUESDAY)))


@pytest.mark.parametrize("day", DAYS)
def test_a_day_that_does_not_exist_is_not_booked(parent, home, canteen, day):
    answer = parent.post(CANTEEN, {"enfant": home.pks, "jour": [day], "ajouter": "1"}, follow=True)
    assert answer.status_code == 200
    assert "Choisissez au moins un jour" in text(answer)
    assert CartLine.objects.count() == 0


def test_a_day_without_a_session_is_named(parent, home, canteen):
    answer = parent.post(CANTEEN, {"enfant": home.pks, "jour": ["2026-11-11"], "ajouter": "1"}, follow=True)
    assert "Le 11-11-2026 n’est pas ouvert à la réservation." in text(answer)
    assert CartLine.objects.count() == 0


@pytest.mark.parametrize("count", [1000, 4990, 6000])
def test_thousands_of_days_neither_break_nor_book(parent, home, canteen, count):
    days = [(date(2027, 8, 1) + timedelta(number)).isoformat() for number in range(count)]
    answer = parent.post(CANTEEN, {"enfant": home.pks, "jour": days, "ajouter": "1"})
    assert answer.status_code == (400 if count > 5000 else 302)
    assert parent.post(CANTEEN, {"enfant": home.pks, "jour": days}).status_code == (400 if count > 5000 else 200)
    assert CartLine.objects.count() == 0


@pytest.mark.parametrize("pk", ["0", "-1", "999999999999999", "9" * 40, "abc", "", "\x00", "１２"])
def test_a_person_that_does_not_exist_is_not_booked(parent, home, canteen, pk):
    answer = parent.post(CANTEEN, {"enfant": [pk], "jour": iso(TUESDAY), "ajouter": "1"}, follow=True)
    assert answer.status_code == 200
    assert CartLine.objects.count() == 0


@pytest.mark.parametrize("pk", ["0", "-1", "999999999999999", "9" * 40, "abc", "", "\x00"])
def test_a_selection_that_does_not_exist_asks_again(parent, home, leisure, pk):
    for data in ({"personne": pk, "activite": leisure.pk}, {"personne": home.child.pk, "activite": pk}):
        assert parent.get(SELECTION, data).status_code == 200
        assert parent.post(SELECTION, data | {"jour": iso(TUESDAY)}).status_code == 200
    parent.post(SELECTION, {"personne": pk, "activite": leisure.pk, "jour": iso(TUESDAY), "valider": "1"})
    assert CartLine.objects.count() == 0


@pytest.mark.parametrize("billing", ["x" * 5000, "", "prepaid", "deferred", "\x00", "PREPAID"])
def test_taking_out_what_is_not_there_changes_nothing(parent, home, canteen, billing):
    choose(home, canteen, TUESDAY)
    for lines in ("", ",", "abc", "0,-1", "9" * 40, "\x00", "1;DROP"):
        answer = parent.post(REMOVE, {"panier": billing, "lignes": lines})
        assert (answer.status_code, answer.url) == (302, REQUESTS if billing == "deferred" else CART)
    assert set(Cart.objects.values_list("billing", flat=True)) <= {"prepaid", "deferred"}
    assert CartLine.objects.count() == 2


@pytest.mark.parametrize(("page", "billing"), [(CART, "prepaid"), (REQUESTS, "deferred")])
def test_an_empty_cart_is_shown_and_confirms_nothing(parent, home, page, billing):
    assert parent.get(page).status_code == 200

    key = make_key(home.user.owner, f"confirm:{billing}", "cart:1:0")
    answer = parent.post(page, {"once_key": key}, follow=True)
    assert "Votre panier est vide" in text(answer)
    assert Order.objects.count() == 0


@pytest.mark.parametrize("data", [{}, {"once_key": ""}, {"once_key": "x" * 100_000}, {"once_key": "\x00"}])
def test_a_page_without_its_key_confirms_nothing(parent, home, canteen, data):
    choose(home, canteen, TUESDAY)
    answer = parent.post(CART, data, follow=True)
    assert "Cette page a été ouverte il y a trop longtemps. Rechargez-la, puis recommencez." in text(answer)
    assert (Order.objects.count(), CartLine.objects.count()) == (0, 2)


@pytest.mark.parametrize("data", [{}, {"once_key": "x:y:z"}])
def test_a_cancellation_without_its_key_changes_nothing(parent, home, canteen, data):
    [booking, _] = book(home, canteen.sessions.get(date=TUESDAY))
    answer = parent.post(f"{BOOKINGS}{booking.pk}/annuler/", data, follow=True)
    assert "Cette page a été ouverte il y a trop longtemps." in text(answer)
    assert (Booking.objects.active().count(), home.balance) == (2, 9240)


@pytest.mark.parametrize("pk", [0, 999, 10**18])
def test_what_does_not_exist_is_not_found(parent, pk):
    assert parent.get(f"{BOOKINGS}{pk}/annuler/").status_code == 404
    assert parent.post(f"{BOOKINGS}{pk}/annuler/").status_code == 404
    assert parent.get(f"/reservations/commandes/{pk}/").status_code == 404


def test_a_number_beyond_all_numbers_is_not_found(parent):
    assert parent.get(f"{BOOKINGS}{'9' * 30}/annuler/").status_code == 404
    assert parent.get(f"/reservations/commandes/{'9' * 30}/").status_code == 404


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(parent, canteen, method):
    for page in (CANTEEN, CART, REQUESTS, BOOKINGS, SELECTION, REMOVE):
        assert getattr(parent, method)(page).status_code == 405


@pytest.mark.parametrize("page", [REMOVE, "/reservations/demandes/abandonner/"])
def test_what_writes_is_not_read(parent, home, leisure, page):
    choose(home, leisure, TUESDAY)
    assert parent.get(page).status_code == 405
    assert CartLine.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"first": "9999-12-31", "last": "9999-12-31"},
        {"first": "2026-11-02", "last": "2028-11-02"},
        {"first": "hier", "last": "demain"},
        {"weekdays": ["9"]},
        {"weekdays": ["-1", "abc"]},
        {"members": ["999"]},
        {"members": ["abc", "\x00"]},
    ],
)
def test_a_typical_week_that_makes_no_sense_books_nothing(parent, home, canteen, fields):
    data = {"members": home.pks, "weekdays": ["1"], "first": "2026-11-02", "last": "2026-12-31"} | fields
    assert parent.post(f"{CANTEEN}semaine-type/", data).status_code in (200, 302)
    assert CartLine.objects.count() == 0


def test_a_typical_week_for_another_familys_child_is_refused(parent, canteen):
    stranger = household()
    data = {"members": stranger.pks, "weekdays": ["1"], "first": "2026-11-02", "last": "2026-12-31"}
    answer = parent.post(f"{CANTEEN}semaine-type/", data)
    assert answer.status_code == 200
    assert CartLine.objects.count() == 0


def test_the_same_post_twice_puts_a_day_into_the_cart_once(parent, home, canteen):
    data = {"enfant": home.pks, "jour": iso(TUESDAY), "ajouter": "1"}
    for _ in range(2):
        assert parent.post(CANTEEN, data).url == CART
    assert CartLine.objects.count() == 2


def test_a_key_serves_once_even_from_a_page_kept_open(parent, home, canteen):
    choose(home, canteen, TUESDAY)
    key = once_keys(parent.get(CART))[0]
    answers = [parent.post(CART, {"once_key": key}).url for _ in range(3)]
    assert answers == [f"/reservations/commandes/{Order.objects.get().pk}/?confirmee=1"] * 3
    assert home.balance == 9240
