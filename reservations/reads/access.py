"""What a family and its people are for the service of an activity: residents or not, let in or not."""

from datetime import datetime

from families.models import Family, Member
from reservations.models import Activity, Billing
from services.reads.access import may_ask
from services.rules import reason_without_access


def is_resident(activity: Activity, family: Family) -> bool:
    """Whether the family lives in the commune of the service."""
    return family.commune_id == activity.service.commune_id


def opens_at(activity: Activity, family: Family) -> datetime:
    """When this family may book: residents of the service's commune may be first."""
    first = activity.residents_open_at if is_resident(activity, family) else None
    return first or activity.booking_opens_at


def asks_first(activity: Activity) -> bool:
    """Whether only those whom its service let in may book: always on demand, else for what is debited later."""
    return activity.service.asks_first(on_credit=activity.billing == Billing.DEFERRED)


def line_of(activity: Activity, member: Member | None) -> tuple[str | None, int | None]:
    """Status and audience of the member's line where one is asked for; who left the family since (None) has none."""
    if member is None or not asks_first(activity):
        return None, None
    return member.access.get(activity.service_id, (None, None))


def without_access(activity: Activity, member: Member) -> list[str]:
    """Why the service has not let the member in, and what to do (S2-47, S2-50); empty when it has, or need not."""
    if not asks_first(activity):
        return []
    status, _ = line_of(activity, member)
    asked = status is not None or may_ask(activity.service, member)
    reason = reason_without_access(str(activity.service), status, may_ask=asked)
    return [reason] if reason else []


def may_book_there(activity: Activity, member: Member) -> bool:
    """Whether the service let the member in, or may be asked to; an adult is not offered what is for children."""
    known = line_of(activity, member)[0] is not None
    return known or not without_access(activity, member) or may_ask(activity.service, member)
