from datetime import UTC, date, datetime, time

import pytest

from reservations.rules import (
    PARIS,
    Counting,
    DeadlineKind,
    DeadlineRule,
    deadline,
    describe,
    spoken_deadline,
    spoken_time,
)
from tests.reservations.calendars import ZONE_A


def rule(kind, **more):
    return DeadlineRule(kind=DeadlineKind(kind), **more)


def plain(sentence):
    """With ordinary spaces, so that the table below can be read."""
    return sentence.replace("\u00a0", " ")


NINE, ELEVEN, NOON = time(9), time(11), time(12)
SENTENCES = [
    (rule("week", weekday=1), "jusqu’au mardi 23 h 59 de la semaine précédente"),
    (rule("week", weekday=4, at=NOON), "jusqu’au vendredi 12 h de la semaine précédente"),
    (rule("week", weekday=4, at=NOON, weeks=2), "jusqu’au vendredi 12 h 2 semaines avant"),
    (rule("days", at=NINE), "jusqu’au jour même à 9 h"),
    (rule("days", days=1, at=time(15)), "jusqu’à la veille à 15 h"),
    (rule("days", days=8), "jusqu’à 8 jours avant, à 23 h 59"),
    (rule("days", days=2, at=NOON, counting=Counting.WEEKDAYS), "jusqu’à 2 jours de semaine avant, à 12 h"),
    (rule("days", days=1, at=NOON, counting=Counting.WORKING), "jusqu’à 1 jour ouvré avant, à 12 h"),
    (rule("days", days=16, counting=Counting.WORKING), "jusqu’à 16 jours ouvrés avant, à 23 h 59"),
    (rule("days", days=2, counting=Counting.OPENING, at=NINE), "jusqu’à 2 jours d’ouverture avant, à 9 h"),
    (rule("days", days=1, counting=Counting.SCHOOL, at=NINE), "jusqu’au dernier jour d’école précédent à 9 h"),
    (rule("days", days=3, counting=Counting.SCHOOL, at=NINE), "jusqu’à 3 jours d’école avant, à 9 h"),
    (rule("days", days=0, counting=Counting.CLEAR), "jusqu’à la veille à 23 h 59"),
    (
        rule("days", days=15, counting=Counting.CLEAR, from_holiday_start=True),
        "jusqu’à 15 jours francs avant, à 23 h 59 ; pendant les vacances, compté depuis leur premier jour",
    ),
    (
        rule("table", table=((0, 4, NINE), (1, 4, NINE), (3, 1, NINE), (4, 1, NINE))),
        "pour le lundi et le mardi, jusqu’au vendredi précédent à 9 h ; "
        "pour le jeudi et le vendredi, jusqu’au mardi précédent à 9 h",
    ),
    (
        rule("table", table=((4, 3, ELEVEN), (0, 4, ELEVEN)), fallback=Counting.SCHOOL),
        "pour le lundi, jusqu’au vendredi précédent à 11 h ; pour le vendredi, jusqu’au jeudi précédent à 11 h ; "
        "si ce n’est pas un jour d’école, jusqu’au dernier jour d’école précédent",
    ),
    (rule("hours", hours=72), "jusqu’à 72 heures avant le début"),
    (rule("hours", hours=1), "jusqu’à 1 heure avant le début"),
    (rule("month", month_day=20, at=NOON), "jusqu’au 20 du mois précédent à 12 h"),
    (rule("month", month_day=1, months=2, at=NOON), "jusqu’au 1er 2 mois avant à 12 h"),
    (rule("start"), "jusqu’au début de l’accueil"),
    (rule("never"), "impossible en ligne"),
    (rule("never", fallback=Counting.SCHOOL), "impossible en ligne"),
]


@pytest.mark.parametrize(("rule", "sentence"), SENTENCES)
def test_parents_read_the_rule_in_a_sentence(rule, sentence):
    assert plain(describe(rule)) == sentence


def test_the_parts_of_a_time_never_break_over_a_line():
    assert [spoken_time(time(12)), spoken_time(time(23, 59)), spoken_time(time(0, 5))] == [
        "12\u00a0h",
        "23\u00a0h\u00a059",
        "0\u00a0h\u00a005",
    ]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (datetime(2026, 11, 10, 9, tzinfo=UTC), "mardi 10 novembre à 10 h"),
        (datetime(2026, 11, 11, tzinfo=PARIS), "mardi 10 novembre à 23 h 59"),
        (datetime(2027, 1, 1, tzinfo=PARIS), "jeudi 31 décembre à 23 h 59"),
        (datetime(2026, 9, 1, 8, 30, tzinfo=PARIS), "mardi 1er septembre à 8 h 30"),
        (datetime(2026, 10, 26, tzinfo=PARIS), "dimanche 25 octobre à 23 h 59"),
    ],
)
def test_a_deadline_is_told_as_a_day_and_a_time_in_paris(limit, words):
    assert plain(spoken_deadline(limit)) == words


def test_the_words_of_a_rule_and_of_its_deadline_agree():
    tuesday = rule("week", weekday=1)
    assert plain(spoken_deadline(deadline(tuesday, date(2026, 11, 20), ZONE_A))) == "mardi 10 novembre à 23 h 59"
