"""Periods, their parts, and what they are compared with; where bars stand."""

from datetime import date

import pytest

from reservations.rules.figures.periods import (
    Kind,
    Period,
    Step,
    compared,
    expected,
    parts_of,
    percent,
    period_of,
    year_before,
)
from reservations.rules.figures.plots import HEIGHT, plot, spoken, top_of


@pytest.mark.parametrize(
    ("kind", "first", "last", "title"),
    [
        (Kind.YEAR, date(2026, 9, 1), date(2027, 8, 31), "Année scolaire 2026-2027"),
        (Kind.MONTH, date(2027, 2, 1), date(2027, 2, 28), "Février 2027"),
        (Kind.WEEK, date(2027, 2, 22), date(2027, 2, 28), "Semaine du 22/02/2027"),
        (Kind.DATES, date(2027, 2, 28), date(2027, 2, 28), "Du 28/02/2027 au 28/02/2027"),
    ],
)
def test_a_period_of_a_day(kind, first, last, title):
    period = period_of(kind, date(2027, 2, 28))
    assert (period.first, period.last, period.title) == (first, last, title)
    assert period.beside(1).beside(-1) == period
    assert period.beside(-1).last < period.first


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("first", [date(2026, 9, 1), date(2026, 9, 6), date(2027, 12, 31)])
def test_parts_cover_each_day_once(step, first):
    period = period_of(Kind.DATES, first, date(2028, 3, 1))
    parts = list(parts_of(period, step))
    days = [date.fromordinal(n) for part in parts for n in range(part.first.toordinal(), part.last.toordinal() + 1)]
    assert days == [date.fromordinal(n) for n in range(first.toordinal(), date(2028, 3, 1).toordinal() + 1)]
    assert len({part.name for part in parts}) == len(parts)


def test_a_week_is_compared_with_the_same_weekdays_and_a_month_with_the_same_month():
    assert year_before(date(2026, 11, 2), Kind.WEEK) == date(2025, 11, 3)
    assert year_before(date(2026, 11, 2), Kind.MONTH) == date(2025, 11, 2)
    assert year_before(date(2028, 2, 29), Kind.YEAR) == date(2027, 2, 28)
    february = next(parts_of(period_of(Kind.MONTH, date(2029, 2, 3)), Step.MONTH))
    assert february.before == (date(2028, 2, 1), date(2028, 2, 29))
    cut = next(parts_of(period_of(Kind.DATES, date(2029, 2, 3), date(2029, 2, 10)), Step.MONTH))
    assert cut.before == (date(2028, 2, 3), date(2028, 2, 10))


def test_what_is_over_is_compared_with_as_much_of_the_year_before():
    year = period_of(Kind.YEAR, date(2026, 11, 2))
    now, before = compared(year, date(2026, 11, 1))
    assert (now.first, now.last) == (date(2026, 9, 1), date(2026, 11, 1))
    assert (before.first, before.last) == (date(2025, 9, 1), date(2025, 11, 1))
    assert compared(year, date(2026, 8, 31)) is None
    _, before = compared(period_of(Kind.MONTH, date(2029, 2, 1)), date(2029, 6, 1))
    assert before == Period(Kind.DATES, date(2028, 2, 1), date(2028, 2, 29))


def test_the_forecast_never_takes_away_what_is_booked():
    assert expected(40, 30, 50) == 60
    assert expected(40, 50, 30) == 40
    assert expected(40, 0, 0) == 40


def test_a_rate_of_nobody_is_none():
    assert percent(1, 3) == 33.3
    assert percent(0, 0) is None


@pytest.mark.parametrize(("largest", "top"), [(0, 4), (4, 4), (5, 8), (9, 20), (81, 200), (12_345, 20_000)])
def test_the_scale_ends_at_a_round_number(largest, top):
    assert top_of(largest) == top


def test_bars_stand_on_the_base_inside_the_plot():
    drawn = plot(
        "Réservés", [("01/26", [100, None]), ("02/26", [50, 0])], [("pv-now", "cette période"), ("pv-before", "avant")]
    )
    assert [bar.title for bar in drawn.bars] == ["01/26, cette période : 100", "02/26, cette période : 50"]
    assert all(round(bar.y + bar.height, 1) == drawn.base < HEIGHT for bar in drawn.bars)
    assert drawn.bars[0].height == pytest.approx(2 * drawn.bars[1].height, abs=0.2)
    assert [mark.text for mark in drawn.scale] == ["0", "50", "100", "150", "200"]


def test_a_plot_of_nothing_has_no_bar():
    assert plot("Rien", [], [("pv-now", "")]).bars == []
    assert spoken(1234567) == "1\u202f234\u202f567"
