"""Emails of accounts: templates in ``emails/accounts/``. Without an address the same message stands in the portal."""

from django.urls import reverse

from accounts.models import CredentialAct, User
from accounts.standing import sentence_for, standing_of
from common.background import mailing
from common.models import OutgoingEmail


def _message(template: str, user: User, **context) -> dict:
    return {
        "template": f"accounts/{template}",
        "to": user.email or "",
        "owner": user.owner,
        "context": {"first_name": user.first_name, "last_name": user.last_name, **context},
    }


def _validated(user: User) -> dict:
    sentence = sentence_for(user, User.Status.VALIDATED)
    return _message("account_validated", user, sentence=sentence)


def _refused(user: User, reason: str) -> dict:
    return _message("account_refused", user, reason=reason)


def account_received(user: User, asked: list[dict] | None = None) -> None:
    """Tell a person that their sign-up is whole, what was ``asked`` of services with it, and what happens next."""
    found = standing_of(user)
    todo = {"action": found.action, "path": reverse(found.url_name) if found.action else ""}
    mailing.queue(**_message("account_received", user, sentence=found.sentence, asked=asked or [], **todo))


def account_opened(user: User) -> None:
    """Tell a person that an agent opened an account for them, and how to choose a password."""
    mailing.queue(**_message("account_opened", user, identifier=user.identifier))


def account_validated(user: User) -> None:
    """Tell a person that their account is open, and what they may do or wait for."""
    mailing.queue(**_validated(user))


def account_refused(user: User) -> None:
    """Tell a person why their account was refused and what they can do."""
    mailing.queue(**_refused(user, user.refusal_reason))


def account_closed(user: User) -> None:
    """Tell a person that their account was closed."""
    mailing.queue(**_message("account_closed", user, sentence=sentence_for(user, User.Status.CLOSED)))


ACTS = {
    CredentialAct.Kind.LETTER: "letter_printed",
    CredentialAct.Kind.LETTER_USED: "password_chosen",
    CredentialAct.Kind.RESET: "reset_sent",
    CredentialAct.Kind.EMAIL: "email_replaced",
}


def credential_act(user: User, kind: str, *more: str) -> None:
    """Tell a person, at every address we know, ``more`` too, and among their messages, what was done about their way in."""
    first, *others = addresses_of(user, *more) or [""]
    message = _message(ACTS[kind], user) | {"to": first}
    mailing.queue(**message)
    for address in others:
        mailing.queue(**message | {"to": address, "owner": ""})


def addresses_of(user: User, *more: str) -> list[str]:
    """Where a person can be written to: the address they sign in with first, then the others they once gave."""
    known = [user.email, *more, *user.emailaddress_set.order_by("pk").values_list("email", flat=True)]
    return list(dict.fromkeys(address.lower() for address in known if address))


def reset_offered(user: User, url: str) -> None:
    """Send a person the link of a new password that an agent offers them."""
    message = _message("reset_offered", user, password_reset_url=url, identifier=user.identifier)
    mailing.queue(**message | {"owner": ""}, secret=True)


def question_changed(user: User) -> None:
    """Tell a person that their security question was set or taken away; neither question nor answer is in it."""
    mailing.queue(**_message("question_changed", user))


def preview_validated(user: User) -> tuple[str, str]:
    """Return the subject and text of the email that a validation will send."""
    return mailing.render(OutgoingEmail(**_validated(user)))[:2]


def preview_refused(user: User, reason: str) -> tuple[str, str]:
    """Return the subject and text of the email that a refusal will send."""
    return mailing.render(OutgoingEmail(**_refused(user, reason)))[:2]
