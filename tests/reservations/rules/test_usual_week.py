"""What a family usually does: most of its last three booked weeks, each child and activity for itself."""

from datetime import date, timedelta

from reservations.rules.usual_week import usual_days

MONDAY = date(2026, 11, 2)


def booked(*weeks: str, member=1, activity=1):
    """Weeks from the oldest, each as its weekdays: « 01 4 » skips one."""
    return [
        (member, activity, MONDAY + timedelta(7 * number + int(day)))
        for number, days in enumerate(weeks)
        for day in days
    ]


def test_most_of_the_last_three_booked_weeks():
    cases = {
        (): set(),
        ("013",): {0, 1, 3},
        ("01", "03"): {0, 3},
        ("014", "01", "03"): {0, 1},
        ("4", "01", "01", "0"): {0, 1},
        ("01", "", "", "01"): {0, 1},
        ("0", "1", "2"): set(),
    }
    for weeks, days in cases.items():
        assert usual_days(booked(*weeks)).get((1, 1), set()) == days, weeks


def test_children_and_activities_are_told_apart():
    rows = booked("01") + booked("3", member=2) + booked("2", activity=7)
    assert usual_days(rows) == {(1, 1): {0, 1}, (2, 1): {3}, (1, 7): {2}}
