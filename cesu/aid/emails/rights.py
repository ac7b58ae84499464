"""Emails of rights: templates in ``emails/aid/``. Each is made first and sent after, so that an agent reads it before."""

from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from cesu.models import AidAccess, AidAccount, AidSuspension, Funder
from cesu.rules.aid import hours
from common.background.mailing import queue, render
from common.models import OutgoingEmail
from common.values.dates import date_long
from common.values.money import euros


def shown(email: OutgoingEmail) -> tuple[str, str]:
    """The subject and the text as they will be read."""
    return render(email)[:2]


def plan_changed(account: AidAccount, since: date, minutes: int, months: list[str]) -> list[OutgoingEmail]:
    """What the plan is from a day on; ``months``: sentences on the rights that changed."""
    return _to_beneficiary("plan_changed", account, since=_day(since), hours=hours(minutes), months=months)


def suspended(account: AidAccount, suspension: AidSuspension, months: list[str]) -> list[OutgoingEmail]:
    """The aid stops for a time."""
    days = {"since": _day(suspension.since), "until": _day(suspension.until)}
    in_hospital = suspension.reason == AidSuspension.Reason.HOSPITAL
    return _to_beneficiary("suspended", account, **days, in_hospital=in_hospital, months=months)


def resumed(account: AidAccount, since: date, months: list[str]) -> list[OutgoingEmail]:
    """The aid goes on."""
    return _to_beneficiary("resumed", account, since=_day(since), months=months)


def ended(account: AidAccount, months: list[str]) -> list[OutgoingEmail]:
    """The aid ends; after a death nobody writes to who died, only to those who pay for them."""
    days = {"ended_on": _day(account.ended_on), "closes_on": _day(account.closes_on)}
    dead = account.end_reason == AidAccount.End.DEATH
    return _to_beneficiary("ended", account, **days, months=months) + _to_helpers(
        "ended_helper", account, **days, dead=dead
    )


def corrected(account: AidAccount, months: list[str], reason: str) -> list[OutgoingEmail]:
    """A month's right was put right."""
    return _to_beneficiary("corrected", account, months=months, reason=reason)


def rights_ending(account: AidAccount, accesses: Iterable[AidAccess], left: list[str]) -> list[OutgoingEmail]:
    """What ends soon, to those who may pay; ``left``: a sentence for each month."""
    return [_to("rights_ending", access, account, left=left) for access in accesses]


def rights_returned(funder: Funder, people: int, minutes: int, cents: int) -> None:
    """Tell a funder what came back to it in the night."""
    path = reverse("admin:cesu_funder_returns", args=[funder.pk])
    context = {"funder": funder.name, "people": people, "hours": hours(minutes), "amount": euros(cents)}
    queue("aid/rights_returned", to=funder.email, context=context | {"url": settings.PUBLIC_URL + path})


def _to_beneficiary(template: str, account: AidAccount, **context) -> list[OutgoingEmail]:
    """An email to who signed up as the beneficiary, none once they are dead."""
    if account.end_reason == AidAccount.End.DEATH:
        return []
    own = _accesses(account).filter(role=AidAccess.Role.BENEFICIARY)
    return [_to(template, access, account, **context) for access in own]


def _to_helpers(template: str, account: AidAccount, **context) -> list[OutgoingEmail]:
    """An email to each helper and guardian who may pay."""
    others = (
        _accesses(account).exclude(role=AidAccess.Role.BENEFICIARY).filter(may_pay=True, confirmed_at__isnull=False)
    )
    return [_to(template, access, account, **context) for access in others]


def _accesses(account: AidAccount):
    standing = AidAccess.objects.standing().filter(holder=account.holder_id, user__aid_login__isnull=False)
    return standing.select_related("user__aid_login", "holder").order_by("pk")


def _to(template: str, access: AidAccess, account: AidAccount, **context) -> OutgoingEmail:
    funder, user = account.funder, access.user
    context |= {
        "first_name": user.first_name,
        "holder": f"{account.holder.first_name} {account.holder.last_name}",
        "is_own": access.role == AidAccess.Role.BENEFICIARY,
        "account_name": funder.account_name,
        "kind": account.get_kind_display(),
        "funder": funder.name,
        "phone": funder.phone,
        "phone_price": funder.phone_price,
    }
    return OutgoingEmail(template=f"aid/{template}", to=user.aid_login.email, owner=user.owner, context=context)


def _day(day: date | None) -> str:
    return date_long(day, timezone.localdate()) if day else ""
