"""The calendar of a commune: its zone and department, calendars entered by agents, days corrected once they were read."""

from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.refusals import StalePage
from common.values.calendars import CalendarUnknown
from common.writing.once import make_key
from reservations.actions import refresh_sessions
from reservations.actions.calendars import (
    Correction,
    DatesUnclear,
    NothingToTakeBack,
    NotYourCommune,
    correct_days,
    foresee,
)
from reservations.models import CalendarDay, OpeningRule, SchoolCalendar
from reservations.reads.commune_calendar import calendar_of
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import ActivityFactory, book, household
from tests.forms import fields_of
from tests.reservations.agents import told, words

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY, THURSDAY = date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 19)
GOOD_FRIDAY = date(2027, 3, 26)


def opened(commune, first=date(2026, 11, 2), last=date(2026, 12, 18), period="term", weekdays=(0, 1, 3, 4)):
    """An activity of the commune with an opening rule and its days."""
    activity = ActivityFactory(service__commune=commune)
    OpeningRule.objects.create(activity=activity, weekdays=list(weekdays), period=period, first=first, last=last)
    refresh_sessions(activity)
    return activity


def days(activity):
    return set(activity.sessions.values_list("date", flat=True))


def correct(commune, day=TUESDAY, nature="break", last=None, agent=None, key=None):
    """Correct as the confirming page does; return what it did."""
    correction = Correction(commune, day, last or day, nature, "Décision du recteur")
    agent = agent or AgentFactory(communes=[commune])
    return correct_days(agent=agent, correction=correction, key=key or make_key(agent.owner, correction.purpose))


def entered(zone, first, last, *holidays):
    """A school calendar as a manager enters it."""
    calendar = SchoolCalendar.objects.create(
        zone=zone, first=first, last=last, source="Arrêté du recteur", by=ManagerFactory()
    )
    for name, begins, ends in holidays:
        calendar.holidays.create(name=name, first=begins, last=ends)
    return calendar


@pytest.mark.parametrize(
    ("insee_code", "church", "opens"),
    [("67482", True, False), ("57463", True, False), ("67482", False, True), ("69123", None, True)],
)
def test_good_friday_is_booked_only_where_it_is_no_holiday(insee_code, church, opens):
    commune = CommuneFactory(insee_code=insee_code, zone="B", has_protestant_church=church)
    activity = opened(commune, date(2027, 3, 22), date(2027, 3, 30))
    assert (GOOD_FRIDAY in days(activity)) is opens
    christmas = opened(commune, date(2026, 12, 21), date(2026, 12, 31), "holidays", range(6))
    assert (date(2026, 12, 26) in days(christmas)) is (insee_code == "69123")


def test_a_commune_of_alsace_that_has_not_said_whether_it_has_a_church_opens_nothing():
    with pytest.raises(CalendarUnknown, match="Le Vendredi saint 202"):
        opened(CommuneFactory(insee_code="67482", zone="B"))


def test_la_reunion_has_no_day_until_its_calendar_is_entered_and_then_its_own():
    """On 18 January 2027 there is class in zone A; La Réunion has its summer (order of the recteur)."""
    commune, other = CommuneFactory(insee_code="97411", zone="974"), CommuneFactory(zone="A")
    assert date(2027, 1, 18) in days(opened(other, date(2027, 1, 11), date(2027, 2, 5)))
    with pytest.raises(CalendarUnknown, match=r"2026-2027 \(La Réunion\) ne sont pas connues"):
        opened(commune, date(2027, 1, 11), date(2027, 2, 5))
    summer = ("Vacances d’été austral", date(2026, 12, 19), date(2027, 1, 31))
    entered("974", date(2026, 8, 18), date(2027, 7, 2), summer)
    assert min(days(opened(commune, date(2027, 1, 11), date(2027, 2, 5)))) == date(2027, 2, 1)
    assert calendar_of(commune, date(2026, 12, 18), date(2026, 12, 21)).is_public_holiday(date(2026, 12, 20))


def test_days_outside_an_entered_calendar_stay_unknown():
    commune = CommuneFactory(insee_code="97411", zone="974")
    entered("974", date(2026, 8, 18), date(2027, 7, 2))
    calendar = calendar_of(commune, date(2027, 7, 1), date(2027, 7, 5))
    assert calendar.is_school_day(date(2027, 7, 2))
    with pytest.raises(CalendarUnknown):
        calendar.is_school_day(date(2027, 7, 5))


def test_a_correction_is_told_with_its_bookings_then_done_once():
    commune = CommuneFactory()
    activity = opened(commune)
    booked = activity.sessions.get(date=TUESDAY)
    [booking] = book(household(), booked)
    correction = Correction(commune, TUESDAY, THURSDAY, "break", "Décision du recteur")
    effect = foresee(correction)
    assert effect.opening == {}
    assert effect.closing == {activity: [TUESDAY, THURSDAY]}
    assert [each.booking for each in effect.touched] == [booking]
    assert "à vous de la fermer" in effect.touched[0].says
    assert (CalendarDay.objects.count(), {TUESDAY, THURSDAY} <= days(activity)) == (0, True)
    agent = AgentFactory(communes=[commune])
    key = make_key(agent.owner, correction.purpose)
    done = correct_days(agent=agent, correction=correction, key=key)
    assert done == {"days": 3, "made": 0, "dropped": 1, "kept": 1}
    assert correct_days(agent=agent, correction=correction, key=key) == done
    assert (TUESDAY in days(activity), THURSDAY in days(activity)) == (True, False)
    said = CalendarDay.objects.values_list("date", "reason", "by")
    assert list(said) == [(day, "Décision du recteur", agent.pk) for day in (TUESDAY, WEDNESDAY, THURSDAY)]


def test_a_booking_whose_deadline_moves_is_touched():
    """The rule counts working days: a holiday before the day brings the deadline forward."""
    commune = CommuneFactory()
    activity = opened(commune)
    two_days = {"kind": "days", "days": 2, "counting": "working", "at": "12:00"}
    activity.booking_rule = activity.cancelling_rule = two_days
    activity.save()
    refresh_sessions(activity)
    [booking] = book(household(), activity.sessions.get(date=THURSDAY))
    effect = foresee(Correction(commune, WEDNESDAY, WEDNESDAY, "public", "Fête locale"))
    assert [(each.booking, each.says.startswith("annulable jusqu’au lundi 16")) for each in effect.touched] == [
        (booking, True)
    ]
    correct(commune, WEDNESDAY, "public")
    assert activity.sessions.get(date=THURSDAY).cancellable_until.day == 16


def test_a_day_of_class_in_the_holidays_opens_and_is_taken_back():
    commune, other = CommuneFactory(), CommuneFactory()
    activity, elsewhere = opened(commune, last=date(2026, 12, 22)), opened(other, last=date(2026, 12, 22))
    monday = date(2026, 12, 21)
    assert foresee(Correction(commune, monday, monday, "class", "Rattrapage")).opening == {activity: [monday]}
    assert correct(commune, monday, "class")["made"] == 1
    assert (monday in days(activity), monday in days(elsewhere)) == (True, False)
    assert correct(commune, monday, "worked") == {"days": 1, "made": 0, "dropped": 1, "kept": 0}
    assert correct(commune, monday, "") == {"days": 1, "made": 0, "dropped": 0, "kept": 0}
    assert CalendarDay.objects.count() == 0
    with pytest.raises(NothingToTakeBack):
        correct(commune, monday, "")


def test_a_correction_of_another_commune_or_without_its_key_is_refused():
    commune = CommuneFactory()
    activity = opened(commune)
    stranger = AgentFactory(communes=[CommuneFactory()])
    with pytest.raises(NotYourCommune):
        correct(commune, agent=stranger)
    with pytest.raises(StalePage):
        correct(commune, key="autre")
    assert (CalendarDay.objects.count(), TUESDAY in days(activity)) == (0, True)


@pytest.mark.parametrize("last", [date(2026, 11, 16), date(2027, 3, 1)])
def test_dates_upside_down_or_too_far_apart_are_refused(last):
    with pytest.raises(DatesUnclear):
        Correction(CommuneFactory.build(pk=1), TUESDAY, last, "break", "x")


def page(**asked):
    return reverse("admin:calendar") + "?" + "&".join(f"{name}={value}" for name, value in asked.items())


def test_an_agent_reads_the_year_and_corrects_a_day(visitor):
    commune = CommuneFactory(name="Aiguilhe")
    activity = opened(commune)
    book(household(), activity.sessions.get(date=TUESDAY))
    browser = visitor(AgentFactory(communes=[commune]))
    read = words(browser.get(page(annee=2026)))
    assert "Aiguilhe, année scolaire 2026-2027, Zone A" in read
    assert "Vacances de la Toussaint samedi 17 octobre dimanche 1er novembre" in read
    assert "Prérentrée des enseignants, sans les élèves : lundi 31 août 2026" in read
    assert "arrêtés du ministère de l’Éducation nationale, du 01-09-2020 au 31-08-2028" in read
    preview = browser.get(page(annee=2026, du=TUESDAY, nature="break", motif="Neige"))
    assert "1 réservation touchée" in words(preview)
    assert "Cantine n’ouvrirait plus : mardi 17 novembre" in words(preview)
    assert CalendarDay.objects.count() == 0
    form = {"commune": commune.pk, "annee": 2026, "du": TUESDAY, "nature": "break", "motif": "Neige"}
    done = browser.post(page(), form | {"once_key": preview.context["once_key"]}, follow=True)
    assert told(done) == ["C’est corrigé. Journées nouvelles : 0, retirées : 0, réservées et à fermer : 1."]
    assert "mardi 17 novembre Vacances scolaires Neige" in words(done)
    assert "le 17-11-2026 : Vacances scolaires. Motif : Neige" in LogEntry.objects.get().change_message


def test_a_correction_that_cannot_be_read_is_told_and_nothing_is_done(visitor):
    commune = CommuneFactory()
    browser = visitor(AgentFactory(communes=[commune]))
    for asked in (
        {"du": "demain", "nature": "break", "motif": "x"},
        {"du": TUESDAY, "nature": "fete", "motif": "x"},
        {"du": TUESDAY, "nature": "break", "motif": ""},
        {"du": TUESDAY, "au": "2026-11-01", "nature": "break", "motif": "x"},
        {"du": TUESDAY, "nature": "break", "motif": "x", "commune": CommuneFactory().pk},
        {"annee": "1789"},
    ):
        response = browser.get(page(**asked))
        assert (response.status_code, response.context.get("effect")) == (200, None), asked
        refused = browser.post(page(), asked | {"once_key": "x"})
        assert refused.status_code == 200, asked
    assert CalendarDay.objects.count() == 0


def test_a_manager_is_offered_the_communes_that_have_a_service(visitor):
    opened(CommuneFactory(name="Aiguilhe"))
    CommuneFactory(name="Ailleurs")
    where = visitor(ManagerFactory()).get(page()).context["where"]
    assert [commune.name for commune in where.fields["commune"].queryset] == ["Aiguilhe"]


def test_an_unknown_year_is_told_on_the_page(visitor):
    commune = CommuneFactory(insee_code="97411", zone="974")
    read = words(visitor(AgentFactory(communes=[commune])).get(page(annee=2026)))
    assert "Du mardi 1er septembre au mardi 31 août, rien n’est publié" in read


def test_the_page_takes_as_many_queries_whatever_was_corrected(visitor):
    commune = CommuneFactory()
    opened(commune)
    browser = visitor(AgentFactory(communes=[commune]))
    browser.get(page(annee=2026))
    numbers = []
    for nature in ("break", "public"):
        correct(commune, nature=nature, last=THURSDAY)
        with CaptureQueriesContext(connection) as captured:
            browser.get(page(annee=2026))
        numbers.append(len(captured))
    assert numbers[0] == numbers[1] <= 14


def test_a_manager_enters_a_calendar_and_the_days_open(visitor):
    commune = CommuneFactory(insee_code="97411", zone="974")
    activity = ActivityFactory(service__commune=commune)
    span = {"first": date(2027, 1, 25), "last": date(2027, 2, 5)}
    OpeningRule.objects.create(activity=activity, weekdays=[0, 1, 3, 4], period="term", **span)
    browser, address = visitor(ManagerFactory()), reverse("admin:reservations_schoolcalendar_add")
    form = {"zone": "974", "first": "2026-08-18", "last": "2027-07-02", "source": "Arrêté du 2 juin 2025"}
    rows = {"holidays-0-name": "Été austral", "holidays-0-first": "2026-12-19", "holidays-0-last": "2027-01-31"}
    refused = browser.post(address, fields_of(browser.get(address)) | form | rows | {"first": "2027-01-01"})
    assert "Ces vacances sortent des dates du calendrier." in words(refused)
    done = browser.post(address, fields_of(browser.get(address)) | form | rows, follow=True)
    assert "Journées nouvelles : 4, retirées : 0." in told(done)
    assert min(days(activity)) == date(2027, 2, 1)
    again = browser.post(address, fields_of(browser.get(address)) | form | rows)
    assert "Un calendrier est déjà saisi pour une partie de ces dates." in words(again)
    published = browser.post(address, fields_of(browser.get(address)) | form | {"zone": "A"})
    assert "Ces dates sont déjà publiées" in words(published)


def test_a_commune_that_says_it_has_a_church_closes_good_friday_at_once(visitor):
    commune = CommuneFactory(insee_code="67482", zone="B", has_protestant_church=False)
    activity = opened(commune, date(2027, 3, 22), date(2027, 3, 30))
    browser, address = visitor(ManagerFactory()), reverse("admin:accounts_commune_change", args=[commune.pk])
    unsaid = browser.post(address, fields_of(browser.get(address)) | {"has_protestant_church": "unknown"})
    assert "Dites-le : le Vendredi saint en dépend." in words(unsaid)
    assert GOOD_FRIDAY in days(activity)
    browser.post(address, fields_of(browser.get(address)) | {"has_protestant_church": "true"})
    assert GOOD_FRIDAY not in days(activity)
