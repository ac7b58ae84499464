"""A family that owes more than its purse allows books nothing new there; what it booked stands, and may be cancelled."""

from datetime import date

import pytest

from common.models import Authority
from reservations.actions import debit_the_day
from reservations.actions.checkout import DaysRefused
from reservations.models import Booking, CartLine
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    confirm,
    household,
    instant,
    session,
    sessions,
)
from tests.factories.wallet import spend, wallet_with
from wallet.actions import set_floor
from wallet.models import Purse, Wallet

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"
OWED = 4605
SENTENCE = (
    f"Il reste 46,05{NBSP}€ à régler sur votre porte-monnaie : les nouvelles réservations sont suspendues. "
    "Rechargez votre crédit pour réserver à nouveau ; en cas de difficulté, contactez Dombes Connect (04 74 00 00 00). "
    "Vos réservations déjà faites restent valables et peuvent toujours être annulées dans les délais."
)


@pytest.fixture(autouse=True)
def _authority(db):
    Authority.objects.create(name="Dombes Connect", phone="04 74 00 00 00", email="famille@dombes.example")


@pytest.fixture
def purse(db):
    """Families may book 100 € down; who owes more than 46,04 € books nothing new."""
    found = Purse.objects.get(is_default=True)
    found.blocked_above = OWED - 1
    found.save()
    set_floor(found, -10_000)
    return found


@pytest.fixture
def home(purse):
    """Louane and Théo; their wallet owes 46,05 €."""
    return owing(OWED)


@pytest.fixture
def journee(purse):
    return LeisureFactory(cents=1330, slug="alsh")


def owing(cents):
    home = household(0, LOUANE, THEO)
    spend(home.wallet, cents, kind="deferred_debit")
    return home


def test_requests_are_refused_with_what_is_owed_how_to_pay_and_whom_to_call(home, journee):
    session(journee)
    choice = choose(home, journee, TUESDAY)
    assert (choice.booked, choice.reasons) == (0, [SENTENCE])
    assert CartLine.objects.count() == 0


def test_a_request_entered_before_is_refused_when_confirmed(purse, journee):
    home = owing(OWED - 1)
    sessions(journee, TUESDAY, THURSDAY)
    choose(home, journee, TUESDAY, THURSDAY)
    spend(home.wallet, 1, kind="deferred_debit")
    with pytest.raises(DaysRefused) as refused:
        confirm(home, "deferred")
    assert refused.value.sentences == [SENTENCE]
    assert (Booking.objects.count(), CartLine.objects.count()) == (0, 4)


def test_carts_are_refused_too_even_where_the_floor_allows_them(purse):
    home, canteen = owing(OWED - 1), ActivityFactory()
    session(canteen)
    choose(home, canteen, TUESDAY)
    spend(home.wallet, 1, kind="deferred_debit")
    with pytest.raises(DaysRefused) as refused:
        confirm(home)
    assert (refused.value.sentences, home.balance) == ([SENTENCE], -OWED)


def test_up_to_the_limit_itself_families_book(purse, journee):
    home = owing(OWED - 1)
    assert len(book(home, session(journee))) == 2


def test_without_a_limit_nobody_is_suspended(home, purse, journee):
    Purse.objects.update(blocked_above=None)
    assert len(book(home, session(journee))) == 2


def test_a_limit_of_zero_suspends_from_the_first_cent(purse, journee):
    Purse.objects.update(blocked_above=0)
    it = session(journee)
    assert len(book(household(0), it)) == 1
    assert choose(owing(1), journee, TUESDAY).booked == 0


def test_an_exempted_family_books_whatever_it_owes(home, journee):
    Wallet.objects.filter(pk=home.wallet.pk).update(never_blocked=True)
    assert len(book(home, session(journee))) == 2


def test_another_purse_of_the_same_family_is_free(home):
    other = Purse.objects.create(code="cantine", name="RESTAURATION")
    wallet_with(1000, home.family, other)
    assert len(book(home, session(ActivityFactory(purse=other)))) == 2


def test_the_sentence_names_a_purse_that_is_not_the_main_one(home, journee):
    other = Purse.objects.create(code="alsh", name="PERISCOLAIRE", floor=-10_000, blocked_above=0)
    journee.purse = other
    journee.save()
    spend(wallet_with(0, home.family, other), 100, kind="deferred_debit")
    session(journee)
    [reason] = choose(home, journee, TUESDAY).reasons
    assert reason.startswith(f"Il reste 1,00{NBSP}€ à régler sur votre porte-monnaie « PERISCOLAIRE » : les nouvelles")


def test_whoever_pays_what_lacks_books_again(home, journee):
    it = session(journee)
    assert choose(home, journee, TUESDAY).booked == 0
    wallet_with(1, home.family)
    assert len(book(home, it)) == 2


def test_what_is_booked_stands_is_debited_and_may_be_cancelled(purse, journee, time_machine):
    """A meal is never denied by itself."""
    home = owing(OWED - 1)
    tuesday, thursday, friday = sessions(journee, TUESDAY, THURSDAY, FRIDAY)
    booked = [book(home, day, members=[home.child])[0] for day in (tuesday, thursday, friday)]
    time_machine.move_to(instant(TUESDAY, "02:10"))
    debit_the_day(TUESDAY)
    assert Wallet.objects.with_balance().get(pk=home.wallet.pk).is_suspended
    assert Booking.objects.active().count() == 3
    cancel(home, booked[1])
    choose(home, journee, FRIDAY, members=[home.child])
    order = confirm(home, "deferred")
    assert (order.cancelled_cents, list(Booking.objects.active())) == (1330, [booked[0]])


@pytest.mark.parametrize(
    ("owed", "limit", "never", "suspended"),
    [(2, 1, False, True), (1, 1, False, False), (2, 1, True, False), (2, None, False, False), (0, 0, False, False)],
)
def test_the_list_of_the_suspended_and_the_wallet_agree(owed, limit, never, suspended):
    wallet = wallet_with(0)
    if owed:
        spend(wallet, owed, kind="deferred_debit")
    Purse.objects.update(blocked_above=limit)
    Wallet.objects.update(never_blocked=never)
    assert Wallet.objects.suspended().exists() == suspended
    assert Wallet.objects.with_balance().get().is_suspended == suspended


# --- Pages ------------------------------------------------------------------------------------------------------------
def text(response):
    return response.content.decode().replace("&nbsp;", NBSP).replace("&#x27;", "’")


@pytest.mark.parametrize("page", ["/reservations/activite/cantine/", "/reservations/"])
def test_the_calendar_says_why_no_day_can_be_ticked_and_how_to_pay(page, home, journee, visitor):
    for activity in (journee, ActivityFactory(slug="cantine")):
        sessions(activity, TUESDAY, THURSDAY)
    asked = {"mois": "2026-11", "personne": home.child.pk, "activite": journee.pk}
    response = visitor(home.user).get(page, asked)
    assert text(response).count(SENTENCE) == 1
    assert '<a href="/porte-monnaie/recharger/">Recharger mon crédit</a>' in text(response)
    assert [cell.value for cell in response.context["month"].cells if cell.selectable] == []


def test_a_booked_day_can_still_be_ticked_to_be_cancelled(purse, journee, visitor):
    home = owing(OWED - 1)
    days = sessions(journee, TUESDAY, THURSDAY)
    book(home, days[0], members=[home.child])
    spend(home.wallet, 1, kind="deferred_debit")
    asked = {"mois": "2026-11", "personne": home.child.pk, "activite": journee.pk}
    response = visitor(home.user).get("/reservations/", asked)
    cells = [cell.date for cell in response.context["month"].cells if cell.selectable]
    assert cells == [TUESDAY]


def test_the_cart_says_it_once_whatever_the_number_of_days(purse, visitor):
    home, canteen = owing(OWED - 1), ActivityFactory()
    sessions(canteen, TUESDAY, THURSDAY, FRIDAY, date(2026, 12, 1))
    choose(home, canteen, TUESDAY, THURSDAY, FRIDAY)
    spend(home.wallet, 1, kind="deferred_debit")
    response = visitor(home.user).get("/reservations/panier/")
    assert response.context["basket"].reasons == [SENTENCE]
    assert f"<li>{SENTENCE}</li>" in text(response)
