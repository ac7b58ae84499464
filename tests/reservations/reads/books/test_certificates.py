"""« Attestation fiscale »: care only, under six on 1 January, paid in the year (article 200 quater B CGI)."""

import io
from datetime import date

import pytest
from pypdf import PdfReader

from families.models import Guardian
from reservations.actions.debits import debit_the_day
from reservations.models import Activity
from reservations.reads.books.certificates import certificate, certificates
from reservations.rules import care_share, is_young_enough
from tests.factories.accounts import UserFactory
from tests.factories.money import consumed
from tests.factories.reservations import ActivityFactory, LeisureFactory, book, cancel, household, instant, session
from tests.reservations.reading import text
from wallet.actions import set_floor
from wallet.models import Purse

pytestmark = pytest.mark.django_db
PAGE = "/reservations/historiques/attestations/"
JADE, THEO = ("Jade", date(2021, 6, 1)), ("Théo", date(2013, 7, 12))
MONDAY = date(2026, 10, 19)


@pytest.fixture
def family(db):
    """Jade is five, Théo thirteen; 100 € in the wallet, which may go below zero."""
    home = household(10_000, JADE, THEO)
    set_floor(Purse.objects.get(), -50_000)
    return home


@pytest.fixture
def centre(db):
    return LeisureFactory(name="ALSH Journée", care_percent=100)


def debit(time_machine, day):
    """The night after a day."""
    time_machine.move_to(instant(day, "02:10"), tick=False)
    debit_the_day(day)


# --- The rule ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("birth", "year", "counts"),
    [
        (date(2021, 1, 1), 2027, False),
        (date(2021, 1, 2), 2027, True),
        (date(2020, 12, 31), 2027, False),
        (date(2020, 12, 31), 2026, True),
        (date(2020, 2, 29), 2026, True),
        (date(2027, 5, 1), 2027, True),
    ],
)
def test_a_child_counts_while_under_six_on_the_first_of_january(birth, year, counts):
    assert is_young_enough(birth, year) == counts


@pytest.mark.parametrize(
    ("cents", "percent", "share"),
    [(1330, 100, 1330), (1330, 0, 0), (475, 50, 238), (665, 50, 333), (101, 25, 25), (102, 25, 26), (1, 49, 0)],
)
def test_the_care_of_a_booking_is_rounded_half_a_cent_upwards(cents, percent, share):
    assert care_share(cents, percent) == share


# --- What counts ------------------------------------------------------------------------------------------------------
def test_a_debited_day_of_a_child_under_six_is_certified(family, centre, time_machine):
    jade, theo = family.children
    consumed(family, jade, centre, MONDAY, 1330, 2)
    consumed(family, theo, centre, MONDAY, 1330)
    debit(time_machine, date(2026, 10, 20))
    (found,) = certificates(family.user)
    (child,) = found.children.values()
    (line,) = child.lines.values()
    assert (found.year, found.total, child.name, child.birth_date) == (2026, 1330, "Jade Dupont", JADE[1])
    assert (line.activity, line.bookings, line.paid, line.care) == ("ALSH Journée", 1, 1330, 1330)


def test_what_is_not_debited_or_was_given_back_is_not_certified(family, centre):
    consumed(family, family.child, centre, MONDAY, 1330)
    prepaid = ActivityFactory(kind=Activity.Kind.DAYCARE, care_percent=100, name="Garderie")
    [booking] = book(family, session(prepaid), members=family.children[:1])
    assert certificate(family.user, 2026).total == 380
    cancel(family, booking)
    assert certificates(family.user) == []


def test_meals_never_count(family):
    book(family, session(ActivityFactory(care_percent=0)))
    book(family, session(ActivityFactory(care_percent=100)))
    assert Activity.objects.filter(kind=Activity.Kind.CANTEEN).count() == 2
    assert certificates(family.user) == []


def test_each_booking_is_rounded_on_its_own(family, time_machine):
    """Three times 4,75 € at half: 3 × 2,38 = 7,14 €, not 7,13."""
    half = LeisureFactory(care_percent=50)
    for day in (5, 6, 7):
        consumed(family, family.child, half, date(2026, 10, day), 475)
    debit(time_machine, date(2026, 10, 8))
    assert certificate(family.user, 2026).total == 714


def test_the_year_is_that_of_the_payment_in_paris(family, centre, time_machine):
    """New Year's Eve is debited in the night of the 1st, after midnight: it was paid in 2027."""
    consumed(family, family.child, centre, date(2026, 12, 30), 1000)
    consumed(family, family.child, centre, date(2026, 12, 31), 1330)
    debit(time_machine, date(2026, 12, 30))
    time_machine.move_to(instant(date(2027, 1, 1), "00:30"), tick=False)
    debit_the_day(date(2026, 12, 31))
    assert [(each.year, each.total) for each in certificates(family.user)] == [(2027, 1330), (2026, 1000)]


def test_years_come_latest_first_each_with_its_own_children(db, centre, time_machine):
    home = household(50_000, ("Jade", date(2020, 6, 1)), ("Zoé", date(2022, 3, 4)))
    time_machine.move_to(instant(date(2026, 12, 1)))
    for child in home.children:
        consumed(home, child, centre, date(2026, 11, 30), 1000)
    debit(time_machine, date(2026, 12, 1))
    for child in home.children:
        consumed(home, child, centre, date(2027, 1, 11), 1330)
    debit(time_machine, date(2027, 1, 12))
    found = [
        (each.year, [child.name for child in each.children.values()], each.total) for each in certificates(home.user)
    ]
    assert found == [(2027, ["Zoé Dupont"], 1330), (2026, ["Jade Dupont", "Zoé Dupont"], 2000)]


def test_another_familys_care_is_not_mine(family, centre, time_machine):
    consumed(family, family.child, centre, MONDAY, 1330)
    debit(time_machine, date(2026, 10, 20))
    assert certificates(household(0, JADE).user) == []


# --- The pages --------------------------------------------------------------------------------------------------------
def test_the_page_lists_the_years_or_says_why_there_is_none(visitor, family, centre, time_machine):
    parent = visitor(family.user)
    assert "Aucune attestation pour le moment" in text(parent.get(PAGE))
    consumed(family, family.child, centre, MONDAY, 1330)
    debit(time_machine, date(2026, 10, 20))
    answer = parent.get(PAGE)
    assert "2026 Jade Dupont 13,30 € Attestation provisoire 2026 (PDF)" in text(answer).replace("\u00a0", " ")
    assert f'href="{PAGE}2026.pdf"' in answer.content.decode()


def pdf(visitor, home, year):
    answer = visitor(home.user).get(f"{PAGE}{year}.pdf")
    assert answer.status_code == 200
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split()).replace("\u00a0", " ")


def test_the_certificate_names_the_payers_the_law_the_children_and_the_sums(visitor, family, centre, time_machine):
    Guardian.objects.create(user=UserFactory(first_name="Louis"), family=family.family)
    consumed(family, family.child, centre, MONDAY, 1330)
    debit(time_machine, date(2026, 10, 20))
    time_machine.move_to(instant(date(2027, 2, 1)))
    words = pdf(visitor, family, 2026)
    for part in (
        "Attestation fiscale 2026",
        "article 200 quater B du code général des impôts",
        "Claire Dupont et Louis Dupont",
        f"Dupont ({family.family.reference})",
        "Jade Dupont, né(e) le 01/06/2021",
        "1 13,30 € 100 % 13,30 €",
        "Total des frais de garde payés en 2026 : 13,30 €",
    ):
        assert part in words
    assert "provisoire" not in words
    assert "restait dû" not in words


def test_a_year_that_goes_on_has_a_provisional_certificate(visitor, family, centre, time_machine):
    consumed(family, family.child, centre, MONDAY, 1330)
    debit(time_machine, date(2026, 10, 20))
    assert "Attestation provisoire 2026" in pdf(visitor, family, 2026)


def test_what_was_still_owed_at_the_end_of_the_year_is_told(visitor, family, centre, time_machine):
    consumed(family, family.child, centre, MONDAY, 14_605)
    debit(time_machine, date(2026, 10, 20))
    time_machine.move_to(instant(date(2027, 2, 1)))
    words = pdf(visitor, family, 2026)
    assert "Au 31 décembre 2026, il restait dû 46,05 € (Porte-monnaie)" in words


@pytest.mark.parametrize("year", ["2025", "0", "99999", "9" * 30, "x", "-2026"])
def test_a_year_without_a_certificate_is_not_found(visitor, family, centre, time_machine, year):
    consumed(family, family.child, centre, MONDAY, 1330)
    debit(time_machine, date(2026, 10, 20))
    assert visitor(family.user).get(f"{PAGE}{year}.pdf").status_code == 404
