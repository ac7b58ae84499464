"""« Paiement CB » of guide 004: what is due, computed and editable, then the secure page."""

import re

import pytest

from common.writing.once import make_key
from tests.client import once_keys
from tests.factories.reservations import LOUANE, household
from tests.factories.wallet import spend
from tests.reservations.reading import text
from wallet.actions import wallet_of
from wallet.actions.cards import fulfil
from wallet.models import CardPayment, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stripe_double")]
PAYMENT = "/reservations/soldes-et-paiements/paiement-cb/"
MINUS = "\u2212"


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


# --- « Paiement CB » --------------------------------------------------------------------------------------------------
def pay(parent, dupont, typed="79,30", **more):
    """Press the second « Paiement CB », as the page in the browser would."""
    page = parent.get(PAYMENT)
    data = {"payer": "1", "once_key": once_keys(page)[0], "email": dupont.user.email} | amounts(dupont, typed)
    return parent.post(PAYMENT, data | more)


@pytest.mark.seed("S4-34", "S4-53")
def test_paiement_cb_leads_to_the_secure_page_and_credits_the_purse_once(visitor, dupont, stripe_double):
    parent = visitor(dupont.user)
    answer = pay(parent, dupont, email="recu@example.org")
    payment = CardPayment.objects.get()
    assert (answer.status_code, answer.url) == (302, payment.url)
    assert answer.url.startswith(stripe_double.address)
    assert (payment.cents, payment.email, payment.status) == (7930, "recu@example.org", "open")
    assert [(line.account_id, line.cents) for line in payment.lines.all()] == [(dupont.wallet.account_id, 7930)]
    assert dupont.balance == -4605
    stripe_double.pay(payment.session)
    fulfil(payment)
    fulfil(payment)
    assert dupont.balance == 3325


def test_several_purses_are_credited_by_one_payment(visitor, dupont):
    main = wallet_of(dupont.family).purse_id
    parent = visitor(dupont.user)
    pay(parent, dupont, **{f"montant_{main}": "20"})
    payment = CardPayment.objects.get()
    assert payment.cents == 9930
    assert sorted(payment.lines.values_list("cents", flat=True)) == [2000, 7930]


def test_the_first_amount_opens_the_wallet_it_fills(visitor):
    home = household(None, LOUANE)
    parent = visitor(home.user)
    page = parent.get(PAYMENT)
    field = re.search(r'name="(montant_\d+)"', page.content.decode())[1]
    parent.post(PAYMENT, {"payer": "1", "once_key": once_keys(page)[0], field: "12,50"})
    assert CardPayment.objects.get().lines.get().account_id == Wallet.objects.get(family=home.family).account_id
    assert CardPayment.objects.get().email == ""


def test_a_second_click_leads_to_the_same_page(visitor, dupont):
    parent = visitor(dupont.user)
    key = once_keys(parent.get(PAYMENT))[0]
    data = {"payer": "1", "once_key": key, "email": ""} | amounts(dupont, "79,30")
    assert parent.post(PAYMENT, data).url == parent.post(PAYMENT, data).url
    assert CardPayment.objects.count() == 1


def test_a_payment_that_goes_on_is_resumed_or_given_up_first(visitor, dupont):
    parent = visitor(dupont.user)
    stale = once_keys(parent.get(PAYMENT))[0]
    pay(parent, dupont)
    words = text(parent.get(PAYMENT)).replace("\u00a0", " ")
    assert "Un paiement de 79,30 € est en cours" in words
    answer = parent.post(PAYMENT, {"payer": "1", "once_key": stale} | amounts(dupont, "10"))
    assert "Un paiement de 79,30 € est en cours" in text(answer).replace("\u00a0", " ")
    assert CardPayment.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x", "stolen"])
def test_a_page_without_its_key_asks_for_nothing(visitor, dupont, key):
    if key == "stolen":
        key = make_key(household(0, ("Zoé", LOUANE[1])).user.owner, "top-up")
    data = {"payer": "1", "once_key": key} | amounts(dupont, "79,30")
    assert "Cette page a été ouverte il y a trop longtemps." in text(visitor(dupont.user).post(PAYMENT, data))
    assert CardPayment.objects.count() == 0


def test_recomputing_asks_for_nothing(visitor, dupont):
    parent = visitor(dupont.user)
    parent.post(PAYMENT, {"rafraichir": "1"} | amounts(dupont, "79,30"))
    parent.post(PAYMENT, amounts(dupont, "79,30"), headers={"HX-Request": "true"})
    assert CardPayment.objects.count() == 0


def test_another_familys_purse_is_not_credited(visitor, dupont):
    other = household(0, ("Zoé", LOUANE[1]))
    parent = visitor(dupont.user)
    pay(parent, dupont, **{f"montant_{other.wallet.pk}": "10", f"montant_{other.wallet.account_id}": "10"})
    accounts = set(CardPayment.objects.get().lines.values_list("account", flat=True))
    assert other.wallet.account_id not in accounts


def test_where_cards_are_not_taken_the_page_says_how_to_pay(visitor, dupont, settings):
    settings.STRIPE_SECRET_KEY = ""
    answer = visitor(dupont.user).get(PAYMENT)
    assert "Le paiement par carte n’est pas ouvert sur ce portail." in text(answer)
    assert 'href="/porte-monnaie/recharger/"' in answer.content.decode()
