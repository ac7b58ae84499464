"""Guide 004, the « compte famille » of Cestas: identifier, tabs, selection, calendar, recap, profile."""

from datetime import date

import pytest
from playwright.sync_api import expect

from reservations.models import Activity, Booking, Session
from tests.factories.wallet import wallet_with
from tests.journeys.reading import (
    click,
    columns,
    day,
    follow,
    footer,
    messages,
    plain,
    press,
    read,
    read_all,
    rows,
    tick,
    title,
    untick,
)
from tests.journeys.town import PASSWORD, add_child, add_parent
from wallet.models import Purse

pytestmark = pytest.mark.usefixtures("town")

DAY, MORNING, AFTERNOON = "ALSH 3-6 ans Journée", "ALSH 3-6 ans Matin", "ALSH 3-6 ans Après Midi"
WEDNESDAYS = ["mercredi 10 mars", "mercredi 17 mars", "mercredi 24 mars"]


@pytest.fixture
def jean_paul(town):
    """DUPONT Jean-Paul of the guide, with Antoine (3-6) and Liou (6-12), and money for the leisure centre."""
    parent = add_parent(town.cestas, "Jean-Paul", identifier="F0001042")
    family = parent.guardian.family
    wallet_with(10000, family, Purse.objects.get(code="cdc"))
    add_child(family, "Antoine", date(2022, 3, 4))
    add_child(family, "Liou", date(2017, 9, 21))
    return parent


def choose(page, person="Antoine Dupont", activity=DAY):
    """« Sélection »: who and what; the calendar then shows."""
    click(page.get_by_role("group", name="Personne concernée").get_by_text(person))
    click(page.get_by_role("group", name="Activité concernée").get_by_text(activity, exact=True))
    press(page, "Afficher le calendrier")


def ask(page, *days, activity=DAY):
    """Ask for days as far as the recap."""
    page.goto("/reservations/")
    choose(page, activity=activity)
    tick(page, *days)
    press(page, "Valider")
    assert title(page) == "Récapitulatif de vos demandes"


def square(page, label):
    """The square of a day of the calendar."""
    return page.locator(".pv-cal label.pv-day").filter(has=day(page, label))


def colour(page, label):
    """The background of a day of the calendar."""
    return square(page, label).evaluate("day => getComputedStyle(day).backgroundColor")


def hue(rgb):
    """The name of a colour of the legend."""
    red, green, blue = (int(part) for part in rgb.removeprefix("rgb(").removesuffix(")").split(", "))
    if green >= red:
        return "vert"
    return "orange" if red - blue > 60 else "beige"


# --- The way in -------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-2", "S4-3")
def test_one_signs_in_with_the_identifier_given_by_the_town_hall(visit, jean_paul):
    page = visit(path="/comptes/login/")
    page.get_by_label("Adresse e-mail ou identifiant").fill("F0001042")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Connexion")
    assert title(page) == "Bonjour Jean-Paul"


@pytest.mark.seed("S4-4", "S4-5", "S4-6", "S4-7", "S4-8")
def test_the_tabs_of_the_family(visit, jean_paul):
    page = visit(jean_paul, "/mon-compte/")
    tabs = page.get_by_role("navigation", name="Mon espace").get_by_role("link")
    assert read_all(tabs) == [
        "Accueil",
        "Cantine",
        "Réservations",
        "Mes réservations",
        "Suivi",
        "Panier",
        "Historiques",
        "Soldes et paiements",
        "Mes filiations",
        "Mes services",
        "Profil",
    ]
    follow(page, "Réservations")
    assert title(page) == "Réservations"
    expect(tabs.get_by_text("Réservations", exact=True)).to_have_attribute("aria-current", "page")
    for tab, heading in {
        "Historiques": "Historiques",
        "Soldes et paiements": "Soldes et paiements",
        "Profil": "Profil",
    }.items():
        follow(page, tab)
        assert title(page) == heading
        expect(tabs.get_by_text(tab, exact=True)).to_have_attribute("aria-current", "page")


@pytest.mark.seed("S4-1", "S4-9", "S4-122")
def test_the_home_tells_when_bookings_open(visit, town):
    Activity.objects.filter(name=DAY).update(booking_opens_at="2027-03-15T08:00+01:00")
    page = visit()
    told = read_all(
        page.locator("section", has_text="Dates des réservations").locator("details", has_text="Cestas").locator("li")
    )
    assert told[0] == f"{DAY} : ouverture des réservations le lundi 15 mars à 8 h"


@pytest.mark.seed("S4-122")
def test_before_the_opening_no_day_can_be_picked(visit, jean_paul):
    Activity.objects.filter(name=DAY).update(booking_opens_at="2027-03-15T08:00+01:00")
    page = visit(jean_paul, "/reservations/")
    choose(page)
    expect(page.locator("[name=jour]")).to_have_count(0)


@pytest.mark.seed("S4-115", "S4-116", "S4-119")
def test_the_red_button_at_the_left_of_one_s_name_logs_out(visit, jean_paul):
    page = visit(jean_paul, "/reservations/")
    name, button = page.get_by_role("link", name="Jean-Paul Dupont"), page.get_by_role("button", name="Se déconnecter")
    assert button.bounding_box()["x"] + button.bounding_box()["width"] <= name.bounding_box()["x"]
    red, green, blue = button.evaluate(
        "b => getComputedStyle(b).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert red > 2 * max(green, blue)
    for path in ("/mon-compte/", "/porte-monnaie/", "/mes-filiations/", "/reservations/mes-reservations/"):
        page.goto(path)
        expect(name).to_be_visible()
    click(button)
    expect(page.get_by_role("link", name="Connexion")).to_be_visible()
    page.goto("/mon-compte/")
    assert title(page) == "Authentification"


# --- Selection and calendar -------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-54", "S4-55", "S4-56", "S4-57", "S4-58", "S4-59", "S4-60", "S4-61", "S4-117")
def test_a_person_and_an_activity_are_selected_then_the_calendar_shows(visit, jean_paul):
    page = visit(jean_paul, "/mon-compte/")
    follow(page, "Réservations")
    expect(page.get_by_role("heading", name="Sélection")).to_be_visible()
    expect(page.locator(".pv-cal")).to_have_count(0)
    who, what = (
        page.get_by_role("group", name="Personne concernée"),
        page.get_by_role("group", name="Activité concernée"),
    )
    assert read_all(who.locator("label")) == ["L Liou Dupont", "A Antoine Dupont"]
    assert sorted(read_all(what.locator("label"))) == sorted([DAY, MORNING, AFTERNOON])
    choose(page, activity=AFTERNOON)
    expect(page.get_by_text("Tarif de l’activité : 4,75 €")).to_be_visible()
    offered = [box.get_attribute("value") for box in page.locator("[name=jour]").all()]
    assert offered == ["2027-03-03", "2027-03-10", "2027-03-17", "2027-03-24", "2027-03-31"]
    press(page, "Mois suivant, Avril 2027")
    holidays = [box.get_attribute("value")[-2:] for box in page.locator("[name=jour]").all()]
    assert holidays[:7] == ["07", "12", "13", "14", "15", "16", "19"]


@pytest.mark.seed("S4-67", "S4-68", "S4-69", "S4-77")
def test_the_calendar_has_its_legend_its_two_buttons_and_the_warning(visit, jean_paul):
    page = visit(jean_paul, "/reservations/?mois=2027-04")
    choose(page)
    press(page, "Mois suivant, Avril 2027")
    month = page.get_by_role("region", name="Avril 2027")
    numbers = [plain(day) for day in month.locator(".pv-day b").all_text_contents()]
    assert numbers == [str(day) for day in [29, 30, 31, *range(1, 31), 1, 2]]
    assert read_all(page.get_by_role("list", name="Légende du calendrier").get_by_role("listitem"))[:6] == [
        "Fermé",
        "Libre",
        "Réservé, modifiable",
        "Réservé, délai passé",
        "Complet, liste d’attente ouverte",
        "Complet, liste d’attente pleine",
    ]
    recap = page.get_by_role("complementary")
    assert read_all(recap.get_by_role("button")) == ["Valider", "Abandonner"]
    assert (
        "IMPORTANT : tant que vous n’avez pas cliqué sur le bouton « Valider », vos réservations ne sont pas prises en compte."
        in read(recap)
    )


@pytest.mark.seed("S4-62", "S4-63", "S4-71", "S4-72")
def test_a_clicked_day_becomes_orange_and_a_booked_one_green_again(visit, jean_paul):
    """The colour changes at the click; the word and the frame say that nothing is confirmed yet."""
    page = visit(jean_paul)
    seen = []
    for word in ("Choisi", "À annuler"):
        page.goto("/reservations/")
        choose(page)
        seen.append(hue(colour(page, "mercredi 10 mars")))
        tick(page, "mercredi 10 mars")
        assert word in read(square(page, "mercredi 10 mars"))
        seen.append(hue(colour(page, "mercredi 10 mars")))
        press(page, "Valider")
        press(page, "Valider")
    page.goto("/reservations/")
    choose(page)
    seen.append(hue(colour(page, "mercredi 10 mars")))
    assert seen == ["vert", "orange", "orange", "vert", "vert"]


@pytest.mark.seed("S4-70", "S4-73")
def test_a_closed_day_is_beige_and_a_booking_out_of_delay_red(visit, jean_paul):
    page = visit(jean_paul)
    ask(page, "mercredi 10 mars")
    press(page, "Valider")
    Session.objects.filter(activity__name=DAY, date="2027-03-10").update(cancellable_until="2027-03-01T09:00+01:00")
    page.goto("/reservations/")
    choose(page)
    locked, closed = page.locator(".pv-cal .is-locked"), page.locator(".pv-cal .is-closed").first
    assert "Réservé" in read(locked)
    paint = "day => getComputedStyle(day).backgroundColor"
    assert hue(closed.evaluate(paint)) == "beige"
    red, green, blue = locked.evaluate(
        "d => getComputedStyle(d).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert red > 2 * max(green, blue)
    expect(day(page, "mercredi 10 mars")).to_have_count(0)


# --- The recap --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-64", "S4-65", "S4-66", "S4-69", "S4-78", "S4-81", "S4-82", "S4-85", "S4-86", "S4-87", "S4-88")
def test_the_recap_of_the_guide_books_three_days_and_gives_one_back(visit, jean_paul, letters):
    page = visit(jean_paul)
    ask(page, "mercredi 31 mars", activity=AFTERNOON)
    press(page, "Valider")
    letters(jean_paul.email)

    ask(page, "mercredi 31 mars", activity=AFTERNOON)
    follow(page, "Retour")
    choose(page, activity=DAY)
    tick(page, "mercredi 24 mars")
    press(page, "Valider")
    follow(page, "Retour")
    choose(page, activity=MORNING)
    tick(page, "mercredi 10 mars", "mercredi 17 mars")
    press(page, "Valider")

    main = page.locator("main")
    assert read_all(main.locator("section h2")) == ["Récapitulatif des réservations", "Récapitulatif des annulations"]
    assert columns(main) == ["Date", "Personne", "Activité", "Arrivée", "Départ", "Coût"]
    assert rows(main) == [
        ["mercredi 10 mars", "Antoine Dupont", MORNING, "09:00", "13:30", "4,75 €"],
        ["mercredi 17 mars", "Antoine Dupont", MORNING, "09:00", "13:30", "4,75 €"],
        ["mercredi 24 mars", "Antoine Dupont", DAY, "09:00", "17:30", "13,30 €"],
    ]
    assert footer(main) == [["Total", "22,80 €"]]
    assert rows(main, 1) == [["mercredi 31 mars", "Antoine Dupont", AFTERNOON, "12:00", "17:30", "4,75 €"]]
    assert footer(main, 1) == [["Total", "4,75 €"]]
    assert Booking.objects.active().count() == 1  # nothing is taken into account before « Valider »

    press(page, "Valider")
    kept = Booking.objects.active().values_list("session__date", "session__activity__name", "cents")
    assert list(kept.order_by("session__date")) == [
        (date(2027, 3, 10), MORNING, 475),
        (date(2027, 3, 17), MORNING, 475),
        (date(2027, 3, 24), DAY, 1330),
    ]
    assert len(letters(jean_paul.email)) == 2


@pytest.mark.seed("S4-83")
def test_retour_keeps_the_requests_and_lets_change_them(visit, jean_paul):
    page = visit(jean_paul)
    ask(page, *WEDNESDAYS[:2])
    follow(page, "Retour")
    choose(page)
    expect(day(page, "mercredi 10 mars")).to_be_checked()
    expect(day(page, "mercredi 17 mars")).to_be_checked()
    untick(page, WEDNESDAYS[0])
    tick(page, WEDNESDAYS[2])
    press(page, "Valider")
    assert [row[0] for row in rows(page.locator("main"))] == ["mercredi 17 mars", "mercredi 24 mars"]


@pytest.mark.seed("S4-84")
def test_abandonner_erases_every_request(visit, jean_paul):
    page = visit(jean_paul)
    ask(page, *WEDNESDAYS)
    press(page, "Abandonner")
    assert title(page) == "Réservations"
    assert "Vos demandes sont effacées." in messages(page)[0]
    page.goto("/reservations/demandes/")
    assert "Aucune demande en cours" in read(page.locator("main"))
    assert Booking.objects.count() == 0


@pytest.mark.seed("S4-80")
def test_a_day_that_filled_up_meanwhile_is_refused_with_its_reason(visit, jean_paul):
    page = visit(jean_paul)
    ask(page, *WEDNESDAYS[:2])
    Session.objects.filter(activity__name=DAY, date="2027-03-10").update(capacity=0)
    press(page, "Valider")
    told = page.locator("section", has=page.get_by_role("heading", name="Remarques concernant vos réservations"))
    assert [(row[0], row[-1]) for row in rows(told)] == [("mercredi 10 mars", "Refusée (complet)")]
    assert [f"{each.session.date}" for each in Booking.objects.all()] == ["2027-03-17"]


@pytest.mark.seed("S4-105", "S4-106", "S4-107", "S4-108")
def test_a_booking_is_cancelled_the_same_way_and_confirmed_by_email(visit, jean_paul, letters):
    page = visit(jean_paul)
    ask(page, *WEDNESDAYS[:2])
    press(page, "Valider")
    letters(jean_paul.email)
    follow(page, "Réservations")
    choose(page)
    tick(page, "mercredi 10 mars")
    press(page, "Valider")
    expect(page.get_by_role("heading", name="Récapitulatif des annulations")).to_be_visible()
    assert [row[0] for row in rows(page.locator("main"))] == ["mercredi 10 mars"]
    press(page, "Valider")
    assert [str(each.session.date) for each in Booking.objects.active()] == ["2027-03-17"]
    assert letters(jean_paul.email)[-1].subject == "Votre annulation est confirmée"


def test_an_activity_for_other_ages_cannot_be_picked(visit, jean_paul):
    page = visit(jean_paul, "/reservations/")
    choose(page, person="Liou Dupont")
    assert "n’est pas ouverte à Liou" in read(page.locator("main"))
    expect(page.locator("[name=jour]")).to_have_count(0)


# --- Profile ----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-109", "S4-110", "S4-111", "S4-112")
def test_profile_then_modifier_leads_to_the_password_and_the_address(visit, jean_paul):
    page = visit(jean_paul, "/mon-compte/")
    follow(page, "Profil")
    follow(page, "Modifier")
    assert (
        "Votre adresse e-mail sert à recevoir le compte rendu de vos réservations et leur évolution, notamment si vous "
        "êtes en liste d’attente et que la place vous a été attribuée."
    ) in read(page.locator("main"))
    follow(page, "Modifier mon mot de passe")
    for label, text in {
        "* Mot de passe actuel": PASSWORD,
        "* Nouveau mot de passe": "Automne-2027-à-Cestas",
        "* Nouveau mot de passe, une seconde fois": "Automne-2027-à-Cestas",
    }.items():
        page.get_by_label(label, exact=True).fill(text)
    click(page.locator("main form button").first)
    jean_paul.refresh_from_db()
    assert jean_paul.check_password("Automne-2027-à-Cestas")
    page.goto("/comptes/profil/modifier/")
    follow(page, "Modifier mon adresse e-mail")
    expect(page.get_by_label("Nouvelle adresse e-mail")).to_be_visible()
