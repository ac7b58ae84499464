"""What a page or a decision must know of a family: read once, in one query."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Sum
from django.utils import timezone

from accounts.models import Commune, User
from common.values.calendars import school_year_of
from common.writing.rows import Rows
from families.models import Family, Member
from reservations.models import Activity, Billing, Booking
from services.models import Service
from wallet.models import Purse
from wallet.rules.payments import is_suspended


@dataclass(frozen=True)
class FamilyFacts:
    """A family's balance (cents, default purse), cart sizes, certification and quotients, as of ``today``.

    ``debts``: what is asked for (cents) of each purse that lacks, less direct debits already announced; never added up,
    one purse does not pay for another;
    ``suspended``: of those where that much suspends booking, by pk.
    """

    family: Family
    balance: int
    in_cart: int
    in_request: int
    certified: bool
    quotients: tuple[tuple[date, int], ...]
    debts: tuple["Debt", ...] = ()
    suspended: dict[int, int] = field(default_factory=dict)

    def quotient_on(self, day: date) -> int | None:
        """The quotient in force on ``day``, or None when none is known."""
        return next((value for since, value in self.quotients if since <= day), None)


def family_facts(family_id: int, today: date) -> FamilyFacts:
    """Read the facts of a family in one query."""
    [(family, certified, lines, quotients, wallets)] = _FACTS(school_year_of(today), family_id)
    wallets, lines = [_Standing(**each) for each in json.loads(wallets)], json.loads(lines)
    return FamilyFacts(
        family=family,
        balance=sum(each.cents for each in wallets if each.is_default),
        in_cart=lines.get(Billing.PREPAID, 0),
        in_request=lines.get(Billing.DEFERRED, 0),
        certified=certified,
        quotients=tuple((date.fromisoformat(since), value) for since, value in json.loads(quotients)),
        debts=tuple(Debt("" if each.is_default else each.name, each.asked) for each in wallets if each.asked),
        suspended={
            each.purse: each.owed for each in wallets if is_suspended(each.owed, each.blocked_above, each.never_blocked)
        },
    )


def facts_of(user: User) -> FamilyFacts:
    """The family's facts, read once a request: the header needs them too."""
    guardian = user.guardian
    if not hasattr(guardian, "_facts"):
        guardian._facts = family_facts(guardian.family_id, timezone.localdate())
    return guardian._facts


@dataclass(frozen=True, slots=True)
class Debt:
    """What a purse lacks, in cents; the main one has no name."""

    purse: str
    cents: int


@dataclass(frozen=True, slots=True)
class _Standing:
    """A wallet as ``_FACTS`` reads it, in cents."""

    purse: int
    name: str
    is_default: bool
    cents: int
    announced: int
    never_blocked: bool
    blocked_above: int | None

    @property
    def owed(self) -> int:
        return max(0, -self.cents)

    @property
    def asked(self) -> int:
        return max(0, -self.cents - self.announced)


# Every page of a family asks this: as SQL it takes a third of what the same takes composed by the ORM (docs/performance.md).
_FACTS = Rows(
    """
    SELECT {family},
        EXISTS (SELECT FROM families_certification WHERE family_id = family.id AND school_year = %s),
        (
            SELECT coalesce(jsonb_object_agg(billing, number), '{{}}')
            FROM (
                SELECT cart.billing, count(*) AS number
                FROM reservations_cart cart JOIN reservations_cartline line ON line.cart_id = cart.id
                WHERE cart.family_id = family.id GROUP BY cart.billing
            ) AS carts
        ),
        (
            SELECT coalesce(jsonb_agg(jsonb_build_array(effective_from, value) ORDER BY effective_from DESC), '[]')
            FROM families_quotient WHERE family_id = family.id
        ),
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'purse', purse.id, 'name', purse.name, 'is_default', purse.is_default, 'cents', balance.cents,
                'announced', (
                    SELECT coalesce(sum(cents), 0) FROM wallet_directdebit
                    WHERE wallet_id = wallet.id AND status = 'pending'
                ),
                'never_blocked', wallet.never_blocked, 'blocked_above', purse.blocked_above
            ) ORDER BY purse.is_default DESC, purse.name, purse.id), '[]')
            FROM wallet_wallet wallet
            JOIN wallet_purse purse ON purse.id = wallet.purse_id
            JOIN wallet_balance balance ON balance.account_id = wallet.account_id
            WHERE wallet.family_id = family.id
        )
    FROM families_family family WHERE family.id = %s
    """,
    family=Family,
)


def estimated_costs(family_id: int, until: date | None = None) -> dict[int, int]:
    """« Coût estimé » per purse in cents: bookings not yet debited (S4-36, S4-40), to a day included if one is given."""
    rows = Booking.objects.active().filter(family=family_id, billing=Billing.DEFERRED, debited_at=None)
    if until:
        rows = rows.filter(session__date__lte=until)
    rows = rows.order_by().values_list("session__activity__purse").annotate(cents=Sum("cents"))
    return defaultdict(int, rows)


def lock_members(pks: Iterable[int]) -> None:
    """Lock people by pk: two parents of a shared child book one after the other, and nobody is withdrawn meanwhile."""
    _LOCK_MEMBERS(list(pks))


_LOCK_MEMBERS = Rows("SELECT FROM families_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE")


def members_with_schooling(family_id: int, pks: Collection[int] | None = None) -> list[Member]:
    """The family's members, eldest first; with ``pks``, those alone.

    Each has ``places``, its school and level per school year, and ``access``: per service the status and the audience
    of its line in the family's request.
    """
    known, found = None if pks is None else list(pks), []
    for member, schoolings, lines in _MEMBERS(family_id, family_id, known, known):
        member.places = {year: (school, level) for year, school, level in json.loads(schoolings)}
        member.access = {service: (status, audience) for service, status, audience in json.loads(lines)}
        found.append(member)
    return found


_MEMBERS = Rows(
    """
    SELECT {member},
        (
            SELECT coalesce(jsonb_agg(jsonb_build_array(schooling.school_year, class.school_id, class.level)), '[]')
            FROM families_schooling schooling JOIN families_schoolclass class ON class.id = schooling.school_class_id
            WHERE schooling.member_id = member.id
        ),
        (
            SELECT coalesce(jsonb_agg(jsonb_build_array(request.service_id, line.status, line.audience_id)), '[]')
            FROM services_requestline line JOIN services_accessrequest request ON request.id = line.request_id
            WHERE line.member_id = member.id AND request.family_id = %s
        )
    FROM families_member member JOIN families_membership membership ON membership.member_id = member.id
    WHERE membership.family_id = %s AND membership.withdrawn_at IS NULL
        AND (%s::bigint[] IS NULL OR member.id = ANY(%s::bigint[]))
    ORDER BY member.birth_date, member.id
    """,
    member=Member,
)


def read_activities(pks: Iterable[int]) -> dict[int, Activity]:
    """These activities by pk, each with its service, commune, purse and schools, as ``with_schools`` gives them."""
    found = {}
    for activity, service, commune, purse, schools in _ACTIVITIES(list(pks)):
        activity.service, activity.purse, activity.school_ids = service, purse, schools
        service.commune, found[activity.pk] = commune, activity
    return found


_ACTIVITIES = Rows(
    """
    SELECT {activity}, {service}, {commune}, {purse},
        ARRAY(SELECT school_id FROM reservations_activity_schools WHERE activity_id = activity.id)
    FROM reservations_activity activity
    JOIN services_service service ON service.id = activity.service_id
    JOIN accounts_commune commune ON commune.id = service.commune_id
    JOIN wallet_purse purse ON purse.id = activity.purse_id
    WHERE activity.id = ANY(%s)
    """,
    activity=Activity,
    service=Service,
    commune=Commune,
    purse=Purse,
)
