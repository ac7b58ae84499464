"""Days, codes and letters of SEPA."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.values.calendars import is_target_day
from common.values.sepa import account_fault
from tests.factories.sepa import JOINED, OUTSIDE
from wallet.gateways.sepa_files import FORBIDDEN, text
from wallet.rules.sepa import (
    OF_REFUNDS,
    REASONS,
    against_refund,
    dormant_since,
    due_collection,
    earliest_collection,
    reason_of,
    told,
)


@pytest.mark.parametrize(
    ("today", "debit_day", "notice", "due"),
    [
        (date(2026, 11, 22), 5, 14, None),  # the 5 December is a Saturday: Monday 7, told on 23 November
        (date(2026, 11, 23), 5, 14, (date(2026, 12, 1), date(2026, 12, 7))),
        (date(2026, 12, 1), 5, 14, (date(2026, 12, 1), date(2026, 12, 15))),  # late: the notice is kept
        (date(2026, 12, 7), 5, 14, (date(2026, 12, 1), date(2026, 12, 21))),
        (date(2026, 12, 8), 5, 14, None),
        (date(2026, 12, 22), 5, 14, (date(2027, 1, 1), date(2027, 1, 5))),  # over the new year
        (date(2027, 3, 1), 28, 2, (date(2027, 2, 1), date(2027, 3, 3))),  # the 28 February is a Sunday: 1 March
        (date(2027, 3, 2), 28, 28, (date(2027, 3, 1), date(2027, 3, 30))),  # Easter Sunday, then its Monday
        (date(2028, 2, 29), 28, 2, None),
    ],
)
def test_debits_are_announced_their_notice_before_the_banks_day(today, debit_day, notice, due):
    assert due_collection(today, debit_day, notice) == due


@given(st.dates(date(2026, 1, 1), date(2036, 1, 1)), st.integers(min_value=1, max_value=28), st.integers(2, 28))
def test_a_collection_is_on_a_banks_day_with_its_whole_notice(today, debit_day, notice):
    due = due_collection(today, debit_day, notice)
    if due:
        month, day = due
        assert is_target_day(day)
        assert day >= today + timedelta(notice)
        assert (month.day, month.replace(day=debit_day) <= day) == (1, True)


@given(st.integers(min_value=1, max_value=28), st.integers(2, 28))
def test_every_month_of_a_year_is_announced_once(debit_day, notice):
    days = (date(2027, 1, 1) + timedelta(n) for n in range(365))
    months = {due[0] for day in days if (due := due_collection(day, debit_day, notice))}
    assert {date(2027, month, 1) for month in range(2, 13)} <= months


def test_the_bank_has_its_file_two_days_before():
    assert earliest_collection(date(2026, 11, 23)) == date(2026, 11, 25)
    assert earliest_collection(date(2026, 12, 23)) == date(2026, 12, 28)


def test_a_mandate_sleeps_for_three_years():
    assert dormant_since(date(2026, 11, 23)) == date(2023, 11, 23)
    assert dormant_since(date(2028, 2, 29)) == date(2025, 2, 28)


def test_codes_are_told_to_agents_and_families():
    assert told("AM04") == "AM04 – Provision insuffisante"
    assert told("FF01") == "FF01 – Motif technique"
    assert reason_of("FF01").ends_mandate is False
    assert {code for code, reason in REASONS.items() if reason.ends_mandate} == {"AC01", "AC04", "AG01", "MD01", "MD07"}
    assert set(OF_REFUNDS) <= set(REASONS)
    assert [code for code, reason in REASONS.items() if not reason.words.endswith(".")] == []


@pytest.mark.parametrize(
    ("iban", "sentences"),
    [
        ("FR1420041010050500013M02606", 0),
        ("DE89370400440532013000", 0),
        (JOINED[4], 0),
        ("FR1420041010050500013M02607", 1),
        ("BR1800360305000010009795493C1", 1),  # no SEPA transfer goes there
        (OUTSIDE[0], 1),
        ("", 1),
        ("é", 1),
    ],
)
def test_a_refund_goes_to_the_accounts_of_sepa(iban, sentences):
    found = against_refund(cents=1, balance=1, iban=iban, bic="", holder="Zoé", reason="Départ")
    assert found == [account_fault(iban)] * sentences


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Zoé Lefèvre", "Zoe Lefevre"),
        ("Cœur d’Ain – Dombes", "Coeur d'Ain - Dombes"),
        ("Dupont & Fils; <SARL>", "Dupont Fils SARL"),
        ("Łukasz Großmann", "Lukasz Grossmann"),
        ("王芳", "Wang Fang"),
        ("😀", ""),
        ("a" * 80, "a" * 70),
    ],
)
def test_banks_read_latin_letters(words, read):
    assert text(words, 70) == read


@given(st.text(max_size=300))
def test_whatever_is_typed_a_bank_can_read(words):
    found = text(words, 140)
    assert (len(found) <= 140, FORBIDDEN.search(found), found) == (True, None, found.strip())
