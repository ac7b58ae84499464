"""« Fermer ce compte » says and settles what a family leaves behind: its money, its days, its lists, its mandate."""

from datetime import date, datetime

import pytest
from django.urls import reverse

from accounts.models import User
from families.models import Family
from portal.desk.actions.closing import MoneyUndecided, NotSettled, close_account
from portal.desk.reads.closing import leaving_of
from reservations.models import Booking, CartLine, Order, Session, WaitlistEntry
from reservations.rules import PARIS
from tests.accounts.pages import words
from tests.factories.accounts import AgentFactory, ManagerFactory
from tests.factories.families import GuardianFactory
from tests.factories.reservations import (
    LOUANE,
    ActivityFactory,
    LeisureFactory,
    book,
    choose,
    household,
    instant,
    session,
)
from tests.factories.sepa import mandate_of
from tests.factories.services import line, service_asking
from wallet import checks
from wallet.actions import set_floor

pytestmark = pytest.mark.django_db
TUESDAY, THURSDAY = date(2026, 11, 10), date(2026, 11, 12)


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(datetime(2026, 11, 2, 9, tzinfo=PARIS))


@pytest.fixture(autouse=True)
def _exact_ledger(db):
    yield
    assert list(checks.differences()) == []


@pytest.fixture
def canteen():
    return ActivityFactory(slug="cantine", capacity=None)


def family_of(commune, cents):
    """A family of a commune, its account too."""
    home = household(cents, LOUANE, commune=commune)
    User.objects.filter(pk=home.user.pk).update(commune=commune)
    return home


@pytest.fixture
def home(canteen):
    """Louane's family with 10 € left after a day of 3,80 € that may still be cancelled, and one that may not."""
    home = family_of(canteen.service.commune, 1_760)
    for day in (TUESDAY, THURSDAY):
        book(home, session(canteen, day))
    Session.objects.filter(date=THURSDAY).update(cancellable_until=instant(date(2026, 11, 1)))
    return home


@pytest.fixture
def agent(home):
    return AgentFactory(communes=[home.family.commune])


def standing():
    return list(Booking.objects.active())


def test_the_page_says_all_that_would_be_left(visitor, home, agent, canteen):
    choose(home, canteen, session(canteen, date(2026, 11, 13)).date)
    mandate_of(home.family)
    line(service_asking(), home.family, home.child, "pending")
    page = words(visitor(agent).get(reverse("admin:accounts_user_fermer", args=[home.user.pk])))
    for said in (
        "10,00 €",
        "2 réservations à venir",
        "1 journée dans le panier",
        "1 mandat SEPA",
        "1 demande d’accès en attente",
    ):
        assert said in page


def test_money_that_nobody_decided_upon_prevents_the_closing_and_nothing_is_half_done(visitor, home, agent):
    with pytest.raises(MoneyUndecided, match=r"13,80.€ resteraient sur le porte-monnaie"):
        close_account(agent=agent, user=home.user)
    home.user.refresh_from_db()
    assert (home.user.status, len(standing()), home.balance) == ("validated", 2, 1_000)
    page = visitor(agent).post(reverse("admin:accounts_user_fermer", args=[home.user.pk]))
    assert "Remboursez-les par virement, ou décidez de les garder." in words(page)


def test_closed_no_meal_is_left_on_the_kitchens_list_and_what_may_be_is_recredited(home, agent):
    mandate = mandate_of(home.family)
    request = line(service_asking(), home.family, home.child, "pending")
    assert close_account(agent=agent, user=home.user, keep_money=True) is True
    home.user.refresh_from_db()
    mandate.refresh_from_db()
    request.refresh_from_db()
    assert (home.user.status, standing(), home.balance) == ("closed", [], 1_380)
    assert (mandate.end_note, request.status) == ("Fermeture du compte", "refused")
    late = Booking.objects.get(session__date=THURSDAY)
    assert (late.given_back, late.end_words) == (0, "Non recrédité.")
    assert Booking.objects.get(session__date=TUESDAY).given_back == 380


def test_closing_twice_is_closing_once(home, agent):
    assert close_account(agent=agent, user=home.user, keep_money=True) is True
    orders = Order.objects.count()
    assert close_account(agent=agent, user=home.user, keep_money=True) is False
    assert (Order.objects.count(), home.balance) == (orders, 1_380)


def test_a_family_that_has_nothing_left_is_closed_without_a_question(agent, home):
    empty = family_of(home.family.commune, 0)
    assert leaving_of(empty.user).settled == []
    assert close_account(agent=agent, user=empty.user) is True


def test_places_on_lists_and_carts_are_left(agent, home):
    full, other = ActivityFactory(), household(10_000, LOUANE)
    day = session(full, TUESDAY, capacity=1, waiting_capacity=5)
    book(other, day)
    book(home, day)
    assert WaitlistEntry.objects.live().filter(family=home.family).count() == 1
    choose(home, full, session(full, date(2026, 11, 13)).date)
    close_account(agent=agent, user=home.user, keep_money=True)
    assert not WaitlistEntry.objects.live().exists()
    assert not CartLine.objects.filter(cart__family=home.family).exists()
    assert standing() == list(Booking.objects.filter(family=other.family))


def test_days_that_the_night_will_debit_come_first(agent, home, time_machine):
    set_floor(home.wallet.purse, -10_000)
    book(home, session(LeisureFactory(purse=home.wallet.purse), date(2026, 11, 11)))
    time_machine.move_to(datetime(2026, 11, 11, 18, tzinfo=PARIS))
    with pytest.raises(NotSettled, match="seront débitées cette nuit"):
        close_account(agent=agent, user=home.user, keep_money=True)


def test_while_another_parent_stays_nothing_is_settled(agent, home):
    GuardianFactory(family=home.family)
    assert leaving_of(home.user).family is None
    close_account(agent=agent, user=home.user)
    assert (len(standing()), home.balance) == (2, 1_000)


# --- A family without a commune ---------------------------------------------------------------------------------------
def test_a_family_without_a_commune_is_the_managers_alone(visitor, home, agent):
    Family.objects.filter(pk=home.family.pk).update(commune=None)
    manager = ManagerFactory()
    assert not Family.objects.of_agent(agent).filter(pk=home.family.pk).exists()
    assert Family.objects.of_agent(manager).filter(pk=home.family.pk).exists()
    doors = [
        reverse("admin:families_family_change", args=[home.family.pk]),
        reverse("admin:desk_family", args=[home.family.pk]),
        reverse("admin:wallet_credit", args=[home.family.pk]),
        reverse("admin:wallet_wallet_change", args=[home.wallet.pk]),
    ]
    assert 200 not in {visitor(agent).get(door).status_code for door in doors}
    assert [visitor(manager).get(door).status_code for door in doors] == [200] * len(doors)
    page = visitor(agent).get(reverse("admin:families_family_changelist"), {"q": "Dupont"})
    assert home.family.reference not in words(page)
    answer = visitor(agent).get(
        "/admin/autocomplete/",
        {"app_label": "wallet", "model_name": "wallet", "field_name": "family", "term": home.family.name},
    )
    assert answer.status_code in (403, 404) or answer.json()["results"] == []
