"""The managers of an employer: the primary one adds and removes the others; everyone keeps their own details.

Locks: the key, the employer, then people.
"""

from django.utils import timezone

from accounts.models import User
from cesu.models import Employer, Manager
from cesu.orders.actions.access.links import link_path, send_password_link
from cesu.orders.emails import people as emails
from cesu.rules.people import AlreadyManager, NoLonger, NotPrimary, PrimaryStays
from common.writing import states
from common.writing.once import claim_key
from common.writing.transactions import outermost

ADDING = "add-manager"  # the purpose of a form's key


def removal(manager: Manager) -> str:
    """The purpose of the key that removes a manager."""
    return f"remove-manager:{manager.pk}"


def resending(manager: Manager) -> str:
    """The purpose of the key that sends a manager's link again."""
    return f"resend-link:{manager.pk}"


@outermost
def add_manager(*, by: User, person: dict, key: str) -> Manager:
    """Invite a secondary manager; ``person`` has first_name, last_name, email, phone. Twice is once.

    Raise NotPrimary, AlreadyManager.
    """
    once = claim_key(key, by.owner, ADDING)
    if once.answer:
        return Manager.objects.get(pk=once.answer["manager"])
    employer = _lock_as_primary(by)
    if Manager.objects.current().filter(employer=employer, email__iexact=person["email"]).exists():
        raise AlreadyManager
    manager = _create(employer, **person)
    emails.manager_invited(manager, link_path(manager.user), by.get_full_name())
    once.remember({"manager": manager.pk})
    return manager


def _create(employer: Employer, email: str, **details) -> Manager:
    now = timezone.now()
    user = User.objects.create_user(
        free_identifier(employer), status=User.Status.VALIDATED, decided_at=now, signed_up_at=now, **details
    )
    return Manager.objects.create(user=user, employer=employer, email=email)


def free_identifier(employer: Employer) -> str:
    """An identifier such as D100200-2; the employer is locked by the caller."""
    number = employer.managers.count() + 1
    while User.objects.filter(identifier__iexact=f"{employer.client_reference}-{number}").exists():
        number += 1
    return f"{employer.client_reference}-{number}"


@outermost
def remove_manager(*, by: User, manager: Manager, key: str) -> None:
    """Close a secondary manager's account at once, wherever it is open. Twice is once. Raise NotPrimary, PrimaryStays."""
    once = claim_key(key, by.owner, removal(manager))
    if once.answer:
        return
    manager = _lock(manager, _lock_as_primary(by))
    if manager.is_primary:
        raise PrimaryStays
    _close(manager, by)
    once.remember({"removed": True})


@outermost
def retire_primary(*, agent: User, manager: Manager, key: str) -> None:
    """Let the issuer's staff close the primary manager's account; the client reference waits for the next one."""
    once = claim_key(key, agent.owner, removal(manager))
    if once.answer:
        return
    employer = Employer.objects.locked().get(pk=manager.employer_id)
    manager = _lock(manager, employer)
    user = manager.user
    user.identifier = free_identifier(employer)
    user.save(update_fields=["identifier"])
    _close(manager, agent)
    once.remember({"removed": True})


def _close(manager: Manager, by: User) -> None:
    if manager.removed_at:
        return
    now = timezone.now()
    manager.removed_at = now
    manager.save(update_fields=["removed_at"])
    states.move(manager.user, User.Status.CLOSED, is_active=False, decided_at=now, decided_by=by)
    emails.manager_removed(manager)


@outermost
def resend_link(*, by: User, manager: Manager, key: str) -> None:
    """Send a colleague the link of their password, nothing to one who was removed. Twice is once. Raise NotPrimary."""
    once = claim_key(key, by.owner, resending(manager))
    if once.answer:
        return
    manager = _lock(manager, _lock_as_primary(by))
    if manager.activated_at and not manager.removed_at:
        send_password_link(manager)
    elif not manager.removed_at:
        emails.manager_invited(manager, link_path(manager.user), by.get_full_name())
    once.remember({"sent": True})


@outermost
def update_details(*, user: User, person: dict) -> None:
    """Change a manager's own details, at once; a new address is told to the old one."""
    employer = Employer.objects.locked().of(user).get()
    manager = _lock(user.manager, employer)
    others = Manager.objects.current().filter(employer=employer).exclude(pk=manager.pk)
    if others.filter(email__iexact=person["email"]).exists():
        raise AlreadyManager
    if manager.email.lower() != person["email"].lower():
        emails.address_changed(manager, person["email"])
    manager.email = person["email"]
    manager.save(update_fields=["email"])
    details = {name: person[name] for name in ("first_name", "last_name", "phone")}
    for name, value in details.items():
        setattr(manager.user, name, value)
    manager.user.save(update_fields=list(details))


def _lock_as_primary(user: User) -> Employer:
    """The employer of its primary manager, locked. Raise NotPrimary."""
    primary = Manager.objects.current().filter(is_primary=True, user=user)
    employer = Employer.objects.locked().filter(pk__in=primary.values("employer")).first()
    if employer is None or not primary.exists():
        raise NotPrimary
    return employer


def _lock(manager: Manager, employer: Employer) -> Manager:
    """A manager of this employer with their account, both locked."""
    people = Manager.objects.select_for_update(of=("self", "user"), no_key=True)
    return people.select_related("user", "employer").get(pk=manager.pk, employer=employer)


@outermost
def send_link(*, agent: User, manager: Manager, key: str) -> Manager:
    """Let the issuer's staff send any current manager the link that sets their password. Twice is once."""
    once = claim_key(key, agent.owner, resending(manager))
    employer = Employer.objects.locked().get(pk=manager.employer_id)
    manager = _lock(manager, employer)
    if once.answer:
        return manager
    if manager.removed_at:
        raise NoLonger
    send_password_link(manager)
    once.remember({"sent": True})
    return manager
