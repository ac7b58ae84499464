"""« Valider la commande »: what was shown is what is placed, once, with its numbers, its invoice and its email."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cesu.models import Beneficiary, Contract, Invoice, Issuer, Numbering, Terms, Transport, VoucherLine, VoucherOrder
from cesu.orders.actions.drafts import start_draft
from cesu.orders.actions.fabrication import start_order
from cesu.orders.actions.orders import place_order
from cesu.orders.reads.recaps import steps_of
from cesu.rules.orders import (
    NoDraft,
    NoTerms,
    NothingOrdered,
    NotInvoiced,
    OrderChanged,
    OrderRefused,
    TermsNotAccepted,
)
from common.background.mailing import render
from common.models import OutgoingEmail, authority
from common.refusals import StalePage
from tests.cesu.orders.reading import plain
from tests.cesu.orders.test_drafts import cells
from tests.client import once_keys
from tests.factories.cesu import (
    beneficiary_of,
    ceilings,
    employer_with,
    issuing,
    manager_of,
    pay_in,
    place,
    place_args,
    placed_by,
    ready_draft,
    terms,
    transport,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 3, 10, tzinfo=ZoneInfo("Europe/Paris"))  # a Tuesday; 11 November is a Wednesday
TABLE, RECAP = "/cesu/commandes/tableau/", "/cesu/commandes/recapitulatif/"


@pytest.fixture(autouse=True)
def _today(db):
    ceilings()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def employer():
    it = employer_with(name="Mairie de Cestas")
    beneficiary_of(it, "Martin", usual_share=60)
    return it


@pytest.fixture
def manager(employer):
    return manager_of(employer)


@pytest.fixture
def browser(visitor, manager):
    return visitor(manager)


# --- Delivery ---------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S0-35", "S0-36", "S0-73", "S0-74", "S0-75")
def test_the_calendar_offers_business_days_after_the_lead_time(browser, manager):
    start_draft(user=manager)
    quick, slow = transport(4), transport(5)
    page = browser.get(TABLE)
    offered = re.findall(r'name="jour" value="([\d-]+)"', page.content.decode())
    # Wednesday 4, Thursday 5, Friday 6, Monday 9: four business days; the 11th is a holiday.
    assert offered[:4] == ["2026-11-09", "2026-11-10", "2026-11-12", "2026-11-13"]
    assert offered[-1] == "2026-12-31"
    assert "2026-12-25" not in offered
    said = plain(page)
    for words in ("colis sécurisé", "4 jours ouvrés, 12,00 € HT", "5 jours ouvrés", "Délais de livraison indicatifs"):
        assert words in said
    line = VoucherLine.objects.get()
    asked = {"page": "1", "suivant": "1", "jour": "2026-11-09"} | cells(line, carnets="1")
    answer = browser.post(TABLE, asked | {"transport": slow.pk})
    assert "C’est trop tôt : la première livraison possible est le mardi 10 novembre." in plain(answer)
    assert VoucherOrder.objects.get().transport == slow
    assert browser.post(TABLE, asked | {"transport": quick.pk}).url == RECAP
    draft = VoucherOrder.objects.get()
    assert (draft.transport, draft.delivery_on) == (quick, date(2026, 11, 9))


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-11-11", "Le mercredi 11 novembre est férié : choisissez un jour ouvré."),
        ("2026-11-14", "Le samedi 14 novembre tombe un week-end : choisissez un jour ouvré."),
        ("2026-11-03", "C’est trop tôt : la première livraison possible est le lundi 9 novembre."),
        ("1999-01-04", "C’est trop tôt : la première livraison possible est le lundi 9 novembre."),
        ("2027-01-04", "La livraison se choisit au plus 60 jours à l’avance."),
        ("9999-12-31", "La livraison se choisit au plus 60 jours à l’avance."),
        ("2026-11-31", "Cette date n’existe pas : choisissez dans le calendrier."),
        ("", "Choisissez la date de livraison dans le calendrier."),
    ],
)
def test_a_day_without_delivery_is_refused_at_the_field(browser, manager, day, sentence):
    start_draft(user=manager)
    asked = {"page": "1", "suivant": "1", "transport": transport().pk, "jour": day}
    answer = browser.post(TABLE, asked | cells(VoucherLine.objects.get(), carnets="1"))
    assert answer.status_code == 200
    assert f'id="faute-jour">{sentence}<' in answer.content.decode().replace("\xa0", " ")
    draft = VoucherOrder.objects.get()
    assert (draft.delivery_on, draft.lines.get().booklets) == (None, 1)


def test_a_transport_is_required_for_paper_and_for_paper_only(browser, manager):
    Beneficiary.objects.update(form="e", form_chosen_on=timezone.localdate())
    start_draft(user=manager)
    line = VoucherLine.objects.get()
    asked = {"page": "1", "suivant": "1", "transport": "999"}
    assert "Choisissez dans la liste." in plain(browser.post(TABLE, asked | cells(line, carnets="1", type="paper")))
    assert browser.post(TABLE, asked | {"transport": ""} | cells(line, carnets="1", type="e")).url == RECAP
    assert "Des e-CESU seuls ne sont pas livrés" in plain(browser.get(RECAP))


def test_an_empty_order_goes_no_further(browser, manager):
    ready_draft(manager)
    VoucherLine.objects.update(booklets=0)
    asked = {"page": "1", "suivant": "1"}
    assert "Commandez au moins un carnet." in plain(browser.post(TABLE, asked))
    answer = browser.get(RECAP)
    assert answer.url == TABLE
    assert "Commandez au moins un carnet." in plain(browser.get(TABLE))


# --- Summary ----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S0-37", "S0-38")
def test_the_summary_shows_titles_fees_and_vat_of_the_contract_in_force(browser, manager, employer):
    Contract.objects.update(fee_rate=150, min_fee_cents=500)
    Contract.objects.create(employer=employer, starts_on=date(2026, 12, 1), fee_rate=900)
    beneficiary_of(employer, "Durand")
    ready_draft(manager)
    said = plain(browser.get(RECAP))
    for words in (
        "Papier, Tous services à la personne carnets de 10 titres de 15,00 €, part patronale 60 % 1 2 180,00 € 300,00 €",
        "Valeur des titres, sans TVA 600,00 €",
        "Frais de service HT 9,00 €",
        "Transport HT 12,00 €",
        "TVA sur les frais 4,20 €",
        "Total TTC 625,20 €",
        "Livraison prévue le lundi 9 novembre",
        "Part patronale 480,00 €, part des salariés 120,00 €",
        "Durand Léa Tous services à la personne Papier 2 10 15,00 € 100 % 300,00 €",
    ):
        assert words in said
    assert f'href="{TABLE}"' in browser.get(RECAP).content.decode()


@pytest.mark.seed("S0-1", "S0-2", "S0-39", "S0-40", "S0-41")
def test_an_order_is_placed_once_the_terms_are_read_and_ticked(browser, manager):
    ready_draft(manager)
    page = browser.get(RECAP)
    assert "Lire les Conditions Générales de Vente, version 1" in plain(page)
    key = once_keys(page)[0]
    answer = browser.post(RECAP, {"once_key": key, "means": "transfer"})
    assert "Lisez et cochez les Conditions Générales de Vente" in plain(answer)
    assert VoucherOrder.objects.get().status == "draft"
    answer = browser.post(RECAP, {"once_key": key, "means": "transfer", "terms": "1"})
    placed = VoucherOrder.objects.get()
    assert answer.url == reverse("cesu:order", args=["C2026-000001"])
    said = plain(browser.get(answer.url))
    assert "Votre commande est enregistrée. Vous recevrez dans quelques minutes un e-mail" in said
    assert (placed.status, placed.number, placed.by, placed.placed_at) == ("taken", "C2026-000001", manager, NOW)
    again = browser.post(RECAP, {"once_key": key, "means": "transfer", "terms": "1"})
    assert again.url == answer.url
    assert VoucherOrder.objects.count() == 1
    assert browser.post(RECAP, {"once_key": "x", "means": "transfer", "terms": "1"}).status_code == 409


@pytest.mark.seed("S0-42", "S0-43", "S0-69", "S0-70", "S0-71")
def test_an_email_says_at_once_that_the_order_is_taken_in_charge(manager, mailoutbox):
    Issuer.objects.update_or_create(pk=1, defaults={"iban": "FR7630006000011234567890189", "phone": "0 820 20 20 01"})
    ready_draft(manager)
    placed = place(manager)
    letter = OutgoingEmail.objects.get(template="cesu/order_taken")
    assert (letter.to, letter.owner, letter.next_try_at <= NOW) == (manager.manager.email, manager.owner, True)
    subject, text, _ = render(letter)
    assert subject == f"Votre commande {placed.number} est prise en charge"
    said = " ".join(text.split())
    for words in (
        "2 carnets de 10 titres de 15,00 €, part patronale 60 % (Papier, Tous services à la personne) : 300,00 €",
        "Total TTC : 314,40 €",
        "Livraison prévue le lundi 9 novembre",
        f"indiquez la référence {placed.number}, IBAN FR7630006000011234567890189",
        "Si cette commande est juste, vous n’avez rien à faire",
        "Pour modifier un ou plusieurs éléments, contactez votre Service Clients au 0 820 20 20 01",
    ):
        assert words in said


def test_the_amounts_are_frozen_and_the_empty_lines_are_gone(manager, employer):
    Contract.objects.update(payment_days=30, min_fee_cents=500)
    nobody, left = beneficiary_of(employer, "Personne"), beneficiary_of(employer, "Parti")
    ready_draft(manager)
    VoucherLine.objects.filter(beneficiary=nobody).update(booklets=0)
    Beneficiary.objects.filter(pk=left.pk).update(archived_at=timezone.now())
    placed = place(manager, means="card")
    assert [line.beneficiary.holder.last_name for line in placed.lines.all()] == ["Martin"]
    frozen = (placed.face_cents, placed.fee_cents, placed.shipping_cents, placed.vat_cents, placed.total_cents)
    assert (frozen, placed.means, placed.terms.version) == ((30000, 500, 1200, 340, 32040), "card", "1")
    invoice = placed.invoice
    assert (invoice.number, invoice.cents, invoice.due_on) == ("F2026-000001", 32040, date(2026, 12, 3))
    assert invoice.employer == employer


def test_numbers_follow_each_other_and_begin_again_each_year(manager):
    for day, number in (
        (NOW, "2026-000001"),
        (NOW, "2026-000002"),
        (datetime(2027, 1, 4, 9, tzinfo=NOW.tzinfo), "2027-000001"),
    ):
        with time_machine.travel(day, tick=False):
            ready_draft(manager)
            placed = place(manager)
            assert (placed.number, placed.invoice.number) == (f"C{number}", f"F{number}")


def test_ecesu_alone_travel_by_no_parcel(manager):
    Beneficiary.objects.update(form="e", form_chosen_on=timezone.localdate())
    ready_draft(manager)
    placed = place(manager)
    assert (placed.transport, placed.delivery_on, placed.shipping_cents) == (None, None, 0)
    assert steps_of(placed).names == ["Prise en charge", "En fabrication", "Livrée"]


def _archive(order):
    Beneficiary.objects.update(archived_at=timezone.now())


def _chose_paper(order):
    order.lines.update(form="e")


def _too_dear(order):
    Issuer.objects.update_or_create(pk=1, defaults={"max_face_cents": 1499})


def _too_late(order):
    VoucherOrder.objects.update(delivery_on=date(2026, 11, 6))


def _no_transport(order):
    Transport.objects.update(is_active=False)


def _another_tab(order):
    order.lines.update(booklets=3)


def _dearer(order):
    Transport.objects.update(cents=1300)


def _new_terms(order):
    terms("2")


@pytest.mark.parametrize(
    ("meanwhile", "refusal", "sentence"),
    [
        (_archive, NothingOrdered, "Commandez au moins un carnet."),
        (_chose_paper, OrderRefused, "Martin Léa\u00a0: L’e-CESU est le choix du salarié, qui a choisi le papier."),
        (_too_dear, OrderRefused, "Martin Léa\u00a0: La valeur faciale va de 1,00\u00a0€ à 14,99\u00a0€."),
        (_too_late, OrderRefused, "C’est trop tôt\u00a0: la première livraison possible est le lundi 9 novembre."),
        (_no_transport, OrderRefused, "Choisissez un mode de transport."),
        (_another_tab, OrderChanged, OrderChanged.sentence),
        (_dearer, OrderChanged, OrderChanged.sentence),
        (_new_terms, OrderChanged, OrderChanged.sentence),
    ],
)
def test_what_changed_meanwhile_is_refused_and_nothing_is_taken(manager, meanwhile, refusal, sentence):
    draft = ready_draft(manager)
    sent = place_args(manager)
    meanwhile(draft)
    with pytest.raises(refusal) as refused:
        place_order(**sent)
    assert refused.value.sentences == [sentence]
    draft.refresh_from_db()
    assert (draft.status, draft.number) == ("draft", None)
    assert [kind.objects.count() for kind in (Invoice, Numbering, OutgoingEmail)] == [0, 0, 0]


def test_a_change_in_another_tab_is_shown_again(browser, manager):
    ready_draft(manager)
    key = once_keys(browser.get(RECAP))[0]
    VoucherLine.objects.update(booklets=4)
    answer = browser.post(RECAP, {"once_key": key, "means": "transfer", "terms": "1"})
    said = plain(answer)
    assert "La commande a changé depuis l’affichage de cette page." in said
    assert "600,00 €" in said
    browser.post(RECAP, {"once_key": once_keys(answer)[0], "means": "transfer", "terms": "1"})
    assert VoucherOrder.objects.get().face_cents == 60000


def test_terms_must_be_the_ones_in_force(manager):
    ready_draft(manager)
    with pytest.raises(TermsNotAccepted):
        place_order(**place_args(manager, terms_version="0"))
    Terms.objects.all().delete()
    with pytest.raises(NoTerms):
        place_order(**place_args(manager))


def test_nothing_is_ordered_from_an_issuer_that_cannot_write_invoices(manager):
    ready_draft(manager)
    Issuer.objects.update(siren="")
    caches["process"].clear()
    with pytest.raises(NotInvoiced):
        place_order(**place_args(manager))
    assert not Invoice.objects.exists()


def test_a_key_serves_its_own_manager_and_a_placed_draft_is_no_more(manager, employer):
    ready_draft(manager)
    sent, other = place_args(manager), place_args(manager)
    colleague = manager_of(employer, primary=False)
    with pytest.raises(StalePage):
        place_order(**sent | {"user": colleague})
    place_order(**sent)
    assert place_order(**sent) == {"order": "C2026-000001"}
    with pytest.raises(NoDraft):
        place_order(**other)


@pytest.mark.seed("S0-50", "S0-51")
def test_a_secondary_manager_orders_too(client, employer):
    colleague = manager_of(employer, primary=False, password="Cantine-Facile-2026")
    client.post(reverse("cesu:login"), {"login": colleague.identifier, "password": "Cantine-Facile-2026"})
    client.post(reverse("cesu:orders"), {"commander": "1"})
    terms()
    issuing()
    asked = {"page": "1", "suivant": "1", "transport": transport().pk, "jour": "2026-11-09"}
    assert client.post(TABLE, asked | cells(VoucherLine.objects.get(), carnets="1")).url == RECAP
    key = once_keys(client.get(RECAP))[0]
    client.post(RECAP, {"once_key": key, "means": "transfer", "terms": "1"})
    assert VoucherOrder.objects.placed().get().by == colleague


# --- Orders placed ----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S0-7", "S0-76")
def test_the_history_lists_all_orders_of_the_employer_and_no_other(browser, visitor, manager, employer):
    colleague = manager_of(employer, primary=False, first_name="Ali", last_name="Benali")
    person = Beneficiary.objects.get()
    theirs = placed_by(colleague, {"beneficiary": person, "booklets": 1})
    ready_draft(manager)
    mine = place(manager)
    elsewhere = employer_with()
    foreign = placed_by(manager_of(elsewhere), {"beneficiary": beneficiary_of(elsewhere), "booklets": 1})
    said = plain(browser.get(reverse("cesu:history")))
    assert f"{mine.number} 03-11-2026 Nadia Roux Prise en charge 09-11-2026 314,40 €" in said
    assert f"{theirs.number} 03-11-2026 Ali Benali" in said
    assert foreign.number not in said
    assert browser.get(reverse("cesu:order", args=[foreign.number])).status_code == 404
    assert browser.get(reverse("cesu:order", args=["C1999-000001"])).status_code == 404
    assert mine.number in plain(browser.get(reverse("cesu:orders")))


@pytest.mark.seed("S0-70", "S0-71")
def test_an_order_says_how_far_it_is_how_to_pay_and_whom_to_ask(browser, manager):
    Issuer.objects.update_or_create(pk=1, defaults={"iban": "FR7630006000011234567890189", "phone": "0 820 20 20 01"})
    ready_draft(manager)
    placed = place(manager)
    address = reverse("cesu:order", args=[placed.number])
    said = plain(browser.get(address))
    for words in (
        "Référence à indiquer sur le virement C2026-000001 IBAN FR7630006000011234567890189",
        "Pour modifier : contactez votre Service Clients au 0 820 20 20 01",
        "Si la commande est juste, vous n’avez rien à faire.",
        "Facture F2026-000001",
    ):
        assert words in said
    VoucherOrder.objects.update(status="cancelled", cancelled_at=timezone.now(), cancel_reason="Doublon")
    said = plain(browser.get(address))
    assert "Cette commande est annulée : Doublon" in said
    assert "IBAN" not in said


def test_what_is_owed_is_said_until_it_is_paid(browser, manager):
    """The contract lets the fabrication begin first."""
    creditor = employer_with(credit_cents=100000)
    owing = manager_of(creditor)
    beneficiary_of(creditor)
    ready_draft(owing)
    placed = place(owing)
    assert start_order(placed.pk)
    browser.force_login(owing)
    address = reverse("cesu:order", args=[placed.number])
    assert "Votre établissement doit 314,40 € en tout." in plain(browser.get(address))
    pay_in(creditor, 31440)
    assert "Pour payer" not in plain(browser.get(address))


@pytest.mark.parametrize("many", [1, 3])
def test_history_order_and_summary_take_as_many_queries_for_one_as_for_three(browser, manager, employer, many):
    for number in range(1, many):
        beneficiary_of(employer, f"Martin{number}")
    for _ in range(many):
        ready_draft(manager)
        placed = place(manager)
    ready_draft(manager)
    authority()
    pages = {"cesu:history": 4, "cesu:orders": 5, "cesu:recap": 13}
    seen = {}
    for name in pages:
        browser.get(reverse(name))
        with CaptureQueriesContext(connection) as captured:
            browser.get(reverse(name))
        seen[name] = len(captured)
    with CaptureQueriesContext(connection) as captured:
        browser.get(reverse("cesu:order", args=[placed.number]))
    assert (seen, len(captured)) == (pages, 8)
