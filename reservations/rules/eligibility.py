"""Whom an activity takes: ages on the day, schools and classes."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Ages in whole years on the day, both included; schools and classes by any key, where none means all."""

    min_age: int | None = None
    max_age: int | None = None
    schools: frozenset[Hashable] = frozenset()
    classes: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The person to be booked, with the school and class of the school year of the day.

    With a first name each reason begins with it; without, the caller has already said of whom it speaks.
    """

    birth: date | None
    school: Hashable = None
    school_class: Hashable = None
    first_name: str = ""


TO_TELL = "indiquez"  # how a reason begins that the family itself can end


def age_on(birth: date, day: date) -> int:
    """Whole years; someone born on 29 February is a year older on 1 March of a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def reasons_against(conditions: Conditions, candidate: Candidate, day: date) -> list[str]:
    """Why the activity does not take the person that day, in French, all at once; empty when it does."""
    reasons = (*_age_reasons(conditions, candidate, day), *_school_reasons(conditions, candidate))
    who = f"{candidate.first_name}\u00a0: " if candidate.first_name else ""
    return [who + reason for reason in reasons]


def _age_reasons(conditions: Conditions, candidate: Candidate, day: date) -> Iterator[str]:
    low, high = conditions.min_age, conditions.max_age
    if low is None and high is None:
        return
    if candidate.birth is None:
        yield f"{TO_TELL} sa date de naissance."
        return
    age = age_on(candidate.birth, day)
    if age < (low or 0) or (high is not None and age > high):
        yield f"cette activité est ouverte {_ages(low, high)}, son âge sera de {_years(max(age, 0))} ce jour-là."


def _ages(low: int | None, high: int | None) -> str:
    if high is None:
        return f"à partir de {_years(low)}"
    return f"jusqu’à {_years(high)}" if low is None else f"de {low} à {_years(high)}"


def _years(age: int) -> str:
    """« 1 an », « 6 ans »."""
    return f"{age}\u00a0an{'s' if age > 1 else ''}"


def _school_reasons(conditions: Conditions, candidate: Candidate) -> Iterator[str]:
    if conditions.schools and candidate.school not in conditions.schools:
        yield _not_taken("son école", candidate.school)
    if conditions.classes and candidate.school_class not in conditions.classes:
        yield _not_taken("sa classe", candidate.school_class)


def _not_taken(what: str, known: Hashable) -> str:
    if known is None:
        return f"{TO_TELL} {what} pour cette année scolaire."
    return f"cette activité n’est pas ouverte à {what}."
