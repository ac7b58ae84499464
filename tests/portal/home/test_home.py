"""The home pages: news of the commune, opening dates of bookings."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from portal.models import News
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, UserFactory
from tests.factories.families import parent_of
from tests.factories.reservations import ActivityFactory, instant

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/portal/news/", "/admin/portal/news/add/"


def news(title, commune=None, **fields) -> News:
    return News.objects.create(title=title, text="Bonjour.", commune=commune, **fields)


def shown(browser, page="/") -> list[str]:
    """The titles of the news on a page, in order."""
    return [item.title for item in browser.get(page).context["news"]]


@pytest.fixture
def today():
    return timezone.localdate()


def test_news_stand_on_the_home_page_from_their_first_to_their_last_day(client, today):
    news("Hier", shown_from=today - timedelta(9), shown_until=today - timedelta(1))
    news("Dernier jour", shown_from=today - timedelta(8), shown_until=today)
    news("Premier jour", shown_from=today)
    news("Demain", shown_from=today + timedelta(1))
    assert shown(client) == ["Premier jour", "Dernier jour"]


def test_a_signed_in_person_reads_the_news_of_their_commune_and_of_all(visitor, client):
    cestas, coubon = CommuneFactory(name="Cestas"), CommuneFactory(name="Coubon")
    for title, commune in [("À tous", None), ("Cestas", cestas), ("Coubon", coubon)]:
        news(title, commune)
    parent = parent_of(commune=cestas)
    assert shown(visitor(parent)) == ["Cestas", "À tous"]
    assert shown(visitor(parent), "/mon-compte/") == ["Cestas", "À tous"]
    assert shown(client) == ["Coubon", "Cestas", "À tous"]


def test_a_news_is_text_and_never_html(client):
    News.objects.create(title="<b>Titre</b>", text="<script>alert(1)</script>\n\nVoir https://exemple.fr/menus")
    page = client.get("/").content.decode()
    assert "<b>Titre</b>" not in page
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in page
    assert '<a href="https://exemple.fr/menus" rel="nofollow">https://exemple.fr/menus</a>' in page


def test_news_that_end_before_they_begin_cannot_be_kept(today):
    with pytest.raises(IntegrityError, match="news_dates"):
        news("À l’envers", shown_from=today, shown_until=today - timedelta(1))


@pytest.mark.seed("S4-9", "S4-122")
def test_the_home_says_when_bookings_open_and_close(visitor, client):
    now = timezone.now()
    cestas = CommuneFactory(name="Cestas")
    later = now + timedelta(10)
    centre = ActivityFactory(name="ALSH Matin", service__commune=cestas, booking_opens_at=later)
    centre.residents_open_at = now + timedelta(5)
    centre.save()
    ActivityFactory(name="Cantine", service__commune=cestas, booking_closes_at=now + timedelta(30))
    ActivityFactory(name="Toujours ouverte", service__commune=cestas)
    ActivityFactory(name="Finie", service__commune=cestas, booking_closes_at=now - timedelta(1))
    ActivityFactory(name="Ailleurs", service__commune__name="Coubon", booking_closes_at=now + timedelta(30))
    parent = parent_of(commune=cestas)
    for page in ("/", "/mon-compte/"):
        [dates] = visitor(parent).get(page).context["dates"]
        assert (dates.commune, [a.name for a in dates.opening], [a.name for a in dates.closing]) == (
            "Cestas",
            ["ALSH Matin"],
            ["Cantine"],
        )
        text = visitor(parent).get(page).content.decode()
        assert "ouverture des réservations aux résidents le" in text
        assert "réservations ouvertes jusqu’au" in text
    assert [dates.commune for dates in client.get("/").context["dates"]] == ["Cestas", "Coubon"]


def test_dates_of_a_closed_activity_are_not_told(client):
    ActivityFactory(is_open=False, booking_opens_at=instant(date(2100, 1, 1)))
    assert client.get("/").context["dates"] == []


# --- Agents -----------------------------------------------------------------------------------------------------------
def written(commune, **fields) -> dict:
    told = {"commune": (commune and commune.pk) or "", "title": "Grève", "text": "Jeudi.", "shown_from": "2026-11-10"}
    return told | {"shown_until": ""} | fields


def test_an_agent_writes_to_their_communes_only(visitor):
    mine, other = CommuneFactory(), CommuneFactory()
    browser = visitor(AgentFactory(communes=[mine]))
    assert browser.post(ADD, written(mine)).status_code == 302
    assert News.objects.get().commune == mine
    for commune in (other, None):
        refused = browser.post(ADD, written(commune))
        assert "commune" in refused.context["adminform"].form.errors
    assert News.objects.count() == 1


def test_what_is_said_to_all_is_the_managers(visitor):
    assert visitor(ManagerFactory()).post(ADD, written(None)).status_code == 302
    mine = CommuneFactory()
    row = News.objects.get()
    agent = visitor(AgentFactory(communes=[mine]))
    assert agent.get(f"{LIST}{row.pk}/change/").status_code == 404
    assert "Grève" not in agent.get(LIST).content.decode()


def test_wrong_dates_are_told_on_the_form(visitor):
    mine = CommuneFactory()
    answer = visitor(AgentFactory(communes=[mine])).post(ADD, written(mine, shown_until="2026-11-09"))
    assert "L’actualité finit avant de commencer." in answer.content.decode()


def test_a_person_without_a_family_reads_the_home(visitor):
    assert visitor(UserFactory()).get("/").status_code == 200
