"""Emails of accounts: templates in ``emails/accounts/``. Without an address the same message stands in the portal."""

from accounts.models import User
from portal.lib import mailing
from portal.lib.models import OutgoingEmail


def _message(template: str, user: User, **context) -> dict:
    return {
        "template": f"accounts/{template}",
        "to": user.email or "",
        "owner": user.owner,
        "context": {"first_name": user.first_name, "last_name": user.last_name, **context},
    }


def _validated(user: User) -> dict:
    return _message("account_validated", user)


def _refused(user: User, reason: str) -> dict:
    return _message("account_refused", user, reason=reason)


def account_received(user: User) -> None:
    """Tell a person that their sign-up is whole and what happens next."""
    mailing.queue(**_message("account_received", user, commune=str(user.commune)))


def account_opened(user: User) -> None:
    """Tell a person that an agent opened an account for them, and how to choose a password."""
    mailing.queue(**_message("account_opened", user, identifier=user.identifier))


def account_validated(user: User) -> None:
    """Tell a person that their account is open."""
    mailing.queue(**_validated(user))


def account_refused(user: User) -> None:
    """Tell a person why their account was refused and what they can do."""
    mailing.queue(**_refused(user, user.refusal_reason))


def account_closed(user: User) -> None:
    """Tell a person that their account was closed."""
    mailing.queue(**_message("account_closed", user))


def password_chosen(user: User) -> None:
    """Tell a person that a password was chosen with their letter."""
    mailing.queue(**_message("password_chosen", user))


def question_changed(user: User) -> None:
    """Tell a person that their security question was set or taken away; neither question nor answer is in it."""
    mailing.queue(**_message("question_changed", user))


def preview_validated(user: User) -> tuple[str, str]:
    """Return the subject and text of the email that a validation will send."""
    return mailing.render(OutgoingEmail(**_validated(user)))[:2]


def preview_refused(user: User, reason: str) -> tuple[str, str]:
    """Return the subject and text of the email that a refusal will send."""
    return mailing.render(OutgoingEmail(**_refused(user, reason)))[:2]
