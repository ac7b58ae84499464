"""« Réserver la semaine »: two requests from home, told before and after, whatever happens between."""

import re

import pytest

from reservations.models import Billing, Booking
from tests.factories.reservations import book, household
from tests.factories.wallet import spend
from tests.reservations.conftest import NEXT, booked_next
from tests.reservations.reading import text
from wallet.models import CardPayment

pytestmark = pytest.mark.django_db
WEEK = "/reservations/semaine/"


def keys(answer) -> dict:
    return dict(re.findall(r'name="(once_key_\w+)" value="([^"]+)"', answer.content.decode()))


def test_two_taps_from_home(usual, visitor):
    browser = visitor(usual.user)
    page = browser.get("/mon-compte/")
    assert "Semaine du lundi 16 novembre" in text(page)
    assert f'href="{WEEK}"' in page.content.decode()
    page = browser.get(WEEK)
    assert "Solde ensuite" in text(page)
    assert len(page.content) < 40_000
    answer = browser.post(WEEK, keys(page), follow=True)
    words = text(answer)
    assert "C’est réservé" in words
    assert "Payé avec le porte-monnaie 22,80" in words
    assert "Débité le jour venu 3,80" in words
    assert "Annulable jusqu’au dimanche 15 novembre à 23 h 59 pour le premier jour" in words
    assert booked_next() == 7
    assert "Les jours habituels sont réservés." in text(browser.get("/mon-compte/"))
    assert "Aucun jour habituel à réserver" in text(browser.get(WEEK))


def test_a_purse_too_low_leads_to_the_top_up_and_books_nothing(usual, visitor):
    browser = visitor(usual.user)
    spend(usual.wallet, usual.balance - 100)
    page = browser.get(WEEK)
    assert "Il manque" in text(page)
    assert ">Confirmer<" not in page.content.decode()
    answer = browser.post(WEEK, {"once_key_prepaid": keys(page)["once_key_prepaid"]}, follow=True)
    assert "Il manque" in text(answer)
    assert booked_next() == 0


def test_what_is_refused_of_one_way_of_paying_is_told_with_what_is_done(usual, visitor):
    browser = visitor(usual.user)
    sent = keys(browser.get(WEEK))
    usual.canteen.sessions.filter(date=NEXT[0]).update(closed_at="2026-11-12T09:00Z", closed_reason="grève")
    words = text(browser.post(WEEK, sent, follow=True))
    assert "fermé (grève)" in words
    assert "Le reste est réservé" in words
    assert set(Booking.objects.filter(session__date__in=NEXT).values_list("billing", flat=True)) == {Billing.DEFERRED}


def test_a_forged_key_is_told(usual, visitor):
    assert booked_next() == 0
    answer = visitor(usual.user).post(WEEK, {"once_key_prepaid": "faux"}, follow=True)
    assert answer.status_code == 200
    assert booked_next() == 0


def short_of_money(usual, visitor, left=1000):
    """The browser and the page of a family that has so many cents left; 3,80 € of them are still to be debited."""
    spend(usual.wallet, usual.balance - left)
    browser = visitor(usual.user)
    return browser, browser.get(WEEK)


def test_what_lacks_is_typed_in_the_top_up_which_leads_back(usual, visitor, stripe_double):
    browser, page = short_of_money(usual, visitor)
    [(cents, address)] = page.context["page"].top_ups
    assert (cents, address.partition("&")[2]) == (2040, "montant=2040&suite=/reservations/semaine/")
    form = browser.get(address)
    assert form.context["form"].initial["other"] == "20,40"
    sent = {"offered": "autre", "other": "20,40", "email": "", "once_key": form.context["once_key"]}
    browser.post(address, sent)
    payment = CardPayment.objects.get()
    assert payment.is_top_up
    stripe_double.pay(payment.session)
    answer = browser.get(f"/porte-monnaie/paiement/{payment.reference}/", follow=True)
    assert answer.request["PATH_INFO"] == WEEK
    assert "Votre paiement de 20,40" in text(answer)
    assert "C’est réservé" in text(browser.post(WEEK, keys(answer), follow=True))


def test_no_page_of_others_is_gone_back_to(usual, visitor, stripe_double):
    browser = visitor(usual.user)
    for wrong in ("https://ailleurs.example/", "//ailleurs.example", "javascript:alert(1)", "/" + "a" * 90):
        address = f"/porte-monnaie/recharger/?montant=x&suite={wrong}"
        form = browser.get(address)
        assert form.context["form"].initial["other"] is None
        browser.post(address, {"offered": "autre", "other": "20", "once_key": form.context["once_key"]})
        payment = CardPayment.objects.latest("pk")
        assert payment.purpose == "topup"
        browser.post(f"/porte-monnaie/paiement/{payment.reference}/abandonner/")


def test_by_card_the_week_goes_to_the_cart(usual, visitor, stripe_double):
    browser, page = short_of_money(usual, visitor)
    answer = browser.post(WEEK, keys(page) | {"carte": "1"}, follow=True)
    assert answer.request["PATH_INFO"] == "/reservations/panier/"
    assert "(6 produits)" in text(answer)
    assert "suite=/reservations/panier/" in answer.content.decode()
    answer = browser.post(WEEK, {"once_key_prepaid": keys(page)["once_key_prepaid"]}, follow=True)
    assert answer.request["PATH_INFO"] == "/reservations/panier/"
    assert booked_next() == 0


def test_what_is_debited_later_is_confirmed_although_the_purse_lacks(usual, visitor):
    browser, page = short_of_money(usual, visitor)
    assert "Confirmer seulement ALSH Journée, débité le jour venu" in text(page)
    answer = browser.post(WEEK, keys(page) | {"seulement": "deferred"}, follow=True)
    assert "C’est réservé" in text(answer)
    assert [each.billing for each in Booking.objects.filter(session__date__in=NEXT)] == [Billing.DEFERRED]


def test_what_is_still_to_be_debited_is_counted_before_and_not_refused_after(usual, visitor):
    browser, page = short_of_money(usual, visitor, left=2800)
    assert "Il manque 2,40 € dans votre porte-monnaie." in text(page).replace("\xa0", " ")
    assert "Confirmer seulement Cantine" in text(page)
    assert "Payer par carte" not in text(page)
    browser.post(WEEK, keys(page) | {"seulement": "prepaid"}, follow=True)
    assert booked_next() == 6
    page = browser.get(WEEK)
    assert "Il manque 2,40 €" in text(page).replace("\xa0", " ")


def test_the_done_page_is_the_familys_alone(usual, visitor):
    browser = visitor(usual.user)
    answer = browser.post(WEEK, keys(browser.get(WEEK)))
    assert visitor(household().user).get(answer.url).status_code == 404
    for wrong in ("0/", "99999999999999999999/", ""):
        assert browser.get(f"{WEEK}reservee/{wrong}").status_code == 404
    page = answer.url.partition("?")[0]
    theirs = book(household(), *usual.canteen.sessions.filter(date=NEXT[0]))[0].order_id
    for other in ("x", "0", str(theirs)):
        assert "Commande n°" in text(browser.get(f"{page}?et={other}"))


def test_days_are_chosen_in_the_calendar_of_what_is_usual(usual, visitor):
    page = visitor(usual.user).get("/mon-compte/").content.decode()
    for address in (
        f"/reservations/activite/{usual.canteen.slug}/?mois=2026-11",
        f"/reservations/activite/{usual.centre.slug}/",
    ):
        assert f'href="{address}"' in page
    fresh = visitor(household().user).get(WEEK).content.decode()
    assert 'href="/reservations/rubrique/cantine/"' in fresh
    assert 'href="/reservations/"' in fresh
