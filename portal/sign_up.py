"""The three-step sign-up: a person, their filiations, the service of their commune. Composes accounts and families."""

from collections.abc import Callable

from accounts import actions
from accounts.models import User
from families.actions import open_family, place_member
from portal.lib.refusals import Refusal
from portal.lib.transactions import outermost
from services.models import Service


class AlreadyDecided(Refusal):
    """The commune of a decided account is an agent's matter."""

    sentence = "Votre demande a déjà été examinée. Pour changer de commune, contactez votre mairie."


@outermost
def open_account(*, save: Callable[[], User], details: dict, consents: dict, members: list[dict]) -> User:
    """Create the person (``save`` is allauth's), their details, consents and first beneficiaries, all or nothing."""
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


@outermost
def finish(*, user: User, service: Service) -> User:
    """Choose the service of one's commune; the request is whole and waits for an agent (or opens at once)."""
    user = actions.lock(user)
    if user.status != User.Status.PENDING:
        raise AlreadyDecided
    family = open_family(user)
    family.commune = service.commune
    family.save(update_fields=["commune"])
    return actions.complete_sign_up(user, service.commune)
