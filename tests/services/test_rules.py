"""Regulations of access: ages, validity, what a request lacks, what a member is told."""

from datetime import date

import pytest

from services.models import RequestLine
from services.rules import Piece, add_months, expiry, is_standing, lacking, reason_without_access, suits, undecided

TODAY = date(2026, 11, 10)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 10), 12, date(2027, 11, 10)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 1, 1), 0, date(2026, 1, 1)),
    ],
)
def test_months_are_added_by_the_calendar(day, months, expected):
    assert add_months(day, months) == expected


@pytest.mark.seed("S2-36", "S2-38", "S2-40", "S2-43")
def test_a_document_of_twelve_months_holds_until_the_same_day_a_year_later():
    assert (expiry(TODAY, 12), expiry(TODAY, None)) == (date(2027, 11, 10), None)


@pytest.mark.parametrize(
    ("birth", "suited"),
    [
        (date(2018, 5, 10), ["children", "any"]),
        (date(2008, 11, 11), ["children", "any"]),
        (date(2008, 11, 10), ["adults", "any"]),
        (date(1980, 1, 1), ["adults", "any"]),
    ],
)
def test_a_situation_is_for_children_for_adults_from_18_on_or_for_all(birth, suited):
    assert [people for people in ("children", "adults", "any") if suits(people, birth, TODAY)] == suited


@pytest.mark.parametrize(
    ("status", "expires_on", "stands"),
    [
        (None, None, False),
        ("pending", None, True),
        ("validated", TODAY, True),
        ("validated", date(2026, 11, 9), False),
        ("refused", None, False),
        ("expired", None, False),
    ],
)
def test_a_piece_stands_from_the_day_it_is_given_until_its_last_day(status, expires_on, stands):
    assert is_standing(Piece(name="", mandatory=True, status=status, expires_on=expires_on), TODAY) is stands


def test_only_mandatory_pieces_are_lacking_or_undecided():
    pieces = [
        Piece(name="Fiche", mandatory=True),
        Piece(name="IBAN", mandatory=False),
        Piece(name="Assurance", mandatory=True, status="pending"),
        Piece(name="BIC", mandatory=False, status="pending"),
        Piece(name="Domicile", mandatory=True, status="validated"),
    ]
    assert (lacking(pieces, TODAY), undecided(pieces, TODAY)) == (["Fiche"], ["Assurance"])


def test_each_status_but_the_accepted_one_has_its_reason():
    told = {status: reason_without_access("Baneins – Cantine", status) for status in [None, *RequestLine.Status.values]}
    assert [status for status, reason in told.items() if not reason] == ["accepted"]
    assert len(set(told.values())) == len(told)


def test_nobody_is_told_to_ask_for_what_no_situation_offers_them():
    said = reason_without_access("Baneins – Cantine", None, may_ask=False)
    assert said == "le service « Baneins – Cantine » n’a pas de situation pour une personne de cet âge."
    assert reason_without_access("Baneins – Cantine", "pending", may_ask=False).endswith("un e-mail vous préviendra.")
