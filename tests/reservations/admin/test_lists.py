"""Agents see and open the activities, days, bookings and orders of their communes only; nobody edits a booking."""

from datetime import date

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reservations.actions import refresh_sessions
from reservations.models import Booking, OpeningRule
from tests.client import PortalClient
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    cancel,
    household,
    session,
    sessions,
)
from tests.factories.services import AudienceFactory, ServiceFactory
from tests.reservations.agents import told, url, words

pytestmark = pytest.mark.django_db
TABLES = ["activity", "session", "booking", "order"]


class Town:
    """A commune with an activity, a day, a booking and its order."""

    def __init__(self, name: str, child: str):
        self.commune = CommuneFactory(name=name)
        self.service = ServiceFactory(commune=self.commune, name="Cantine", access="open")
        self.activity = ActivityFactory(service=self.service, name=f"Repas {name}")
        self.session = session(self.activity)
        self.home = household(10_000, (child, LOUANE[1]), commune=self.commune, last_name=f"De{name}")
        self.booking = book(self.home, self.session)[0]
        self.order = self.booking.order

    def row(self, table: str):
        return getattr(self, table)


@pytest.fixture
def here():
    return Town("Baneins", "Louane")


@pytest.fixture
def there():
    return Town("Coubon", "Malo")


@pytest.fixture
def browser(visitor, here):
    """The signed-in browser of an agent of Baneins."""
    return visitor(AgentFactory(communes=[here.commune]))


def found(response) -> list:
    return list(response.context["cl"].queryset)


# The communes of an agent


@pytest.mark.parametrize("table", TABLES)
def test_an_agent_lists_the_rows_of_their_communes(browser, here, there, table):
    response = browser.get(url(table))
    assert found(response) == [here.row(table)]
    assert "Malo" not in words(response)
    assert "Coubon" not in words(response)


@pytest.mark.parametrize("table", TABLES)
def test_a_manager_lists_all_rows(visitor, here, there, table):
    assert set(found(visitor(ManagerFactory()).get(url(table)))) == {here.row(table), there.row(table)}


@pytest.mark.parametrize("table", TABLES)
def test_an_agent_without_a_commune_lists_nothing(visitor, here, table):
    assert found(visitor(AgentFactory()).get(url(table))) == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_row_of_another_commune_is_not_found(browser, here, there, table, page):
    expected = 403 if page == "delete" else 200
    assert browser.get(url(table, page, here.row(table).pk), follow=True).status_code == expected
    assert browser.get(url(table, page, there.row(table).pk)).status_code == 404
    assert browser.get(url(table, page, "xyz")).status_code == 404


@pytest.mark.parametrize("table", TABLES)
def test_posting_to_a_row_of_another_commune_is_not_found(browser, there, table):
    assert browser.post(url(table, "change", there.row(table).pk), {"name": "Pris"}).status_code == 404
    there.activity.refresh_from_db()
    assert there.activity.name == "Repas Coubon"


def test_the_history_of_another_commune_is_not_read(browser, there):
    content_type = ContentType.objects.get_for_model(there.activity)
    LogEntry.objects.create(
        user=ManagerFactory(),
        content_type=content_type,
        object_id=there.activity.pk,
        object_repr="Repas Coubon",
        action_flag=CHANGE,
        change_message="Prix secret",
    )
    assert browser.get(url("activity", "history", there.activity.pk)).status_code == 404
    assert "Repas Coubon" not in browser.get("/admin/").content.decode()


def test_a_new_activity_offers_the_services_and_situations_of_the_agents_communes(browser, here, there):
    own, other = AudienceFactory(service=here.service), AudienceFactory(service=there.service)
    response = browser.get(url("activity", "add"))
    form = response.context["adminform"].form
    assert list(form.fields["service"].queryset) == [here.service]
    page = response.content.decode()
    assert (f">{own}<" in page, f">{other}<" in page) == (True, False)


def test_a_forged_service_is_refused(browser, there):
    response = browser.post(url("activity", "add"), {"service": there.service.pk, "name": "Pris"})
    assert response.status_code == 200
    assert "service" in response.context["adminform"].form.errors
    assert there.service.activities.count() == 1


def test_autocomplete_finds_the_services_of_the_agents_communes(browser, here, there):
    fields = {"app_label": "reservations", "model_name": "activity", "field_name": "service"}
    answer = browser.get("/admin/autocomplete/", fields).json()
    assert [row["text"] for row in answer["results"]] == [str(here.service)]
    assert browser.get("/admin/autocomplete/", fields | {"term": "Coubon"}).json()["results"] == []


def test_an_action_on_an_activity_of_another_commune_does_nothing(browser, there):
    OpeningRule.objects.create(
        activity=there.activity, weekdays=[0], period="term", first=date(2026, 9, 1), last=date(2027, 8, 31)
    )
    fields = {"action": "open_next_year", "_selected_action": [there.activity.pk], "year": "2027"}
    browser.post(url("activity"), fields)
    assert there.activity.opening_rules.count() == 1


def test_the_filters_name_only_what_is_of_the_agents_communes(browser, here, there):
    for table in ("session", "booking"):
        assert "Repas Coubon" not in browser.get(url(table)).content.decode()
        forged = browser.get(url(table), {"activite": there.activity.pk})
        assert found(forged) == [here.row(table)]


def test_a_forged_lookup_reads_nothing_of_another_commune(browser, there):
    for table, lookup in (("booking", "member__first_name__startswith"), ("order", "family__name__startswith")):
        assert browser.get(url(table), {lookup: "M"}).status_code in (302, 400)


@pytest.mark.parametrize("table", TABLES)
def test_nobody_enters_without_a_second_factor(here, table):
    for person in (AgentFactory(communes=[here.commune]), ManagerFactory(), here.home.user):
        client = PortalClient()
        client.force_login(person)
        for page in (url(table), url(table, "change", here.row(table).pk), url(table, "history", here.row(table).pk)):
            assert client.get(page).status_code == 302
            assert client.post(page).status_code == 302
    assert PortalClient().get(url(table)).status_code == 302


@pytest.mark.parametrize("table", ["session", "booking", "order"])
def test_days_bookings_and_orders_are_only_read(visitor, here, table):
    for person in (AgentFactory(communes=[here.commune]), ManagerFactory()):
        client = visitor(person)
        assert client.get(url(table, "add")).status_code == 403
        assert client.post(url(table, "change", here.row(table).pk), {"status": "cancelled"}).status_code == 403
        assert client.post(url(table, "delete", here.row(table).pk), {"post": "yes"}).status_code == 403
    assert Booking.objects.get().status == "booked"


def test_an_activity_is_closed_never_deleted(visitor, here):
    for person in (AgentFactory(communes=[here.commune]), ManagerFactory()):
        client = visitor(person)
        assert client.post(url("activity", "delete", here.activity.pk), {"post": "yes"}).status_code == 403
        client.post(
            url("activity"), {"action": "delete_selected", "_selected_action": [here.activity.pk], "post": "yes"}
        )
    here.activity.refresh_from_db()


# What the lists say


def test_days_to_come_are_listed_with_what_is_booked(browser, here):
    session(here.activity, date(2026, 10, 1))
    later = session(here.activity, THURSDAY, capacity=24)
    response = browser.get(url("session"))
    assert found(response) == [here.session, later]
    assert [row.number for row in found(response)] == [1, 0]
    page = words(response)
    assert "mardi 10 novembre Repas Baneins – Baneins 1 lundi 9 novembre à 23 h 59 Ouverte" in page
    assert "jeudi 12 novembre Repas Baneins – Baneins 0 sur 24 mercredi 11 novembre à 23 h 59 Ouverte" in page


@pytest.mark.parametrize(
    ("when", "dates"),
    [
        ("jour", [date(2026, 11, 2)]),
        ("semaine", [date(2026, 11, 2), date(2026, 11, 5)]),
        ("passe", [date(2026, 10, 1)]),
        ("tout", [date(2026, 10, 1), date(2026, 11, 2), date(2026, 11, 5), TUESDAY]),
        ("n’importe", [date(2026, 11, 2), date(2026, 11, 5), TUESDAY]),
    ],
)
def test_days_are_found_by_period(browser, here, when, dates):
    sessions(here.activity, date(2026, 10, 1), date(2026, 11, 2), date(2026, 11, 5))
    assert [row.date for row in found(browser.get(url("session"), {"quand": when}))] == dates


def test_days_are_found_by_activity(browser, here):
    other = session(ActivityFactory(service=here.service, name="Goûter"))
    assert found(browser.get(url("session"), {"activite": other.activity.pk})) == [other]
    assert set(found(browser.get(url("session"), {"activite": "xyz"}))) == {here.session, other}


def test_the_page_of_a_day_names_who_comes(browser, here):
    page = words(browser.get(url("session", "change", here.session.pk)))
    assert "Louane Dupont" in page
    assert "3,80 €" in page


@pytest.mark.parametrize("term", ["louane", "debaneins", "{reference}", "louane {reference}"])
def test_a_booking_is_found_by_child_or_family(browser, here, term):
    other = household(10_000, ("Théo", THEO[1]), commune=here.commune, last_name="Autre")
    book(other, here.session)
    query = term.format(reference=here.home.family.reference.lower())
    assert found(browser.get(url("booking"), {"q": query})) == [here.booking]


@pytest.mark.parametrize("term", ["malo", "decoubon", "D99999999999999999999", "d²"])
def test_a_search_finds_nobody_of_another_commune(browser, here, there, term):
    assert found(browser.get(url("booking"), {"q": term})) == []


def test_an_order_shows_the_part_that_is_of_the_agents_communes(browser, here, there):
    booking = book(here.home, session(there.activity, THURSDAY))[0]
    response = browser.get(url("order"))
    assert found(response) == [here.order]
    assert browser.get(url("order", "change", booking.order.pk)).status_code == 404


def test_an_order_tells_what_was_booked_and_cancelled(browser, here):
    cancelled = cancel(here.home, here.booking)
    first, second = found(browser.get(url("order")))
    assert (first.pk, first.booked_sum, first.cancelled_sum) == (cancelled.pk, 0, 380)
    assert (second.pk, second.booked_sum, second.cancelled_sum) == (here.order.pk, 380, 0)
    assert "Par paiement" in words(browser.get(url("order")))
    page = words(browser.get(url("order", "change", cancelled.pk)))
    assert "Paiement : Payée à la réservation" in page
    assert "Louane Dupont" in page


# The next year


@pytest.fixture
def opened(here):
    OpeningRule.objects.create(
        activity=here.activity, weekdays=[0, 1, 3, 4], period="term", first=date(2026, 9, 1), last=date(2027, 8, 31)
    )
    refresh_sessions(here.activity)
    return here.activity


def act(browser, *activities, **fields):
    sent = {"action": "open_next_year", "_selected_action": [each.pk for each in activities]} | fields
    return browser.post(url("activity"), sent, follow=True)


def test_the_next_year_is_opened_after_a_page_that_names_the_activities(browser, opened):
    page = act(browser, opened)
    assert page.context["form"].initial["year"] == 2027
    assert "Repas Baneins – Baneins" in words(page)
    assert opened.opening_rules.count() == 1
    made = told(act(browser, opened, year="2027"))
    number = opened.sessions.filter(date__gte=date(2027, 9, 1)).count()
    assert made == [f"Repas Baneins – Baneins, 2027-2028 : {number} journées créées, 0 supprimée."]
    assert LogEntry.objects.get().change_message == "Année 2027-2028 ouverte"


def test_opening_the_same_year_again_says_that_nothing_changed(browser, opened):
    act(browser, opened, year="2027")
    assert told(act(browser, opened, year="2027")) == [
        "Repas Baneins – Baneins : déjà ouverte en 2027-2028, rien n’a changé."
    ]
    assert opened.opening_rules.count() == 2


def test_a_year_left_out_is_offered_first(browser, opened):
    OpeningRule.objects.update(first=date(2025, 9, 1), last=date(2026, 8, 31))
    assert act(browser, opened).context["form"].initial["year"] == 2026


@pytest.mark.parametrize("year", ["2031", "abc", ""])
def test_a_year_that_was_not_offered_is_refused(browser, opened, year):
    assert "Choisissez une année de la liste." in words(act(browser, opened, year=year))
    assert opened.opening_rules.count() == 1


def test_one_activity_that_cannot_open_does_not_hold_back_the_others(browser, opened, here):
    new = ActivityFactory(service=here.service, name="Goûter")
    messages = told(act(browser, opened, new, year="2027"))
    assert len(messages) == 2
    assert "Goûter – Baneins : Cette activité n’a pas encore de règle d’ouverture" in " ".join(messages)
    assert opened.opening_rules.count() == 2


# Speed


@pytest.mark.parametrize("table", TABLES)
def test_a_list_asks_as_much_for_one_row_as_for_many(browser, here, table):
    before = queries(browser, url(table))
    for number, day in enumerate((date(2026, 11, 12), date(2026, 11, 13), date(2026, 11, 16))):
        other = ActivityFactory(service=ServiceFactory(commune=here.commune, access="open"))
        book(household(10_000, (f"Enfant{number}", LOUANE[1]), commune=here.commune), session(other, day))
    assert queries(browser, url(table)) == before
    assert len(found(browser.get(url(table)))) == 4


def queries(browser, page) -> int:
    browser.get(page)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(page).status_code == 200
    return len(captured)


def test_the_page_of_a_day_asks_as_much_for_one_booking_as_for_many(browser, here):
    page = url("session", "change", here.session.pk)
    before = queries(browser, page)
    book(household(10_000, LOUANE, THEO, ("Zoé", THEO[1]), commune=here.commune), here.session)
    assert queries(browser, page) == before


def test_the_page_of_an_order_asks_as_much_for_one_booking_as_for_many(browser, here):
    home = household(10_000, LOUANE, THEO, ("Zoé", THEO[1]), commune=here.commune)
    many = book(home, here.session)[0].order
    assert queries(browser, url("order", "change", many.pk)) == queries(browser, url("order", "change", here.order.pk))
