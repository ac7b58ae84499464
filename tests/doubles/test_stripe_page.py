"""The payment page, as a browser without scripts reads it."""

import http.client
import re
from urllib.parse import urlencode, urlsplit

import pytest

from tests.doubles.stripe import cards
from tests.doubles.test_stripe import BACK, a_payment
from wallet.gateways import stripe as gateway


def visit(address, **form):
    """The status, the text and the headers that a browser gets; with a form, by POST."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc)
    body = urlencode(form) if form else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    connection.request(
        "POST" if form else "GET", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers
    )
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, dict(answer.getheaders())


@pytest.fixture
def page(stripe_double):
    return gateway.create_checkout(a_payment(), BACK)


def test_the_page_says_what_is_paid_and_that_no_card_is_debited(page):
    status, text, headers = visit(page.url)
    assert status == 200
    assert "Bac à sable : aucune carte réelle n’est débitée." in text
    assert '<h1 id="bill">Porte-monnaie RESTAURATION</h1>' in text
    assert text.count("15,20\u00a0€") == 2
    assert f'<a href="{BACK}?retour=1">' in text
    assert [card.spaced for card in cards.KNOWN if card.spaced not in text] == []
    assert headers["Cache-Control"] == "no-store"


def test_the_page_has_no_script_and_no_style_of_its_own(page):
    texts = [
        visit(page.url)[1],
        visit(page.url, card="4000000000000002")[1],
        visit(page.url, card="4000002500003155")[1],
    ]
    assert [re.findall(r"<script|<style|\sstyle=|\son\w+=|javascript:", text) for text in texts] == [[], [], []]


def test_an_accepted_card_leads_back_to_the_portal(stripe_double, page):
    status, _, headers = visit(page.url, card="4242 4242 4242 4242")
    assert (status, headers["Location"]) == (303, BACK)
    assert gateway.read_checkout(page.id).paid


def test_the_address_of_the_return_may_name_the_page(stripe_double):
    opened = gateway.create_checkout(a_payment(), f"{BACK}?page={{CHECKOUT_SESSION_ID}}")
    assert visit(opened.url, card=cards.ACCEPTED)[2]["Location"] == f"{BACK}?page={opened.id}"


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ("4000 0000 0000 0002", "Votre carte a été refusée. Essayez avec une autre carte."),
        ("4000000000009995", "Votre carte n’est pas assez approvisionnée. Essayez avec une autre carte."),
        ("4000000000000069", "Votre carte a expiré. Essayez avec une autre carte."),
        ("4000000000000127", "Le code de sécurité de votre carte est incorrect."),
        ("4242424242424241", "Votre numéro de carte n’est pas valide."),
        ("4970101234567898", "Votre numéro de carte n’est pas valide."),
        ("4970101122334422", "Ce n’est pas une carte d’essai : ici, aucune carte réelle n’est acceptée."),
    ],
)
def test_a_refused_card_is_told_and_may_be_changed(page, card, sentence):
    status, text, _ = visit(page.url, card=card)
    assert status == 200
    assert f'<p id="alert" role="alert">{sentence}</p>' in text
    assert f'value="{card}"' in text
    assert 'aria-describedby="hint alert" aria-invalid="true"' in text
    assert gateway.read_checkout(page.id).status == "open"
    assert visit(page.url, card=cards.ACCEPTED)[0] == 303


@pytest.mark.parametrize(("said", "status", "paid"), [("yes", 303, True), ("no", 200, False)])
def test_the_bank_asks_before_it_pays(page, said, status, paid):
    asked = visit(page.url, card="4000002500003155")
    assert asked[0] == 200
    assert "Pour la carte qui se termine par 3155, votre banque demande si c’est bien vous" in asked[1]
    answered = visit(page.url, card="4000002500003155", confirmed=said)
    assert (answered[0], gateway.read_checkout(page.id).paid) == (status, paid)
    assert ("Votre banque n’a pas confirmé le paiement." in answered[1]) is not paid


def test_a_page_that_ended_says_so_and_takes_no_card(stripe_double, page):
    stripe_double.expire(page.id)
    for status, text, _ in (visit(page.url), visit(page.url, card=cards.ACCEPTED)):
        assert status == 200
        assert "Cette page de paiement est fermée" in text
        assert f'<a href="{BACK}?retour=1">Retour au portail</a>' in text
    paid = gateway.create_checkout(a_payment(), BACK)
    stripe_double.pay(paid.id)
    assert "Ce paiement est déjà fait" in visit(paid.url, card=cards.ACCEPTED)[1]
    assert len([intent for intent in stripe_double.intents() if intent["status"] == "succeeded"]) == 1


def test_what_was_typed_is_shown_as_text(stripe_double):
    opened = gateway.create_checkout(a_payment(label="<b>Cantine</b> & goûter"), BACK)
    text = visit(opened.url, card='"><script>alert(1)</script>')[1]
    assert "&lt;b&gt;Cantine&lt;/b&gt; &amp; goûter" in text
    assert "<script>" not in text


def test_a_number_is_copied_into_the_field(page):
    assert 'value="4000 0000 0000 9995"' in visit(f"{page.url}?card=4000000000009995")[1]


@pytest.mark.parametrize("path", ["/", "/c/pay/cs_none", "/c/pay/", "/etc/passwd", "/page.css/.."])
def test_there_is_nothing_elsewhere(stripe_double, path):
    status, text, _ = visit(stripe_double.address + path)
    assert status == 404
    assert "Aucun paiement n’attend à cette adresse." in text


def test_amounts_are_written_as_in_france(stripe_double):
    opened = gateway.create_checkout(a_payment(cents=123405), BACK)
    assert "1\u202f234,05\u00a0€" in visit(opened.url)[1]
