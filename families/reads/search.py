"""How a family is found: by the names of its people however they are typed, a telephone, an address, an identifier, D1042.

The columns and indexes that the conditions name are of migrations alone (accounts 0005, families 0007): no page loads them.
"""

from dataclasses import dataclass
from functools import partial

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User
from accounts.reads.search import NAME, NOBODY, Spelling, all_of, among, by_contact, by_word, rows_found
from common.values.asked import Asked, exactly, nearly
from families.models import Family, Guardian, Membership

MOST = 20
_ADULTS = (
    "SELECT guardian.family_id FROM families_guardian guardian"
    " JOIN accounts_user person ON person.id = guardian.user_id WHERE "
)
_CHILDREN = (
    "SELECT membership.family_id FROM families_membership membership"
    " JOIN families_member person ON person.id = membership.member_id WHERE "
)
_CHILD = "SELECT person.id FROM families_member person WHERE "
_FAMILIES = "SELECT person.id FROM families_family person WHERE "


def families_asked(asked: Asked, spelling: Spelling = exactly, family: str = "pk", member: str = "") -> Q:
    """The rows whose family (their field ``family``) has all that was asked, each word in the name of one of its people.

    ``member``: the rows are of one person (that field); a child's name then finds their own rows, not their siblings'.
    """
    if asked.is_contact:
        return among(family, by_contact(_ADULTS, asked))
    words = [_word(word, spelling, family, member) for word in asked.words]
    numbers = [Q(**{f"{family}__in": asked.families})] if asked.families else []
    return all_of([*words, *numbers])


def _word(word: str, spelling: Spelling, family: str, member: str) -> Q:
    adults = [*by_word(_ADULTS, word, spelling), (_FAMILIES + NAME, spelling(word))]
    if member:
        return among(family, adults) | among(member, [(_CHILD + NAME, spelling(word))])
    return among(family, [(_CHILDREN + NAME, spelling(word)), *adults])


def rows_asked(rows: QuerySet, typed: str, family: str = "family", member: str = "", also: Q = NOBODY) -> QuerySet:
    """The rows of an agents' list that were asked for: see ``families_asked`` and ``rows_found``."""
    return rows_found(rows, typed, partial(families_asked, family=family, member=member), also)


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
    return Found(near[:most], is_near=bool(near), is_cut=len(near) > most)


def _read(families: QuerySet, asked: Asked, most: int) -> list[Family]:
    """Some of them and one more, with their commune and people."""
    whole = RawSQL("families_family.search_words @@ %s::tsquery", [" | ".join(map("'{}'".format, asked.words or "-"))])
    people = Prefetch("memberships", Membership.objects.select_related("member").order_by("member__birth_date", "pk"))
    adults = Prefetch("guardians", Guardian.objects.select_related("user"))
    rows = families.select_related("commune").prefetch_related(people, adults)
    return list(rows.order_by(whole.desc(), "name", "pk")[: most + 1])
