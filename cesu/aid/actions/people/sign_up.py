"""« S’inscrire » (S1-10…S1-14): the CESU code and the birth date, then an address, then a link, then a password.

Whatever is wrong, the visitor reads one sentence. Where the funder knows another contact of the holder, the new access
only looks until that contact, or the funder's staff, confirms it. Locks: the key, the holder, the access, then people.
"""

from datetime import date, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone

from accounts import actions as accounts
from accounts.models import Consent, User
from accounts.rules import bare_code
from cesu.aid.actions.people import links
from cesu.aid.emails import people as emails
from cesu.models import AidAccess, AidAccount, AidLogin, CesuHolder, Funder, SignUpCode
from common.brakes.tries import count_try, forget_tries, is_spent, return_try, take_try
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost

VISITOR, SIGN_UP = "visitor", "aid-sign-up"  # whose key, for what
TRIES, A_DAY = 5, timedelta(days=1)  # of one code
EVERYBODY, FAILURES, AN_HOUR = "sign-up", 300, timedelta(hours=1)  # of the whole portal
Role = AidAccess.Role


class NotRecognised(Refusal):
    """One answer for every failure: unknown code, other birth date, signed up already, no account here, too many tries."""

    sentence = (
        "Nous ne pouvons pas continuer avec ces informations. Vérifiez votre code CESU et votre date de naissance. "
        "Si vous êtes déjà inscrit(e), connectez-vous avec votre code CESU. "
        "Sinon, appelez-nous au numéro en haut de la page : nous vous aiderons."
    )


class SlowDoor(Refusal):
    """Too many wrong pairs were tried: a right one, too, needs the funder's code."""

    sentence = (
        "Beaucoup d’inscriptions sont essayées en ce moment. Pour protéger votre compte, il faut un code de plus : "
        "demandez-le au numéro en haut de la page. Nous vous le donnons par téléphone ou par courrier. "
        "Écrivez-le ensuite dans « Code d’inscription »."
    )


class NotYourHolder(Refusal):
    """An agent decides for the people of their own funder."""

    sentence = "Cette personne ne relève pas de votre financeur."
    status = 404


def recognise(*, funder: Funder, code: str, birth_date: date, given: str = "") -> CesuHolder:
    """The holder of a right pair (S1-11) who may sign up with this funder. Raise NotRecognised, SlowDoor.

    Five failures a day for a code; after 300 an hour of everybody's, right pairs need the code that the funder gives by
    phone or post (``given``), which also passes the former: strangers who try pairs lock nobody out.
    """
    holder = _signing_up().filter(code=code, birth_date=birth_date, pk__in=_holders_of(funder)).first()
    if given:
        return _with_code(holder, given)
    subject, failures = f"code:{code}", count_try(EVERYBODY, AN_HOUR)
    allowed = take_try(subject, TRIES, A_DAY)
    if failures > FAILURES:
        _alert(funder)
        raise SlowDoor
    if holder is None or not allowed:
        raise NotRecognised
    return_try(EVERYBODY)
    forget_tries(subject)
    return holder


def is_slow() -> bool:
    """Whether sign-ups need a code of the funder for now."""
    return is_spent(EVERYBODY, FAILURES, AN_HOUR)


def _with_code(holder: CesuHolder | None, given: str) -> CesuHolder:
    if not use_code(holder, given):
        raise NotRecognised
    return holder


def _alert(funder: Funder) -> None:
    """Tell those who manage the portal, once an hour."""
    if take_try("sign-up-alert", 1, AN_HOUR):
        emails.sign_up_slowed(funder, FAILURES)


@outermost
def use_code(holder: CesuHolder | None, typed: str) -> bool:
    """Whether this is the holder's code, which has served then; a failure is counted, so nothing is raised here."""
    code = SignUpCode.objects.live().select_for_update(no_key=True).filter(holder=holder).first()
    if code is None:
        make_password(bare_code(typed))  # so that it takes as long as a wrong code
        return False
    if not check_password(bare_code(typed), code.code_hash):
        code.failures += 1
        code.save(update_fields=["failures"])
        return False
    code.used_at = timezone.now()
    code.save(update_fields=["used_at"])
    return True


def _signing_up():
    """Holders without a beneficiary's access."""
    return CesuHolder.objects.exclude(
        pk__in=AidAccess.objects.standing().filter(role=Role.BENEFICIARY).values("holder")
    )


def _holders_of(funder: Funder):
    return AidAccount.objects.filter(funder=funder).values("holder")


@outermost
def send_link(*, holder: CesuHolder, funder: Funder, email: str, key: str) -> None:
    """Send the link of step 4 (S1-13) to the address that will receive the account's messages. Twice is once."""
    once = claim_key(key, VISITOR, SIGN_UP)
    if once.answer:
        return
    emails.sign_up_link(holder, email, links.sign_up_path(holder, funder, email))
    once.remember({"sent": True})


@outermost
def open_access(*, token: str, password: str) -> User:
    """Create the beneficiary's access from the link, with the password that they chose (S1-14). Raise DeadLink.

    It may pay at once when the funder knows no other contact of theirs.
    """
    asked = links.sign_up_of(token, CesuHolder.objects.select_for_update(no_key=True))
    holder, now = asked.holder, timezone.now()
    names = {"first_name": holder.first_name, "last_name": holder.last_name, "birth_date": holder.birth_date}
    user = create_person(identifier=free_identifier(holder), email=asked.email, password=password, **names)
    confirmed_at = now if _is_known(holder, asked.email) else None
    access = AidAccess.objects.create(
        holder=holder, user=user, role=Role.BENEFICIARY, created_at=now, confirmed_at=confirmed_at
    )
    emails.access_opened(access)
    if confirmed_at is None and holder.contact_email:
        emails.confirm_access(access, links.confirm_path(access))
    return user


def _is_known(holder: CesuHolder, email: str) -> bool:
    """Whether nothing else need confirm a sign-up: the funder knows this address, or no contact at all."""
    if holder.contact_email:
        return holder.contact_email.lower() == email.lower()
    return not holder.contact_phone


def free_identifier(holder: CesuHolder) -> str:
    """The CESU code, or 12345678-2 when somebody has it; the holder is locked by the caller."""
    identifier, number = holder.code, 1
    while User.objects.filter(identifier__iexact=identifier).exists():
        number += 1
        identifier = f"{holder.code}-{number}"
    return identifier


def create_person(*, email: str, password: str, identifier: str | None = None, **names) -> User:
    """A person of the space, who accepted the terms. The caller's transaction."""
    now = timezone.now()
    decided = {"status": User.Status.VALIDATED, "decided_at": now, "signed_up_at": now}
    user = User.objects.create_user(identifier, None, password, **decided, **names)
    AidLogin.objects.create(user=user, email=email)
    accounts.record_consents(user, {Consent.Kind.TERMS: True})
    return user


# --- « Look but not pay », until it is confirmed ----------------------------------------------------------------------
def confirming(access: AidAccess) -> str:
    """The purpose of the key with which an agent confirms."""
    return f"confirm-aid-access:{access.pk}"


@outermost
def confirm_access(*, agent: User, access: AidAccess, key: str) -> None:
    """Let who signed up pay, once the funder's agent has heard them on the phone. Twice is once. Raise NotYourHolder."""
    once = claim_key(key, agent.owner, confirming(access))
    if once.answer:
        return
    check_agent(agent, access.holder_id)
    _confirm(AidAccess.objects.standing().select_for_update(of=("self",), no_key=True).get(pk=access.pk))
    once.remember({"confirmed": True})


@outermost
def confirm_by_link(*, token: str) -> AidAccess:
    """Let who signed up pay: the address that the funder knows says that it was them. Twice is once. Raise DeadLink."""
    access = links.access_of(token, AidAccess.objects.select_for_update(of=("self",), no_key=True))
    _confirm(access)
    return access


def _confirm(access: AidAccess) -> None:
    if access.confirmed_at is None:
        access.confirmed_at = timezone.now()
        access.save(update_fields=["confirmed_at"])
        emails.access_confirmed(access)


def check_agent(agent: User, holder_pk: int) -> None:
    """Raise NotYourHolder unless the agent's funder gives aid to the holder."""
    if not AidAccount.objects.of_agent(agent).filter(holder=holder_pk).exists():
        raise NotYourHolder
