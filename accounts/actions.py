"""Writes of accounts. One lock: the person's row, always by pk when there are several."""

from collections.abc import Iterable
from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from accounts import emails
from accounts.models import ActivationCode, Commune, Consent, CredentialAct, User
from accounts.rules import (
    LettersPrinted,
    NotYourAccount,
    NoWayToReset,
    SignUpIncomplete,
    WeakPassword,
    WrongActivation,
    bare_code,
    check_reason,
    new_code,
)
from common.models import OutgoingEmail, authority
from common.writing import states
from common.writing.history import unguarded
from common.writing.once import claim_key
from common.writing.transactions import outermost

Status = User.Status
EVENTS = User.events.rel.related_model
LETTERS = "letters"  # the purpose of a print run's key


# --- What the person does --------------------------------------------------------------------------------------------
def record_consents(user: User, answers: dict[str, bool]) -> None:
    """Write a dated row for each answer that differs from the last one; called in a transaction."""
    current = Consent.objects.current(user)
    version = authority().terms_version
    Consent.objects.bulk_create(
        Consent(user=user, kind=kind, given=given, version=version if kind == Consent.Kind.TERMS else "")
        for kind, given in answers.items()
        if given != current.get(kind, False)
    )


@outermost
def update_details(*, user: User, details: dict, consents: dict[str, bool]) -> None:
    """Change a person's own details and boxes."""
    user = lock(user)
    for name, value in details.items():
        setattr(user, name, value)
    user.save(update_fields=list(details))
    record_consents(user, consents)


def complete_sign_up(user: User, commune: Commune, asked: list[dict] | None = None) -> User:
    """Take the whole request in: it waits for an agent, or opens at once where the authority does not validate.

    ``user`` is locked by the caller; ``asked`` is what the one email tells of a service asked with it (see emails).
    Again while it waits: only the commune changes.
    """
    first_time = user.signed_up_at is None
    user.commune, user.signed_up_at = commune, user.signed_up_at or timezone.now()
    user.save(update_fields=["commune", "signed_up_at"])
    if not authority().validates_accounts:
        states.move(user, Status.VALIDATED, decided_at=timezone.now())
        emails.account_validated(user)
    elif first_time:
        emails.account_received(user, asked)
    return user


@outermost
def ask_again(*, user: User) -> None:
    """Put a refused account back in the queue, once its owner has corrected what was wrong."""
    user = lock(user)
    if user.status != Status.PENDING:
        states.move(user, Status.PENDING, decided_at=None, decided_by=None, refusal_reason="")
        emails.account_received(user)


# --- What an agent decides -------------------------------------------------------------------------------------------
@outermost
def validate_account(*, agent: User, user: User) -> bool:
    """Open an account and tell the person; return False when it was open already (twice is once)."""
    return _validate(agent, lock_of_agent(agent, user))


@outermost
def validate_accounts(*, agent: User, users: Iterable[User]) -> int:
    """Open the complete accounts that wait, among ``users`` of the agent's communes; return how many were opened."""
    waiting = _of_agent(agent).pending().filter(pk__in=[user.pk for user in users], signed_up_at__isnull=False)
    return sum([_validate(agent, user) for user in waiting])


def _validate(agent: User, user: User) -> bool:
    if user.status == Status.VALIDATED:
        return False
    if user.signed_up_at is None:
        raise SignUpIncomplete
    states.move(user, Status.VALIDATED, **_decision(agent), refusal_reason="", is_active=True)
    emails.account_validated(user)
    return True


@outermost
def refuse_account(*, agent: User, user: User, reason: str) -> bool:
    """Refuse an account with a reason that the person reads; return False when it was refused already."""
    reason, user = check_reason(reason), lock_of_agent(agent, user)
    if user.status == Status.REFUSED:
        return False
    if user.signed_up_at is None:
        raise SignUpIncomplete
    states.move(user, Status.REFUSED, **_decision(agent), refusal_reason=reason)
    emails.account_refused(user)
    return True


def close(agent: User, user: User) -> bool:
    """Close a locked account inside the caller's transaction, which settles first: nobody signs in with it any more.

    Return False when it was closed already.
    """
    if user.status == Status.CLOSED:
        return False
    states.move(user, Status.CLOSED, **_decision(agent), is_active=False)
    emails.account_closed(user)
    return True


# --- Accounts opened by agents, letters ------------------------------------------------------------------------------
def open_account(*, agent: User, commune: Commune, email: str | None, **details) -> User:
    """Create a validated account without a password, in one of the agent's communes; called in a transaction."""
    if not (agent.is_superuser or agent.communes.filter(pk=commune.pk).exists()):
        raise NotYourAccount
    now = timezone.now()
    user = User.objects.create_user(
        email=email, commune=commune, status=Status.VALIDATED, signed_up_at=now, **_decision(agent), **details
    )
    emails.account_opened(user)
    return user


@outermost
def make_codes(*, agent: User, users: Iterable[User], key: str) -> list[tuple[User, str]]:
    """Return (person, new activation code) for the agent's accounts that a letter may reach; earlier codes are dead.

    Obeyed once a key: a second click would make the letters just printed worthless. Raise LettersPrinted then.
    """
    claimed = claim_key(key, agent.owner, LETTERS)
    if claimed.answer is not None:
        raise LettersPrinted
    people = list(_of_agent(agent).to_activate().filter(pk__in=[user.pk for user in users]))
    ActivationCode.objects.filter(user__in=people, used_at=None).delete()
    codes = [(user, new_code()) for user in people]
    ActivationCode.objects.bulk_create(
        ActivationCode(user=user, code_hash=make_password(bare_code(code)), expires_at=ActivationCode.default_expiry())
        for user, code in codes
    )
    for user in people:
        note_act(user, CredentialAct.Kind.LETTER, agent)
    claimed.remember({"letters": len(codes)})
    return codes


def note_act(user: User, kind: str, agent: User | None = None, *more: str) -> None:
    """Write what was done about a person's way in, and tell them at every address we know. The caller's transaction."""
    CredentialAct.objects.create(user=user, kind=kind, agent=agent)
    emails.credential_act(user, kind, *more)


def offering(user: User) -> str:
    """The purpose of the key with which an agent offers a new password."""
    return f"offer-reset:{user.pk}"


@outermost
def offer_reset(*, agent: User, user: User, key: str) -> None:
    """Send a person the link of a new password, at their own address; the agent sees nothing of it. Twice is once.

    For who lost their password, or the answer to their security question: the agent has heard who they are, so the link
    leads past it. Raise NotYourAccount, NoWayToReset.
    """
    once = claim_key(key, agent.owner, offering(user))
    if once.answer is not None:
        return
    user = lock_of_agent(agent, user)
    if not user.email or not user.may_enter:
        raise NoWayToReset
    emails.reset_offered(user, _reset_url(user))
    note_act(user, CredentialAct.Kind.RESET, agent)
    once.remember({"sent": True})


def _reset_url(user: User) -> str:
    parts = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.PUBLIC_URL + reverse("account_reset_password_from_key", kwargs=parts)


def activate(*, identifier: str, code: str, password: str) -> None:
    """Set the password of the account that the letter names and accept the terms. Raise WrongActivation, WeakPassword."""
    if not _activate(identifier.strip(), bare_code(code), password):
        raise WrongActivation


@outermost
def _activate(identifier: str, code: str, password: str) -> bool:
    """Return whether the code opened the account; a failure is counted, so nothing is raised here."""
    user = User.objects.residents().select_for_update(no_key=True).filter(identifier__iexact=identifier).first()
    letter = user and ActivationCode.objects.live().filter(user__in=User.objects.to_activate(), user=user).first()
    if not letter:
        make_password(code)  # so that an unknown identifier takes as long as a wrong code
        return False
    if not check_password(code, letter.code_hash):
        letter.failures += 1
        letter.save(update_fields=["failures"])
        return False
    check_new_password(password, user)
    _open_with(letter, user, password)
    return True


def check_new_password(password: str, user: User) -> None:
    """Raise WeakPassword with what this person cannot choose; the letter's code is not spent."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(*error.messages) from None


def _open_with(letter: ActivationCode, user: User, password: str) -> None:
    letter.used_at = timezone.now()
    letter.save(update_fields=["used_at"])
    user.set_password(password)
    user.save(update_fields=["password"])
    record_consents(user, {Consent.Kind.TERMS: True})
    note_act(user, CredentialAct.Kind.LETTER_USED)


# --- Locks -----------------------------------------------------------------------------------------------------------
def lock(user: User) -> User:
    """Return the person as the database has them, locked until the transaction ends."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _of_agent(agent: User):
    people = User.objects.of_agent(agent).residents()
    return people.order_by("pk").select_for_update(of=("self",), no_key=True)


def lock_of_agent(agent: User, user: User) -> User:
    """The same, of the agent's communes; raise NotYourAccount."""
    locked = _of_agent(agent).filter(pk=user.pk).first()
    if locked is None:
        raise NotYourAccount
    return locked


def _decision(agent: User) -> dict:
    return {"decided_at": timezone.now(), "decided_by": agent}


# --- What the clock does ----------------------------------------------------------------------------------------------
def forget_unverified(before: datetime) -> int:
    """Delete the sign-ups begun before an instant whose address nobody ever confirmed; return how many.

    Someone whom anything else depends on (a family, a payment) stays.
    """
    started = User.objects.residents().filter(status=Status.PENDING, signed_up_at=None, date_joined__lt=before)
    unconfirmed = started.filter(emailaddress__verified=False).exclude(emailaddress__verified=True)
    return sum(_forget(user) for user in unconfirmed.distinct().order_by("pk"))


def _forget(user: User) -> bool:
    """Delete a person with their history and messages, unless something depends on them."""
    owner, pk = user.owner, user.pk
    try:
        with transaction.atomic(), unguarded(EVENTS):
            lock(user).delete()
            EVENTS.objects.filter(pgh_obj=pk).delete()
            OutgoingEmail.objects.filter(owner=owner).delete()
    except ProtectedError:
        return False
    return True
