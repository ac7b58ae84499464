from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.rules import NoTariff, TariffLine, price, validate_brackets

RESIDENT, OUTSIDER = 1, 2
NAMES = {RESIDENT: "Résident", OUTSIDER: "Hors commune"}
YEAR, NEXT_YEAR = date(2026, 9, 1), date(2027, 9, 1)
DAY = date(2026, 11, 3)


def line(cents, qf_from=0, qf_to=None, audience=None, valid_from=YEAR, valid_to=None):
    return TariffLine(
        price_cents=cents,
        qf_from=qf_from,
        qf_to=qf_to,
        audience=audience,
        valid_from=valid_from,
        valid_to=valid_to,
    )


# rulebook: four bands of quotient, 1 €, 3,30 €, 3,40 € and 3,50 €
BANDS = [line(100, 0, 622), line(330, 623, 1000), line(340, 1001, 1500), line(350, 1501)]


@pytest.mark.parametrize(
    ("quotient", "cents"),
    [(0, 100), (622, 100), (623, 330), (1000, 330), (1001, 340), (1500, 340), (1501, 350), (99999, 350)],
)
def test_a_bracket_includes_both_its_ends(quotient, cents):
    assert price(BANDS, RESIDENT, quotient, DAY) == cents


def test_an_unknown_quotient_pays_the_dearest_bracket():
    assert price(BANDS, RESIDENT, None, DAY) == 350
    assert price([line(500, 0, 622), line(330, 623)], RESIDENT, None, DAY) == 500


def test_a_quotient_of_zero_is_known():
    assert price(BANDS, RESIDENT, 0, DAY) == 100


def test_the_lines_of_an_audience_come_before_those_for_everyone():
    lines = [*BANDS, line(665, audience=OUTSIDER)]
    assert [price(lines, audience, 700, DAY) for audience in (OUTSIDER, RESIDENT, None)] == [665, 330, 330]


def test_the_unknown_quotient_of_an_audience_looks_at_its_own_lines():
    lines = [line(1485), line(380, 0, 622, RESIDENT), line(475, 623, None, RESIDENT)]
    assert price(lines, RESIDENT, None, DAY) == 475


@pytest.mark.parametrize(
    ("day", "cents"),
    [(date(2026, 9, 1), 380), (date(2027, 8, 31), 380), (date(2027, 9, 1), 395), (date(2030, 1, 1), 395)],
)
def test_a_price_changes_on_the_day_it_says(day, cents):
    lines = [line(380, valid_to=date(2027, 8, 31)), line(395, valid_from=NEXT_YEAR)]
    assert price(lines, RESIDENT, None, day) == cents


def test_when_the_lines_of_an_audience_have_ended_those_for_everyone_hold():
    lines = [line(380), line(300, audience=RESIDENT, valid_to=date(2026, 10, 31))]
    assert price(lines, RESIDENT, None, DAY) == 380


@pytest.mark.parametrize(
    ("lines", "quotient"),
    [
        ([], None),
        ([line(380, valid_from=NEXT_YEAR)], None),
        ([line(380, valid_to=date(2026, 11, 2), valid_from=YEAR)], 500),
        ([line(380, audience=OUTSIDER)], 500),
        ([line(380, 0, 622)], 623),
        ([line(380, 0, 622), line(395, 600)], 610),
        ([line(300, 0, 622, RESIDENT), line(380)], 700),
    ],
    ids=["no line", "not yet", "no more", "another audience", "no bracket", "two brackets", "hole of the audience"],
)
def test_a_price_is_never_guessed(lines, quotient):
    with pytest.raises(NoTariff) as refused:
        price(lines, RESIDENT, quotient, DAY)
    assert refused.value.sentences == ["Aucun tarif n’est prévu pour cette date. Contactez le service."]


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([], []),
        (BANDS, []),
        ([*reversed(BANDS), line(665, audience=OUTSIDER)], []),
        ([line(380, valid_to=date(2027, 8, 31)), line(395, valid_from=NEXT_YEAR)], []),
        ([line(380, 100)], ["aucun tarif pour un quotient de 0 à 99 à partir du 01/09/2026."]),
        ([line(380, 0, 622)], ["aucun tarif pour un quotient de 623 ou plus à partir du 01/09/2026."]),
        (
            [line(380, 0, 622), line(395, 700)],
            ["aucun tarif pour un quotient de 623 à 699 à partir du 01/09/2026."],
        ),
        (
            [line(380, 0, 622), line(395, 624)],
            ["aucun tarif pour un quotient de 623 à partir du 01/09/2026."],
        ),
        (
            [line(380, 0, 622), line(395, 600)],
            ["plusieurs tarifs pour un quotient de 600 à 622 à partir du 01/09/2026."],
        ),
        (
            [line(380), line(395, 600, 700)],
            ["plusieurs tarifs pour un quotient de 600 à 700 à partir du 01/09/2026."],
        ),
        ([line(380), line(395)], ["plusieurs tarifs pour un quotient de 0 ou plus à partir du 01/09/2026."]),
        (
            [line(380), line(395, valid_from=NEXT_YEAR)],
            ["plusieurs tarifs pour un quotient de 0 ou plus à partir du 01/09/2027."],
        ),
        (
            [line(380, valid_to=date(2027, 7, 6)), line(395, valid_from=NEXT_YEAR)],
            ["aucun tarif du 07/07/2027 au 31/08/2027."],
        ),
        (
            [line(380, audience=RESIDENT), line(665, 10, 20, OUTSIDER)],
            [
                "Hors commune\u00a0: aucun tarif pour un quotient de 0 à 9 à partir du 01/09/2026.",
                "Hors commune\u00a0: aucun tarif pour un quotient de 21 ou plus à partir du 01/09/2026.",
            ],
        ),
        (
            [line(-1, 9, 3, RESIDENT, valid_to=date(2026, 8, 31))],
            [
                "Résident\u00a0: un prix ne peut pas être négatif.",
                "Résident\u00a0: la tranche de 9 à 3 est à l’envers.",
                "Résident\u00a0: la fin de validité 31/08/2026 précède le début 01/09/2026.",
            ],
        ),
        ([line(380, -5)], ["un quotient ne peut pas être négatif."]),
    ],
)
def test_gaps_and_overlaps_are_refused_in_words(lines, faults):
    assert validate_brackets(lines, NAMES) == faults


def test_without_names_the_sentences_stand_alone():
    assert validate_brackets([line(380, 100, audience=RESIDENT)]) == [
        "aucun tarif pour un quotient de 0 à 99 à partir du 01/09/2026."
    ]


@st.composite
def sound_brackets(draw):
    """Brackets that follow each other from 0 without limit, cut anywhere, in any order."""
    cuts = sorted(draw(st.sets(st.integers(1, 2000), max_size=6)))
    spans = zip([0, *cuts], [*(cut - 1 for cut in cuts), None], strict=True)
    return draw(st.permutations([line(draw(st.integers(0, 2000)), low, high) for low, high in spans]))


@given(sound_brackets(), st.integers(0, 2500))
def test_sound_brackets_price_every_quotient_and_never_above_the_unknown_one(lines, quotient):
    assert validate_brackets(lines) == []
    assert price(lines, RESIDENT, quotient, DAY) <= price(lines, RESIDENT, None, DAY)


@given(sound_brackets(), st.data())
def test_a_bracket_taken_out_or_given_twice_is_always_noticed(lines, data):
    chosen = data.draw(st.sampled_from(lines))
    without = [each for each in lines if each is not chosen]
    assert len(validate_brackets([*lines, chosen])) >= 1
    assert len(validate_brackets(without)) == (1 if without else 0)
