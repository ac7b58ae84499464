"""What parents do every week, by how many taps from home, on a small phone; with scripts and without."""

from datetime import date

import pytest

from reservations.models import Activity, Booking
from tests.factories.reservations import Household, book, cancel, choose, confirm
from tests.factories.wallet import spend
from tests.journeys.conftest import DESKTOP
from tests.journeys.every_page.test_pages import look_at
from tests.journeys.reading import balance, messages, press, read, title
from tests.journeys.thumb import SMALL, Thumb
from tests.journeys.town import add_child, add_duponts, add_parent
from wallet.checks import differences

HOME = "/mon-compte/"
WEEK, MONDAY = "/reservations/semaine/", date(2027, 3, 15)
THIS_WEEK, NEXT_WEEK = [date(2027, 3, 4), date(2027, 3, 5)], [date(2027, 3, 11), date(2027, 3, 12)]


CANTEEN, SICK = "cantine-aiguilhe", "/reservations/mes-reservations/plusieurs-jours/"


@pytest.fixture
def claire(town):
    """Claire has booked Thursday and Friday of this week for Louane and Théo."""
    user = add_duponts(town.aiguilhe, 10_000)
    family = user.guardian.family
    home = Household(user, family, family.wallets.get(), list(family.members.order_by("birth_date")))
    canteen = Activity.objects.get(slug=CANTEEN)
    book(home, *canteen.sessions.filter(date__in=THIS_WEEK).order_by("date"))
    return home


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def thumb(visit, claire, request):
    """At Claire's phone, just signed in."""
    yield Thumb(visit(claire.user, HOME, size=SMALL, java_script_enabled=request.param))
    assert list(differences()) == []


with_scripts = pytest.mark.parametrize("thumb", [True], indirect=True)


def booked(*days: date) -> int:
    return Booking.objects.active().filter(session__date__in=days).count()


def test_the_coming_week_in_two_taps(thumb):
    thumb.link("Réserver la semaine")
    assert "Solde ensuite 69,60 €" in read(thumb.page.locator("main"))
    thumb.button("Confirmer")
    assert (title(thumb.page), booked(*NEXT_WEEK)) == ("C’est réservé", 4)
    assert balance(thumb.page) == "69,60 €"
    assert thumb.taps <= 2
    assert thumb.swipes <= 1


def test_one_day_cancelled_in_two_taps(thumb):
    thumb.link("Annuler Réservation de repas Cantines Aiguilhe, Louane, 04-03-2027")
    thumb.button("Annuler la réservation")
    assert (booked(*THIS_WEEK), balance(thumb.page)) == (3, "88,60 €")
    assert thumb.taps <= 2
    assert thumb.swipes <= 2


def test_a_sick_week_in_three_taps(thumb):
    thumb.link("Louane est malade")
    thumb.button("Annuler ces jours")
    assert messages(thumb.page) == ["2 réservations sont annulées : 7,60 € sont de nouveau dans votre porte-monnaie."]
    assert (booked(*THIS_WEEK), balance(thumb.page)) == (2, "92,40 €")
    assert thumb.taps <= 3
    assert thumb.swipes <= 2


@with_scripts
def test_a_top_up_in_three_taps(secure, thumb):
    thumb.link("Recharger mon crédit")
    thumb.tap(thumb.page.get_by_label("50,00 €"))
    thumb.button("Payez par Carte Bancaire (CB, VISA, MASTERCARD, ...)")
    assert thumb.page.url.startswith(secure.address)
    assert thumb.taps <= 3
    assert thumb.swipes <= 2


@pytest.fixture
def offered(town, claire):
    """Claire waited for a Monday, whose place has come free."""
    Activity.objects.filter(slug=CANTEEN).update(offer_only_days=30)
    canteen = Activity.objects.get(slug=CANTEEN)
    canteen.sessions.filter(date=MONDAY).update(capacity=1, waiting_capacity=2)
    neighbour = add_parent(town.aiguilhe, "Nadia", 1_000)
    family = neighbour.guardian.family
    owner = Household(neighbour, family, family.wallets.get(), [add_child(family, "Inès", date(2018, 3, 4))])
    [booking] = book(owner, canteen.sessions.get(date=MONDAY))
    choose(claire, canteen, MONDAY, members=claire.children[:1])
    confirm(claire)
    cancel(owner, booking)


@with_scripts
def test_a_place_offered_in_two_taps(offered, thumb):
    thumb.tap(thumb.page.get_by_role("link", name="Répondre"))
    thumb.button("Confirmer la place")
    assert messages(thumb.page) == ["La place est réservée."]
    assert booked(MONDAY) == 1
    assert thumb.taps <= 2
    assert thumb.swipes <= 2


@pytest.mark.parametrize("size", [SMALL, DESKTOP], ids=["phone", "desktop"])
def test_these_pages_are_accessible(visit, claire, size):
    page = visit(claire.user, HOME, size=size)
    assert look_at(visit, page, [HOME, WEEK, SICK, f"{SICK}?enfant={claire.children[0].pk}"])[0] == []
    page.goto(WEEK)
    press(page, "Confirmer")
    assert look_at(visit, page, [page.url])[0] == []


@pytest.mark.parametrize("size", [SMALL, DESKTOP], ids=["phone", "desktop"])
def test_a_week_without_the_money_is_accessible(visit, claire, size, secure):
    spend(claire.wallet, claire.balance)
    page = visit(claire.user, WEEK, size=size)
    assert look_at(visit, page, [WEEK])[0] == []
