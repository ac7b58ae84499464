"""How an adult is found: by name however it is typed, telephone, address or identifier (columns and indexes: migration 0005)."""

from collections.abc import Callable
from functools import reduce
from operator import and_

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from common.refusals import Refusal
from common.values.asked import Asked, exactly, nearly, read

Spelling = Callable[[str], str]
Way = tuple[str, str]  # a statement and the one value that it compares
NOBODY = Q(pk__in=[])
NAME = "person.search_words @@ %s::tsquery"
_PHONE = "person.phone <> '' AND lib_search_phone(person.phone) LIKE %s"
_EMAIL = "lower(person.email) LIKE %s"
_IDENTIFIER = "upper(person.identifier) = %s"
_ACCOUNT = "SELECT person.id FROM accounts_user person WHERE "


def by_contact(people: str, asked: Asked) -> list[Way]:
    """Who has this address or telephone, or one that begins so; ``people`` selects from accounts called ``person``."""
    if asked.email:
        return [(people + _EMAIL, _literal(asked.email) + "%")]
    return [(people + _PHONE, asked.phone + "%")] if asked.phone else []


def by_word(people: str, word: str, spelling: Spelling) -> list[Way]:
    """Who has this word in their name; one with a digit may be an identifier."""
    identified = [(people + _IDENTIFIER, word.upper())] if any(sign.isdigit() for sign in word) else []
    return [(people + NAME, spelling(word)), *identified]


def among(column: str, ways: list[Way]) -> Q:
    """The rows whose ``column`` any of these statements gives."""
    if not ways:
        return NOBODY
    sql = " UNION ALL ".join(statement for statement, _ in ways)
    return Q(**{f"{column}__in": RawSQL(sql, [value for _, value in ways])})


def all_of(conditions: list[Q]) -> Q:
    """Rows that satisfy each; none when there is nothing to satisfy."""
    return reduce(and_, conditions, Q()) or NOBODY


def people_asked(asked: Asked, spelling: Spelling = exactly) -> Q:
    """The accounts that have all that was asked, each word in the person's own name."""
    if asked.is_contact:
        return among("pk", by_contact(_ACCOUNT, asked))
    return all_of([among("pk", by_word(_ACCOUNT, word, spelling)) for word in asked.words])


def rows_found(rows: QuerySet, typed: str, condition: Callable[[Asked, Spelling], Q], also: Q = NOBODY) -> QuerySet:
    """The rows of an agents' list that were asked for; of names that are near when none is exactly so.

    ``also``: what else of a row may have been typed, such as its own number. Who asks too little or too much finds nothing more,
    who asks nothing keeps the list.
    """
    if not typed.strip():
        return rows
    try:
        asked = read(typed)
    except Refusal:
        return rows.filter(also)
    found = rows.filter(also | condition(asked, exactly))
    return found if found.exists() else rows.filter(condition(asked, nearly))


def _literal(text: str) -> str:
    """A text in which LIKE finds no sign of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
