"""The comparisons of `make crossed` find what is read otherwise; its readers are pinned. No network here."""

import json
import re

import pytest

from tests.crossed.banks import File, _heads
from tests.crossed.feeds import paris
from tests.crossed.readers import SCRIPTS
from tests.crossed.sheets import Cell, _fault
from tests.crossed.table import Row, differences, markdown, unequal


def test_every_reader_is_pinned():
    lines = (SCRIPTS / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[\w-]+==[\w.]+", line)] == []
    npm = json.loads((SCRIPTS / "package.json").read_text())["dependencies"]
    assert [name for name, wanted in npm.items() if not re.fullmatch(r"[0-9]+(\.[0-9]+)+", wanted)] == []


@pytest.mark.parametrize(
    ("ours", "theirs", "faults"),
    [
        ("ab", "ba", []),
        ("ab", "a", ["not read: b"]),
        ("a", "ab", ["read, but not ours: b"]),
        ("a", "aa", ["2 read, 1 ours"]),
    ],
)
def test_what_is_lacking_added_or_doubled_is_told(ours, theirs, faults):
    assert differences(ours, theirs) == faults


def test_what_is_read_otherwise_is_told_in_the_table():
    assert unequal(total=(1, 1)) == []
    faults = unequal(total=(1, 2))
    assert faults == ["total: 1 read as 2"]
    rows = [Row("a", "b", "c", faults), Row("a", "d", "c")]
    assert markdown(rows).splitlines()[2:] == ["| a | b | c | **1 disagree** |", "| a | d | c | agrees |"]


@pytest.mark.parametrize(
    ("cell", "found", "is_same"),
    [
        ("-326,40", Cell("float", "-326.4", "-326,4"), True),
        ("-326,40", Cell("string", "", "-326,40"), False),
        ("10/11/2026 09:00", Cell("date", "2026-11-10T09:00:00", "10/11/26"), True),
        ("10/11/2026", Cell("date", "2026-10-11", "11/10/26"), False),
        ("Novembre 2026", Cell("date", "2026-11-01", "01/11/26"), True),
        ("Novembre 2026", Cell("date", "2026-12-01", "01/12/26"), False),
        ("01234567", Cell("float", "1234567", "1234567"), False),
        ("04 74 00 00 00", Cell("string", "", "04 74 00 00 00"), True),
        ("=1+1", Cell("formula", "2", "2"), False),
        ("3-6", Cell("date", "2026-06-03", "03/06/26"), False),
    ],
)
def test_what_a_spreadsheet_makes_of_a_cell_is_judged(cell, found, is_same):
    assert (_fault(cell, found) == "") is is_same


def test_hours_are_those_of_paris_in_summer_and_in_winter():
    assert paris("2026-12-01T10:30:00.000Z") == "2026-12-01T11:30"
    assert paris("2027-06-15T09:30:00+00:00") == "2027-06-15T11:30"
    assert paris("2027-06-15T11:30:00") == "2027-06-15T11:30:00"  # of no zone: told as it is


def test_a_file_of_other_sums_or_counts_is_told():
    file = File("pain.001.001.09", b"", "M", [("A", 101, "FR"), ("B", 202, "FR")], [])
    assert _heads(file, {"message": "M", "count": 2, "sum": "3.03"}) == []
    assert len(_heads(file, {"message": "N", "count": 1, "sum": "3.3"})) == 3
