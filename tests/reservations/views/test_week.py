"""« Réserver la semaine »: two requests from home, told before and after, whatever happens between."""

import re

import pytest

from reservations.models import Billing, Booking
from tests.factories.wallet import spend
from tests.reservations.actions.test_weeks import NEXT, booked, home  # noqa: F401 – the family with a usual week
from tests.reservations.reading import text

pytestmark = pytest.mark.django_db
WEEK = "/reservations/semaine/"


def keys(answer) -> dict:
    return dict(re.findall(r'name="(once_key_\w+)" value="([^"]+)"', answer.content.decode()))


def test_two_taps_from_home(home, visitor):  # noqa: F811
    browser = visitor(home.user)
    page = browser.get("/mon-compte/")
    assert "Semaine du lundi 16 novembre" in text(page)
    assert f'href="{WEEK}"' in page.content.decode()
    page = browser.get(WEEK)
    assert "Solde ensuite" in text(page)
    assert len(page.content) < 40_000
    answer = browser.post(WEEK, keys(page), follow=True)
    assert "Votre semaine est réservée." in text(answer)
    assert booked() == 7
    assert "Aucun jour habituel à réserver" in text(browser.get(WEEK))


def test_a_purse_too_low_leads_to_the_top_up_and_books_nothing(home, visitor):  # noqa: F811
    browser = visitor(home.user)
    spend(home.wallet, home.balance - 100)
    page = browser.get(WEEK)
    assert "Il manque" in text(page)
    assert ">Confirmer<" not in page.content.decode()
    answer = browser.post(WEEK, {"once_key_prepaid": keys(page)["once_key_prepaid"]}, follow=True)
    assert "Il manque" in text(answer)
    assert booked() == 0


def test_what_is_refused_of_one_way_of_paying_is_told_with_what_is_done(home, visitor):  # noqa: F811
    browser = visitor(home.user)
    sent = keys(browser.get(WEEK))
    home.canteen.sessions.filter(date=NEXT[0]).update(closed_at="2026-11-12T09:00Z", closed_reason="grève")
    words = text(browser.post(WEEK, sent, follow=True))
    assert "fermé (grève)" in words
    assert "Le reste est réservé" in words
    assert set(Booking.objects.filter(session__date__in=NEXT).values_list("billing", flat=True)) == {Billing.DEFERRED}


def test_a_forged_key_is_told(home, visitor):  # noqa: F811
    assert booked() == 0
    answer = visitor(home.user).post(WEEK, {"once_key_prepaid": "faux"}, follow=True)
    assert answer.status_code == 200
    assert booked() == 0
