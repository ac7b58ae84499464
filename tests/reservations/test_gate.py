"""Only a member whom the service let in is booked (S2-47, S2-50); the situation of their line drives the price."""

import pytest

from reservations.actions.checkout import DaysRefused
from reservations.models import Booking
from services.models import RequestLine
from tests.factories.reservations import (
    LOUANE,
    THEO,
    ActivityFactory,
    book,
    choose,
    confirm,
    household,
    session,
    share,
    tariff,
)
from tests.factories.services import AudienceFactory, ServiceFactory, line
from tests.reservations.reads.test_offers import offer_of, price, reasons, state

pytestmark = pytest.mark.django_db
WHO = "Louane, mardi 10 novembre : l’accès au service « Saint-Marcel – Cantine »"


@pytest.fixture
def service():
    return ServiceFactory(name="Cantine", commune__name="Saint-Marcel", access="request")


@pytest.fixture
def day(service):
    return session(ActivityFactory(service=service))


@pytest.mark.seed("S2-47", "S2-50", "S3-61")
@pytest.mark.parametrize(
    ("status", "why"),
    [
        (None, "n’est pas encore accepté : faites la demande dans « Mes services »."),
        ("pending", "n’est pas encore accepté : votre demande est à l’étude, un e-mail vous préviendra."),
        ("incomplete", "n’est pas encore accepté : complétez vos pièces dans « Mes services »."),
        ("refused", "est refusé : lisez le motif dans « Mes services », où vous pouvez refaire la demande."),
        ("expired", "a expiré : renouvelez vos pièces dans « Mes services »."),
        ("accepted", None),
    ],
)
def test_a_day_is_closed_to_a_member_whom_the_service_has_not_let_in(service, day, status, why):
    home = household()
    if status:
        line(service, home.family, home.child, status)
    assert reasons(home, day) == ([f"{WHO} {why}"] if why else [])
    assert state(home, day) == ("closed" if why else "open")


def test_an_open_service_asks_for_no_request(day, service):
    service.access = "open"
    service.save()
    home = household()
    assert (reasons(home, day), state(home, day)) == ([], "open")


def test_each_member_has_their_own_access(service, day):
    home = household(10_000, LOUANE, THEO)
    line(service, home.family, home.children[1])
    offer = offer_of(home, day)
    assert [offer.state(day, offer.members[pk]) for pk in home.pks] == ["closed", "open"]


def test_the_access_of_another_service_or_of_the_other_parent_opens_nothing(service, day):
    home, other = household(), household(0, THEO)
    share(home, other)
    line(service, other.family, home.child)
    line(ServiceFactory(access="request"), home.family, home.child)
    offers = [offer_of(each, day) for each in (home, other)]
    assert [offer.state(day, offer.members[home.child.pk]) for offer in offers] == ["closed", "open"]


def test_what_was_in_the_cart_is_refused_once_the_access_is_lost(service, day):
    home = household()
    mine = line(service, home.family, home.child)
    choose(home, day.activity, day.date)
    RequestLine.objects.filter(pk=mine.pk).update(status="expired")
    with pytest.raises(DaysRefused) as refusal:
        confirm(home)
    assert refusal.value.sentences == [f"{WHO} a expiré : renouvelez vos pièces dans « Mes services »."]
    assert Booking.objects.count() == 0


def test_a_booking_made_while_the_access_held_can_still_be_cancelled(service, day):
    home = household()
    mine = line(service, home.family, home.child)
    book(home, day)
    RequestLine.objects.filter(pk=mine.pk).update(status="expired")
    offer = offer_of(home, day)
    assert (state(home, day), offer.against_cancelling(day, offer.members[home.child.pk])) == ("booked", [])


@pytest.mark.seed("S3-80")
def test_the_situation_of_the_line_drives_the_price_whatever_the_residence(service):
    activity = ActivityFactory(service=service, cents=False)
    audiences = [AudienceFactory(service=service, residence=residence) for residence in ("inside", "outside", "any")]
    for audience, cents in zip(audiences, (380, 475, 665), strict=True):
        tariff(activity, cents, audience=audience)
    prices = []
    for audience in audiences:
        home = household(commune=service.commune)
        line(service, home.family, home.child, audience=audience)
        prices.append(price(home, activity))
    assert prices == [380, 475, 665]


def test_a_situation_without_a_price_of_its_own_pays_the_general_one(service):
    activity = ActivityFactory(service=service, cents=False)
    tariff(activity, 380, audience=AudienceFactory(service=service, residence="inside"))
    tariff(activity, 475)
    home = household(commune=service.commune)
    line(service, home.family, home.child, audience=AudienceFactory(service=service, name="Adultes"))
    assert price(home, activity) == 475


def test_the_calendar_says_whom_the_service_has_not_let_in_and_ticks_the_others(visitor, service, day):
    home = household(10_000, LOUANE, THEO)
    line(service, home.family, home.children[1])
    response = visitor(home.user).get(f"/reservations/activite/{day.activity.slug}/?mois=2026-11")
    assert response.context["page"].chosen == {home.children[1].pk}
    assert list(response.context["page"].closed_to.values()) == [[home.child]]
    assert "faites la demande dans « Mes services »." in response.content.decode()
    assert '<a href="/mes-services/">Mes services</a>' in response.content.decode()


def test_a_family_that_asked_for_nothing_sees_everybody_ticked_and_no_day_to_book(visitor, day):
    home = household(10_000, LOUANE, THEO)
    page = visitor(home.user).get(f"/reservations/activite/{day.activity.slug}/?mois=2026-11").context["page"]
    assert page.chosen == set(home.pks)
    assert [cell for cell in page.month.cells if cell.selectable] == []
