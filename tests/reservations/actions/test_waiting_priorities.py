"""What agents set of waiting lists: points by criterion, places, residents first; and the lists as they read them."""

from datetime import date

import pytest

from families.models import Family
from reservations.models import Activity, Priority, Session, WaitlistEntry
from reservations.reads.upcoming import waited_for
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    cancel,
    choose,
    household,
    instant,
    session,
    sessions,
)
from tests.factories.waiting import full_day, queue_up, standing
from tests.reservations.agents import change, errors, url, words

pytestmark = pytest.mark.django_db
Criterion = Priority.Criterion


@pytest.fixture
def day():
    """A full day whose list puts residents (100), working parents (50) and siblings (20) before others."""
    it, [home] = full_day()
    it.taken_by = home
    for criterion, points in zip(Criterion.values, (100, 50, 20), strict=True):
        Priority.objects.create(activity=it.activity, criterion=criterion, points=points)
    return it


@pytest.fixture
def browser(visitor, day):
    return visitor(AgentFactory(communes=[day.activity.service.commune]))


def nobody_special(day):
    return household()


def resident(day):
    return household(commune=day.activity.service.commune)


def working(day):
    home = household()
    Family.objects.filter(pk=home.family.pk).update(parents_work=True)
    return home


def resident_and_working(day):
    home = resident(day)
    Family.objects.filter(pk=home.family.pk).update(parents_work=True)
    return home


@pytest.mark.parametrize(
    ("who", "points"), [(nobody_special, 0), (resident, 100), (working, 50), (resident_and_working, 150)]
)
def test_points_add_up_by_what_the_family_meets_when_it_joins(day, who, points):
    assert queue_up(day, home=who(day)).priority == points


def test_a_brother_who_is_booked_that_day_counts(day):
    Session.objects.filter(pk=day.pk).update(capacity=2)
    both = household(10_000, LOUANE, THEO)
    book(both, Session.objects.get(pk=day.pk), members=both.children[1:])
    assert queue_up(day, home=both, members=both.children[:1]).priority == 20


def test_another_activity_s_points_do_not_count(day):
    other, _ = full_day()
    assert queue_up(other, home=resident(other)).priority == 0


def test_who_has_more_points_is_served_first_whoever_came_first(day):
    first, second = queue_up(day, home=nobody_special(day)), queue_up(day, home=resident(day))
    ranks = dict(WaitlistEntry.objects.live().with_rank().values_list("pk", "rank"))
    assert ranks == {second.pk: 1, first.pk: 2}
    cancel(day.taken_by, day.taken_by.booking)
    assert WaitlistEntry.objects.get(status="served").pk == second.pk


def test_a_family_reads_the_rank_that_the_list_gives_whoever_came_at_the_same_instant(day):
    entries = [queue_up(day, home=who(day)) for who in (nobody_special, resident, nobody_special, working, resident)]
    WaitlistEntry.objects.update(arrived_at=entries[0].arrived_at)
    read = [(entry.pk, entry.rank) for each in entries for entry in waited_for(each.home.user)]
    assert [rank for _, rank in read] == [4, 1, 5, 3, 2]
    assert dict(read) == dict(WaitlistEntry.objects.live().with_rank().values_list("pk", "rank"))


def test_an_agent_gives_points_on_the_page_of_the_activity(browser, day):
    Priority.objects.all().delete()
    rows = {"priorities-TOTAL_FORMS": "1", "priorities-0-criterion": "resident", "priorities-0-points": "30"}
    assert change(browser, day.activity, **rows).status_code == 302
    assert list(Priority.objects.values_list("activity", "criterion", "points")) == [(day.activity_id, "resident", 30)]


@pytest.mark.parametrize("points", ["0", "1001", "-5", "beaucoup"])
def test_points_are_a_number_that_makes_sense(browser, day, points):
    Priority.objects.all().delete()
    rows = {"priorities-TOTAL_FORMS": "1", "priorities-0-criterion": "resident", "priorities-0-points": points}
    assert len(errors(change(browser, day.activity, **rows))) == 1
    assert Priority.objects.count() == 0


def test_a_criterion_has_its_points_once(browser, day):
    rows = {"priorities-TOTAL_FORMS": "4", "priorities-3-criterion": "resident", "priorities-3-points": "30"}
    assert errors(change(browser, day.activity, **rows))
    assert Priority.objects.count() == 3


def test_agents_read_the_list_in_the_order_in_which_it_is_served(browser, day):
    queue_up(day, home=nobody_special(day))
    queue_up(day, home=household(10_000, ("Inès", date(2018, 1, 2)), commune=day.activity.service.commune))
    told = words(browser.get(url("waitlistentry")))
    assert told.index("1 Mise en liste d’attente Inès Dupont") < told.index("2 Mise en liste d’attente Louane Dupont")
    assert "1 sur 1, 2 en attente" in words(browser.get(url("session")))
    other = AgentFactory(communes=[CommuneFactory()])
    assert WaitlistEntry.objects.of_agent(other).count() == 0


def test_more_places_given_on_the_page_serve_those_who_wait(browser, day):
    entry = queue_up(day)
    change(browser, day.activity, capacity="2", waiting_capacity="7")
    entry.refresh_from_db()
    assert (entry.status, standing(day)) == ("served", (2, 0, 0))
    assert Session.objects.get(pk=day.pk).waiting_capacity == 7


@pytest.mark.parametrize(("asked", "kept"), [("0", 2), ("5", 5)])
def test_a_shorter_list_keeps_who_waits_and_takes_nobody_more(browser, day, asked, kept):
    queue_up(day), queue_up(day)
    Activity.objects.filter(pk=day.activity_id).update(waiting_capacity=10)
    change(browser, day.activity, capacity="1", waiting_capacity=asked)
    assert (Session.objects.get(pk=day.pk).waiting_capacity, standing(day)) == (kept, (1, 0, 2))


def test_fewer_places_than_are_booked_or_offered_are_refused_with_the_days(browser, day):
    Activity.objects.filter(pk=day.activity_id).update(offer_only_days=30, capacity=2)
    Session.objects.filter(pk=day.pk).update(capacity=2)
    queue_up_last = household()
    book(queue_up_last, Session.objects.get(pk=day.pk))
    queue_up(day)
    cancel(day.taken_by, day.taken_by.booking)
    assert standing(day) == (1, 1, 0)
    response = change(browser, day.activity, capacity="1")
    assert "davantage sont déjà réservées ou retenues le mardi 10 novembre (2)" in words(response)
    assert Session.objects.get(pk=day.pk).capacity == 2


@pytest.fixture
def early():
    """Booking opens on Thursday at 8:00, on Monday to residents."""
    activity = ActivityFactory(
        booking_opens_at=instant(date(2026, 11, 5), "08:00"), residents_open_at=instant(date(2026, 11, 2), "08:00")
    )
    sessions(activity, TUESDAY, THURSDAY)
    return activity


def test_residents_book_before_the_others(early):
    home, outsider = household(commune=early.service.commune), household()
    assert choose(home, early, TUESDAY).booked == 1
    answer = choose(outsider, early, TUESDAY)
    assert (answer.booked, answer.reasons) == (
        0,
        [
            "Louane, mardi 10 novembre : les réservations ouvrent le jeudi 5 novembre à 8\u00a0h "
            f"(le lundi 2 novembre à 8\u00a0h pour les résidents de {early.service.commune})."
        ],
    )


def test_everybody_books_from_the_opening_on(early, time_machine):
    time_machine.move_to(instant(date(2026, 11, 5), "08:00"))
    assert choose(household(), early, TUESDAY).booked == 1


def test_an_agent_opens_to_residents_first_never_later(visitor):
    it = session(ActivityFactory())
    browser = visitor(AgentFactory(communes=[it.activity.service.commune]))
    change(browser, it.activity, booking_opens_at="2026-11-05T08:00", residents_open_at="2026-11-02T08:00")
    it.activity.refresh_from_db()
    assert it.activity.residents_open_at == instant(date(2026, 11, 2), "08:00")
    refused = change(browser, it.activity, residents_open_at="2026-11-06T08:00")
    assert errors(refused) == ["L’ouverture aux résidents ne vient pas après l’ouverture à tous."]
