"""What is told of payments: templates in ``emails/aid/``. The caregiver reads neither rights nor codes."""

from django.utils import timezone

from cesu.models import AidAccess, AidAccount, AidPayment
from cesu.rules.aid import hours
from portal.lib import mailing
from portal.lib.dates import date_long
from portal.lib.money import euros


def confirmed(payment: AidPayment) -> None:
    """« Votre intervenant-e sera informé-e de votre paiement par email » (S1-67); the beneficiary and the author too."""
    context = _context(payment)
    if payment.caregiver.email:
        told = {name: context[name] for name in ("caregiver", "beneficiary", "hours", "amount", "credited_by")}
        mailing.queue("aid/caregiver_paid", to=payment.caregiver.email, context=told)
    _tell(payment, "aid/payment_made", context)


def paid_too_late(payment: AidPayment) -> None:
    """The card paid after the payment was given up: tell who paid that its money comes back, and nothing was used."""
    context = _context(payment) | {"first_name": payment.by.first_name}
    mailing.queue("aid/paid_too_late", to=payment.by.aid_login.email, owner=payment.by.owner, context=context)


def _context(payment: AidPayment) -> dict:
    """A payment in words; amounts as people read them."""
    funder, holder, today = payment.aid_account.funder, payment.aid_account.holder, timezone.localdate()
    return {
        "caregiver": str(payment.caregiver),
        "beneficiary": f"{holder.first_name} {holder.last_name}",
        "hours": hours(payment.minutes) if payment.minutes else "",
        "amount": euros(payment.paid_cents),
        "rights": euros(payment.cents),
        "complement": euros(payment.complement_cents) if payment.complement_cents else "",
        "fee": euros(payment.fee_cents) if payment.fee_cents else "",
        "card": euros(payment.card_cents) if payment.complement_cents else "",
        "credited_by": date_long(payment.credited_by, today) if payment.credited_by else "",
        "number": payment.pk,
        "told": bool(payment.caregiver.email),
        "author": payment.by.get_full_name(),
        "account_name": funder.account_name if funder else "e-CESU",
        "phone": funder.phone if funder else "",
        "phone_price": funder.phone_price if funder else "",
    }


def _tell(payment: AidPayment, template: str, context: dict) -> None:
    """Tell the beneficiary, never one who died, and the author when another: who paid is always named."""
    own = AidAccess.objects.standing().filter(holder=payment.aid_account.holder_id, role=AidAccess.Role.BENEFICIARY)
    has_died = payment.aid_account.end_reason == AidAccount.End.DEATH
    people = {} if has_died else {access.user_id: access.user for access in own.select_related("user__aid_login")}
    people |= {payment.by_id: payment.by}
    for person in people.values():
        addressed = context | {"first_name": person.first_name, "by_another": person.pk != payment.by_id}
        mailing.queue(template, to=person.aid_login.email, owner=person.owner, context=addressed)
