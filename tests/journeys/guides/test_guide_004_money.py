"""Guide 004, « Consulter les historiques » and « Consulter votre solde et payer »."""

import io
from datetime import date

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from reservations.models import Activity
from tests.factories.money import consumed, debited, paid_at_counter
from tests.factories.reservations import Household
from tests.factories.wallet import spend, wallet_with
from tests.journeys.conftest import PHONE
from tests.journeys.every_page.test_pages import each_size, faults_of, look_at
from tests.journeys.guides.test_guide_004 import DAY, MORNING, choose
from tests.journeys.reading import click, columns, follow, footer, plain, press, read, read_all, rows, tick, title
from tests.journeys.town import add_child, add_parent
from wallet.models import CardPayment, Purse

MINUS = "\u2212"
PURSE = "CDC PE2M - APS ET CLSH"
LABEL = f"Montant à créditer, {PURSE}"


@pytest.fixture
def home(town):
    """DUPONT Jean-Paul of the guide: in February he consumed and paid, he owes 46,05 € and has booked for 33,25 €."""
    parent = add_parent(town.cestas, "Jean-Paul", identifier="F0001042")
    family = parent.guardian.family
    wallet = wallet_with(0, family, Purse.objects.get(code="cdc"))
    home = Household(parent, family, wallet, [add_child(family, "Antoine", date(2022, 3, 4))])
    day, morning = Activity.objects.get(name=DAY), Activity.objects.get(name=MORNING)
    consumed(home, home.child, morning, date(2027, 2, 3), 475)
    consumed(home, home.child, day, date(2027, 2, 8), 1330, 2)
    home.family.bookings.update(debited_at="2027-02-09T02:10+01:00", cents=0)
    home.family.orders.update(booked_cents=0)
    return home


@pytest.fixture
def february(home):
    """What February cost, as it reads on the page."""
    prices = {MORNING: 475, DAY: 1330}
    for booking in home.family.bookings.select_related("session__activity"):
        booking.cents = prices[booking.session.activity.name]
        booking.save()
    known = {"payer": "DUPONT Jean-Paul", "bank": "LEP"}
    paid_at_counter(home.wallet, 9000, date(2027, 2, 15), number="795466", **known)
    paid_at_counter(home.wallet, 5000, date(2027, 2, 28), number="924466", **known)
    return home.user


@pytest.fixture
def owing(home):
    """Who owes 46,05 €, with bookings of 33,25 € to come."""
    spend(home.wallet, 4605, kind="deferred_debit")
    day, morning = Activity.objects.get(name=DAY), Activity.objects.get(name=MORNING)
    for activity, on, cents in ((day, 10, 1330), (day, 17, 1330), (morning, 24, 665)):
        consumed(home, home.child, activity, date(2027, 3, on), cents)
    return home.user


# --- « Historiques » --------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-5", "S4-11", "S4-12", "S4-13", "S4-15", "S4-16", "S4-22", "S4-23", "S4-24", "S4-31")
def test_the_histories_of_last_month_are_reached_with_the_arrows(visit, february):
    page = visit(february, "/mon-compte/")
    follow(page, "Historiques")
    assert "Aucune consommation ce mois-ci" in read(page.locator("main"))
    expect(page.get_by_role("link", name="Mois suivant")).to_have_count(0)
    follow(page, "Mois précédent, Février 2027")
    main = page.locator("main")
    assert columns(main) == ["Date", "Consommateur", "Activité", "Prix (€)", "Qté", "Total"]
    assert rows(main) == [
        ["Mer 3", "DUPONT Antoine", MORNING, "4,75", "1", "4,75"],
        ["Lun 8", "DUPONT Antoine", DAY, "6,65", "2", "13,30"],
    ]
    assert footer(main) == [["TOTAL (€)", "18,05"]]
    follow(page, "Historiques des règlements")
    assert columns(main)[:6] == ["Date reçu", "Mode règlement", "N° pièce", "Nom Payeur", "Nom Banque", "Montant"]
    assert [row[:6] for row in rows(main)] == [
        ["15/02/2027", "CH", "795466", "DUPONT Jean-Paul", "LEP", "90,00"],
        ["28/02/2027", "CH", "924466", "DUPONT Jean-Paul", "LEP", "50,00"],
    ]
    assert footer(main) == [["TOTAL (€)", "140,00"]]
    follow(page, "Mois suivant, Mars 2027")
    assert "Aucun règlement ce mois-ci" in read(main)


def test_the_arrows_are_reached_with_the_keyboard(visit, february):
    page = visit(february, "/reservations/historiques/")
    arrow = page.get_by_role("link", name="Mois précédent, Février 2027")
    for _ in range(40):
        page.keyboard.press("Tab")
        if arrow.evaluate("it => it === document.activeElement"):
            break
    expect(arrow).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**mois=2027-02")


@pytest.mark.seed("S4-14", "S4-121")
def test_a_history_is_printed_as_its_table_alone_and_kept_as_pdf(visit, february):
    page = visit(february, "/reservations/historiques/?mois=2027-02", size=PHONE)
    expect(page.get_by_role("button", name="Imprimer")).to_be_visible()
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    press(page, "Imprimer")
    assert page.title() == "printed"
    paper = plain(" ".join(each.extract_text() for each in PdfReader(io.BytesIO(page.pdf(format="A4"))).pages))
    assert f"Lun 8 DUPONT Antoine {DAY} 6,65 2 13,30" in paper
    assert "TOTAL (€) 18,05" in paper
    for tool in ("Soldes et paiements", "Imprimer", "Historiques des règlements"):
        assert tool not in paper
    for link, suffix in (("PDF", ".pdf"), ("Tableur (CSV)", ".csv")):
        with page.expect_download() as found:
            follow(page, link)
        assert found.value.suggested_filename == f"consommations-2027-02{suffix}"
    page.goto("/reservations/historiques/reglements/?mois=2027-02")
    with page.expect_download() as found:
        click(page.get_by_role("link", name="du reçu du 15/02/2027"))
    assert found.value.suggested_filename.startswith("Reçu G-")


def test_no_certificate_is_told_with_its_reason(visit, home):
    page = visit(home.user, "/reservations/historiques/")
    follow(page, "Attestations fiscales")
    assert "Aucune attestation pour le moment" in read(page.locator("main"))


# --- « Soldes et paiements » ------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-6", "S4-33", "S4-36", "S4-37", "S4-38", "S4-39", "S4-42", "S4-43", "S4-44", "S4-45")
def test_the_estimate_follows_the_day_chosen(visit, owing, secure):
    page = visit(owing, "/mon-compte/")
    follow(page, "Soldes et paiements")
    main = page.locator("main")
    assert columns(main) == ["Type de réservations / Porte-monnaie", "Solde", "Coût estimé", "Nouveau solde"]
    assert rows(main)[-1] == [PURSE, f"{MINUS}46,05 €", "33,25 €", f"{MINUS}79,30 €"]
    day = page.get_by_label("Calculez vos réservations jusqu’au")
    assert day.input_value() == "2027-03-24"
    day.fill("2027-03-16")
    press(page, "Calculer")
    assert rows(main)[-1] == [PURSE, f"{MINUS}46,05 €", "13,30 €", f"{MINUS}59,35 €"]
    assert (f"Votre crédit : {MINUS}46,05 € Montant des réservations : 13,30 € Solde estimé : {MINUS}59,35 €") in read(
        main
    )
    follow(page, "Paiement CB")
    assert page.get_by_label(LABEL).input_value() == "59,35"


@pytest.mark.seed("S4-34", "S4-46", "S4-47", "S4-48", "S4-49", "S4-50", "S4-51", "S4-52", "S4-53")
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["wide", "phone"])
def test_what_is_due_is_computed_changed_and_paid_by_card(visit, owing, home, secure, letters, size):
    page = visit(owing, "/reservations/soldes-et-paiements/", size=size)
    follow(page, "Paiement CB")
    page.wait_for_load_state()
    amount, total = page.get_by_label(LABEL), page.locator("#total")
    after = page.locator(f"#nouveau-{home.wallet.purse_id}")
    assert (amount.input_value(), read(after), read(total)) == ("79,30", "0,00 €", "79,30 €")
    amount.fill("79,00")
    expect(after).to_have_text(f"{MINUS}0,30\u00a0€")
    expect(total).to_have_text("79,00\u00a0€")
    amount.fill("cent")
    expect(after).to_have_text("—")
    amount.fill("79.30")
    expect(after).to_have_text("0,00\u00a0€")
    assert page.get_by_label("E-mail").input_value() == "jean-paul.dupont@example.org"
    press(page, "Paiement CB")
    page.wait_for_url(f"{secure.address}/**")
    payment = CardPayment.objects.get()
    secure.pay(payment.session)
    page.goto(f"/porte-monnaie/paiement/{payment.reference}/")
    assert title(page) == "Paiement accepté"
    page.goto("/reservations/soldes-et-paiements/")
    assert rows(page.locator("main"))[-1] == [PURSE, "33,25 €", "33,25 €", "0,00 €"]
    assert payment.email == "jean-paul.dupont@example.org"
    assert "79,30" in letters("jean-paul.dupont@example.org")[-1].body


def test_an_amount_that_cannot_be_paid_is_told_beside_its_field(visit, owing, secure):
    page = visit(owing, "/reservations/soldes-et-paiements/paiement-cb/", size=PHONE)
    page.get_by_label(LABEL).fill("-5")
    press(page, "Paiement CB")
    assert read_all(page.locator(".pv-errors a")) == [f"{LABEL} : Le montant ne peut pas être négatif."]
    expect(page.get_by_label(LABEL)).to_have_attribute("aria-invalid", "true")
    assert CardPayment.objects.count() == 0


@pytest.mark.seed("S4-79")
def test_after_valider_a_payment_is_offered_now_or_later(visit, home, secure):
    page = visit(home.user, "/reservations/")
    choose(page)
    tick(page, "mercredi 10 mars")
    press(page, "Valider")
    press(page, "Valider")
    assert title(page) == "Souhaitez-vous effectuer un paiement ?"
    follow(page, "Plus tard")
    assert title(page).startswith("Commande n° ")
    page.go_back()
    follow(page, "Effectuer un paiement")
    assert page.get_by_label(LABEL).input_value() == "13,30"


# --- Without scripts, and for everybody -------------------------------------------------------------------------------
def test_without_scripts_rafraichir_recomputes_and_paiement_cb_leads_to_the_secure_site(visit, owing, home, secure):
    page = visit(owing, "/reservations/soldes-et-paiements/paiement-cb/", java_script_enabled=False)
    page.get_by_label(LABEL).fill("79,00")
    press(page, "Rafraîchir")
    assert read(page.locator(f"#nouveau-{home.wallet.purse_id}")) == f"{MINUS}0,30 €"
    assert read(page.locator("#total")) == "79,00 €"
    assert CardPayment.objects.count() == 0
    press(page, "Paiement CB")
    assert page.url.startswith(secure.address)
    assert CardPayment.objects.get().cents == 7900


def test_without_scripts_histories_are_read_month_by_month(visit, february):
    page = visit(february, "/reservations/historiques/", java_script_enabled=False)
    follow(page, "Mois précédent, Février 2027")
    follow(page, "Historiques des règlements")
    assert footer(page.locator("main")) == [["TOTAL (€)", "140,00"]]
    expect(page.get_by_role("button", name="Imprimer")).to_have_count(0)


@each_size
def test_the_pages_of_money_with_something_on_them_are_accessible(visit, february, owing, home, secure, size):
    Activity.objects.update(care_percent=100)
    debited(home.wallet, 1000, date(2027, 3, 20), status="pending")
    order = home.family.orders.last()
    type(order).objects.filter(pk=order.pk).update(booked_cents=665)
    page = visit(owing, "/informations/contact/", size=size)
    paths = [
        "/reservations/soldes-et-paiements/",
        "/reservations/soldes-et-paiements/paiement-cb/",
        f"/reservations/commandes/{order.pk}/paiement/",
        "/reservations/historiques/?mois=2027-02",
        "/reservations/historiques/reglements/?mois=2027-02",
        "/reservations/historiques/attestations/",
    ]
    assert look_at(visit, page, paths)[0] == []
    page.goto(paths[1])
    page.get_by_label(LABEL).fill("-5")
    press(page, "Paiement CB")
    expect(page.locator(".pv-errors")).to_be_focused()
    told = len(visit.faults)
    assert faults_of(page)[0] == []
    del visit.faults[told:]
