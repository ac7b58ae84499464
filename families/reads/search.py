"""How a family is found: by the names of its people however they are typed, a telephone, an address, an identifier, D1042.

The columns and indexes that the conditions name are of migrations alone (accounts 0005, families 0007): no page loads them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User
from common.refusals import Refusal
from common.values.asked import Asked, exactly, nearly, read
from families.models import Family, Guardian, Membership

Spelling = Callable[[str], str]
NOBODY = Q(pk__in=[])
MOST = 20

_ADULT = "SELECT person.id FROM accounts_user person WHERE "
_ADULTS = (
    "SELECT guardian.family_id FROM families_guardian guardian"
    " JOIN accounts_user person ON person.id = guardian.user_id WHERE "
)
_CHILD = "SELECT person.id FROM families_member person WHERE "
_CHILDREN = (
    "SELECT membership.family_id FROM families_membership membership"
    " JOIN families_member person ON person.id = membership.member_id WHERE "
)
_FAMILIES = "SELECT person.id FROM families_family person WHERE "
_NAME = "person.search_words @@ %s::tsquery"
_PHONE = "person.phone <> '' AND lib_search_phone(person.phone) LIKE %s"
_EMAIL = "lower(person.email) LIKE %s"
_IDENTIFIER = "upper(person.identifier) = %s"


def families_asked(asked: Asked, spelling: Spelling = exactly, family: str = "pk", member: str = "") -> Q:
    """The rows whose family (their field ``family``) has all that was asked, each word in the name of one of its people.

    ``member``: the rows are of one person (that field); a child's name then finds their own rows, not their siblings'.
    """
    if asked.is_contact:
        return _in(family, *_contact(_ADULTS, asked))
    words = [_word(word, spelling, family, member) for word in asked.words]
    numbers = [Q(**{f"{family}__in": asked.families})] if asked.families else []
    return reduce(and_, [*words, *numbers], Q()) or NOBODY


def people_asked(asked: Asked, spelling: Spelling = exactly) -> Q:
    """The accounts that have all that was asked, each word in the person's own name."""
    if asked.is_contact:
        return _in("pk", *_contact(_ADULT, asked))
    words = [_in("pk", (_ADULT + _NAME, spelling(word)), *_identified(_ADULT, word)) for word in asked.words]
    return reduce(and_, words, Q()) or NOBODY


def _contact(people: str, asked: Asked) -> list[tuple[str, str]]:
    """Who has this address or telephone, or one that begins so."""
    if asked.email:
        return [(people + _EMAIL, _literal(asked.email) + "%")]
    return [(people + _PHONE, asked.phone + "%")] if asked.phone else []


def _literal(text: str) -> str:
    """A text in which LIKE finds no sign of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _word(word: str, spelling: Spelling, family: str, member: str) -> Q:
    adults = [(_ADULTS + _NAME, spelling(word)), (_FAMILIES + _NAME, spelling(word)), *_identified(_ADULTS, word)]
    if member:
        return _in(family, *adults) | _in(member, (_CHILD + _NAME, spelling(word)))
    return _in(family, (_CHILDREN + _NAME, spelling(word)), *adults)


def _identified(people: str, word: str) -> list[tuple[str, str]]:
    """A word with a digit may be an account's identifier."""
    return [(people + _IDENTIFIER, word.upper())] if any(sign.isdigit() for sign in word) else []


def _in(column: str, *ways: tuple[str, str]) -> Q:
    """The rows whose ``column`` any of these statements gives."""
    if not ways:
        return NOBODY
    sql = " UNION ALL ".join(statement for statement, _ in ways)
    return Q(**{f"{column}__in": RawSQL(sql, [value for _, value in ways])})


# --- Lists ------------------------------------------------------------------------------------------------------------
def rows_asked(rows: QuerySet, typed: str, family: str = "family", member: str = "", also: Q = NOBODY) -> QuerySet:
    """The rows of an agents' list that were asked for; of names that are near when none is exactly so.

    ``also``: what else of a row may have been typed, such as its own number. Who asks too little or too much finds nothing.
    """
    try:
        asked = read(typed)
    except Refusal:
        return rows.filter(also)
    found = rows.filter(also | families_asked(asked, exactly, family, member))
    return found if found.exists() else rows.filter(families_asked(asked, nearly, family, member))


# --- The page ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Found:
    """Families with their people (``guardians``, ``memberships``); ``is_near``: none has exactly what was typed."""

    families: list[Family]
    is_near: bool = False
    is_cut: bool = False

    @property
    def only(self) -> Family | None:
        """The one that was meant, when there is no doubt."""
        return self.families[0] if len(self.families) == 1 and not self.is_near else None


def find(agent: User, asked: Asked, most: int = MOST) -> Found:
    """The families of the agent that were asked for, those of that very name first; near names when there are none."""
    families = Family.objects.of_agent(agent)
    found = _read(families.filter(families_asked(asked)), asked, most)
    if found or not asked.words:
        return Found(found[:most], is_cut=len(found) > most)
    near = _read(families.filter(families_asked(asked, nearly)), asked, most)
    return Found(near[:most], is_near=True, is_cut=len(near) > most)


def _read(families: QuerySet, asked: Asked, most: int) -> list[Family]:
    """Some of them and one more, with their commune and people."""
    whole = RawSQL(
        "families_family.search_words @@ %s::tsquery", [" | ".join(f"'{word}'" for word in asked.words or ["-"])]
    )
    people = Prefetch("memberships", Membership.objects.select_related("member").order_by("member__birth_date", "pk"))
    adults = Prefetch("guardians", Guardian.objects.select_related("user"))
    rows = families.select_related("commune").prefetch_related(people, adults)
    return list(rows.order_by(whole.desc(), "name", "pk")[: most + 1])


def named_near(agent: User, asked: Asked, known: Found, most: int = MOST) -> list[Family]:
    """Families of names that differ by a letter, beside those found: « Lefebvre » for « Lefèvre »."""
    near = Family.objects.of_agent(agent).filter(families_asked(asked, nearly)).exclude(pk__in=known.families)
    return _read(near, asked, most)[:most]
