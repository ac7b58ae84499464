"""What is told of payments: templates in ``emails/aid/``. The caregiver reads neither rights nor codes."""

from collections.abc import Iterable

from django.utils import timezone

from accounts.models import User
from cesu.models import AidAccess, AidAccount, AidPayment
from cesu.rules.aid import hours
from common.background import mailing
from common.background.mailing import queue_all
from common.models import OutgoingEmail
from common.values.dates import date_long
from common.values.money import euros
from wallet.rules.sepa import reason_of


def confirmed(payment: AidPayment) -> None:
    """« Votre intervenant-e sera informé-e de votre paiement par email » (S1-67); the beneficiary and the author too."""
    context = _context(payment)
    if payment.caregiver.email:
        told = {name: context[name] for name in ("caregiver", "beneficiary", "hours", "amount", "credited_by")}
        mailing.queue("aid/caregiver_paid", to=payment.caregiver.email, context=told)
    _tell([payment], "aid/payment_made", {payment.pk: context})


def paid_too_late(payment: AidPayment) -> None:
    """The card paid after the payment was given up: tell who paid that its money comes back, and nothing was used."""
    context = _context(payment) | {"first_name": payment.by.first_name}
    mailing.queue("aid/paid_too_late", to=payment.by.aid_login.email, owner=payment.by.owner, context=context)


def rejected(payments: Iterable[AidPayment]) -> None:
    """« Le virement a été rejeté »: the rights are there again. As many queries for a whole file as for one."""
    contexts = {each.pk: _context(each) | _of_reject(each) for each in payments}
    _tell(payments, "aid/transfer_rejected", contexts)


def _of_reject(payment: AidPayment) -> dict:
    funder = payment.aid_account.funder
    return {"words": reason_of(payment.reject_code).label, "days": funder.reopening_days if funder else 0}


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


def _tell(payments: Iterable[AidPayment], template: str, contexts: dict[int, dict]) -> None:
    """Tell the beneficiary and the author when another: who paid is always named. ``contexts`` by pk of payment."""
    payments = list(payments)
    owners = _beneficiaries(payments)
    queue_all(
        [
            OutgoingEmail(
                template=template,
                to=person.aid_login.email,
                owner=person.owner,
                context=contexts[each.pk] | {"first_name": person.first_name, "by_another": person.pk != each.by_id},
            )
            for each in payments
            for person in (owners.get(each.aid_account_id, {}) | {each.by_id: each.by}).values()
        ]
    )


def _beneficiaries(payments: list[AidPayment]) -> dict[int, dict[int, User]]:
    """Who signed up as the beneficiary, by pk of user, for each aid account; never one who died. One query."""
    living = {each.aid_account.holder_id for each in payments if each.aid_account.end_reason != AidAccount.End.DEATH}
    own = AidAccess.objects.standing().filter(holder__in=living, role=AidAccess.Role.BENEFICIARY)
    people = {access.holder_id: access.user for access in own.select_related("user__aid_login")}
    accounts = {each.aid_account_id: people.get(each.aid_account.holder_id) for each in payments}
    return {pk: {person.pk: person} for pk, person in accounts.items() if person}
