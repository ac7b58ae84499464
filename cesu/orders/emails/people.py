"""Emails of the CESU: templates in ``emails/cesu/``. A manager is written to at their own address in the space."""

from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from cesu.models import ActivationRequest, Beneficiary, HelpRequest, Manager, Opposition, VoucherOrder, issuer
from common.background import mailing
from common.models import OutgoingEmail, authority
from common.values.dates import date_long
from common.values.money import euros


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


# --- Managers --------------------------------------------------------------------------------------------------------
def manager_removed(manager: Manager) -> None:
    """Tell a manager that their account is closed."""
    _to_manager("manager_removed", manager)


def address_changed(manager: Manager, new: str) -> None:
    """Tell the old address of a manager that the space now writes to another."""
    _to_manager("address_changed", manager, new=new)


# --- Holders ---------------------------------------------------------------------------------------------------------
def _to_holder(template: str, beneficiary: Beneficiary, *, secret: bool = False, **context) -> OutgoingEmail:
    context |= {"first_name": beneficiary.holder.first_name, "employer": beneficiary.employer.name}
    return OutgoingEmail(template=f"cesu/{template}", to=beneficiary.email, context=context, secret=secret)


def holder_codes(beneficiaries: list[Beneficiary]) -> None:
    """Tell employees who chose e-CESU their code, which nobody else learns; erased once sent."""
    mailing.queue_all([_to_holder("holder_code", each, secret=True, code=each.holder.code) for each in beneficiaries])


def ecesu_credited(lines: list[tuple[Beneficiary, str]], end: date) -> None:
    """Tell the holders what their employer gave them, and until when it serves."""
    told = [(each, amount) for each, amount in lines if each.email]
    mailing.queue_all([_to_holder("ecesu_credited", each, amount=amount, end=_day(end)) for each, amount in told])


def titles_ending(beneficiaries: Iterable[Beneficiary], end: date) -> None:
    """Tell holders until when what they have may be used."""
    mailing.queue_all([_to_holder("titles_ending", each, end=_day(end)) for each in beneficiaries])


def _day(day: date) -> str:
    return date_long(day, timezone.localdate())


# --- « Besoin d’aide » ------------------------------------------------------------------------------------------------
def help_asked(request: HelpRequest) -> None:
    """Send a manager's request to the issuer's staff; an answer to the email goes to the manager.

    What it says is erased from the outbox once sent.
    """
    context = {
        "reply_to": request.by.manager.email,
        "name": request.by.get_full_name(),
        "employer": request.employer.name,
        "client_reference": request.employer.client_reference,
        "subject": request.subject,
        "message": request.message,
        "phone": request.phone,
        "url": settings.PUBLIC_URL + reverse("admin:cesu_helprequest_change", args=[request.pk]),
    }
    mailing.queue("cesu/help_asked", to=issuer().email or authority().email, context=context, secret=True)


def help_answered(request: HelpRequest) -> None:
    """Give a manager the answer; they answer back to the Service Clients."""
    context = {"reply_to": issuer().email, "subject": request.subject, "message": request.message}
    _to_manager("help_answered", request.by.manager, answer=request.answer, **context)


# --- Orders -----------------------------------------------------------------------------------------------------------
def order_made(order: VoucherOrder) -> None:
    """« Confirmation de fabrication », with the day of delivery (S0-3, S0-72)."""
    _tell_of(order, "cesu/order_made")


def order_shipped(order: VoucherOrder) -> None:
    """The parcel has left."""
    _tell_of(order, "cesu/order_shipped", tracking=order.tracking)


def order_cancelled(order: VoucherOrder) -> None:
    """The service cancelled an order, and why."""
    _tell_of(order, "cesu/order_cancelled", reason=order.cancel_reason)


def _tell_of(order: VoucherOrder, template: str, **more) -> None:
    """Write to who placed an order, while they are a manager; else to the primary one."""
    managers = Manager.objects.select_related("user").filter(employer=order.employer_id).current()
    manager = managers.filter(user=order.by_id).first() or managers.filter(is_primary=True).first()
    if manager is None:
        return
    context = {
        "number": order.number,
        "total": euros(order.total_cents),
        "delivery": _day(order.delivery_on) if order.delivery_on else "",
        "chosen": _day(order.delivery_chosen_on) if order.delivery_chosen_on else "",
        "phone": issuer().phone,
    }
    mailing.queue(template, to=manager.email, owner=manager.user.owner, context=context | more)


def titles_stopped(opposition: Opposition, manager: Manager) -> None:
    """Confirm to the manager that titles are worth nothing any more."""
    context = {"first": f"{opposition.first:012d}", "last": f"{opposition.last:012d}", "phone": issuer().phone}
    _to_manager("titles_stopped", manager, **context, reason=opposition.get_reason_display().lower())
