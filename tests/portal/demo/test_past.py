"""The demo's families have lived: days debited by the night, and one that owes what guide 004 shows."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from portal.demo import data
from portal.demo.seed import seed
from portal.models import Kitchen
from reservations.models import Absence, Activity, Attendance, Booking, Tariff
from reservations.reads.family import facts_of
from reservations.reads.following import followed, with_states
from reservations.reads.prices import PriceBook
from reservations.views.week_data import week_page
from wallet import checks
from wallet.models import Operation, Transfer, Wallet

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def wallet_of_number(number: int) -> Wallet:
    """The wallet for leisure centres of one of the demo's families."""
    user = User.objects.get(identifier=f"F{1000 + number:07}")
    return Wallet.objects.of(user).get(purse__code="cdc")


@pytest.mark.seed("S4-44")
@pytest.mark.parametrize("now", [datetime(2026, 11, 21, 10, tzinfo=PARIS), datetime(2026, 9, 2, 10, tzinfo=PARIS)])
def test_families_owe_and_were_debited_and_came_whatever_the_day(now, settings, tmp_path):
    """In November, and when the school year has just begun and nothing is past yet."""
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(now, tick=False):
        seed(families=6)
        a_family_owes_what_the_guide_shows()
        a_day_costs_what_the_guide_shows()
        days_of_the_centre_were_debited_and_validated(now)
        the_sheet_of_the_day_has_children_some_of_them_marked(now)
        the_week_to_come_is_offered_and_can_be_paid()
        a_second_run_changes_nothing()
        assert list(checks.differences()) == []


def the_week_to_come_is_offered_and_can_be_paid():
    """The parent whom the demo names first reads it on home."""
    page = week_page(User.objects.get(identifier="F0001000"))
    assert page.lines
    assert not page.checkout.missing


def a_family_owes_what_the_guide_shows():
    wallet = wallet_of_number(data.OWING)
    assert (wallet.balance, wallet.owed, wallet.is_suspended) == (-4605, 4605, False)


def a_day_costs_what_the_guide_shows():
    """« 6,65 × 2 = 13,30 » for the day of the youngest, one price for the others (S4-23)."""
    parent = User.objects.get(identifier="F0001001")
    activities = Activity.objects.filter(slug__in=["alsh-3-6-journee", "alsh-3-6-matin", "alsh-6-12-journee"])
    prices, day = PriceBook(activities, facts_of(parent), Tariff.Kind.NORMAL), timezone.localdate()
    assert {each.slug: (prices.cents(each.pk, day, None), each.quantity) for each in activities} == {
        "alsh-3-6-journee": (1330, 2),
        "alsh-3-6-matin": (475, 1),
        "alsh-6-12-journee": (1485, 1),
    }


def days_of_the_centre_were_debited_and_validated(now):
    user = User.objects.get(identifier="F0001001")
    past = Booking.objects.filter(family=user.guardian.family, session__date__lt=now.date(), billing="deferred")
    assert past.filter(debited_at=None).count() == 0
    assert past.exists() == (now.month == 11)
    assert {booking.state.label for booking in with_states(followed(user)) if booking.over} <= {"Validée"}
    operations = Operation.objects.filter(kind="deferred_debit").values_list("label", flat=True)
    assert all(label.startswith("Consommations du ") for label in operations)
    assert past.exists() == bool(operations)


def the_sheet_of_the_day_has_children_some_of_them_marked(now):
    day = now.date().replace(day=20 if now.month == 11 else 1)
    rows = Booking.objects.active().filter(session__date=day, session__activity__kind="cantine")
    assert (rows.count(), Attendance.objects.filter(booking__in=rows).count()) == (8, 5)
    assert Absence.objects.to_decide().count() == 1


def a_second_run_changes_nothing():
    Kitchen.objects.filter(name="Cantine d’Aiguilhe").update(name="Cantine de Aiguilhe")  # as it was called once
    before = Booking.objects.count(), Transfer.objects.count(), Kitchen.objects.count()
    seed(families=6)
    assert (Booking.objects.count(), Transfer.objects.count(), Kitchen.objects.count()) == before
    assert Kitchen.objects.filter(name="Cantine d’Aiguilhe").exists()
