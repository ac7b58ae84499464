"""« Soldes et paiements » of guide 004: each purse as it stands, what is coming, what is due."""

import re
from datetime import date

import pytest

from reservations.reads.books.balances import PurseLine, last_day_to_debit, read_balances
from tests.client import once_keys
from tests.factories.money import consumed, debited
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    TUESDAY,
    LeisureFactory,
    choose,
    household,
    sessions,
)
from tests.factories.wallet import spend, wallet_with
from tests.reservations.reading import text
from wallet.models import DirectDebit, Purse, Wallet

pytestmark = pytest.mark.django_db
BALANCES = "/reservations/soldes-et-paiements/"
PAYMENT = f"{BALANCES}paiement-cb/"
MINUS = "\u2212"


def rows(response):
    """The rows of the page's table, as words."""
    body = response.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>.*?</tr>", body, re.S)
    ]


@pytest.mark.seed("S4-47")
def test_what_is_due_brings_the_new_balance_to_zero():
    line = PurseLine(Purse(), balance=-4605, cost=3325)
    assert (line.new_balance, line.due, line.owed) == (-7930, 7930, 4605)
    paid = PurseLine(Purse(), balance=5000, cost=3325)
    assert (paid.new_balance, paid.due, paid.owed) == (1675, 0, 0)


def test_an_announced_direct_debit_is_not_asked_again():
    assert PurseLine(Purse(), balance=-4605, cost=3325, pending=4605).due == 3325
    assert PurseLine(Purse(), balance=-4605, cost=3325, pending=9000).due == 0
    assert [PurseLine(Purse(), balance=-4605, pending=cents).asked for cents in (0, 4000, 4605, 9000)] == [
        4605,
        605,
        0,
        0,
    ]


def test_purses_that_do_not_pay_for_each_other_are_never_added_up(visitor):
    home = household(5760, LOUANE)
    other = wallet_with(0, home.family, Purse.objects.create(code="restauration", name="RESTAURATION"))
    spend(other, 1990, kind="deferred_debit")
    words = text(visitor(home.user).get(BALANCES)).replace("\u00a0", " ")
    assert "Porte-monnaie Votre crédit : 57,60 € Montant des réservations : 0,00 € Solde estimé : 57,60 €" in words
    assert f"RESTAURATION Votre crédit : {MINUS}19,90 € Montant des réservations : 0,00 €" in words
    assert "RESTAURATION, reste dû : 19,90 € . Votre prochain paiement le règle en premier." in words
    assert "Reste dû 19,90 € pour RESTAURATION" in words  # in the header
    assert "37,70" not in words
    debited(other, 1990, FRIDAY, status="pending")
    words = text(visitor(home.user).get(BALANCES)).replace("\u00a0", " ")
    assert "RESTAURATION, reste dû : 19,90 € . Le prélèvement annoncé le règle : vous n’avez rien à faire." in words
    assert "Reste dû" not in words


@pytest.mark.seed("S4-33", "S4-35", "S4-36", "S4-37", "S4-42", "S4-43", "S4-44", "S4-45")
def test_the_table_and_the_line_of_the_guide(visitor, dupont):
    answer = visitor(dupont.user).get(BALANCES)
    words = text(answer)
    assert "Type de réservations / Porte-monnaie Solde Coût estimé Nouveau solde" in words
    assert rows(answer) == [
        ["Porte-monnaie", "0,00 €", "0,00 €", "0,00 €"],
        ["CDC PE2M - APS ET CLSH", f"{MINUS}46,05 €", "33,25 €", f"{MINUS}79,30 €"],
    ]
    assert (
        f"Votre crédit : {MINUS}46,05 € Montant des réservations : 33,25 € Solde estimé : {MINUS}79,30 €"
    ) in words.replace("\u00a0", " ")
    assert "Reste dû : 46,05 €" in words
    assert re.search(rf'<a class="btn btn-primary" href="{PAYMENT}">.*Paiement CB</a>', answer.content.decode())


@pytest.mark.seed("S4-41")
def test_a_family_has_a_row_for_each_of_its_purses(visitor):
    home = household(1200, LOUANE)
    for code, name in (("restauration", "RESTAURATION"), ("periscolaire", "PERISCOLAIRE")):
        wallet_with(0, home.family, Purse.objects.create(code=code, name=name))
    assert [row[0] for row in rows(visitor(home.user).get(BALANCES))] == [
        "Porte-monnaie",
        "PERISCOLAIRE",
        "RESTAURATION",
    ]


def test_a_family_without_a_movement_reads_its_empty_purse_and_reading_opens_none(visitor):
    home = household(None, LOUANE)
    answer = visitor(home.user).get(BALANCES)
    assert rows(answer) == [["Porte-monnaie", "0,00 €", "0,00 €", "0,00 €"]]
    assert Wallet.objects.count() == 0


@pytest.mark.seed("S4-38", "S4-39")
def test_the_estimate_covers_all_bookings_unless_a_day_is_given(visitor, dupont):
    parent = visitor(dupont.user)
    assert 'value="2026-11-13"' in parent.get(BALANCES).content.decode()
    costs = {
        day: rows(parent.get(BALANCES, {"jusquau": day}))[1][2]
        for day in ("", "2026-11-09", "2026-11-10", "2026-11-12", "12/11/2026", "2026-11-13", "9999-12-31")
    }
    assert costs == {
        "": "33,25 €",
        "2026-11-09": "0,00 €",
        "2026-11-10": "13,30 €",
        "2026-11-12": "26,60 €",
        "12/11/2026": "26,60 €",
        "2026-11-13": "33,25 €",
        "9999-12-31": "33,25 €",
    }


@pytest.mark.seed("S4-40")
def test_only_what_is_not_debited_yet_is_estimated(dupont):
    done = consumed(dupont, dupont.child, LeisureFactory(), date(2026, 10, 5), 1330)
    assert [line.cost for line in read_balances(dupont.user).lines] == [1330, 3325]
    type(done).objects.filter(pk=done.pk).update(cents=0, debited_at="2026-10-06T02:10+02:00")
    type(done.order).objects.filter(pk=done.order_id).update(booked_cents=0)
    assert [line.cost for line in read_balances(dupont.user).lines] == [0, 3325]
    assert last_day_to_debit(dupont.user) == FRIDAY


@pytest.mark.parametrize("day", ["2026-11-01", "0001-01-01", "hier", "2026-13-45", "'", "\x00", "9" * 400])
def test_a_day_that_cannot_be_is_told_and_all_bookings_count(visitor, dupont, day):
    answer = visitor(dupont.user).get(BALANCES, {"jusquau": day})
    assert answer.status_code == 200
    assert rows(answer)[1][2] == "33,25 €"
    assert "Une erreur est à corriger" in text(answer)
    assert "toutes vos réservations comptent" in text(answer)


def test_a_pending_direct_debit_is_shown_and_subtracted(visitor, dupont):
    debited(dupont.wallet, 4605, date(2026, 11, 20), status="pending")
    parent = visitor(dupont.user)
    assert rows(parent.get(BALANCES))[1] == [
        "CDC PE2M - APS ET CLSH",
        f"{MINUS}46,05 €",
        "33,25 €",
        "46,05 €",
        f"{MINUS}33,25 €",
    ]
    assert [line.due for line in read_balances(dupont.user).lines] == [0, 3325]
    DirectDebit.objects.update(status="rejected", rejected_at="2026-11-21T08:00Z")
    assert [line.due for line in read_balances(dupont.user).lines] == [0, 7930]


# --- After « Valider » ------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-79")
def test_after_a_deferred_request_a_payment_is_offered(visitor, purse):
    home = household(None, LOUANE)
    activity = LeisureFactory(purse=purse, cents=1330)
    sessions(activity, TUESDAY)
    choose(home, activity, TUESDAY)
    parent = visitor(home.user)
    key = once_keys(parent.get("/reservations/demandes/"))[0]
    answer = parent.post("/reservations/demandes/", {"once_key": key}, follow=True)
    words, page = text(answer), answer.content.decode()
    assert "Souhaitez-vous effectuer un paiement" in words
    assert (
        "Votre demande 13,30 € Votre crédit 0,00 € Montant des réservations 13,30 € Montant à créditer 13,30 €" in words
    )
    order = home.family.orders.get()
    assert re.search(rf'href="{PAYMENT}">.*Effectuer un paiement</a>', page)
    assert re.search(rf'href="/reservations/commandes/{order.pk}/">.*Plus tard</a>', page)


def test_who_only_gave_days_back_is_asked_for_nothing(visitor, dupont):
    activity = dupont.family.bookings.first().session.activity
    choose(dupont, activity, TUESDAY)
    parent = visitor(dupont.user)
    key = once_keys(parent.get("/reservations/demandes/"))[0]
    answer = parent.post("/reservations/demandes/", {"once_key": key}, follow=True)
    assert re.fullmatch(r"/reservations/commandes/\d+/", answer.redirect_chain[-1][0])


def test_the_offer_is_for_the_family_that_asked(visitor, dupont):
    order = dupont.family.orders.first()
    stranger = visitor(household(0, ("Zoé", LOUANE[1])).user)
    assert stranger.get(f"/reservations/commandes/{order.pk}/paiement/").status_code == 404
