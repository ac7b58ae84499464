"""« Historiques » of guide 004: what was consumed and what was paid, month by month; receipts."""

import csv
import io
import re
from datetime import date

import pytest
from django.utils import timezone
from pypdf import PdfReader

from common.writing.once import make_key
from reservations.actions.debits import debit_the_day
from reservations.models import Booking
from reservations.reads.books.consumption import consumptions, payments, unit_price
from tests.factories.accounts import AgentFactory
from tests.factories.money import consumed, debited, disputed, paid_at_counter, paid_back, paid_by_card, refunded
from tests.factories.reservations import (
    LOUANE,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    household,
    instant,
    session,
)
from tests.factories.wallet import wallet_with
from tests.reservations.reading import text
from wallet.actions import cancel_counter_payment, set_floor
from wallet.models import DirectDebit, Purse

pytestmark = pytest.mark.django_db
HISTORY = "/reservations/historiques/"
PAYMENTS = f"{HISTORY}reglements/"
MINUS = "\u2212"
FEBRUARY, NOVEMBER = date(2012, 2, 1), date(2026, 11, 1)
MORNING_6, MORNING_3 = "CDC - ALSH 6-12 Matin", "CDC - ALSH 3-6 Matin"
DAY_6, DAY_3 = "CDC - ALSH 6-12 Journée", "CDC - ALSH 3-6 Journée"
ANTOINE, LIOU = ("Antoine", date(2007, 3, 4)), ("Liou", date(2003, 9, 21))
# Day of the month, child, activity, unit price and quantity: the thirteen rows that guide 004 shows.
GUIDE = [
    (1, "Liou", MORNING_6, 1035, 1),
    (1, "Antoine", MORNING_3, 475, 1),
    (8, "Antoine", MORNING_3, 475, 1),
    (8, "Liou", MORNING_6, 1035, 1),
    (15, "Antoine", MORNING_3, 475, 1),
    (15, "Liou", MORNING_6, 1035, 1),
    (20, "Antoine", DAY_3, 665, 2),
    (20, "Liou", DAY_6, 1485, 1),
    (21, "Liou", DAY_6, 1485, 1),
    (21, "Antoine", DAY_3, 665, 2),
    (22, "Antoine", DAY_3, 665, 2),
    (22, "Liou", DAY_6, 1485, 1),
    (23, "Antoine", DAY_3, 665, 2),
]
HIDDEN = [(23, "Liou", DAY_6, 1485, 1), (24, "Antoine", DAY_3, 665, 2), (24, "Liou", DAY_6, 1485, 1)]


@pytest.fixture
def jean_paul(time_machine):
    """DUPONT Jean-Paul in the leap month of the guide."""
    time_machine.move_to(instant(date(2012, 2, 29), "09:00"), tick=False)
    home = household(None, ANTOINE, LIOU, first_name="Jean-Paul")
    purse = Purse.objects.create(code="cdc", name="CDC PE2M - APS ET CLSH")
    set_floor(purse, -15000)
    purse.refresh_from_db()
    home.wallet = wallet_with(0, home.family, purse)
    return home


def live(home, rows):
    """The family consumes the guide's rows."""
    activities, children = {}, {child.first_name: child for child in home.children}
    for day, child, name, unit, quantity in rows:
        if name not in activities:
            activities[name] = LeisureFactory(name=name, purse=home.wallet.purse)
        consumed(home, children[child], activities[name], date(2012, 2, day), unit * quantity, quantity)


def table(answer):
    """The rows of the page's table, as words."""
    body = answer.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>.*?</tr>", body, re.S)
    ]


def pages_of(answer):
    """The words of a PDF."""
    assert answer["Content-Type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def sheet(answer):
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


# --- What was consumed ------------------------------------------------------------------------------------------------
@pytest.mark.seed(
    "S4-11", "S4-16", "S4-17", "S4-18", "S4-19", "S4-20", "S4-21", "S4-22", "S4-23", "S4-117", "S4-118", "S4-120"
)
def test_the_thirteen_rows_of_the_guide(visitor, jean_paul):
    live(jean_paul, GUIDE)
    answer = visitor(jean_paul.user).get(HISTORY, {"mois": "2012-02"})
    assert "Date Consommateur Activité Prix (€) Qté Total" in text(answer)
    shown = table(answer)
    assert len(shown) == 13
    assert sorted(shown[:2]) == [
        ["Mer 1", "DUPONT Antoine", MORNING_3, "4,75", "1", "4,75"],
        ["Mer 1", "DUPONT Liou", MORNING_6, "10,35", "1", "10,35"],
    ]
    assert ["Lun 20", "DUPONT Antoine", DAY_3, "6,65", "2", "13,30"] in shown
    assert [row[0] for row in shown] == [
        *["Mer 1", "Mer 1", "Mer 8", "Mer 8", "Mer 15", "Mer 15", "Lun 20", "Lun 20"],
        *["Mar 21", "Mar 21", "Mer 22", "Mer 22", "Jeu 23"],
    ]
    assert "TOTAL (€) 143,05" in text(answer)


@pytest.mark.seed("S4-40", "S4-44")
def test_the_balance_is_what_was_paid_less_what_was_consumed(jean_paul):
    """140,00 − 186,05 = −46,05: the guide's three screens agree."""
    live(jean_paul, GUIDE + HIDDEN)
    paid_at_counter(jean_paul.wallet, 9000, date(2012, 2, 15))
    paid_at_counter(jean_paul.wallet, 5000, date(2012, 2, 28))
    debit_the_day(timezone.localdate())
    eaten, paid = consumptions(jean_paul.user, FEBRUARY), payments(jean_paul.user, FEBRUARY)
    assert (eaten.total, paid.total, jean_paul.balance) == (18605, 14000, -4605)


@pytest.mark.parametrize(
    ("cents", "quantity", "shown"), [(1330, 2, (665, 2)), (475, 1, (475, 1)), (1331, 2, (1331, 1)), (0, 2, (0, 2))]
)
def test_unit_price_times_quantity_is_the_total_to_the_cent(cents, quantity, shown):
    assert unit_price(cents, quantity) == shown
    assert shown[0] * shown[1] == cents


def test_only_what_was_consumed_counts_prepaid_or_not(visitor, home, time_machine):
    """Up to today, of the month, of this family, not cancelled."""
    canteen = ActivityFactory(name="Cantine")
    eaten, later = session(canteen, date(2026, 11, 3)), session(canteen, TUESDAY)
    louane, theo = home.children
    book(home, eaten, later, members=[louane])
    [gone] = book(home, eaten, members=[theo])
    cancel(home, gone)
    other = household(1000, ("Zoé", LOUANE[1]))
    book(other, eaten)
    consumed(home, louane, LeisureFactory(name="ALSH"), date(2026, 10, 28), 1330)
    assert consumptions(home.user, NOVEMBER).rows == []
    time_machine.move_to(instant(date(2026, 11, 3), "00:01"))
    (row,) = consumptions(home.user, NOVEMBER).rows
    assert (row.said, row.cells) == ("Mar 3", ("DUPONT Louane", "Cantine", 380, "1", 380))
    (row,) = consumptions(home.user, date(2026, 10, 1)).rows
    assert (row.said, row.cells) == ("Mer 28", ("DUPONT Louane", "ALSH", 1330, "1", 1330))


@pytest.mark.seed("S4-13", "S4-15")
def test_arrows_lead_from_month_to_month_since_the_family_exists(visitor, home):
    type(home.family).objects.update(created_at=instant(date(2026, 8, 20)))
    parent = visitor(home.user)

    def arrows(month):
        page = parent.get(HISTORY, {"mois": month}).content.decode()
        return re.findall(r'href="\?mois=([\d-]+)" rel="(\w+)"', page)

    assert arrows("2026-11") == [("2026-10", "prev")]
    assert arrows("2026-10") == [("2026-09", "prev"), ("2026-11", "next")]
    assert arrows("2026-08") == [("2026-09", "next")]
    assert arrows("2019-12") == [("2020-01", "next")]


def test_a_new_family_goes_back_to_the_month_before(visitor, home):
    assert 'href="?mois=2026-10" rel="prev"' in visitor(home.user).get(HISTORY).content.decode()


@pytest.mark.parametrize("page", [HISTORY, PAYMENTS])
@pytest.mark.parametrize(
    ("month", "notice"),
    [
        ("2026-12", "Ce mois n’a pas encore commencé : voici le mois en cours."),
        ("2099-01", "Ce mois n’a pas encore commencé : voici le mois en cours."),
        ("2026-13", "Ce mois n’existe pas : voici le mois en cours."),
        ("février", "Ce mois n’existe pas : voici le mois en cours."),
        ("1812-01", "Ce mois n’existe pas : voici le mois en cours."),
        ("9999-12", "Ce mois n’existe pas : voici le mois en cours."),
        ("\x00", "Ce mois n’existe pas : voici le mois en cours."),
        ("' OR 1=1", "Ce mois n’existe pas : voici le mois en cours."),
    ],
)
def test_a_month_that_cannot_be_is_answered_kindly(visitor, home, page, month, notice):
    answer = visitor(home.user).get(page, {"mois": month})
    assert answer.status_code == 200
    assert notice in text(answer).replace("\u00a0", " ")
    assert "Novembre 2026" in text(answer)


def test_an_empty_month_says_so(visitor, home):
    parent = visitor(home.user)
    assert "Aucune consommation ce mois-ci" in text(parent.get(HISTORY))
    assert "Aucun règlement ce mois-ci" in text(parent.get(PAYMENTS, {"mois": "2026-10"}))


def taken_back(payment):
    """An agent cancels what was credited by mistake."""
    agent = AgentFactory()
    key = make_key(agent.owner, f"cancel-credit:{payment.pk}")
    cancel_counter_payment(agent=agent, payment=payment, reason="Erreur", bounced=False, key=key)


# --- What was paid ----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-12", "S4-24", "S4-25", "S4-26", "S4-27", "S4-28", "S4-29", "S4-30", "S4-31", "S4-32", "S4-119")
def test_the_two_cheques_of_the_guide(visitor, jean_paul):
    known = {"payer": "DUPONT Jean-Paul", "bank": "LEP"}
    paid_at_counter(jean_paul.wallet, 9000, date(2012, 2, 15), number="795466", **known)
    paid_at_counter(jean_paul.wallet, 5000, date(2012, 2, 28), number="924466", **known)
    answer = visitor(jean_paul.user).get(PAYMENTS, {"mois": "2012-02"})
    words = text(answer)
    assert "Historiques des règlements" in words
    assert "Date reçu Mode règlement N° pièce Nom Payeur Nom Banque Montant" in words
    assert [row[:6] for row in table(answer)] == [
        ["15/02/2012", "CH", "795466", "DUPONT Jean-Paul", "LEP", "90,00"],
        ["28/02/2012", "CH", "924466", "DUPONT Jean-Paul", "LEP", "50,00"],
    ]
    assert "TOTAL (€) 140,00" in words


def test_every_way_in_and_back_is_listed_on_its_day(home):
    wallet, user = home.wallet, home.user
    agent = household(0, ("Agent", LOUANE[1])).user
    paid_at_counter(wallet, 2000, date(2026, 11, 1), means="ES", number="")
    card = paid_by_card(user, {wallet: 5000}, date(2026, 11, 1))
    refunded(card, 1500, date(2026, 11, 2))
    contested = paid_by_card(user, {wallet: 700}, date(2026, 11, 1))
    disputed(contested, date(2026, 11, 2))
    debit = debited(wallet, 3000, date(2026, 11, 1))
    back = paid_back(wallet, 1000, date(2026, 11, 2), agent)
    found = payments(user, NOVEMBER)
    assert [(row.said, *row.cells) for row in found.rows] == [
        ("01/11/2026", "CB", str(card.pk), "DUPONT Claire", "", 5000),
        ("01/11/2026", "CB", str(contested.pk), "DUPONT Claire", "", 700),
        ("01/11/2026", "ES", "", "", "", 2000),
        ("01/11/2026", "PR", debit.end_to_end, "Jean-Paul DUPONT", "", 3000),
        ("02/11/2026", "CB contestée", str(contested.pk), "DUPONT Claire", "", -700),
        ("02/11/2026", "CB remboursée", str(card.pk), "DUPONT Claire", "", -1500),
        ("02/11/2026", "VI remboursé", back.end_to_end, "Jean-Paul DUPONT", "", -1000),
    ]
    assert found.total == 7500
    assert home.balance == 10_000 + 7500


def test_what_was_not_received_is_not_listed(home):
    wallet, user = home.wallet, home.user
    wrong = paid_at_counter(wallet, 2000, date(2026, 11, 1))
    taken_back(wrong)
    debited(wallet, 3000, date(2026, 11, 1), status="pending")
    debited(wallet, 3000, date(2026, 12, 1), status="rejected")
    refunded(paid_by_card(user, {wallet: 5000}, date(2026, 11, 1)), 100, date(2026, 11, 1), status="requested")
    assert [row.cells[-1] for row in payments(user, NOVEMBER).rows] == [5000]
    assert DirectDebit.objects.count() == 2


def test_a_payment_at_eleven_in_the_evening_is_of_that_day_in_paris(home):
    card = paid_by_card(home.user, {home.wallet: 5000}, date(2026, 10, 31))
    type(card).objects.update(paid_at=instant(date(2026, 10, 31), "23:30"))
    assert payments(home.user, NOVEMBER).rows == []
    assert [row.said for row in payments(home.user, date(2026, 10, 1)).rows] == ["31/10/2026"]


def test_another_familys_payments_are_never_listed(visitor, home):
    other = household(0, ("Zoé", LOUANE[1]))
    paid_at_counter(other.wallet, 98765, date(2026, 11, 1))
    card = paid_by_card(other.user, {other.wallet: 4321}, date(2026, 11, 1))
    refunded(card, 321, date(2026, 11, 1))
    assert payments(home.user, NOVEMBER).rows == []
    assert "Aucun règlement ce mois-ci" in text(visitor(home.user).get(PAYMENTS))


# --- To keep ----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-14", "S4-121")
def test_both_histories_can_be_printed_and_kept_as_pdf(visitor, jean_paul):
    live(jean_paul, GUIDE)
    paid_at_counter(jean_paul.wallet, 9000, date(2012, 2, 15), number="795466", payer="DUPONT Jean-Paul", bank="LEP")
    parent = visitor(jean_paul.user)
    for page, kind in ((HISTORY, "consommations"), (PAYMENTS, "reglements")):
        shown = parent.get(page, {"mois": "2012-02"}).content.decode()
        assert "data-print hidden>" in shown
        assert f'href="{HISTORY}{kind}.pdf?mois=2012-02"' in shown
        assert f'href="{HISTORY}{kind}.csv?mois=2012-02"' in shown
    words = pages_of(parent.get(f"{HISTORY}consommations.pdf", {"mois": "2012-02"}))
    assert "Historique des consommations Février 2012 · Famille Dupont" in words
    assert f"Lun 20 DUPONT Antoine {DAY_3} 6,65 2 13,30" in words
    assert "TOTAL (€) 143,05" in words
    words = pages_of(parent.get(f"{HISTORY}reglements.pdf", {"mois": "2012-02"}))
    assert "15/02/2012 CH 795466 DUPONT Jean-Paul LEP 90,00" in words


def test_a_spreadsheet_holds_whole_dates_and_numbers(visitor, jean_paul):
    live(jean_paul, GUIDE[6:7])
    answer = visitor(jean_paul.user).get(f"{HISTORY}consommations.csv", {"mois": "2012-02"})
    assert answer["Content-Disposition"] == 'attachment; filename="consommations-2012-02.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert sheet(answer) == [
        ["Date", "Consommateur", "Activité", "Prix (€)", "Qté", "Total"],
        ["20/02/2012", "DUPONT Antoine", DAY_3, "6,65", "2", "13,30"],
        ["TOTAL (€)", "", "", "", "", "13,30"],
    ]


def test_nothing_in_a_spreadsheet_is_computed(visitor, home):
    paid_at_counter(home.wallet, 2000, date(2026, 11, 1), number="=1+1", payer="@SUM(A1)", bank="+33")
    card = paid_by_card(home.user, {home.wallet: 5000}, date(2026, 11, 1))
    refunded(card, 2500, date(2026, 11, 2))
    rows = sheet(visitor(home.user).get(f"{HISTORY}reglements.csv", {"mois": "2026-11"}))
    assert rows[2] == ["01/11/2026", "CH", "'=1+1", "'@SUM(A1)", "'+33", "20,00"]
    assert rows[3][-1] == "-25,00"
    assert rows[-1][-1] == "45,00"


@pytest.mark.parametrize("name", ["commandes.pdf", "reglements.xls", "reglements.pdf.csv", "../panier.pdf"])
def test_no_other_file_is_there(visitor, home, name):
    assert visitor(home.user).get(f"{HISTORY}{name}").status_code == 404


# --- Receipts ---------------------------------------------------------------------------------------------------------
def receipts(answer):
    return re.findall(r'href="(/reservations/historiques/recus/[^"]+)"', answer.content.decode())


def test_each_payment_has_its_receipt(visitor, home):
    leisure = wallet_with(0, home.family, Purse.objects.create(code="cdc", name="CDC PE2M"))
    card = paid_by_card(home.user, {home.wallet: 5000, leisure: 7930}, date(2026, 11, 1))
    cheque = paid_at_counter(home.wallet, 9000, date(2026, 11, 2), number="795466", payer="DUPONT J.-P.", bank="LEP")
    debited(home.wallet, 100, date(2026, 11, 1))
    parent = visitor(home.user)
    found = receipts(parent.get(PAYMENTS))
    assert found == [
        f"/reservations/historiques/recus/carte-{card.pk}.pdf",
        f"/reservations/historiques/recus/guichet-{cheque.pk}.pdf",
    ]
    words = pages_of(parent.get(found[0]))
    assert words.startswith("Parvis")
    for part in (f"Reçu n° CB-{card.pk}", "Reçu de DUPONT Claire", "Date reçu 01/11/2026", "Carte bancaire"):
        assert part in words
    for part in ("Recharge du porte-monnaie", "Porte-monnaie 50,00 €", "CDC PE2M 79,30 €", "TOTAL 129,30 €"):
        assert part in words.replace("\u00a0", " ")
    words = pages_of(parent.get(found[1]))
    for part in (f"Reçu n° G-{cheque.pk}", "Reçu de DUPONT J.-P.", "Chèque n° 795466, LEP", "TOTAL 90,00 €"):
        assert part in words.replace("\u00a0", " ")


def test_a_receipt_tells_what_was_given_back_since(visitor, home):
    card = paid_by_card(home.user, {home.wallet: 5000}, date(2026, 11, 1))
    refunded(card, 1500, date(2026, 11, 2))
    words = pages_of(visitor(home.user).get(f"/reservations/historiques/recus/carte-{card.pk}.pdf"))
    assert "Rendu depuis sur la carte : 15,00 €" in words.replace("\u00a0", " ")


def test_a_receipt_is_for_the_payer_and_for_what_was_received(visitor, home):
    other = household(0, ("Zoé", LOUANE[1]))
    cheque = paid_at_counter(other.wallet, 9000, date(2026, 11, 2))
    card = paid_by_card(other.user, {other.wallet: 5000}, date(2026, 11, 1))
    parent, theirs = visitor(home.user), visitor(other.user)
    for address in (f"guichet-{cheque.pk}", f"carte-{card.pk}"):
        assert theirs.get(f"/reservations/historiques/recus/{address}.pdf").status_code == 200
        assert parent.get(f"/reservations/historiques/recus/{address}.pdf").status_code == 404
    taken_back(cheque)
    assert theirs.get(f"/reservations/historiques/recus/guichet-{cheque.pk}.pdf").status_code == 404


@pytest.mark.parametrize("address", ["guichet-0", "guichet-99999999999999999999", "virement-1", "carte-x", "carte--1"])
def test_a_receipt_that_is_none_is_not_found(visitor, home, address):
    assert visitor(home.user).get(f"/reservations/historiques/recus/{address}.pdf").status_code == 404


def test_bookings_of_a_closed_day_are_not_consumed(home):
    done = consumed(home, home.child, LeisureFactory(), date(2026, 10, 28), 1330)
    Booking.objects.filter(pk=done.pk).update(status="closed", cancelled_at=timezone.now())
    assert consumptions(home.user, date(2026, 10, 1)).rows == []
