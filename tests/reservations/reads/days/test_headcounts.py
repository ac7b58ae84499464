"""Headcounts: by school, age, diet and allergy; frozen at the deadline, with what changed since beside them."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from common.writing.once import make_key
from families.models import Diet, HealthContent, HealthReading, HealthSheet
from reservations.actions.days import headcounts as actions
from reservations.actions.days.attendance import add_present, adding_purpose
from reservations.actions.days.headcounts import freeze_headcounts
from reservations.actions.desk import cancel_for_family
from reservations.models import Booking, Headcount, Session
from reservations.reads.days.attendance import price_without_booking
from reservations.reads.days.headcounts import NO_SCHOOL, counts_of
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.families import SchoolClassFactory, SchoolingFactory
from tests.factories.reservations import LOUANE, THEO, TUESDAY, ActivityFactory, book, household, instant, session
from tests.factories.services import line
from tests.reservations.agents import words

pytestmark = pytest.mark.django_db
SMALL = ("Zoé", date(2022, 1, 5))
DEADLINE = instant(TUESDAY)  # of the day of the tests
AFTER = DEADLINE + timedelta(minutes=2)


@pytest.fixture
def activity():
    return ActivityFactory(slug="cantine", name="Cantine")


@pytest.fixture
def agent(activity):
    return AgentFactory(communes=[activity.service.commune])


@pytest.fixture
def home(activity):
    """Louane (no pork, peanuts, let in), Théo (fish, not let in), Zoé (small, no sheet); Louane and Théo at Victor Hugo."""
    home = household(10_000, LOUANE, THEO, SMALL, commune=activity.service.commune)
    louane, theo, _ = home.children
    sheet(home, louane, diet=(Diet.NO_PORK,), allergens=("peanuts",), has_pai=True)
    sheet(home, theo, allergens=("fish",))
    line(activity.service, home.family, louane)
    school_class = SchoolClassFactory(school__name="Victor Hugo")
    for child in (louane, theo):
        SchoolingFactory(member=child, school_class=school_class)
    return home


def sheet(home, child, **content):
    sealed = HealthSheet.seal(child.pk, HealthContent(**content))
    HealthSheet.objects.create(member=child, sealed=sealed, updated_by=home.user)


def rows(agent):
    [found] = counts_of(agent, TUESDAY)
    return [(row.label, row.frozen, row.now, row.difference) for row in [*found.rows, found.total]]


def ending(agent, booking):
    key = make_key(agent.owner, f"desk-cancel:{booking.pk}")
    said = {"consent": "Claire, par téléphone", "reason": "Malade", "recredit": True}
    cancel_for_family(agent=agent, booking=booking, key=key, **said)


def test_children_are_counted_by_school_age_diet_and_allergy(agent, home, activity):
    book(home, session(activity))
    assert rows(agent) == [
        ("Victor Hugo", None, 2, ""),
        ("Sans porc", None, 1, ""),
        ("Allergie : arachides", None, 1, ""),
        ("PAI", None, 1, ""),
        ("Sans fiche santé connue du service", None, 1, ""),
        (NO_SCHOOL, None, 1, ""),
        ("dont moins de 6 ans", None, 1, ""),
        ("Sans fiche santé connue du service", None, 1, ""),
        ("Total", None, 3, ""),
    ]
    assert HealthReading.objects.count() == 0


def test_what_was_ordered_is_frozen_at_the_deadline_and_the_differences_shown(agent, home, activity, time_machine):
    louane, _, _ = sorted(book(home, session(activity)), key=lambda row: home.children.index(row.member))
    time_machine.move_to(AFTER)
    assert freeze_headcounts() == 1
    ending(agent, louane)
    guest = household(commune=activity.service.commune)
    it = Session.objects.get()
    price = str(price_without_booking(it, guest.family, guest.child))
    key = make_key(agent.owner, adding_purpose(it, guest.family, guest.child), price)
    add_present(agent=agent, session=it, family=guest.family, member=guest.child, key=key)
    assert rows(agent) == [
        ("Victor Hugo", 2, 1, "−1"),
        ("Sans porc", 1, 0, "−1"),
        ("Allergie : arachides", 1, 0, "−1"),
        ("PAI", 1, 0, "−1"),
        ("Sans fiche santé connue du service", 1, 1, "="),
        (NO_SCHOOL, 1, 2, "+1"),
        ("dont moins de 6 ans", 1, 1, "="),
        ("Sans fiche santé connue du service", 1, 2, "+1"),
        ("Total", 3, 3, "="),
    ]
    [found] = counts_of(agent, TUESDAY)
    assert (found.added, found.removed, found.frozen_from) == (1, 1, DEADLINE)


def test_a_late_night_freezes_what_stood_at_the_deadline(agent, home, activity, time_machine):
    first = book(home, session(activity))[0]
    time_machine.move_to(instant(TUESDAY, "11:00"))
    ending(agent, first)
    assert freeze_headcounts() == 1
    assert sum(counts["total"] for counts in Headcount.objects.get().counts.values()) == 3


def test_a_day_that_nobody_froze_yet_shows_what_stood_at_the_deadline_all_the_same(agent, home, activity, time_machine):
    first = book(home, session(activity))[0]
    time_machine.move_to(instant(TUESDAY, "11:00"))
    ending(agent, first)
    assert rows(agent)[-1] == ("Total", 3, 2, "−1")
    assert Headcount.objects.count() == 0


def test_twice_is_once_and_nothing_is_frozen_before_the_deadline(home, activity, time_machine):
    book(home, session(activity))
    assert freeze_headcounts() == 0
    time_machine.move_to(DEADLINE + timedelta(seconds=30))
    assert freeze_headcounts() == 0
    time_machine.move_to(AFTER)
    assert [freeze_headcounts(), freeze_headcounts()] == [1, 0]


@pytest.mark.parametrize(
    "fields", [{"closed_at": DEADLINE, "closed_reason": "Grève"}, {"date": TUESDAY - timedelta(30)}]
)
def test_closed_days_and_days_gone_by_are_not_frozen(activity, time_machine, fields):
    session(activity)
    Session.objects.update(**fields)
    time_machine.move_to(AFTER)
    assert freeze_headcounts() == 0


@pytest.mark.parametrize(
    ("booking", "cancelling", "frozen"),
    [
        (DEADLINE, DEADLINE + timedelta(hours=5), DEADLINE + timedelta(hours=5)),
        (DEADLINE, None, DEADLINE),
        (None, None, DEADLINE),
    ],
)
def test_the_later_deadline_counts(agent, activity, booking, cancelling, frozen):
    session(activity, bookable_until=booking, cancellable_until=cancelling)
    assert counts_of(agent, TUESDAY)[0].frozen_from == frozen


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_freeze_a_day_once(home, activity, time_machine):
    book(home, session(activity))
    time_machine.move_to(AFTER)
    pk = Session.objects.get().pk
    with transaction.atomic():
        assert actions._freeze.__wrapped__(pk) == 1
        rival = someone_else(actions._freeze, pk)
        rival.wait_until_blocked()
    rival.result()
    assert Headcount.objects.count() == 1


# --- Pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def client(visitor, agent):
    return visitor(agent)


def test_the_page_and_its_paper_show_the_numbers_and_name_nobody(client, home, activity):
    book(home, session(activity))
    shown = words(client.get(reverse("admin:headcounts"), {"jour": TUESDAY}))
    assert "Sera arrêté le lundi 9 novembre à 23 h 59" in shown
    assert "Victor Hugo 2 Sans porc 1 Allergie : arachides 1 PAI 1" in shown
    assert "Louane" not in shown
    paper = client.get(reverse("admin:headcounts_pdf"), {"jour": TUESDAY})
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_the_children_are_named_on_demand_and_each_reading_is_written_down(client, agent, home, activity):
    book(home, session(activity))
    page = reverse("admin:headcount_children", args=[Session.objects.get().pk])
    assert client.get(page).status_code == 405
    shown = words(client.post(page))
    assert "Dupont Louane PAI · Allergie : arachides · Sans porc" in shown
    assert "Théo" not in shown
    assert client.post(page, {"pdf": "1"})["Content-Type"] == "application/pdf"
    readings = HealthReading.objects.values_list("member", "by", "purpose")
    assert list(readings) == [(home.child.pk, agent.pk, "Régimes et allergies du 10 novembre")] * 2


def test_other_communes_count_nothing(visitor, home, activity):
    book(home, session(activity))
    stranger = visitor(AgentFactory(communes=[ActivityFactory().service.commune]))
    assert stranger.get(reverse("admin:headcounts"), {"jour": TUESDAY}).context["counts"] == []
    assert stranger.post(reverse("admin:headcount_children", args=[Session.objects.get().pk])).status_code == 404
    assert Booking.objects.count() == 3


@pytest.mark.parametrize("day", ["", "x", "2026-02-31", "9999-12-31"])
def test_a_day_that_is_none_is_today(client, day):
    assert client.get(reverse("admin:headcounts"), {"jour": day}).context["day"] == date(2026, 11, 2)
