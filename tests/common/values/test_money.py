import pytest

from common.values.money import euros, parse_euros

WRITTEN = [
    (0, "0,00\u00a0€"),
    (5, "0,05\u00a0€"),
    (380, "3,80\u00a0€"),
    (1520, "15,20\u00a0€"),
    (-4605, "\u221246,05\u00a0€"),
    (-5, "\u22120,05\u00a0€"),
    (99_999, "999,99\u00a0€"),
    (123_456, "1\u202f234,56\u00a0€"),
    (-123_456_789, "\u22121\u202f234\u202f567,89\u00a0€"),
]


@pytest.mark.seed("S4-120")
@pytest.mark.parametrize(("cents", "text"), WRITTEN)
def test_cents_are_written_as_euros_with_a_comma_and_two_decimals(cents, text):
    assert euros(cents) == text


@pytest.mark.parametrize(("cents", "text"), WRITTEN)
def test_an_amount_as_written_is_read_back(cents, text):
    assert parse_euros(text) == cents


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("15,20", 1520),
        ("15.20", 1520),
        (" 15,2 € ", 1520),
        ("15", 1500),
        ("+3,80", 380),
        ("-3,80", -380),
        ("0", 0),
        ("-0,00", 0),
        ("007", 700),
        ("1 234,56", 123_456),
        ("999999999,99", 99_999_999_999),
    ],
)
def test_an_amount_as_typed_is_read(text, cents):
    assert parse_euros(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "€",
        "quinze",
        "15,205",
        "15,",
        ",50",
        "1.234,56",
        "1,234.56",
        "1e3",
        "--3",
        "٣",
        "1000000000",
        "NaN",
        "$15",
    ],
)
def test_what_is_not_an_amount_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"^Écrivez un montant en euros, comme 15,20\.$"):
        parse_euros(text)
