"""The pages where days are ticked: a booked day is given up by its own box alone, and cancellations are counted apart."""

import re

import pytest

from reservations.actions import pay_by_card
from reservations.models import CartLine
from tests.factories.reservations import (
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    choose,
    household,
    key_for,
    sessions,
)
from tests.reservations.reading import iso, text
from wallet.models import CardPayment

pytestmark = pytest.mark.django_db
CANTEEN = "/reservations/activite/cantine/"
CART = "/reservations/panier/"


@pytest.fixture
def booked(home, canteen):
    """Louane and Théo eat on Tuesday."""
    return book(home, canteen.sessions.get(date=TUESDAY))


def boxes(page):
    """The boxes of the calendar: {day: (field, ticked)}."""
    found = re.findall(r'<input type="checkbox" name="(jour|annuler)" value="([\d-]+)"([^>]*)>', page.content.decode())
    return {day: (name, " checked" in rest) for name, day, rest in found}


def acts():
    return sorted(CartLine.objects.values_list("session__date", "act"))


def messages(page):
    return [str(each) for each in page.context["messages"]]


def test_a_booked_day_has_a_box_of_its_own_kind(parent, booked):
    [tuesday, thursday] = iso(TUESDAY, THURSDAY)
    found = boxes(parent.get(f"{CANTEEN}?mois=2026-11"))
    assert (found[tuesday], found[thursday]) == (("annuler", False), ("jour", False))


@pytest.mark.parametrize("button", [{"semaine": "2026-11-09"}, {"mois": "2026-11"}])
def test_filling_a_week_or_a_month_ticks_no_booked_day(parent, home, booked, button):
    [tuesday, thursday] = iso(TUESDAY, THURSDAY)
    found = boxes(parent.post(CANTEEN, {"enfant": home.pks, "mois_affiche": "2026-11"} | button))
    assert (found[tuesday], found[thursday]) == (("annuler", False), ("jour", True))


def test_a_typical_week_over_a_booked_day_only_adds(parent, home, booked):
    data = {"members": home.pks, "weekdays": ["1", "3"], "first": "2026-11-09", "last": "2026-11-15"}
    page = parent.post(f"{CANTEEN}semaine-type/", data, follow=True)
    assert messages(page) == ["2 repas dans votre panier.", "Déjà réservé, rien n’y change : 2 repas."]
    assert acts() == [(THURSDAY, "book")] * 2


def test_a_day_asked_for_that_is_booked_since_is_left_alone(parent, home, booked):
    page = parent.post(CANTEEN, {"enfant": home.pks, "jour": iso(TUESDAY), "ajouter": "1"}, follow=True)
    assert messages(page) == ["Déjà réservé, rien n’y change : 2 repas."]
    assert acts() == []


def test_the_box_of_the_very_day_gives_it_up_and_the_message_counts_it_apart(parent, home, booked):
    data = {"enfant": home.pks, "jour": iso(THURSDAY), "annuler": iso(TUESDAY), "ajouter": "1"}
    page = parent.post(CANTEEN, data, follow=True)
    assert messages(page) == ["2 repas dans votre panier.", "À annuler : 2 repas dans votre panier, à confirmer."]
    assert acts() == [(TUESDAY, "cancel")] * 2 + [(THURSDAY, "book")] * 2


def test_the_sum_at_the_foot_counts_cancellations_apart(parent, home, booked):
    data = {"enfant": home.pks, "annuler": iso(TUESDAY), "mois_affiche": "2026-11"}
    assert parent.post(CANTEEN, data).context["recap"].count == "2 annulations"
    page = parent.post(CANTEEN, data | {"jour": iso(THURSDAY)})
    assert page.context["recap"].count == "2 repas et 2 annulations"


def test_a_day_given_up_in_another_month_is_carried_along_as_such(parent, home, booked):
    data = {"enfant": home.pks, "annuler": iso(TUESDAY), "mois_affiche": "2026-12"}
    html = parent.post(CANTEEN, data).content.decode()
    assert '<input type="hidden" name="annuler" value="2026-11-10">' in html
    cleared = parent.post(CANTEEN, data | {"mois_affiche": "2026-11", "effacer": "2026-11"})
    assert 'value="2026-11-10" checked' not in cleared.content.decode()


def test_of_two_children_the_box_gives_up_only_where_nobody_can_ask(visitor, canteen):
    home = household(10_000, LOUANE, THEO)
    book(home, canteen.sessions.get(date=TUESDAY), members=home.children[:1])
    page = visitor(home.user).get(f"{CANTEEN}?mois=2026-11")
    assert boxes(page)[TUESDAY.isoformat()][0] == "jour"
    canteen.sessions.filter(date=TUESDAY).update(bookable_until=None)
    page = visitor(home.user).post(CANTEEN, {"enfant": home.pks, "annuler": iso(TUESDAY), "mois_affiche": "2026-11"})
    assert boxes(page)[TUESDAY.isoformat()] == ("annuler", True)
    [cell] = [each for each in page.context["month"].cells if each.date == TUESDAY]
    assert cell.checked_word == "À annuler"


def test_the_requests_come_back_each_in_its_own_box(parent, home, leisure):
    book(home, leisure.sessions.get(date=TUESDAY), members=[home.child])
    choose(home, leisure, TUESDAY, THURSDAY, members=[home.child], replace=True)
    assert acts() == [(TUESDAY, "cancel"), (THURSDAY, "book")]
    page = parent.get(f"/reservations/?personne={home.child.pk}&activite={leisure.pk}&mois=2026-11")
    found = boxes(page)
    assert (found["2026-11-10"], found["2026-11-12"]) == (("annuler", True), ("jour", True))
    data = {"personne": home.child.pk, "activite": leisure.pk, "valider": "1"}
    parent.post("/reservations/", data | {"jour": iso(TUESDAY, THURSDAY)})
    assert acts() == [(THURSDAY, "book")]


def test_the_card_page_names_what_is_booked_not_what_is_given_back(visitor, stripe_double):
    home, activity = household(380, LOUANE), ActivityFactory()
    first, *_ = sessions(activity, TUESDAY, THURSDAY)
    book(home, first)
    activity.tariffs.update(cents=760)
    choose(home, activity, TUESDAY, THURSDAY)
    pay_by_card(user=home.user, use_wallet=False, key=key_for(home))
    assert CardPayment.objects.get().label == "Réservations (1)"


def test_the_cart_says_of_a_cancellation_that_it_is_one(parent, home, booked):
    parent.post(CANTEEN, {"enfant": home.pks, "annuler": iso(TUESDAY), "ajouter": "1"})
    assert "Annulation : Réservation de repas Cantines Aiguilhe" in (shown := text(parent.get(CART)))
    assert "moyen de paiement (2 annulations)" in shown
    parent.post(CANTEEN, {"enfant": home.pks, "jour": iso(THURSDAY), "ajouter": "1"})
    assert "moyen de paiement (2 produits et 2 annulations)" in text(parent.get(CART))
