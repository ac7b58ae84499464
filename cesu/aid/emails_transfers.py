"""What people are told of transfers that the bank rejects: templates in ``emails/aid/``."""

from collections.abc import Iterable

from accounts.models import User
from cesu.models import AidAccess, AidLogin, AidPayment
from cesu.rules.aid import hours
from portal.lib.mailing import queue_all
from portal.lib.models import OutgoingEmail
from portal.lib.money import euros
from wallet.sepa_rules import reason_of


def transfers_rejected(payments: Iterable[AidPayment]) -> None:
    """« Le virement a été rejeté » to the beneficiary and to who paid: the rights are there again. Two queries."""
    payments = list(payments)
    readers = _readers(payments)
    queue_all(
        [
            OutgoingEmail(
                template="aid/transfer_rejected", to=email, owner=User(pk=user).owner, context=_context(payment)
            )
            for payment in payments
            for user, email in readers[payment.pk]
        ]
    )


def _readers(payments: list[AidPayment]) -> dict[int, list[tuple[int, str]]]:
    """(user, address) of each payment's beneficiary and author, by pk of payment."""
    holders = {each.aid_account.holder_id for each in payments}
    own = AidAccess.objects.standing().filter(holder__in=holders, role=AidAccess.Role.BENEFICIARY)
    beneficiary = dict(own.values_list("holder", "user"))
    wanted = {
        each.pk: sorted({each.by_id, beneficiary.get(each.aid_account.holder_id, each.by_id)}) for each in payments
    }
    users = {user for people in wanted.values() for user in people}
    address = dict(AidLogin.objects.filter(user__in=users).values_list("user", "email"))
    return {pk: [(user, address[user]) for user in people if user in address] for pk, people in wanted.items()}


def _context(payment: AidPayment) -> dict:
    funder, holder = payment.aid_account.funder, payment.aid_account.holder
    return {
        "holder": f"{holder.first_name} {holder.last_name}",
        "caregiver": str(payment.caregiver),
        "number": payment.pk,
        "amount": euros(payment.paid_cents),
        "hours": hours(payment.minutes) if payment.minutes else "",
        "words": reason_of(payment.reject_code).label,
        "card": euros(payment.card_cents) if payment.complement_cents else "",
        "days": funder.reopening_days if funder else 0,
        "phone": funder.phone if funder else "",
    }
