"""Attendance sheets: a tap a child, twice is once, the later tap counts; who came without booking is there, and billed."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Diet, HealthContent, HealthReading, HealthSheet
from reservations.actions import confirm_cart, debit_the_day
from reservations.actions.days.attendance import (
    AlreadyThere,
    Mark,
    NotAdded,
    NotKnown,
    NotYet,
    add_present,
    adding_purpose,
    mark,
)
from reservations.actions.places.baskets import CartChanged
from reservations.models import Attendance, Booking, Session, Tariff
from reservations.reads.days.attendance import guests, price_without_booking, read_sheet
from reservations.rules import NoTariff
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.families import SchoolClassFactory, SchoolFactory, SchoolingFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    TUESDAY,
    ActivityFactory,
    book,
    choose,
    household,
    instant,
    key_for,
    session,
    share,
    tariff,
)
from tests.factories.services import ServiceFactory, line
from tests.reservations.agents import told, words
from wallet.models import Operation

pytestmark = pytest.mark.django_db
NOON = instant(TUESDAY, "12:00")


@pytest.fixture
def activity():
    return ActivityFactory(slug="cantine", name="Cantine")


@pytest.fixture
def agent(activity):
    return AgentFactory(communes=[activity.service.commune])


@pytest.fixture
def home(activity):
    return household(10_000, LOUANE, THEO, commune=activity.service.commune)


@pytest.fixture
def booked(home, activity, time_machine):
    """Louane and Théo eat on Tuesday; it is Tuesday noon."""
    rows = book(home, session(activity))
    time_machine.move_to(NOON)
    return sorted(rows, key=lambda row: home.children.index(row.member))


@pytest.fixture
def day(activity, time_machine):
    """It is Tuesday noon, and nobody is booked."""
    it = session(activity)
    time_machine.move_to(NOON)
    return it


def marking(agent, booking, status, at=None):
    return mark(agent=agent, session=booking.session, marks=[Mark(booking.pk, status, at or timezone.now())])


def standing():
    return dict(Attendance.objects.values_list("member__first_name", "status"))


# --- Marks ------------------------------------------------------------------------------------------------------------
def test_children_are_marked_present_absent_or_justified(agent, booked):
    louane, theo = booked
    assert marking(agent, louane, "present") == {louane.pk: "present"}
    assert marking(agent, theo, "justified") == {theo.pk: "justified"}
    assert standing() == {"Louane": "present", "Théo": "justified"}
    assert set(Attendance.objects.values_list("by", flat=True)) == {agent.pk}


def test_the_same_tap_sent_twice_is_written_once(agent, booked):
    at = NOON - timedelta(minutes=5)
    assert marking(agent, booked[0], "present", at) == marking(agent, booked[0], "present", at)
    assert Attendance.events.rel.related_model.objects.count() == 1


def test_the_later_tap_counts_whichever_arrives_first(agent, booked):
    marking(agent, booked[0], "absent", NOON)
    late = marking(agent, booked[0], "present", NOON - timedelta(minutes=10))
    assert (late, standing()) == ({booked[0].pk: "absent"}, {"Louane": "absent"})
    marking(agent, booked[0], "justified", NOON + timedelta(seconds=1))
    assert standing() == {"Louane": "justified"}


def test_a_booking_that_no_longer_stands_is_left_out(agent, booked):
    Booking.objects.filter(pk=booked[0].pk).update(status="closed", cancelled_at=NOON)
    assert marking(agent, booked[0], "present") == {}
    assert Attendance.objects.count() == 0
    Booking.objects.filter(pk=booked[0].pk).update(status="booked", cancelled_at=None)


def test_nobody_is_marked_before_the_day(agent, home, activity):
    [booking, _] = book(home, session(activity))
    with pytest.raises(NotYet):
        marking(agent, booking, "present")
    assert Attendance.objects.count() == 0


def test_bookings_of_another_day_or_another_commune_are_not_marked(agent, booked, activity):
    other = session(activity, date(2026, 11, 9))
    assert mark(agent=agent, session=other, marks=[Mark(booked[0].pk, "present", NOON)]) == {}
    with pytest.raises(Session.DoesNotExist):
        marking(AgentFactory(communes=[]), booked[0], "present")
    assert Attendance.objects.count() == 0


def test_an_agent_named_for_one_service_marks_no_other(booked, activity):
    elsewhere = ServiceFactory(commune=activity.service.commune)
    garderie = AgentFactory(communes=[activity.service.commune])
    elsewhere.agents.add(garderie)
    with pytest.raises(Session.DoesNotExist):
        marking(garderie, booked[0], "present")


@pytest.mark.django_db(transaction=True)
def test_two_agents_mark_the_same_child_one_after_the_other(agent, booked):
    with transaction.atomic():
        mark.__wrapped__(agent=agent, session=booked[0].session, marks=[Mark(booked[0].pk, "present", NOON)])
        rival = someone_else(marking, agent, booked[0], "absent", NOON + timedelta(seconds=2))
        assert rival.wait_until_blocked() == [own_pid()]
    assert (rival.result(), standing()) == ({booked[0].pk: "absent"}, {"Louane": "absent"})


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_booking_the_second_mark_meets_the_constraint(agent, booked):
    row = {"session": booked[0].session, "member": booked[0].member, "booking": booked[0], "by": agent}
    with transaction.atomic():
        Attendance.objects.create(**row, status="present")
        rival = someone_else(Attendance.objects.create, **row, status="absent")
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(IntegrityError):
        rival.result()


# --- Who came without a booking ---------------------------------------------------------------------------------------
def adding(agent, day, home, member=None, key=None):
    member = member or home.child
    price = str(price_without_booking(day, home.family, member))
    key = key or make_key(agent.owner, adding_purpose(day, home.family, member), price)
    return {"agent": agent, "session": day, "family": home.family, "member": member, "key": key}


def test_a_child_who_came_is_on_the_sheet_billed_at_its_own_tariff_and_the_parents_are_told(agent, home, activity, day):
    tariff(activity, 760, kind=Tariff.Kind.UNBOOKED)
    done = add_present(**adding(agent, day, home))
    booking = Booking.objects.get()
    assert done == {"booking": booking.pk, "cents": 760}
    assert (booking.origin, booking.cents, booking.order.by, home.balance) == ("unbooked", 760, agent, 9240)
    assert standing() == {"Louane": "present"}
    [mail] = OutgoingEmail.objects.filter(template="reservations/came_without_booking")
    assert (mail.to, mail.context["day"], mail.context["price"]) == (
        home.user.email,
        "mardi 10 novembre",
        "7,60\u00a0€",
    )


def test_without_its_own_tariff_the_normal_price_holds(agent, home, day):
    assert add_present(**adding(agent, day, home))["cents"] == 380


def test_a_meal_eaten_is_owed_even_by_an_empty_wallet(agent, activity, day):
    home = household(100, commune=activity.service.commune)
    add_present(**adding(agent, day, home))
    assert home.balance == -280


def test_the_night_does_not_debit_it_again(agent, home, day):
    add_present(**adding(agent, day, home))
    assert (debit_the_day(TUESDAY)["bookings"], home.balance) == (0, 9620)


def test_a_full_day_takes_the_child_who_is_there_and_nobody_else(agent, home, activity, time_machine):
    it = session(activity, capacity=1)
    book(household(), it)
    time_machine.move_to(NOON)
    add_present(**adding(agent, it, home))
    it.refresh_from_db()
    assert (it.capacity, it.booked) == (2, 2)


def test_a_free_place_is_taken_without_making_another(agent, home, activity, time_machine):
    it = session(activity, capacity=5)
    time_machine.move_to(NOON)
    add_present(**adding(agent, it, home))
    it.refresh_from_db()
    assert (it.capacity, it.booked) == (5, 1)


def refused(asked, refusal):
    with pytest.raises(refusal):
        add_present(**asked)
    assert (
        Booking.objects.filter(origin="unbooked").count(),
        Operation.objects.filter(kind="deferred_debit").count(),
    ) == (0, 0)


def test_a_child_on_the_sheet_is_not_added_again_by_the_other_parent_either(agent, booked, home, activity):
    refused(adding(agent, booked[0].session, home), AlreadyThere)
    other = household(commune=activity.service.commune)
    share(home, other)
    refused(adding(agent, booked[0].session, other, home.child), AlreadyThere)


@pytest.mark.parametrize("now", [instant(date(2026, 11, 9), "12:00"), instant(date(2026, 12, 12), "12:00")])
def test_nobody_is_added_before_the_day_nor_long_after(agent, home, day, time_machine, now):
    time_machine.move_to(now)
    refused(adding(agent, day, home), NotAdded)


def test_nobody_is_added_to_a_closed_day(agent, home, day):
    Session.objects.update(closed_at=NOON, closed_reason="Grève")
    refused(adding(agent, day, home), NotAdded)


def test_a_family_of_another_commune_is_added_only_when_a_service_let_it_in(agent, activity, day):
    home = household()
    refused(adding(agent, day, home), NotKnown)
    line(activity.service, home.family, home.child)
    assert add_present(**adding(agent, day, home))["cents"] == 380


def test_a_child_of_another_family_is_not_billed_to_this_one(agent, home, activity, day):
    other = household(commune=activity.service.commune)
    refused(adding(agent, day, home, other.child), NotKnown)


def test_without_any_tariff_nobody_is_billed(agent, home, day):
    Tariff.objects.all().delete()
    refused(adding(agent, day, home), NoTariff)


def test_a_price_that_changed_since_the_page_is_not_taken(agent, home, day):
    asked = adding(agent, day, home)
    Tariff.objects.update(cents=500)
    refused(asked, CartChanged)


def test_a_second_tap_gets_the_first_answer(agent, home, day):
    asked = adding(agent, day, home)
    assert add_present(**asked) == add_present(**asked)
    assert (Booking.objects.count(), home.balance) == (1, 9620)


def test_a_forged_key_adds_nobody(agent, home, day):
    refused(adding(agent, day, home, key="x"), StalePage)


@pytest.mark.django_db(transaction=True)
def test_two_agents_add_the_same_child_at_once_and_one_is_told(agent, home, day):
    first, second = adding(agent, day, home), adding(agent, day, home)
    with transaction.atomic():
        add_present.__wrapped__(**first)
        rival = someone_else(add_present, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(AlreadyThere):
        rival.result()
    assert (Booking.objects.count(), home.balance) == (1, 9620)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_child_only_the_constraint_stops_the_second_agent(agent, home, day, monkeypatch):
    monkeypatch.setattr("reservations.actions.days.attendance.lock_members", lambda pks: None)
    first, second = adding(agent, day, home), adding(agent, day, home)
    with transaction.atomic():
        add_present.__wrapped__(**first)
        rival = someone_else(add_present, **second)
        rival.wait_until_blocked()
    with pytest.raises(IntegrityError):
        rival.result()
    assert home.balance == 9620


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_booked_while_the_child_is_added(agent, home, activity, time_machine):
    """The booker waits for the agent, then finds the day full: the place made is the child's."""
    it = session(activity, capacity=1, bookable_until=instant(TUESDAY, "20:00"))
    parent = household()
    choose(parent, activity, TUESDAY)
    time_machine.move_to(NOON)
    confirming = {"user": parent.user, "billing": "prepaid", "key": key_for(parent)}
    with transaction.atomic():
        add_present.__wrapped__(**adding(agent, it, home))
        rival = someone_else(confirm_cart, **confirming)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(Exception, match="il n’y a plus de place"):
        rival.result()
    it.refresh_from_db()
    assert (it.capacity, it.booked) == (1, 1)


# --- Pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def client(visitor, agent):
    return visitor(agent)


def sheet_page(session):
    return reverse("admin:attendance", args=[session.pk])


def test_the_day_shows_each_sheet_with_its_numbers(booked, client, agent):
    marking(agent, booked[0], "present")
    [shown] = client.get(reverse("admin:attendance_day"), {"jour": TUESDAY}).context["sheets"]
    assert (shown.pk, shown.expected, shown.marked) == (booked[0].session_id, 2, 1)


def test_a_sheet_goes_class_by_class_and_school_by_school(booked, home):
    school = SchoolFactory(name="Jean Moulin")
    cp, ce1 = (
        SchoolClassFactory(level=level, name=name, school=school) for level, name in (("CP", "CP A"), ("CE1", "CE1"))
    )
    for child, its in zip(home.children, (ce1, cp), strict=True):
        SchoolingFactory(member=child, school_class=its)
    it = booked[0].session
    assert {title: [line.name for line in lines] for title, lines in read_sheet(it).groups.items()} == {
        "CP A": ["Dupont Théo"],
        "CE1": ["Dupont Louane"],
    }
    stranger = household(10_000, ("Zoé", date(2018, 1, 1)))
    add_present(**adding(AgentFactory(is_superuser=True), it, stranger))
    SchoolingFactory(member=stranger.child, school_class__school__name="Anatole France", school_class__name="CM1")
    assert list(read_sheet(it).groups) == ["Anatole France, CM1", "Jean Moulin, CP A", "Jean Moulin, CE1"]
    assert list(read_sheet(it, cp.school_id).groups) == ["CP A", "CE1"]


def test_without_scripts_the_ticked_children_are_marked(booked, client):
    page = sheet_page(booked[0].session)
    done = client.post(page, {"enfant": [row.pk for row in booked], "marque": "present"}, follow=True)
    assert told(done) == ["2 enfants : présent."]
    assert standing() == {"Louane": "present", "Théo": "present"}
    assert "Présents : 2, absents : 0, justifiés : 0, à pointer : 0." in words(done)


@pytest.mark.parametrize(
    "fields", [{"marque": "present"}, {"marque": "x", "enfant": "1"}, {"marque": "", "enfant": "x"}]
)
def test_nothing_ticked_is_told(booked, client, fields):
    done = client.post(sheet_page(booked[0].session), fields, follow=True)
    assert told(done) == ["Cochez au moins un enfant, puis choisissez : présents, absents ou justifiés."]


def test_the_script_sends_its_taps_and_reads_how_each_child_stands(booked, client):
    page = reverse("admin:attendance_send", args=[booked[0].session_id])
    louane, theo = booked
    sent = [
        f"{louane.pk}:present:60000",
        f"{theo.pk}:absent:0",
        "x",
        "1:x:1",
        f"{theo.pk}:absent",
        "9" * 30 + ":absent:0",
    ]
    answer = client.post(page, {"m": sent})
    assert answer.json() == {"marks": {str(louane.pk): "present", str(theo.pk): "absent"}}
    tapped = timezone.localtime(Attendance.objects.get(booking=louane).at)
    assert f"{tapped:%H:%M}" == "11:59"
    assert client.post(page, {"m": sent}).json() == answer.json()
    assert client.post(page, {"m": f"{louane.pk}:absent:{10**15 - 1}"}).json() == {"marks": {str(louane.pk): "present"}}


def test_the_script_is_told_what_is_refused(client, home, activity):
    [booking, _] = book(home, session(activity))
    answer = client.post(reverse("admin:attendance_send", args=[booking.session_id]), {"m": f"{booking.pk}:present:0"})
    assert (answer.status_code, answer.json()) == (409, {"refused": NotYet.sentence})


def test_health_is_shown_on_demand_and_each_reading_written_down(booked, client, activity, home):
    content = HealthContent(has_pai=True, allergens=("peanuts",), diet=(Diet.NO_PORK,))
    for child in home.children:
        HealthSheet.objects.create(member=child, sealed=HealthSheet.seal(child.pk, content), updated_by=home.user)
    line(activity.service, home.family, home.child)
    page = sheet_page(booked[0].session)
    assert "arachides" not in words(client.get(page))
    assert HealthReading.objects.count() == 0
    shown = words(client.post(page, {"sante": "1"}))
    assert shown.count("PAI · Allergie : arachides · Sans porc") == 1
    [reading] = HealthReading.objects.all()
    assert (reading.member, reading.purpose) == (home.child, "Feuille de présence du 10 novembre")


def test_a_child_is_found_and_added_with_one_tap(day, client, home, activity):
    tariff(activity, 760, kind=Tariff.Kind.UNBOOKED)
    page = reverse("admin:attendance_add", args=[day.pk])
    shown = client.get(page, {"q": "louane"})
    [(guest, key)] = shown.context["guests"]
    assert (guest.member, guest.family, guest.cents) == (home.child, home.family, 760)
    tap = {"famille": guest.family.pk, "enfant": guest.member.pk, "once_key": key}
    assert told(client.post(page, tap, follow=True)) == [
        "Louane Dupont est sur la feuille, 7,60\u00a0€. La famille est prévenue."
    ]
    assert [row.member.first_name for row in guests(day, AgentFactory(is_superuser=True), "dupont")] == ["Théo"]
    other = {"famille": guest.family.pk, "enfant": guest.member.pk, "once_key": make_key(home.user.owner, "x")}
    assert StalePage.sentence in words(client.post(page, other))


@pytest.mark.parametrize("fields", [{}, {"famille": "x", "enfant": "1"}, {"famille": "999999999999999", "enfant": "1"}])
def test_who_is_not_there_is_not_found(day, client, fields):
    assert client.post(reverse("admin:attendance_add", args=[day.pk]), fields).status_code == 404


def test_sheets_of_other_communes_are_not_found(visitor, booked):
    stranger = visitor(AgentFactory(communes=[ActivityFactory().service.commune]))
    pk = booked[0].session_id
    pages = [reverse(f"admin:{name}", args=[pk]) for name in ("attendance", "attendance_add")]
    assert [stranger.get(page).status_code for page in pages] == [404, 404]
    assert stranger.post(reverse("admin:attendance_send", args=[pk])).status_code == 404
    assert stranger.get(reverse("admin:attendance_day"), {"jour": TUESDAY}).context["sheets"] == []


def test_a_sheet_of_many_children_takes_as_many_queries_as_one_of_few(
    booked, client, django_assert_num_queries, activity
):
    page = sheet_page(booked[0].session)
    client.get(page)
    with django_assert_num_queries(8):
        client.get(page)
    manager = AgentFactory(is_superuser=True)
    for _ in range(3):
        add_present(**adding(manager, booked[0].session, household(commune=activity.service.commune)))
    with django_assert_num_queries(8):
        client.get(page)
