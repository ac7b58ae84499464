"""The three-step sign-up: a person, their filiations, the service of their commune. Composes accounts, families, services."""

from collections.abc import Callable, Mapping

from accounts import actions
from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.actions import open_family, place_member
from services.actions import ask
from services.emails import asked_rows
from services.models import Audience, Service


class AlreadyDecided(Refusal):
    """The commune of a decided account is an agent's matter."""

    sentence = "Votre demande a déjà été examinée. Pour changer de commune, contactez votre mairie."


@outermost
def open_account(**parts) -> User:
    """Create the person (``save`` is allauth's), their details, consents and first beneficiaries, all or nothing."""
    return _open(**parts)


def _open(*, save: Callable[[], User], details: dict, consents: dict, members: list[dict]) -> User:
    user = save()
    for name, value in details.items():
        setattr(user, name, value)
    user.save(update_fields=list(details))
    actions.record_consents(user, consents)
    if members:
        family = open_family(user)
        for member in members:
            place_member(family, **member)
    return user


class Rehearsed(Exception):
    """The work of a sign-up was done and is undone."""


@outermost
def rehearse_account(**parts) -> None:
    """Do the work of ``open_account`` and undo it, so that a known address costs what a new one does."""
    _open(**parts)
    raise Rehearsed


@outermost
def finish(*, user: User, service: Service, choices: Mapping[int, int] | None = None, key: str | None = None) -> User:
    """Choose a service of one's commune; the sign-up is whole and waits for an agent (or the account opens at once).

    ``choices`` (member pk → audience pk) asks for the service too; ``key`` was made for ``sign-up:<service pk>``.
    One email tells all of it.
    Raise AlreadyDecided, NobodyChosen, NotAskable, StalePage.
    """
    once = claim_key(key, user.owner, f"sign-up:{service.pk}") if choices is not None else None
    user = actions.lock(user)
    if once and once.answer:
        return user
    if user.status != User.Status.PENDING:
        raise AlreadyDecided
    family, asked = open_family(user), None
    if once:
        first_time = user.signed_up_at is None
        request = ask(user, service, choices, tell=not first_time)
        asked = asked_rows(request)
        once.remember({"asked": True})
    if not _comes_from_outside(choices):
        user.commune = family.commune = service.commune
        family.save(update_fields=["commune"])
    return actions.complete_sign_up(user, user.commune or service.commune, asked)


def _comes_from_outside(choices: Mapping[int, int] | None) -> bool:
    """Whether every situation chosen is one of people who do not live in the commune."""
    chosen = Audience.objects.filter(pk__in=(choices or {}).values())
    return bool(choices) and not chosen.exclude(residence=Audience.Residence.OUTSIDE).exists()
