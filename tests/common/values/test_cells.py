"""What cells say, and what they must not be taken for."""

from datetime import date

import pytest

from common.values.cells import WrongCell, birth, day, lost_zeros, month

TODAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("text", "youngest", "born"),
    [
        ("14/05/1938", 0, date(1938, 5, 14)),
        ("1938-05-14", 0, date(1938, 5, 14)),
        ("14.5.1938", 0, date(1938, 5, 14)),
        ("14/05/38", 0, date(1938, 5, 14)),
        ("02/09/27", 6, date(1927, 9, 2)),  # 1927 to 1968 were refused: Python reads « 68 » as 2068
        ("02/09/68", 6, date(1968, 9, 2)),
        ("02/09/21", 6, date(1921, 9, 2)),  # a holder of 105, never a child of 5
        ("02/09/05", 6, date(2005, 9, 2)),  # nobody alive was born in 1905
        ("29/02/40", 6, date(1940, 2, 29)),
        ("02/09/2021", 0, date(2021, 9, 2)),
    ],
)
def test_a_year_of_two_digits_is_the_one_that_can_be_meant(text, youngest, born):
    assert birth(text, TODAY, youngest=youngest) == born


@pytest.mark.parametrize(
    ("text", "youngest", "reason"),
    [
        ("02/09/21", 0, "L’année de « 02/09/21 » peut être 1921 ou 2021"),
        ("14/05/18", 6, "L’année de « 14/05/18 » peut être 1918 ou 2018"),
        ("14/12/12", 14, "L’année de « 14/12/12 » ne peut être 1912 ni 2012"),
        ("02/12/2026", 0, "La date de naissance 02/12/2026 est dans le futur."),
        ("02/09/2021", 6, "Un bénéficiaire de 5 ans n’est pas possible\u00a0: vérifiez l’année (02/09/2021)."),
        ("01/01/1900", 0, "La date de naissance 01/01/1900 n’est pas plausible\u00a0: 126 ans."),
        ("31/02/1938", 0, "« 31/02/1938 » n’est pas une date de naissance"),
        ("1938", 0, "« 1938 » n’est pas une date de naissance"),
        ("", 0, "La date de naissance manque"),
    ],
)
def test_a_birth_that_may_be_two_or_cannot_be_is_refused_with_the_reason(text, youngest, reason):
    with pytest.raises(WrongCell) as wrong:
        birth(text, TODAY, youngest=youngest, oldest=100 if youngest == 14 else 115, whose="Un bénéficiaire")
    assert str(wrong.value).startswith(reason)


def test_no_birth_is_ever_in_the_future_nor_of_a_child_where_there_is_none():
    for year in range(100):
        for youngest in (0, 6, 14):
            try:
                born = birth(f"15/06/{year:02}", TODAY, youngest=youngest)
            except WrongCell:
                continue
            assert youngest <= 2026 - born.year <= 115
            assert born.year % 100 == year


def test_other_days_are_of_our_century():
    assert [day(text) for text in ("05/01/26", "05/01/2026", "2026-01-05", "31/02/26", "x")] == [
        date(2026, 1, 5),
        date(2026, 1, 5),
        date(2026, 1, 5),
        None,
        None,
    ]


@pytest.mark.parametrize(
    "text", ["11/2026", "2026-11", "novembre 2026", "Nov. 2026", "nov.-26", "01/11/26", "01/11/2026"]
)
def test_a_month_is_read_as_spreadsheets_show_it(text):
    assert month(text) == date(2026, 11, 1)


@pytest.mark.parametrize("text", ["13/2026", "jui 2026", "2026", "11", "ma-26"])
def test_what_names_no_month_is_none(text):
    assert month(text) is None


def test_a_number_without_its_zeros_is_the_one_known_number_that_it_can_be():
    assert lost_zeros(["00123", "0123", "007", "42", "042", "A01"]) == {"7": "007"}
