"""What a page or a decision must know of a family: read once, in one query."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject

from families.models import Certification, Family, Member, Quotient, Schooling
from portal.lib.calendars import school_year_of
from reservations.models import Billing, Booking, CartLine
from services.models import RequestLine
from wallet.models import Wallet


@dataclass(frozen=True)
class FamilyFacts:
    """A family's balance (cents, default purse), cart sizes, certification and quotients, as of ``today``.

    ``owed``: « Reste dû » (cents) of all its purses; ``suspended``: of those where that much suspends booking, by pk.
    """

    family: Family
    balance: int
    in_cart: int
    in_request: int
    certified: bool
    quotients: tuple[tuple[date, int], ...]
    owed: int = 0
    suspended: dict[int, int] = field(default_factory=dict)

    def quotient_on(self, day: date) -> int | None:
        """The quotient in force on ``day``, or None when none is known."""
        return next((value for since, value in self.quotients if since <= day), None)


def family_facts(family_id: int, today: date) -> FamilyFacts:
    """Read the facts of a family in one query."""
    row = Family.objects.annotate(
        _balance=Coalesce(Subquery(_default_balance(), output_field=IntegerField()), 0),
        _in_cart=Coalesce(Subquery(_lines(Billing.PREPAID), output_field=IntegerField()), 0),
        _in_request=Coalesce(Subquery(_lines(Billing.DEFERRED), output_field=IntegerField()), 0),
        _certified=Exists(Certification.objects.filter(family=OuterRef("pk"), school_year=school_year_of(today))),
        _quotients=ArraySubquery(
            Quotient.objects.filter(family=OuterRef("pk"))
            .order_by("-effective_from")
            .values(json=JSONObject(since="effective_from", value="value"))
        ),
        _owed=Coalesce(Subquery(_arrears(), output_field=IntegerField()), 0),
        _suspended=ArraySubquery(
            Wallet.objects.filter(family=OuterRef("pk"))
            .suspended()
            .order_by()
            .values(json=JSONObject(purse="purse_id", cents="account__balance__cents"))
        ),
    ).get(pk=family_id)
    return FamilyFacts(
        family=row,
        balance=row._balance,
        in_cart=row._in_cart,
        in_request=row._in_request,
        certified=row._certified,
        quotients=tuple((date.fromisoformat(each["since"]), each["value"]) for each in row._quotients),
        owed=-row._owed,
        suspended={each["purse"]: -each["cents"] for each in row._suspended},
    )


def _default_balance():
    return Wallet.objects.filter(family=OuterRef("pk"), purse__is_default=True).values("account__balance__cents")[:1]


def _arrears():
    below = Wallet.objects.filter(family=OuterRef("pk"), account__balance__cents__lt=0)
    return below.order_by().values("family").annotate(cents=Sum("account__balance__cents")).values("cents")


def _lines(billing):
    lines = CartLine.objects.filter(cart__family=OuterRef("pk"), cart__billing=billing)
    return lines.order_by().values("cart").annotate(n=Count("pk")).values("n")[:1]


def estimated_costs(family_id: int, until: date | None = None) -> dict[int, int]:
    """« Coût estimé » per purse in cents: bookings not yet debited (S4-36, S4-40), to a day included if one is given."""
    rows = Booking.objects.active().filter(family=family_id, billing=Billing.DEFERRED, debited_at=None)
    if until:
        rows = rows.filter(session__date__lte=until)
    rows = rows.order_by().values_list("session__activity__purse").annotate(cents=Sum("cents"))
    return defaultdict(int, rows)


def lock_members(pks: Iterable[int]) -> None:
    """Lock people by pk: two parents of a shared child book one after the other, and nobody is withdrawn meanwhile."""
    list(Member.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def members_with_schooling(family_id: int, pks=None) -> list[Member]:
    """The family's members, eldest first.

    Each has ``places``, its school and level per school year, and ``access``: per service the status and the audience
    of its line in the family's request.
    """
    members = Member.objects.of_family(family_id)
    if pks is not None:
        members = members.filter(pk__in=pks)
    members = members.annotate(
        _schoolings=ArraySubquery(
            Schooling.objects.filter(member=OuterRef("pk")).values(
                json=JSONObject(
                    year="school_year",
                    school="school_class__school_id",
                    level="school_class__level",
                )
            )
        ),
        _access=ArraySubquery(
            RequestLine.objects.filter(member=OuterRef("pk"), request__family=family_id)
            .order_by()
            .values(json=JSONObject(service="request__service_id", status="status", audience="audience_id"))
        ),
    )
    found = list(members)
    for member in found:
        member.places = {each["year"]: (each["school"], each["level"]) for each in member._schoolings}
        member.access = {each["service"]: (each["status"], each["audience"]) for each in member._access}
    return found
