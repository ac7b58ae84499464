"""The security question (S4-113): an extra check before the link that replaces a lost password, never instead of it.

Who forgot their password is always written to. Where a question was set, that email leads to the question, and the
right answer to the link: only who reads the mailbox learns that there is a question, or what it asks.
"""

from allauth.account.forms import default_token_generator
from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import emails
from accounts.actions import lock
from accounts.models import BLOCKED, SecurityQuestion, User
from accounts.rules import DeadLink, QuestionBlocked, WeakQuestion, WrongAnswer, bare_answer, check_question
from common.writing.once import claim_key
from common.writing.transactions import outermost

SETTING, REMOVING = "set-security-question", "remove-security-question"  # purposes of the forms' keys


class QuestionTokens(PasswordResetTokenGenerator):
    """Tokens of the emailed link: two hours, worth nothing once the password has changed or the person signed in."""

    key_salt = "accounts.questions"


tokens = QuestionTokens()


# --- Set, take away --------------------------------------------------------------------------------------------------
@outermost
def set_question(*, user: User, question: str, answer: str, key: str) -> None:
    """Set a person's question, or another; its owner is told. Twice is once. Raise WeakQuestion."""
    check_question(question, answer)
    once = claim_key(key, user.owner, SETTING)
    if once.answer:
        return
    user = lock(user)
    if user.check_password(answer):
        raise WeakQuestion("La réponse ne doit pas être votre mot de passe.")
    written = {"question": question, "answer_hash": make_password(bare_answer(answer)), "failures": 0}
    SecurityQuestion.objects.update_or_create(user=user, defaults=written | {"failed_at": None})
    emails.question_changed(user)
    once.remember({"set": True})


@outermost
def remove_question(*, user: User, key: str) -> None:
    """Take a person's question away; its owner is told. Twice is once."""
    once = claim_key(key, user.owner, REMOVING)
    if once.answer:
        return
    user = lock(user)
    if SecurityQuestion.objects.of(user).delete()[0]:
        emails.question_changed(user)
    once.remember({"removed": True})


# --- Password forgotten ----------------------------------------------------------------------------------------------
def link_parts(user: User) -> list[str]:
    """What the address of the emailed link says: who, and a token."""
    return [user_pk_to_url_str(user), tokens.make_token(user)]


def question_of_link(uid: str, token: str) -> SecurityQuestion:
    """Return the question that an emailed link leads to. Raise DeadLink."""
    try:
        person = url_str_to_user_pk(uid)
    except (ValueError, ValidationError):
        raise DeadLink from None
    asked = SecurityQuestion.objects.select_related("user").filter(user=person, user__is_active=True).first()
    if asked is None or not tokens.check_token(asked.user, token):
        raise DeadLink
    return asked


def reset_parts(*, asked: SecurityQuestion, answer: str) -> dict[str, str]:
    """Return the parts of the link that lets a new password be chosen. Raise WrongAnswer or QuestionBlocked."""
    _check_answer(asked, bare_answer(answer))
    return {"uidb36": user_pk_to_url_str(asked.user), "key": default_token_generator.make_token(asked.user)}


def _check_answer(asked: SecurityQuestion, answer: str) -> None:
    blocked, right = _tried(asked.pk, answer)
    if blocked:
        raise QuestionBlocked
    if not right:
        raise WrongAnswer


@outermost
def _tried(pk: int, answer: str) -> tuple[bool, bool]:
    """(blocked, right); a failure is counted, so nothing is raised here."""
    asked = SecurityQuestion.objects.select_for_update(no_key=True).get(pk=pk)
    if asked.is_blocked():
        return True, False
    right = check_password(answer, asked.answer_hash)
    now = timezone.now()
    stale = asked.failed_at is None or now >= asked.failed_at + BLOCKED
    asked.failures = 0 if right else 1 if stale else asked.failures + 1
    asked.failed_at = None if right else now
    asked.save(update_fields=["failures", "failed_at"])
    return asked.is_blocked(), right
