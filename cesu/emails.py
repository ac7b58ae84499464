"""Emails of the CESU: templates in ``emails/cesu/``. A manager is written to at their own address in the space."""

from cesu.models import ActivationRequest, Manager, issuer
from portal.lib import mailing
from portal.lib.models import authority


def _to_manager(template: str, manager: Manager, *, secret: bool = False, **context) -> None:
    user = manager.user
    mailing.queue(
        f"cesu/{template}",
        to=manager.email,
        owner="" if secret else user.owner,
        context={
            "first_name": user.first_name,
            "identifier": user.identifier,
            "employer": manager.employer.name,
            **context,
        },
        secret=secret,
    )


# --- The ways in -----------------------------------------------------------------------------------------------------
def space_opened(manager: Manager, path: str) -> None:
    """Confirm the sign-up of an employer with the link that sets the password (S0-12, S0-14)."""
    _to_manager("space_opened", manager, path=path, secret=True)


def manager_invited(manager: Manager, path: str, by: str) -> None:
    """Give a secondary manager their identifier and the link that sets the password (S0-56)."""
    _to_manager("manager_invited", manager, path=path, by=by, secret=True)


def password_link(manager: Manager, path: str, validity: str) -> None:
    """Send the link that sets a new password; ``validity`` says how long it lasts (« 7 jours »)."""
    _to_manager("password_link", manager, path=path, validity=validity, secret=True)


def password_chosen(manager: Manager) -> None:
    """Tell a manager that their password was chosen."""
    _to_manager("password_chosen", manager)


def sign_up_to_check(request: ActivationRequest) -> None:
    """Tell the issuer's staff that a sign-up waits for them."""
    mailing.queue("cesu/sign_up_to_check", to=issuer().email or authority().email)


def sign_up_refused(request: ActivationRequest) -> None:
    """Tell who signed up why the space was not opened."""
    context = {"first_name": request.first_name, "reason": request.reason, "client_reference": request.client_reference}
    mailing.queue("cesu/sign_up_refused", to=request.email, context=context)
