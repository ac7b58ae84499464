"""« Soldes et paiements » of guide 004: each purse as it stands, what is coming, what is due."""

import re
from datetime import date

import pytest

from reservations.balances import PurseLine, last_day_to_debit, read_balances
from tests.client import once_keys
from tests.factories.money import consumed, debited
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THURSDAY,
    TUESDAY,
    LeisureFactory,
    book,
    choose,
    household,
    sessions,
)
from tests.factories.wallet import spend, wallet_with
from tests.reservations.reading import text
from wallet.actions import set_floor
from wallet.models import DirectDebit, Purse, Wallet

pytestmark = pytest.mark.django_db
BALANCES = "/reservations/soldes-et-paiements/"
PAYMENT = f"{BALANCES}paiement-cb/"
MINUS = "\u2212"


@pytest.fixture
def purse(db):
    made = Purse.objects.create(code="cdc", name="CDC PE2M - APS ET CLSH")
    set_floor(made, -15000)
    made.refresh_from_db()
    return made


@pytest.fixture
def dupont(purse):
    """Owes 46,05 € and has booked for 33,25 € more: Tuesday and Thursday at 13,30 €, Friday at 6,65 €."""
    home = household(None, LOUANE)
    wallet = wallet_with(0, home.family, purse)
    whole, half = LeisureFactory(purse=purse, cents=1330), LeisureFactory(purse=purse, cents=665)
    book(home, *sessions(whole, TUESDAY, THURSDAY))
    book(home, *sessions(half, FRIDAY))
    spend(wallet, 4605, kind="deferred_debit")
    home.wallet = wallet
    return home


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
    assert rows(visitor(home.user).get(PAYMENT))[0][0] == "Porte-monnaie"
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
    assert read_balances(dupont.user).cost == 4655
    type(done).objects.filter(pk=done.pk).update(cents=0, debited_at="2026-10-06T02:10+02:00")
    type(done.order).objects.filter(pk=done.order_id).update(booked_cents=0)
    assert read_balances(dupont.user).cost == 3325
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
    assert 'value="33,25"' in parent.get(PAYMENT).content.decode()
    DirectDebit.objects.update(status="rejected", rejected_at="2026-11-21T08:00Z")
    assert 'value="79,30"' in parent.get(PAYMENT).content.decode()


# --- The payment page -------------------------------------------------------------------------------------------------
def amounts(dupont, text):
    """What the form sends when this is typed for the leisure centre."""
    return {f"montant_{dupont.wallet.purse_id}": text}


@pytest.mark.seed("S4-46", "S4-47", "S4-50", "S4-51")
def test_the_payment_page_computes_what_is_due_to_the_cent(visitor, dupont):
    answer = visitor(dupont.user).get(PAYMENT)
    words = text(answer)
    assert "Porte-monnaie Solde Coût estimé Montant à créditer Nouveau solde" in words
    assert f"CDC PE2M - APS ET CLSH {MINUS}46,05 € 33,25 € Montant à créditer, CDC PE2M - APS ET CLSH 0,00 €" in words
    page = answer.content.decode()
    assert re.findall(r'name="montant_\d+" value="([^"]*)"', page) == ["0,00", "79,30"]
    assert "TOTAL Paiement (€) 79,30 €" in words
    assert f'name="email" value="{dupont.user.email}"' in page
    assert len(once_keys(answer)) == 1


def test_what_is_due_stops_at_the_day_chosen_before(visitor, dupont):
    page = visitor(dupont.user).get(PAYMENT, {"jusquau": "2026-11-10"}).content.decode()
    assert 'value="59,35"' in page


@pytest.mark.seed("S4-48", "S4-49")
@pytest.mark.parametrize(
    ("typed", "balance", "total"),
    [
        ("79,30", "0,00 €", "79,30 €"),
        ("79,00", f"{MINUS}0,30 €", "79,00 €"),
        ("79.00", f"{MINUS}0,30 €", "79,00 €"),
        (" 100 ", "20,70 €", "100,00 €"),
        ("", f"{MINUS}79,30 €", "0,00 €"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "total"}], ids=["Rafraîchir", "htmx"])
def test_the_new_balance_follows_the_typed_amount(visitor, dupont, typed, balance, total, headers):
    answer = visitor(dupont.user).post(PAYMENT, amounts(dupont, typed), headers=headers)
    page = answer.content.decode()
    assert re.search(rf'<output id="nouveau-{dupont.wallet.purse_id}"[^>]*>(.*?)</output>', page)[1] == balance.replace(
        " ", "\u00a0"
    )
    assert total.replace(" ", "\u00a0") in page
    assert ("<html" in page) == (not headers)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-5", "Le montant ne peut pas être négatif."),
        ("−5,00", "Le montant ne peut pas être négatif."),
        ("beaucoup", "Écrivez un montant en euros, comme 15,20."),
        ("1,234", "Écrivez un montant en euros, comme 15,20."),
        ("1e3", "Écrivez un montant en euros, comme 15,20."),
        ("\x00", "Écrivez un montant en euros, comme 15,20."),
        ("500,01", "Au plus 500,00 € par porte-monnaie."),
        ("9" * 9, "Au plus 500,00 € par porte-monnaie."),
        ("9" * 5000, "Écrivez un montant en euros, comme 15,20."),
        ("0,49", "Un paiement par carte est d’au moins 0,50 €."),
        ("0", "Un paiement par carte est d’au moins 0,50 €."),
        ("", "Un paiement par carte est d’au moins 0,50 €."),
    ],
)
def test_an_amount_that_cannot_be_paid_is_told(visitor, dupont, typed, sentence):
    answer = visitor(dupont.user).post(PAYMENT, amounts(dupont, typed) | {"payer": "1", "once_key": "x"})
    assert answer.status_code == 200
    assert sentence in text(answer)


@pytest.mark.parametrize("email", ["claire", "a@b", "x" * 400 + "@example.org"])
def test_an_address_that_is_none_is_told(visitor, dupont, email):
    data = amounts(dupont, "79,30") | {"payer": "1", "email": email}
    assert "E-mail :" in text(visitor(dupont.user).post(PAYMENT, data)).split("à corriger")[1]


def test_more_than_one_payment_allows_is_proposed_in_part(visitor, dupont):
    spend(dupont.wallet, 50000, kind="deferred_debit")
    answer = visitor(dupont.user).get(PAYMENT)
    assert 'value="500,00"' in answer.content.decode()
    assert "Un paiement est de 500,00 € au plus par porte-monnaie" in text(answer)


def test_who_owes_nothing_is_told(visitor):
    assert "Vous ne devez rien." in text(visitor(household(1000, LOUANE).user).get(PAYMENT))


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
    assert 'value="13,30"' in parent.get(PAYMENT).content.decode()


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
