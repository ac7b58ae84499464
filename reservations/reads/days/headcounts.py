"""« Effectifs »: how many eat or come, by site, school, diet and allergy, as frozen at the deadline and as it stands.

Counts only: no child is named, so nobody's sheet is read by an agent. Sheets count for children whom the service let in.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from common.values.calendars import school_year_of
from families.actions.alerts import content_of
from families.models import Allergen, Diet, HealthSheet, Schooling
from reservations.models import Booking, Headcount, Session
from reservations.reads.days.attendance import sessions_of
from reservations.rules import age_on, instant
from reservations.rules.deadlines import MIDNIGHT
from services.reads.health import let_in

SMALL = 6  # under this age a carer looks after fewer children
TOTAL, YOUNG, PAI, OTHER, UNKNOWN = "total", "young", "pai", "other", "unknown"
LABELS = {
    YOUNG: f"dont moins de {SMALL} ans",
    **{f"diet:{diet}": diet.label for diet in Diet},
    **{f"allergen:{allergen}": f"Allergie : {allergen.label.lower()}" for allergen in Allergen},
    OTHER: "Autre allergie (voir la fiche)",
    PAI: "PAI",
    UNKNOWN: "Sans fiche santé connue du service",
}
NO_SCHOOL = "Sans école"
Counts = dict[str, dict[str, int]]  # by school, then by what is counted


def frozen_from(session: Session) -> datetime:
    """When what was ordered stops changing by families' own doing: the later deadline, else the day's beginning."""
    limits = [limit for limit in (session.bookable_until, session.cancellable_until) if limit]
    return max(limits) if limits else instant(session.date, MIDNIGHT)


def bookings_at(session: Session, at: datetime) -> QuerySet[Booking]:
    """What was booked at an instant of the past, whatever became of it since."""
    standing = Q(cancelled_at=None) | Q(cancelled_at__gt=at)
    return Booking.objects.filter(standing, session=session, order__at__lte=at)


def count(session: Session, bookings: QuerySet[Booking]) -> Counts:
    """How many of these bookings by school, age, diet and allergy, in four queries."""
    children = dict(bookings.order_by().values_list("member_id", "member__birth_date"))
    schools = _schools(children, session.date)
    known = let_in().filter(request__service=session.activity.service_id, member__in=children)
    sheets = HealthSheet.objects.filter(member__in=known.order_by().values("member"))
    said = {sheet.member_id: _words(sheet) for sheet in sheets}
    found = defaultdict(Counter)
    for member, birth in children.items():
        of_child = [TOTAL, *([YOUNG] if age_on(birth, session.date) < SMALL else []), *said.get(member, [UNKNOWN])]
        found[schools.get(member, NO_SCHOOL)].update(of_child)
    return {school: dict(counts) for school, counts in sorted(found.items())}


def _schools(members: Iterable[int], day: date) -> dict[int, str]:
    rows = Schooling.objects.filter(member__in=members, school_year=school_year_of(day)).order_by()
    return dict(rows.values_list("member_id", "school_class__school__name"))


def _words(sheet: HealthSheet) -> list[str]:
    content = content_of(sheet)
    if content is None:
        return [UNKNOWN]
    return [
        *(f"diet:{each}" for each in content.diet),
        *(f"allergen:{each}" for each in content.allergens),
        *([OTHER] if content.allergies else []),
        *([PAI] if content.has_pai else []),
    ]


@dataclass(frozen=True)
class Row:
    """A line of the table; ``frozen`` is None until the deadline has passed."""

    label: str
    is_school: bool
    frozen: int | None
    now: int

    @property
    def difference(self) -> str:
        """« +2 », « −1 », « = »; nothing before the deadline."""
        if self.frozen is None:
            return ""
        change = self.now - self.frozen
        return f"{'+' if change > 0 else '−'}{abs(change)}" if change else "="


@dataclass
class DayCount:
    """A day of an activity as the kitchen and the staff read it."""

    session: Session
    frozen: Headcount | None
    now: Counts
    added: int = 0
    removed: int = 0

    @property
    def frozen_from(self) -> datetime:
        return self.frozen.frozen_at if self.frozen else frozen_from(self.session)

    @property
    def rows(self) -> list[Row]:
        """School by school, what differs from the usual plate below each."""
        before = self.frozen.counts if self.frozen else None
        schools = sorted({*self.now, *(before or {})}, key=lambda name: (name == NO_SCHOOL, name))
        return [row for school in schools for row in self._of_school(school, before)]

    @property
    def total(self) -> Row:
        before = self.frozen and sum(counts.get(TOTAL, 0) for counts in self.frozen.counts.values())
        return Row("Total", True, before, sum(counts[TOTAL] for counts in self.now.values()))

    def _of_school(self, school: str, before: Counts | None) -> list[Row]:
        now = self.now.get(school, {})
        was = None if before is None else before.get(school, {})
        shown = [(TOTAL, school), *((key, label) for key, label in LABELS.items() if key in now or key in (was or {}))]
        return [
            Row(label, key == TOTAL, None if was is None else was.get(key, 0), now.get(key, 0)) for key, label in shown
        ]


def counts_of(agent: User, day: date) -> list[DayCount]:
    """The days of the agent's services on a date, as they were frozen and as they stand."""
    rows = sessions_of(agent).filter(date=day, closed_at=None).select_related("headcount")
    return [_read(row) for row in rows.order_by("activity__service__commune__name", "arrival", "activity__name")]


def _at_the_deadline(session: Session) -> Headcount | None:
    """What stood then, for a day whose deadline has passed and that nobody froze yet; nothing is written."""
    at = frozen_from(session)
    if at > timezone.now():
        return None
    return Headcount(session=session, frozen_at=at, counts=count(session, bookings_at(session, at)))


def _read(session: Session) -> DayCount:
    frozen = getattr(session, "headcount", None) or _at_the_deadline(session)
    booked = Booking.objects.active().filter(session=session)
    found = DayCount(session, frozen, count(session, booked))
    if frozen:
        found.added = booked.filter(order__at__gt=frozen.frozen_at).count()
        ended = bookings_at(session, frozen.frozen_at).exclude(status=Booking.Status.BOOKED)
        found.removed = ended.count()
    return found
