#!/usr/bin/env bash
# vacances-scolaires-france 0.12.0 gives « Vacances d'été » from the day that the ministry's orders print. Where that day
# is a weekday the order means « à la fin des cours »: there is class on Tuesday 4 July 2028, on Thursday 7 July 2022 and
# on Tuesday 6 July 2021, and a canteen is open. Summers printed with a Saturday (2023 to 2027) are right, so that a
# test of one ordinary year does not see it. The Fridays after Ascension Day, off by the same orders, are there in 2022
# and 2027 and missing from 2023 to 2026. Only days off have a row, so that a day that is missing reads as a day of school.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet vacances-scolaires-france==0.12.0
"$place/venv/bin/python" - <<'PYTHON'
from datetime import date
from importlib.metadata import version

from vacances_scolaires_france import SchoolHolidayDates

days = SchoolHolidayDates().data


def said(day):
    row = days.get(day)  # only days off have a row
    return row["nom_vacances"] if row and row["vacances_zone_a"] else "school"


print("vacances-scolaires-france", version("vacances-scolaires-france"), "until", max(days))
last_classes = [date(2021, 7, 6), date(2022, 7, 7), date(2028, 7, 4)]
bridges = [date(year, month, day) for year, month, day in [(2023, 5, 19), (2024, 5, 10), (2025, 5, 30), (2026, 5, 15)]]
for day in [*last_classes, *bridges]:
    print(f"{day:%A %Y-%m-%d}: {said(day)}")
assert all("été" in said(day) and day.weekday() < 5 for day in last_classes), "last days of class are right now"
assert all(said(day) == "school" for day in bridges), "the bridges are there now"
assert "Ascension" in said(date(2022, 5, 27)) and "Ascension" in said(date(2027, 5, 7))
print("The last day of class is told as holiday; four bridges are told as school.")
PYTHON
