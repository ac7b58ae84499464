"""The pages of bookings: what a family sees, who else sees nothing, and that looking changes nothing."""

import re
from datetime import date

import pytest
from django.apps import apps

from common.models import authority
from families.models import Certification
from reservations.models import Booking, CartLine, Order
from tests.client import once_keys
from tests.factories.accounts import CommuneFactory, PendingUserFactory, UserFactory
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    cancel,
    choose,
    household,
    instant,
    share,
)
from tests.factories.wallet import family_with
from tests.reservations.reading import iso, offered_days, text, ticked

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"
CANTEEN = "/reservations/activite/cantine/"
CART, REQUESTS, BOOKINGS = "/reservations/panier/", "/reservations/demandes/", "/reservations/mes-reservations/"


def everywhere(home, canteen, leisure):
    """A family with bookings, orders, a cart and requests; its pages."""
    tuesday = canteen.sessions.get(date=TUESDAY)
    booking, _ = book(home, tuesday)
    choose(home, canteen, THURSDAY)
    choose(home, leisure, TUESDAY)
    return [
        "/mon-compte/",
        "/reservations/",
        f"/reservations/?personne={home.child.pk}&activite={leisure.pk}",
        "/reservations/rubrique/cantine/",
        "/reservations/rubrique/loisirs/",
        "/reservations/rubrique/periscolaire/",
        CANTEEN,
        f"{CANTEEN}?mois=2026-12",
        f"{CANTEEN}semaine-type/",
        CART,
        REQUESTS,
        BOOKINGS,
        f"{BOOKINGS}calendrier/",
        f"{BOOKINGS}calendrier/?mois=2026-11",
        f"{BOOKINGS}{booking.pk}/annuler/",
        "/reservations/commandes/",
        f"/reservations/commandes/{booking.order_id}/",
    ]


def rows():
    """How many rows each table holds, the authority's settings read once."""
    authority()
    names = ("reservations", "wallet", "families", "portal_lib", "lib", "services")
    return {
        model._meta.label: model.objects.count()
        for app in apps.get_app_configs()
        if app.label in names
        for model in app.get_models()
    }


def test_every_page_answers_a_family_and_reading_writes_nothing(home, canteen, leisure, parent):
    pages = everywhere(home, canteen, leisure)
    before = rows()
    assert before["reservations.Booking"] == 2
    assert {page: parent.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
    assert rows() == before


def test_every_page_answers_a_family_that_has_nothing_yet(visitor):
    parent = visitor(family_with(UserFactory()).guardians.get().user)
    pages = ["/reservations/", "/reservations/rubrique/cantine/", CART, REQUESTS, BOOKINGS, "/reservations/commandes/"]
    pages += [f"{BOOKINGS}calendrier/", "/mon-compte/"]
    before = rows()
    assert {page: parent.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
    assert rows() == before


@pytest.mark.seed("S2-49")
def test_whoever_is_not_signed_in_is_asked_to(home, canteen, leisure, client):
    for page in everywhere(home, canteen, leisure):
        answer = client.get(page)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/comptes/login/")


def test_an_account_that_is_not_validated_waits(home, canteen, leisure, visitor):
    waiting = visitor(PendingUserFactory())
    for page in everywhere(home, canteen, leisure):
        answer = waiting.get(page)
        assert (answer.status_code, answer.url) == (302, "/comptes/en-attente/")


def test_a_person_without_a_family_is_led_to_their_account(canteen, visitor):
    answer = visitor(UserFactory()).get(CANTEEN)
    assert (answer.status_code, answer.url) == (302, "/mon-compte/")


def test_what_is_another_familys_does_not_exist(home, canteen, visitor):
    [booking, _] = book(home, canteen.sessions.get(date=TUESDAY))
    stranger = visitor(household().user)
    for page in (f"{BOOKINGS}{booking.pk}/annuler/", f"/reservations/commandes/{booking.order_id}/"):
        assert stranger.get(page).status_code == 404
        assert stranger.post(page).status_code in (404, 405)
    assert home.balance == 9240


def test_the_other_parent_sees_the_booking_but_not_its_order_nor_its_price(home, canteen, visitor):
    other = household(0, ("Zoé", date(2019, 1, 1)))
    share(home, other)
    [booking, _] = book(home, canteen.sessions.get(date=TUESDAY))
    theirs = visitor(other.user)
    assert theirs.get(f"/reservations/commandes/{booking.order_id}/").status_code == 404
    assert theirs.get(f"{BOOKINGS}{booking.pk}/annuler/").status_code == 404
    assert "Louane" not in text(theirs.get(BOOKINGS))
    page = text(theirs.get(f"{BOOKINGS}calendrier/"))
    assert page.count("(réservé par l’autre parent)") == 4
    assert "3,80" not in page


@pytest.mark.parametrize("slug", ["inconnue", "ferme", "service-ferme"])
def test_an_activity_that_is_not_offered_does_not_exist(parent, slug):
    ActivityFactory(slug="ferme", is_open=False)
    ActivityFactory(slug="service-ferme", service__is_open=False)
    for page in (f"/reservations/activite/{slug}/", f"/reservations/activite/{slug}/semaine-type/"):
        assert (parent.get(page).status_code, parent.post(page).status_code) == (404, 404)


def test_an_unknown_heading_does_not_exist(parent):
    assert parent.get("/reservations/rubrique/piscine/").status_code == 404


# --- The calendar -----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-88", "S3-90", "S3-91", "S3-92", "S3-93")
def test_the_calendar_shows_the_children_the_month_and_its_whole_weeks(parent, canteen):
    answer = parent.get(CANTEEN)
    page, words = answer.content.decode(), text(answer)
    assert "<h1>Réservation de repas Cantines Aiguilhe</h1>" in page
    assert re.findall(r'type="checkbox" name="enfant" value="\d+"( checked)?', page) == [" checked", " checked"]
    assert "T Théo Dupont" in words
    assert "L Louane Dupont" in words
    assert "* champs requis" in words
    assert "Date de réservation : Novembre 2026" in words
    assert re.findall(r'<th scope="col"><span aria-hidden="true">(\w+)</span>', page) == [
        *("Lun", "Mar", "Mer", "Jeu", "Ven", "Sam", "Dim")
    ]
    assert [int(number) for number in re.findall(r'is-away"><b>(\d+)</b>', page)] == [
        26,
        27,
        28,
        29,
        30,
        31,
        *range(1, 7),
    ]
    assert '<button class="btn btn-primary" name="ajouter" value="1">' in page
    assert "Ajouter au panier" in words


@pytest.mark.seed("S3-84", "S3-86")
def test_only_days_with_a_meal_can_be_ticked(parent, canteen):
    assert offered_days(parent.get(CANTEEN)) == iso(TUESDAY, THURSDAY, FRIDAY)


@pytest.mark.seed("S4-77")
def test_the_legend_stands_with_the_calendar(parent, canteen):
    words = text(parent.get(CANTEEN))
    for state in ("Fermé", "Libre", "Réservé, modifiable", "Réservé, délai passé", "Complet"):
        assert state in words


def form(home, *days, **more):
    return {"enfant": home.pks, "jour": iso(*days), "mois_affiche": "2026-11"} | more


@pytest.mark.seed("S3-87")
def test_without_javascript_a_button_ticks_the_week(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, date(2026, 12, 1), semaine="2026-11-09"))
    assert ticked(answer) == iso(TUESDAY, THURSDAY, FRIDAY, date(2026, 12, 1))


@pytest.mark.seed("S3-87")
def test_without_javascript_a_button_ticks_the_month(parent, home, canteen):
    assert ticked(parent.post(CANTEEN, form(home, mois="2026-11"))) == iso(TUESDAY, THURSDAY, FRIDAY)


def test_clearing_forgets_the_month_and_keeps_the_others(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, TUESDAY, date(2026, 12, 1), effacer="2026-11"))
    assert ticked(answer) == ["2026-12-01"]


def test_another_month_keeps_the_ticks(parent, home, canteen):
    december = parent.post(CANTEEN, form(home, TUESDAY, aller="2026-12"))
    assert (ticked(december), offered_days(december)) == (["2026-11-10"], ["2026-12-01"])
    back = parent.post(CANTEEN, form(home, TUESDAY, date(2026, 12, 1), mois_affiche="2026-12", aller="2026-11"))
    assert ticked(back) == ["2026-11-10", "2026-12-01"]


def test_refreshing_shows_the_price_of_what_is_ticked(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, TUESDAY, THURSDAY, rafraichir="1"))
    words = text(answer)
    assert "Louane · 2 repas 2 × 3,80 € 7,60 €" in words
    assert "Total 15,20 €" in words
    assert ticked(answer) == iso(TUESDAY, THURSDAY)
    assert CartLine.objects.count() == 0


def test_ticking_one_child_less_keeps_the_days(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, TUESDAY, enfant=[home.pks[0]]))
    assert ticked(answer) == iso(TUESDAY)
    assert "Total 3,80 €" in text(answer)


def test_htmx_gets_the_recap_alone(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, TUESDAY), headers={"HX-Request": "true", "HX-Target": "recap"})
    assert text(answer) == (
        "Théo · 1 repas 1 × 3,80 € 3,80 € Louane · 1 repas 1 × 3,80 € 3,80 € Total 7,60 € Mon porte-monnaie 100,00 €"
        " Le mardi 10 novembre est modifiable jusqu’au lundi 9 novembre à 23 h 59. 2 repas 7,60 €"
    )
    assert "<html" not in answer.content.decode()


def test_the_days_are_added_to_the_cart(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, TUESDAY, THURSDAY, ajouter="1"))
    assert (answer.status_code, answer.url) == (302, CART)
    assert "4 repas dans votre panier." in text(parent.get(CART))


def test_nothing_ticked_is_explained(parent, home, canteen):
    answer = parent.post(CANTEEN, form(home, ajouter="1"), follow=True)
    assert "Choisissez au moins un jour, puis « Ajouter au panier »." in text(answer)
    answer = parent.post(CANTEEN, form(home, TUESDAY, ajouter="1", enfant=[]), follow=True)
    assert "Choisissez au moins une personne, puis « Ajouter au panier »." in text(answer)


@pytest.mark.seed("S3-87")
def test_a_typical_week_is_put_into_the_cart(parent, home, canteen):
    data = {"members": home.pks, "weekdays": [1, 3], "first": "2026-11-02", "last": "2026-12-31"}
    assert parent.post(f"{CANTEEN}semaine-type/", data).url == CART
    days = CartLine.objects.values_list("session__date", flat=True).distinct().order_by("session__date")
    assert list(days) == [TUESDAY, THURSDAY, date(2026, 12, 1)]


def test_a_typical_week_says_every_fault(parent, home, canteen):
    answer = parent.post(f"{CANTEEN}semaine-type/", {"first": "2026-12-31", "last": "2026-11-02"})
    words = text(answer)
    assert "Choisissez au moins une personne." in words
    assert "Choisissez au moins un jour de la semaine." in words
    assert "La date de fin vient avant la date de début." in words
    assert CartLine.objects.count() == 0


# --- Cart and orders --------------------------------------------------------------------------------------------------
@pytest.mark.seed(
    *("S3-96", "S3-97", "S3-98", "S3-99", "S3-100", "S3-101", "S3-102", "S3-103", "S3-104", "S3-105", "S3-106"),
    *("S3-108", "S3-120", "S4-120"),
)
def test_the_cart_lists_products_beneficiaries_and_dates_in_order(parent, home, canteen):
    choose(home, canteen, THURSDAY)
    choose(home, canteen, TUESDAY)
    answer = parent.get(CART)
    words = text(answer)
    assert "<h2>Choisissez votre moyen de paiement (4 produits)</h2>" in answer.content.decode()
    heads = "Produit Description Disponibilité Prix unitaire Quantité Total"
    assert heads in words
    assert (
        "Bénéficiaires : Théo Dupont, Louane Dupont Dates : 10-11-2026 , 12-11-2026 Disponible 3,80 € 4 15,20 €"
        in words
    )
    assert "Total produits TTC 15,20 € TOTAL 15,20 €" in words
    assert "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)" in words
    assert "Continuer mes achats" in words


def test_paying_the_cart_leads_to_the_order(parent, home, canteen):
    choose(home, canteen, TUESDAY)
    [key] = once_keys(parent.get(CART))
    answer = parent.post(CART, {"once_key": key})
    order = Order.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/reservations/commandes/{order.pk}/?confirmee=1")
    words = text(parent.get(answer.url))
    assert "Votre demande est enregistrée. Un e-mail vous le confirme." in words
    assert "Récapitulatif des réservations" in words
    assert (home.balance, Booking.objects.count()) == (9240, 2)


@pytest.mark.seed("S3-109")
def test_a_wallet_too_low_is_told_on_the_page_and_at_the_click(visitor, canteen):
    home = household(100)
    choose(home, canteen, TUESDAY)
    parent = visitor(home.user)
    answer = parent.get(CART)
    assert "Il manque 2,80 € dans votre porte-monnaie. Recharger mon crédit" in text(answer)
    answer = parent.post(CART, {"once_key": once_keys(answer)[0]}, follow=True)
    assert answer.redirect_chain == [(CART, 302)]
    assert "Il manque 2,80 € dans votre porte-monnaie." in text(answer)
    assert (Booking.objects.count(), home.balance) == (0, 100)


def test_a_family_that_did_not_certify_is_led_there_and_back(parent, home, canteen):
    Certification.objects.all().delete()
    choose(home, canteen, TUESDAY)
    answer = parent.post(CART, {"once_key": once_keys(parent.get(CART))[0]})
    assert answer.url == f"/mes-filiations/verifier/?suite={CART}"
    assert Booking.objects.count() == 0


def test_a_row_is_taken_out_of_the_cart(parent, home, canteen):
    choose(home, canteen, TUESDAY, THURSDAY)
    [pks] = re.findall(r'name="lignes" value="([\d,]+)"', parent.get(CART).content.decode())
    answer = parent.post("/reservations/panier/retirer/", {"panier": "prepaid", "lignes": pks}, follow=True)
    assert "Votre panier est vide" in text(answer)


@pytest.mark.seed("S3-110")
def test_the_orders_are_listed_and_told(parent, home, canteen):
    first, _ = book(home, canteen.sessions.get(date=TUESDAY))
    cancel(home, first)
    words = text(parent.get("/reservations/commandes/"))
    assert re.findall(r"N° (\d+)", words) == [str(order.pk) for order in Order.objects.order_by("-pk")]
    assert "lundi 2 novembre 09:00 Claire Dupont 7,60 € 0,00 €" in words
    assert "lundi 2 novembre 09:00 Claire Dupont 0,00 € 3,80 €" in words


# --- My bookings ------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-61", "S2-62", "S2-63", "S3-112")
def test_a_red_cross_cancels_a_booking_and_recredits_it(parent, home, canteen):
    booking, _ = book(home, canteen.sessions.get(date=TUESDAY))
    answer = parent.get(BOOKINGS)
    assert "<h1>Mes réservations</h1>" in answer.content.decode()
    cross = f"{BOOKINGS}{booking.pk}/annuler/"
    assert f'href="{cross}"' in answer.content.decode()
    page = parent.get(cross)
    assert "Votre porte-monnaie sera recrédité de 3,80 €." in text(page)
    answer = parent.post(cross, {"once_key": once_keys(page)[0]}, follow=True)
    assert "La réservation est annulée." in text(answer)
    assert f'href="{cross}"' not in answer.content.decode()
    assert home.balance == 9620


@pytest.mark.seed("S2-65")
def test_past_the_deadline_there_is_no_cross_and_no_recredit(parent, home, canteen, time_machine):
    bookings = book(home, canteen.sessions.get(date=TUESDAY))
    page = parent.get(f"{BOOKINGS}{bookings[0].pk}/annuler/")
    time_machine.move_to(instant(TUESDAY))
    parent.force_login(home.user)
    answer = parent.get(BOOKINGS)
    assert "/annuler/" not in answer.content.decode()
    assert text(answer).count("Délai passé") == 2
    answer = parent.post(f"{BOOKINGS}{bookings[0].pk}/annuler/", {"once_key": once_keys(page)[0]}, follow=True)
    assert Booking.objects.active().count() == 2
    assert home.balance == 9240


def test_a_second_click_on_the_cancellation_says_the_same(parent, home, canteen):
    booking, _ = book(home, canteen.sessions.get(date=TUESDAY))
    address = f"{BOOKINGS}{booking.pk}/annuler/"
    key = once_keys(parent.get(address))[0]
    for _ in range(2):
        answer = parent.post(address, {"once_key": key}, follow=True)
        assert "La réservation est annulée." in text(answer)
    assert home.balance == 9620


@pytest.mark.seed("S3-111")
def test_the_calendar_of_all_bookings_names_who_goes_where(parent, home, canteen, leisure):
    book(home, canteen.sessions.get(date=TUESDAY))
    book(home, leisure.sessions.get(date=THURSDAY), members=home.children[:1])
    words = text(parent.get(f"{BOOKINGS}calendrier/?mois=2026-11"))
    assert "Novembre 2026" in words
    assert "mardi 10 novembre : Théo, Réservation de repas Cantines Aiguilhe ; Louane" in words
    assert "jeudi 12 novembre : Louane, ALSH Journée" in words
    assert "vendredi 13 novembre, aucune réservation" in words


@pytest.mark.seed("S3-119")
def test_the_activities_of_ones_own_commune_come_first(visitor):
    communes = {name: CommuneFactory(name=name) for name in ("Aiguilhe", "Coubon")}
    for name, commune in communes.items():
        ActivityFactory(service__commune=commune, name=f"Cantine de {name}")
    for first, second in (("Aiguilhe", "Coubon"), ("Coubon", "Aiguilhe")):
        parent = visitor(household(commune=communes[first]).user)
        words = text(parent.get("/reservations/rubrique/cantine/"))
        assert words.index(f"Cantine de {first}") < words.index(f"Cantine de {second}")


def test_names_are_shown_as_written_and_never_run(visitor, canteen):
    name = '<script>alert("x")</script>'
    home = household(10_000, (name, LOUANE[1]))
    parent = visitor(home.user)
    book(home, canteen.sessions.get(date=TUESDAY))
    choose(home, canteen, THURSDAY)
    pages = [CANTEEN, CART, BOOKINGS, f"{BOOKINGS}calendrier/", f"/reservations/commandes/{Order.objects.get().pk}/"]
    for page in [*pages, "/mon-compte/"]:
        answer = parent.get(page)
        assert (answer.status_code, "&lt;script&gt;alert(" in answer.content.decode()) == (200, True)
