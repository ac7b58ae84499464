"""Families that agents create or import: accounts and families written together, all or nothing."""

from datetime import date

from django.db import IntegrityError

from accounts.actions import open_account
from accounts.models import Commune, User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.actions import open_family, place_member
from portal.desk.family_sheet import NewFamily, Residents

IMPORT = "import-families"  # the purpose of an import's key


class AlreadyThere(Refusal):
    """Somebody created one of these accounts since the file was read."""

    sentence = "Un compte a été créé entre-temps pour une de ces familles : rien n’a été enregistré. Recommencez."


class Homonym(Refusal):
    """Probably the same person twice."""


def import_families(*, agent: User, rows: list[dict], key: str) -> list[int]:
    """Create the families with their validated accounts, all or none; return the people's pks. Once a key."""
    try:
        return _import(agent, [NewFamily(**row) for row in rows], key)
    except IntegrityError:
        raise AlreadyThere from None


@outermost
def _import(agent: User, families: list[NewFamily], key: str) -> list[int]:
    claimed = claim_key(key, agent.owner, IMPORT)
    if claimed.answer is None:
        communes = Commune.objects.in_bulk(field_name="insee_code")
        known = Residents()
        people = [_create(agent, family, communes[family.commune], known) for family in families]
        claimed.remember({"people": [user.pk for user in people]})
    return claimed.answer["people"]


def _create(agent: User, new: NewFamily, commune: Commune, known: Residents) -> User:
    taken = new.email and User.objects.filter(email=new.email).exists()
    if taken or known.homonym(new.person, commune):
        raise AlreadyThere
    return create_family(agent, commune, new.email, new.person, new.members)


def create_family(agent: User, commune: Commune, email: str, person: dict, members: list[dict]) -> User:
    """Create one family; called in a transaction. Birth dates may be dates or ISO text."""
    user = open_account(agent=agent, commune=commune, email=email or None, **_dated(person))
    family = open_family(user)
    for member in members:
        place_member(family, **_dated(member))
    return user


def _dated(person: dict) -> dict:
    born = person["birth_date"]
    return person | {"birth_date": date.fromisoformat(born) if isinstance(born, str) else born}


@outermost
def open_family_account(
    *, agent: User, commune: Commune, email: str, person: dict, members: list[dict], twin: bool, key: str
) -> int:
    """Create one family from an agent's form, a namesake only when ``twin`` says so; return the person's pk."""
    claimed = claim_key(key, agent.owner, IMPORT)
    if claimed.answer is None:
        same = None if twin else Residents().homonym(person, commune)
        if same:
            raise Homonym(f"Un compte existe déjà pour {same} à {commune} ({same.identifier}).")
        user = create_family(agent, commune, email, person, members)
        claimed.remember({"people": [user.pk]})
    return claimed.answer["people"][0]
