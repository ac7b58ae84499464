"""The order that a manager fills: begun with everybody, saved at every move, recalled, given up."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cesu.models import Ceiling, VoucherLine, VoucherOrder
from cesu.orders.actions.drafts import recall_last, start_draft
from cesu.orders.reads.drafts import excesses, totals_of
from common.models import authority
from tests.cesu.orders.reading import faults, plain, sheet
from tests.client import once_keys
from tests.factories.cesu import beneficiary_of, ceilings, employer_with, manager_of, placed_by, transport

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 3, 10, tzinfo=ZoneInfo("Europe/Paris"))  # a Tuesday
TABLE = "/cesu/commandes/tableau/"


@pytest.fixture(autouse=True)
def _today(db):
    ceilings()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def employer():
    return employer_with()


@pytest.fixture
def manager(employer):
    return manager_of(employer)


@pytest.fixture
def browser(visitor, manager):
    return visitor(manager)


def draft_of(manager):
    return VoucherOrder.objects.draft_of(manager).get()


def line_of(manager, name, rank=1):
    return VoucherLine.objects.get(order=draft_of(manager), beneficiary__holder__last_name=name, rank=rank)


def cells(line, **typed):
    """The fields of a line as the page sends them, some typed anew."""
    names = {"categorie": line.category, "type": line.form, "carnets": line.booklets, "titres": line.vouchers}
    names |= {"valeur": f"{line.face_cents / 100:.2f}", "part": line.share} | typed
    return {f"{name}-{line.pk}": str(value) for name, value in names.items()}


@pytest.mark.seed("S0-19", "S0-20", "S0-21", "S0-22", "S0-23", "S0-31", "S0-32")
def test_commander_shows_everybody_in_alphabetical_order_with_what_is_usual(browser, employer):
    for last_name in ("Zola", "Élie", "Martin", "eliane"):
        beneficiary_of(employer, last_name)
    archived = beneficiary_of(employer, "Parti")
    type(archived).objects.filter(pk=archived.pk).update(archived_at=timezone.now())
    beneficiary_of(employer, "Emma", usual_face_cents=1250, usual_share=60, usual_vouchers=20, category="childcare")
    beneficiary_of(employer_with(), "Voisin")
    home = browser.get(reverse("cesu:home")).content.decode()
    assert 'href="/cesu/commandes/"' in home
    assert "Commander" in browser.get(reverse("cesu:orders")).content.decode()
    assert browser.post(reverse("cesu:orders"), {"commander": "1"}).url == TABLE
    rows = sheet(browser.get(TABLE))
    assert [row["name"] for row in rows] == ["eliane Léa", "Élie Léa", "Emma Léa", "Martin Léa", "Zola Léa"]
    usual = {"categorie": "childcare", "type": "paper", "carnets": "", "titres": "20", "valeur": "12,50", "part": "60"}
    assert rows[2] == {"name": "Emma Léa", "montant": "0,00 €"} | usual


def test_reopening_takes_who_came_and_drops_who_left(manager, employer):
    martin, durand = beneficiary_of(employer, "Martin"), beneficiary_of(employer, "Durand")
    first = start_draft(user=manager)
    VoucherLine.objects.filter(beneficiary=martin).update(booklets=3)
    type(durand).objects.filter(pk=durand.pk).update(archived_at=timezone.now())
    beneficiary_of(employer, "Nouveau")
    assert start_draft(user=manager) == first
    lines = VoucherLine.objects.alphabetical().values_list("beneficiary__holder__last_name", "booklets")
    assert list(lines) == [("Martin", 3), ("Nouveau", 0)]


@pytest.mark.seed("S0-26", "S0-27", "S0-28", "S0-29", "S0-30", "S0-33", "S0-34")
def test_rafraichir_keeps_what_was_typed_and_computes_the_amount(browser, manager, employer):
    beneficiary_of(employer, "Martin", form="e", form_chosen_on=timezone.localdate())
    beneficiary_of(employer, "Durand", usual_share=33)
    start_draft(user=manager)
    typed = {"categorie": "dependent", "carnets": "2", "titres": "20", "valeur": "15,20", "part": "60"}
    martin = cells(line_of(manager, "Martin"), **typed)
    durand = cells(line_of(manager, "Durand"), carnets="1", valeur="0015.5 €", titres="1")
    answer = browser.post(TABLE, {"page": "1", "rafraichir": "1"} | martin | durand)
    assert answer.url == f"{TABLE}?page=1#total"
    answer = browser.get(answer.url)
    assert sheet(answer)[1] == {"name": "Martin Léa", "type": "e", "montant": "608,00 €"} | typed
    said = plain(answer)
    # 33 % of 15,50 € is 5,115 €, rounded half up.
    for word in ("Bénéficiaires 2", "Part patronale 369,92 €", "Part des salariés 253,58 €", "titres 623,50 €"):
        assert word in said


def test_a_change_is_saved_at_once_with_htmx(browser, manager, employer):
    beneficiary_of(employer, "Martin")
    start_draft(user=manager)
    line = line_of(manager, "Martin")
    live = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "total"}
    answer = browser.post(TABLE, {"page": "1"} | cells(line, carnets="2"), **live).content.decode()
    assert f'<span id="montant-{line.pk}" hx-swap-oob="innerHTML">300,00\xa0€</span>' in answer
    assert "<html" not in answer
    answer = browser.post(TABLE, {"page": "1"} | cells(line, carnets="-2"), **live).content.decode()
    assert (
        f'<small id="faute-carnets-{line.pk}" hx-swap-oob="innerHTML">Indiquez un nombre entier de 0 à 100.<' in answer
    )
    assert line_of(manager, "Martin").booklets == 2


def test_a_page_never_lands_inside_the_totals(browser, client, manager):
    """The order was placed in another tab, or the session is over."""
    live = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "total"}
    assert browser.post(TABLE, {"page": "1"}, **live)["HX-Redirect"] == reverse("cesu:orders")
    assert client.post(TABLE, {"page": "1"}, **live)["HX-Redirect"] == f"{reverse('cesu:login')}?next={TABLE}"


WHOLE = "Indiquez un nombre entier de {} à 100."
FACE = "La valeur faciale va de 1,00\xa0€ à 100,00\xa0€."
SHARE = "La part patronale va de 1 à 100 %."


@pytest.mark.parametrize(
    ("cell", "text", "sentence"),
    [
        *(
            ("carnets", text, WHOLE.format(0))
            for text in ("-1", "101", "99999999999999999999", "1,5", "deux", "٣", "=1+1")
        ),
        *(("titres", text, WHOLE.format(1)) for text in ("0", "", "-3", "101")),
        *(("valeur", text, FACE) for text in ("0", "-15", "0,99", "100,01", "999999999999", "quinze", "")),
        *(("part", text, SHARE) for text in ("0", "101", "-1", "100,5", "")),
        ("type", "e", "L’e-CESU est le choix du salarié, qui a choisi le papier."),
        ("type", "x", "Choisissez dans la liste."),
        ("categorie", "loisirs", "Choisissez dans la liste."),
    ],
)
def test_a_wrong_cell_is_shown_again_as_typed_with_its_sentence(browser, manager, employer, cell, text, sentence):
    beneficiary_of(employer, "Martin")
    beneficiary_of(employer, "Durand")
    start_draft(user=manager)
    wrong, right = line_of(manager, "Martin"), line_of(manager, "Durand")
    data = {"page": "1", "aller": "2"} | cells(right, carnets="4") | cells(wrong, **{"carnets": "1"} | {cell: text})
    answer = browser.post(TABLE, data)
    assert answer.status_code == 200
    assert faults(answer) == {f"{cell}-{wrong.pk}": sentence}
    if cell not in ("type", "categorie"):
        assert sheet(answer)[1][cell] == text[:20]
    assert (line_of(manager, "Martin").booklets, line_of(manager, "Durand").booklets) == (0, 4)


def test_every_move_saves_first_and_a_search_finds_without_accents(browser, manager, employer):
    for number in range(60):
        beneficiary_of(employer, f"Aube{number:02}", employee_number=f"M{number}")
    beneficiary_of(employer, "Élodie")
    start_draft(user=manager)
    first = line_of(manager, "Aube00")
    answer = browser.post(TABLE, {"page": "1", "aller": "2"} | cells(first, carnets="7"))
    assert answer.url == f"{TABLE}?page=2#tableau"
    assert [row["name"] for row in sheet(browser.get(answer.url))][-1] == "Élodie Léa"
    assert line_of(manager, "Aube00").booklets == 7
    answer = browser.post(TABLE, {"page": "2", "q": "elodie", "rafraichir": "1"})
    assert answer.url == f"{TABLE}?page=1&q=elodie#tableau"
    assert [row["name"] for row in sheet(browser.get(answer.url))] == ["Élodie Léa"]
    assert [row["name"] for row in sheet(browser.get(TABLE, {"q": "m59"}))] == ["Aube59 Léa"]
    assert "Personne ne répond" in browser.get(TABLE, {"q": "%"}).content.decode()


@pytest.mark.seed("S0-57", "S0-58", "S0-59", "S0-60", "S0-61", "S0-62")
def test_plus_adds_a_line_with_characteristics_of_its_own(browser, manager, employer):
    beneficiary_of(employer, "Martin", form="e", form_chosen_on=timezone.localdate())
    start_draft(user=manager)
    line = line_of(manager, "Martin")
    assert f'name="ajouter" value="{line.pk}"' in browser.get(TABLE).content.decode()
    answer = browser.post(TABLE, {"page": "1", "ajouter": line.pk} | cells(line, carnets="1"))
    added = line_of(manager, "Martin", 2)
    assert answer.url == f"{TABLE}?page=1#ligne-{added.pk}"
    other = {"categorie": "childcare", "type": "paper", "carnets": "2", "titres": "5", "valeur": "8,00"}
    browser.post(TABLE, {"page": "1", "rafraichir": "1"} | cells(added, **other))
    rows = sheet(browser.get(TABLE))
    assert rows[1] == {"name": "Martin Léa, ligne 2", "part": "100", "montant": "80,00 €"} | other
    assert "En tout 230,00 €" in plain(browser.get(TABLE))
    browser.post(TABLE, {"page": "1", "retirer": added.pk} | cells(added, carnets="deux"))
    browser.post(TABLE, {"page": "1", "retirer": line.pk})
    assert VoucherLine.objects.get() == line


def test_nobody_has_more_than_20_lines(browser, manager, employer):
    beneficiary_of(employer, "Martin")
    start_draft(user=manager)
    line = line_of(manager, "Martin")
    for _ in range(20):
        answer = browser.post(TABLE, {"page": "1", "ajouter": line.pk})
    assert VoucherLine.objects.count() == 20
    assert "au plus 20 lignes" in browser.get(answer.url).content.decode()


def test_a_line_of_another_draft_is_left_alone(browser, visitor, manager, employer):
    beneficiary_of(employer, "Martin")
    start_draft(user=manager)
    colleague = manager_of(employer, primary=False)
    start_draft(user=colleague)
    theirs = line_of(colleague, "Martin")
    browser.post(TABLE, {"page": "1", "rafraichir": "1"} | cells(theirs, carnets="9"))
    assert browser.post(TABLE, {"page": "1", "ajouter": theirs.pk}).status_code == 404
    for wrong in ("9" * 30, "-1", "x"):
        assert browser.post(TABLE, {"page": "1", "ajouter": wrong, f"carnets-{wrong}": "1"}).status_code == 302
    browser.post(TABLE, {"page": "1", "retirer": theirs.pk})
    assert list(VoucherLine.objects.filter(order=draft_of(colleague)).values_list("booklets", flat=True)) == [0]


@pytest.mark.seed("S0-25")
def test_the_last_order_is_recalled_with_its_lines(browser, manager, employer):
    martin, left = beneficiary_of(employer, "Martin"), beneficiary_of(employer, "Parti")
    paper = beneficiary_of(employer, "Papier")
    beneficiary_of(employer, "Nouveau")
    same = {"category": "childcare", "vouchers": 12, "share": 70, "face_cents": 900}
    placed_by(
        manager_of(employer, primary=False),
        {"beneficiary": martin, "rank": 2, "booklets": 3, "form": "paper", **same},
        {"beneficiary": martin, "rank": 3, "booklets": 1, "form": "paper", **same | {"face_cents": 500}},
        {"beneficiary": left, "booklets": 1},
        {"beneficiary": paper, "booklets": 1, "form": "e"},
    )
    type(left).objects.filter(pk=left.pk).update(archived_at=timezone.now())
    start_draft(user=manager)
    assert "Rappeler votre dernière commande" in browser.get(TABLE).content.decode()
    browser.post(TABLE, {"page": "1", "rappeler": "1"} | cells(line_of(manager, "Nouveau"), carnets="x"))
    lines = VoucherLine.objects.filter(order=draft_of(manager)).alphabetical()
    assert [(line.beneficiary.holder.last_name, line.rank, line.booklets, line.form) for line in lines] == [
        ("Martin", 1, 3, "paper"),
        ("Martin", 2, 1, "paper"),
        ("Nouveau", 1, 0, "paper"),
        ("Papier", 1, 1, "paper"),
    ]
    assert {name: getattr(lines[0], name) for name in same} == same


def test_without_an_order_there_is_nothing_to_recall(manager, employer):
    beneficiary_of(employer)
    start_draft(user=manager)
    VoucherLine.objects.update(booklets=5)
    assert recall_last(user=manager) is False
    assert VoucherLine.objects.get().booklets == 5


def test_a_draft_is_each_manager_s_own_and_can_be_given_up(browser, visitor, manager, employer):
    beneficiary_of(employer, "Martin")
    start_draft(user=manager)
    VoucherLine.objects.update(booklets=2)
    colleague = visitor(manager_of(employer, primary=False))
    assert "Une commande est en cours" in plain(browser.get(reverse("cesu:orders")))
    assert "1 bénéficiaire, 300,00 € de titres" in plain(browser.get(reverse("cesu:orders")))
    assert "Une commande est en cours" not in plain(colleague.get(reverse("cesu:orders")))
    assert colleague.get(TABLE).url == reverse("cesu:orders")
    assert colleague.post(TABLE, {"rafraichir": "1"}).url == reverse("cesu:orders")
    for _ in range(2):
        browser.post(reverse("cesu:orders"), {"abandonner": "1"})
    assert not VoucherOrder.objects.exists()


def test_the_exemption_ceiling_is_warned_of_with_the_sum_so_far(browser, manager, employer):
    """Orders of this civil year that stand count; this draft counts; nothing is forbidden."""
    martin = beneficiary_of(employer, "Martin", usual_share=60)
    beneficiary_of(employer, "Durand")
    assert dict(Ceiling.objects.values_list("year", "cents")) == {
        2023: 230100,
        2024: 242100,
        2025: 254000,
        2026: 259100,
    }
    with time_machine.travel(datetime(2025, 12, 31, 23, 59, tzinfo=ZoneInfo("Europe/Paris")), tick=False):
        placed_by(manager, {"beneficiary": martin, "booklets": 50})
    placed_by(manager, {"beneficiary": martin, "booklets": 30, "share": 33, "face_cents": 1234}, cancelled=True)
    placed_by(manager, {"beneficiary": martin, "booklets": 15, "vouchers": 10, "face_cents": 1600, "share": 100})
    draft = start_draft(user=manager)
    line = line_of(manager, "Martin")
    browser.post(TABLE, {"page": "1", "rafraichir": "1"} | cells(line, carnets="2", valeur="15,91"))
    assert excesses(draft, timezone.localdate()) == []  # 2 400,00 and 190,92
    browser.post(TABLE, {"page": "1", "rafraichir": "1"} | cells(line, carnets="2", valeur="20,00"))
    said = "Martin Léa : 2 640,00 € de part patronale en 2026, plafond 2 591,00 €"
    assert said in plain(browser.get(TABLE))
    assert totals_of(draft).cents == 40000


@pytest.mark.seed("S0-24", "S0-67")
def test_bubbles_explain_each_column_without_scripts(browser, manager, employer):
    beneficiary_of(employer)
    start_draft(user=manager)
    answer = browser.get(TABLE)
    page = plain(answer)
    for name in ("Bénéficiaire", "Catégorie d’utilisation", "Type de CESU", "Nombre de carnet(s)", "Valeur faciale"):
        assert f"À propos de « {name} »" in page
    assert "Pour ajouter des bénéficiaires : « Créez un nouveau bénéficiaire »" in page
    assert f'href="{reverse("cesu:beneficiary_add")}"' in answer.content.decode()


@pytest.mark.seed("S0-49")
def test_somebody_new_can_be_ordered_for_straight_after(browser, manager, employer):
    beneficiary_of(employer, "Martin")
    start_draft(user=manager)
    person = {
        "last_name": "Nouveau",
        "first_name": "Zoé",
        "birth_date": "1990-01-02",
        "category": "all",
        "form": "paper",
    }
    usual = {"usual_vouchers": "10", "usual_face_cents": "15,00", "usual_share": "80"}
    page = browser.get(reverse("cesu:beneficiary_add"))
    answer = browser.post(reverse("cesu:beneficiary_add"), person | usual | {"once_key": once_keys(page)[0]})
    assert answer.status_code == 302
    browser.post(reverse("cesu:orders"), {"commander": "1"})
    assert [(row["name"], row["part"]) for row in sheet(browser.get(TABLE))] == [
        ("Martin Léa", "100"),
        ("Nouveau Zoé", "80"),
    ]


@pytest.mark.parametrize("people", [1, 3])
def test_the_table_takes_as_many_queries_for_one_as_for_three(browser, manager, employer, people):
    transport()
    for number in range(people):
        beneficiary_of(employer, f"Martin{number}")
    start_draft(user=manager)
    VoucherLine.objects.update(booklets=100, vouchers=100)
    authority()
    browser.get(TABLE)
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(TABLE)
    assert len(captured) == 9, [query["sql"][:120] for query in captured]
    assert plain(answer).count("de part patronale en 2026") == people
