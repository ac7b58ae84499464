"""Validated by any commune is not enough to take a place without paying it: the service decides, at every door."""

import pytest
from django.db import transaction
from django.urls import reverse

from common.models import OutgoingEmail
from common.writing.once import make_key
from reservations.actions import confirm_cart, pay_by_card
from reservations.actions.checkout import DaysRefused
from reservations.actions.desk import book_for_family, booking_purpose
from reservations.actions.waiting import accept_offer
from reservations.models import Activity, Booking, Session, WaitlistEntry
from reservations.reads.days.desk import read_desk
from services.actions import ask_access
from services.actions.requests import NotAskable
from services.models import RequestLine, Service
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.reservations import (
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    cancel,
    choose,
    confirm,
    household,
    key_for,
    session,
    tariff,
)
from tests.factories.services import AudienceFactory, ServiceFactory, line
from tests.factories.waiting import leave_key, queue_up, standing, taken
from tests.reservations.agents import change, told
from tests.reservations.reading import text
from tests.reservations.reads.test_offers import price, reasons, state

pytestmark = pytest.mark.django_db
WHO = "Louane, mardi 10 novembre : l’accès au service « Cestas – Centres de loisirs »"
ASK = f"{WHO} n’est pas encore accepté : faites la demande dans « Mes services »."


@pytest.fixture
def service():
    """Open to every validated family; what is debited later asks for an access."""
    cestas = CommuneFactory(name="Cestas")
    return ServiceFactory(commune=cestas, name="Centres de loisirs", access="open", credit_to_all=False)


@pytest.fixture
def day(service, purse):
    """A limited day of a leisure centre, debited on the day from a purse that may go below zero."""
    activity = LeisureFactory(service=service, slug="alsh", cents=1330, purse=purse)
    return session(activity, capacity=1, waiting_capacity=5)


@pytest.fixture
def stranger():
    """Validated by Saint-Marcel, with nothing in its wallet."""
    return household(0, commune=CommuneFactory(name="Saint-Marcel"))


def trust_all(service, yes=True):
    Service.objects.filter(pk=service.pk).update(credit_to_all=yes)


def refused(refusal):
    assert refusal.value.sentences == [ASK]
    assert Booking.objects.count() == 0


def test_a_service_trusts_nobody_on_credit_unless_it_says_so():
    assert Service().credit_to_all is False


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (None, "n’est pas encore accepté : faites la demande dans « Mes services »."),
        ("pending", "n’est pas encore accepté : votre demande est à l’étude, un e-mail vous préviendra."),
        ("refused", "est refusé : lisez le motif dans « Mes services », où vous pouvez refaire la demande."),
        ("expired", "a expiré : renouvelez vos pièces dans « Mes services »."),
        ("accepted", None),
    ],
)
def test_the_day_is_open_to_those_whom_this_service_accepted(service, day, stranger, status, why):
    if status:
        line(service, stranger.family, stranger.child, status)
    assert reasons(stranger, day) == ([f"{WHO} {why}"] if why else [])
    assert state(stranger, day) == ("closed" if why else "open")


def test_the_access_of_ones_own_commune_opens_nothing_elsewhere(day, stranger):
    canteen = ServiceFactory(commune=stranger.family.commune, access="request")
    line(canteen, stranger.family, stranger.child)
    assert reasons(stranger, day) == [ASK]


def test_what_is_paid_at_once_stays_open_to_all(service, stranger):
    it = session(ActivityFactory(service=service))
    assert (reasons(stranger, it), state(stranger, it)) == ([], "open")


def test_a_service_that_says_so_trusts_every_validated_family(service, day, stranger):
    trust_all(service)
    assert (reasons(stranger, day), state(stranger, day)) == ([], "open")


def test_the_situation_that_the_service_accepted_drives_the_price(service, stranger):
    activity = LeisureFactory(service=service, cents=False)
    inside, outside = (AudienceFactory(service=service, residence=each) for each in ("inside", "outside"))
    tariff(activity, 475, audience=inside)
    tariff(activity, 665, audience=outside)
    line(service, stranger.family, stranger.child, audience=inside)
    assert price(stranger, activity) == 475


# --- The doors --------------------------------------------------------------------------------------------------------
def test_the_calendar_offers_no_day_and_says_what_to_do(visitor, day, stranger):
    page = visitor(stranger.user).get(f"/reservations/?activite={day.activity_id}&mois=2026-11")
    assert [cell for cell in page.context["month"].cells if cell.selectable] == []
    assert "faites la demande dans « Mes services »." in text(page)


def test_the_cart_takes_no_such_day(day, stranger):
    choice = choose(stranger, day.activity, TUESDAY, replace=True)
    assert (choice.kept, choice.reasons) == (0, [ASK])


def test_a_cart_filled_while_all_were_trusted_is_refused_under_lock(service, day, stranger):
    trust_all(service)
    choose(stranger, day.activity, TUESDAY)
    key = key_for(stranger, "deferred")
    trust_all(service, False)
    with pytest.raises(DaysRefused) as refusal:
        confirm_cart(user=stranger.user, billing="deferred", key=key)
    refused(refusal)
    assert standing(day) == (0, 0, 0)


def test_a_cart_is_refused_once_the_access_is_taken_back(service, day, stranger):
    mine = line(service, stranger.family, stranger.child)
    choose(stranger, day.activity, TUESDAY)
    RequestLine.objects.filter(pk=mine.pk).delete()
    with pytest.raises(DaysRefused) as refusal:
        confirm(stranger, "deferred")
    refused(refusal)


def test_confirming_twice_with_an_access_books_once(service, day, stranger):
    line(service, stranger.family, stranger.child)
    choose(stranger, day.activity, TUESDAY)
    key = key_for(stranger, "deferred")
    assert confirm(stranger, "deferred", key) == confirm(stranger, "deferred", key)
    assert (Booking.objects.count(), standing(day)) == (1, (1, 0, 0))


def test_paying_by_card_takes_no_day_that_became_one_on_credit(service, stranger):
    it = session(ActivityFactory(service=service))
    choose(stranger, it.activity, TUESDAY)
    key = key_for(stranger)
    Activity.objects.filter(pk=it.activity_id).update(billing="deferred")
    with pytest.raises(DaysRefused):
        pay_by_card(user=stranger.user, use_wallet=False, key=key)
    assert Booking.objects.count() == 0


def test_the_desk_books_no_such_day_either(service, day, stranger):
    agent = AgentFactory(communes=[service.commune, stranger.family.commune])
    pks, days = stranger.pks, {day.pk: day}
    basket = read_desk(stranger.family, day.activity, pks, days)
    assert basket.reasons == [ASK]
    with pytest.raises(DaysRefused) as refusal:
        book_for_family(
            agent=agent,
            family=stranger.family,
            activity=day.activity,
            members=pks,
            days=[TUESDAY],
            consent="Nadia, au guichet",
            key=make_key(agent.owner, booking_purpose(stranger.family, day.activity), basket.content),
        )
    refused(refusal)


def waits(service, day):
    """A family that waited while all were trusted, and whose place is free now that they are not."""
    trust_all(service)
    first = taken(day, cents=10_000)
    entry = queue_up(day, cents=10_000)
    trust_all(service, False)
    return first, entry


def test_a_place_that_comes_free_is_not_booked_on_credit_for_who_lost_the_trust(service, day):
    first, entry = waits(service, day)
    cancel(first, first.booking)
    entry_now = WaitlistEntry.objects.get(pk=entry.pk)
    assert (entry_now.status, standing(day)) == ("offered", (0, 1, 0))
    with pytest.raises(DaysRefused) as refusal:
        accept_offer(user=entry.home.user, entry=entry_now, key=leave_key(entry, "accept"))
    assert refusal.value.sentences == [ASK]
    assert Booking.objects.active().count() == 0
    line(service, entry.family, entry.member)
    accept_offer(user=entry.home.user, entry=entry_now, key=leave_key(entry, "accept"))
    assert Booking.objects.active().get().family == entry.family


def test_a_place_asked_for_on_credit_needs_the_access_whatever_the_activity_became(service, day):
    first, entry = waits(service, day)
    Activity.objects.filter(pk=day.activity_id).update(billing="prepaid")
    cancel(first, first.booking)
    assert WaitlistEntry.objects.get(pk=entry.pk).status == "offered"


def test_a_place_that_comes_free_is_booked_for_whom_the_service_accepted(service, day):
    first, entry = waits(service, day)
    line(service, entry.family, entry.member)
    cancel(first, first.booking)
    assert (WaitlistEntry.objects.get(pk=entry.pk).status, standing(day)) == ("served", (1, 0, 0))


def test_nobody_joins_the_list_of_a_full_day_without_the_access(service, day, stranger):
    trust_all(service)
    taken(day, cents=10_000)
    trust_all(service, False)
    assert choose(stranger, day.activity, TUESDAY).reasons == [ASK]


def test_a_booking_made_on_trust_stands_and_can_be_given_back(service, day, stranger):
    trust_all(service)
    stranger = taken(day, cents=10_000)
    trust_all(service, False)
    assert state(stranger, day) == "booked"
    cancel(stranger, stranger.booking)
    assert Booking.objects.active().count() == 0


# --- Asking -----------------------------------------------------------------------------------------------------------
def test_families_ask_an_open_service_for_what_is_debited_later(visitor, service, day, stranger):
    audience = AudienceFactory(service=service, name="Hors commune")
    page = visitor(stranger.user).get("/mes-services/")
    assert "Centres de loisirs de Cestas Hors commune À demander seulement pour ce qui est débité le jour venu" in text(
        page
    )
    assert "sans demande" not in text(page)
    key = make_key(stranger.user.owner, f"ask:{service.pk}")
    ask_access(user=stranger.user, service=service, choices={stranger.child.pk: audience.pk}, key=key)
    assert RequestLine.objects.get().status == "pending"
    assert OutgoingEmail.objects.filter(owner=stranger.user.owner).exists()


@pytest.mark.parametrize("case", ["trusted", "prepaid only", "closed"])
def test_nothing_is_to_be_asked_where_nothing_needs_it(service, day, stranger, case):
    audience = AudienceFactory(service=service)
    if case == "trusted":
        trust_all(service)
    Activity.objects.update(**{"prepaid only": {"billing": "prepaid"}, "closed": {"is_open": False}}.get(case, {}))
    service.refresh_from_db()
    key = make_key(stranger.user.owner, f"ask:{service.pk}")
    with pytest.raises(NotAskable, match="réservez sans faire de demande"):
        ask_access(user=stranger.user, service=service, choices={stranger.child.pk: audience.pk}, key=key)


def test_who_sets_up_such_an_activity_is_told_who_will_book_it(visitor, service, day):
    browser = visitor(AgentFactory(communes=[service.commune]))
    change(browser, day.activity)
    page = browser.get(reverse("admin:reservations_activity_changelist"))
    assert {
        "Débitée le jour venu : seules réserveront les familles dont le service accepte la demande.",
        "Ce service n’a aucune situation : ajoutez-en une, sans quoi nul ne peut la demander.",
    } <= set(told(page))


# --- Two at once ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_trust_taken_back_while_a_family_waits_for_the_day_is_read_after_the_lock(service, day, stranger):
    session(day.activity, THURSDAY)
    trust_all(service)
    choose(stranger, day.activity, TUESDAY)
    key = key_for(stranger, "deferred")
    with transaction.atomic():
        Session.objects.select_for_update().get(pk=day.pk)
        rival = someone_else(confirm_cart, user=stranger.user, billing="deferred", key=key)
        assert rival.wait_until_blocked() == [own_pid()]
        trust_all(service, False)
    with pytest.raises(DaysRefused) as refusal:
        rival.result()
    refused(refusal)
