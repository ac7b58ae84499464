"""Figures agree to the unit with a count by hand on random towns, and takings with the pages of accounting."""

import random
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from django.utils import timezone

from reservations.actions.figures.counting import count_figures
from reservations.models import DayFigure, FamilyMonth, MoneyFigure, WeekForecast
from reservations.reads.books.accounting import month_of
from reservations.reads.figures.attendance import COLUMNS, attendance_sheet
from reservations.reads.figures.demand import demand_sheet
from reservations.reads.figures.forecast import forecast_sheet
from reservations.reads.figures.money import money_sheet
from reservations.rules.figures.periods import FORECAST_WEEKS, YEAR, Kind, expected, monday_of
from tests.factories.services import ServiceFactory
from tests.reservations.books import ACTS, Books
from tests.reservations.figures import RandomTown, read, scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("planted_differences")]
TODAY = date(2026, 11, 2)
NAMES = {column.title: column.name for column in COLUMNS}
PERIODS = [
    (Kind.YEAR, date(2026, 11, 2), None, date(2025, 9, 1), date(2026, 8, 31)),
    (Kind.MONTH, date(2026, 10, 31), None, date(2025, 10, 1), date(2025, 10, 31)),
    (Kind.WEEK, date(2026, 10, 8), None, date(2025, 10, 6), date(2025, 10, 12)),
    (Kind.DATES, date(2026, 9, 7), date(2026, 10, 22), date(2025, 9, 8), date(2025, 10, 23)),
]


def tables_of(sheet) -> dict:
    return {table.title: table for table in sheet.tables}


def by_hand(town, rows, before, key):
    """The rows of a table as ``read`` gives them."""
    groups, earlier = defaultdict(list), defaultdict(list)
    for group, bookings in ((groups, rows), (earlier, before)):
        for each in bookings:
            group[key(each)].append(each)
    found = {}
    for name in groups.keys() | earlier.keys():
        marks = town.marks(groups[name]) + Counter(before=town.marks(earlier[name])["booked"])
        found[str(name)] = {title: marks[column] for title, column in NAMES.items() if marks[column]}
    return found


def counts_of(table) -> dict:
    return {
        label: {title: value for title, value in row.items() if title in NAMES} for label, row in read(table).items()
    }


@pytest.mark.parametrize("seed", range(4))
def test_attendance_agrees_with_a_count_by_hand(seed):
    town = RandomTown(seed)
    count_figures(TODAY)
    for kind, day, last, before_first, before_last in PERIODS:
        for chosen in (town.activities, town.activities[1:2]):
            asked = scope(chosen, kind, day, last=last)
            tables = tables_of(attendance_sheet(asked))
            rows = town.standing(asked.period.first, asked.period.last, chosen)
            before = town.standing(before_first, before_last, chosen)
            if not rows and not before:
                continue
            keys = {
                "Par activité": lambda each: each.session.activity,
                "Par école": lambda each: town.school(each) or "Sans école connue",
                "Par âge, le jour venu": lambda each: "Adultes" if town.age(each) >= 18 else f"{town.age(each)} ans",
                "Par commune de la famille": lambda each: town.commune(each) or "Sans commune",
                "Par tranche de quotient": town.bracket,
            }
            for title, key in keys.items():
                assert counts_of(tables[title]) == by_hand(town, rows, before, key), (title, kind)
            total = town.marks(rows) + Counter(before=town.marks(before)["booked"])
            told = {cell.title: cell.value for cell in tables["Par école"].total.cells if cell.title in NAMES}
            assert told == {title: total[name] for title, name in NAMES.items()}


def test_each_step_adds_up_to_the_period_and_has_its_own_year_before():
    town = RandomTown(7)
    count_figures(TODAY)
    for step in ("mois", "semaine"):
        table = tables_of(attendance_sheet(scope(town.activities, step=step)))[f"Par {step}"]
        rows = town.standing(date(2026, 9, 1), date(2027, 8, 31))
        assert sum(row["Réservés"] for row in read(table).values() if "Réservés" in row) == town.marks(rows)["booked"]
        before = {label: row.get("Un an avant", 0) for label, row in read(table).items()}
        if step == "mois":
            october = town.standing(date(2025, 10, 1), date(2025, 10, 31))
            assert before["Octobre 2026"] == town.marks(october)["booked"]
        else:
            week = town.standing(date(2025, 10, 6), date(2025, 10, 12))
            assert before.get("05/10/2026", 0) == town.marks(week)["booked"]


def test_rates_are_of_those_who_were_marked():
    town = RandomTown(11)
    count_figures(TODAY)
    marks = town.marks(town.standing(date(2026, 9, 1), date(2027, 8, 31)))
    marked = marks["present"] + marks["absent"] + marks["justified"]
    total = {cell.title: cell.value for cell in attendance_sheet(scope(town.activities)).tables[0].total.cells}
    assert total["Présence"] == round(100 * marks["present"] / marked, 1)
    assert total["Absence"] == round(100 * marks["absent"] / marked, 1)


@pytest.mark.parametrize("seed", range(3))
def test_families_count_once_whatever_the_days(seed):
    town = RandomTown(seed + 20)
    count_figures(TODAY)
    for kind, day, last, before_first, before_last in PERIODS:
        asked = scope(town.activities, kind, day, last=last)
        spans = (asked.period.first, asked.period.last), (before_first, before_last)
        now, before = ({(e.session.activity, e.family) for e in town.standing(*span)} for span in spans)
        table = tables_of(attendance_sheet(asked)).get("Familles servies")
        if not now and not before:
            assert table is None
            continue
        assert [cell.value for cell in table.total.cells] == [len({f for _, f in each}) for each in (now, before)]
        for row in table.rows:
            assert [cell.value for cell in row.cells] == [
                sum(str(activity) == row.label for activity, _ in each) for each in (now, before)
            ]


def test_demand_agrees_with_a_count_by_hand():
    town = RandomTown(31)
    town.ask(60)
    sheet = demand_sheet(scope(town.activities))
    inside = [day for day in town.sessions if date(2026, 9, 1) <= day.date <= date(2027, 8, 31)]
    booked = {(each.session_id, each.member_id) for each in town.bookings if each.status == "booked"}
    expected = {}
    for activity in town.activities:
        days = [day for day in inside if day.activity == activity]
        entries = [entry for day in days for entry in day.entries.all()]
        refused = {
            (row.session_id, row.member_id)
            for day in days
            for row in town.bookings[0].order.refused_days.filter(session=day)
        }
        row = {
            "En attente": sum(entry.status == "waiting" for entry in entries),
            "Retirés de la liste": sum(entry.status == "left" for entry in entries),
            "Restés sans place": sum(entry.status == "lapsed" for entry in entries),
            "Refusés à la commande": len(refused - booked),
            "Demandés, déjà complet": sum(day.unmet.count() for day in days),
        }
        expected[str(activity)] = {title: number for title, number in row.items() if number}
    assert read(sheet.tables[0]) == expected


def test_the_forecast_adds_what_was_still_added_a_year_before():
    town = RandomTown(41, bookings=500)
    count_figures(TODAY)
    first, then = monday_of(TODAY), timezone.now() - YEAR
    wanted = defaultdict(lambda: [0, 0, 0])
    for activity in town.activities:
        for week in range(FORECAST_WEEKS):
            monday = first + timedelta(weeks=week)
            booked = len(town.standing(monday, monday + timedelta(6), [activity]))
            early = [
                each
                for each in town.bookings
                if each.session.activity == activity
                and monday - YEAR <= each.session.date <= monday - YEAR + timedelta(6)
                and each.order.at <= then
                and (each.cancelled_at is None or each.cancelled_at > then)
            ]
            final = len(town.standing(monday - YEAR, monday - YEAR + timedelta(6), [activity]))
            numbers = (booked, expected(booked, len(early), final), final)
            row = wanted[f"Du {monday:%d/%m/%Y}"]
            row[:] = [have + number for have, number in zip(row, numbers, strict=True)]
    table = forecast_sheet(scope(town.activities)).tables[0]
    found = {row.label: [cell.value for cell in row.cells] for row in table.rows}
    assert found == {name: row for name, row in wanted.items() if name in found}
    assert {name for name, row in wanted.items() if any(row)} <= found.keys()
    assert sum(row[1] for row in wanted.values()) > sum(row[0] for row in wanted.values())


def test_takings_agree_with_the_pages_of_accounting():
    """Whatever happened: sold, cancelled and net by service, each column of each means of payment."""
    services = [ServiceFactory(), ServiceFactory()]
    books = Books(
        timezone.make_aware(timezone.datetime(2026, 11, 1)), [*(f"service:{s.pk}" for s in services), "divers"]
    )
    pick = random.Random(5)
    for _ in range(160):
        books.do(pick.choice(ACTS), pick.randint(0, 3), pick.randint(1, 100_000), pick.randint(-40, 70))
    count_figures(TODAY)
    for first in (date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)):
        month = month_of(first)
        tables = tables_of(money_sheet(scope([], Kind.MONTH, first, books=True)))
        rows = {row.label: [cell.value for cell in row.cells][:-1] for row in tables["Par service"].rows}
        shown = {name: row for name, row in rows.items() if any(row)}
        assert shown == {line.name: [line.sold, line.cancelled, line.net] for line in month.services}
        rows = {row.label: [cell.value for cell in row.cells][:-1] for row in tables["Par mode de règlement"].rows}
        shown = {name: row for name, row in rows.items() if any(row)}
        assert shown == {
            line.name: [line.received, line.corrected, line.unpaid, line.refunded, line.net]
            for line in month.means
            if any([line.received, line.corrected, line.unpaid, line.refunded])
        }
        total = tables["Par jour"].total.cells[2].value
        assert total == month.all_services.net == sum(row.cells[2].value for row in tables["Par jour"].rows)
    assert month_of(date(2026, 11, 1)).all_services.net


def test_counting_twice_is_counting_once_and_older_years_stay():
    town = RandomTown(51)
    DayFigure.objects.create(activity=town.activities[0], date=date(2025, 6, 2), dimension="all", booked=7)
    first = count_figures(TODAY)
    tables = (DayFigure, FamilyMonth, MoneyFigure, WeekForecast)
    counted = [list(table.objects.order_by("pk").values()) for table in tables]
    assert count_figures(TODAY) == first
    again = [list(table.objects.order_by("pk").values()) for table in tables]
    plain = [[sorted((k, str(v)) for k, v in row.items() if k != "id") for row in rows] for rows in counted]
    assert [sorted(rows) for rows in plain] == [
        sorted(sorted((k, str(v)) for k, v in row.items() if k != "id") for row in rows) for rows in again
    ]
    assert DayFigure.objects.get(date=date(2025, 6, 2)).booked == 7
