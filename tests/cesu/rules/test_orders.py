"""What an order costs and when it may come, as pure functions."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cesu.rules.delivery import against_delivery, first_delivery, is_business_day
from cesu.rules.orders import half_up, price_of

MAY = {
    date(2026, 5, 1),
    date(2026, 5, 8),
    date(2026, 5, 14),
    date(2026, 5, 25),
}  # Labour, Victory, Ascension, Whit Monday
DAYS = st.dates(date(2026, 4, 20), date(2026, 5, 31))


@pytest.mark.parametrize(
    ("face", "rate", "minimum", "shipping", "total"),
    [
        (60000, 150, 500, 1200, (900, 1200, 420)),  # 1,50 % is more than the minimum
        (10000, 150, 500, 0, (500, 0, 100)),  # the minimum
        (3333, 150, 0, 0, (50, 0, 10)),  # 49,995 → 50
        (33, 150, 0, 0, (0, 0, 0)),  # 0,495 → 0
        (100, 0, 0, 2, (0, 2, 0)),  # VAT of 0,4
        (100, 0, 0, 3, (0, 3, 1)),  # VAT of 0,6
    ],
)
def test_fees_and_vat_are_rounded_half_up(face, rate, minimum, shipping, total):
    price = price_of(face, fee_rate=rate, min_fee=minimum, shipping=shipping, vat_rate=2000)
    assert (price.fee, price.shipping, price.vat) == total
    assert price.total == face + sum(total)


@given(st.integers(0, 10**12), st.integers(1, 10**5))
def test_a_half_goes_up(numerator, denominator):
    rest = numerator - half_up(numerator, denominator) * denominator
    assert -denominator <= 2 * rest < denominator


@pytest.mark.parametrize(
    ("today", "days", "first"),
    [
        (date(2026, 4, 29), 1, date(2026, 4, 30)),
        (date(2026, 4, 30), 1, date(2026, 5, 4)),  # over 1 May and the week-end
        (date(2026, 5, 2), 4, date(2026, 5, 7)),  # from a Saturday
        (date(2026, 5, 6), 4, date(2026, 5, 13)),  # over 8 May
        (date(2026, 5, 22), 5, date(2026, 6, 1)),  # over Whit Monday
    ],
)
def test_the_first_delivery_is_the_last_of_the_business_days(today, days, first):
    assert first_delivery(today, days, MAY) == first


@given(DAYS, st.integers(1, 10))
def test_the_first_day_that_is_offered_is_never_refused_and_the_one_before_always_is(today, days):
    first = first_delivery(today, days, MAY)
    assert is_business_day(first, MAY)
    assert against_delivery(first, today, days, MAY) == ""
    assert against_delivery(first - timedelta(1), today, days, MAY) != ""
    assert sum(is_business_day(today + timedelta(n), MAY) for n in range(1, (first - today).days + 1)) == days
