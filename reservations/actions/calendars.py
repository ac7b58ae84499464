"""Correcting a commune’s calendar: what it touches is told first, then the days of its activities are brought up to date.

Locks in the one order: key → commune → activities by pk → sessions (``lock_for_closing``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Commune, User
from common.refusals import Refusal
from common.values.calendars import days_between
from common.writing.once import claim_key
from common.writing.transactions import outermost
from reservations.actions.days.closing import lock_for_closing
from reservations.actions.days.sessions import plan_of, refresh_sessions
from reservations.models import Activity, Booking, CalendarDay, OpeningRule, Session
from reservations.reads.commune_calendar import Overrides
from reservations.rules.words import spoken_deadline

LONGEST = timedelta(days=62)  # longer holidays are a calendar of their own


class DatesUnclear(Refusal):
    """The dates are upside down or too far apart."""

    sentence = "Indiquez des dates dans l’ordre, sur deux mois au plus."


class NotYourCommune(Refusal):
    """The commune is not one of the agent’s."""

    sentence = "Cette commune n’est pas l’une des vôtres."
    status = 404


class NothingToTakeBack(Refusal):
    """No day was corrected between these dates."""

    sentence = "Aucun jour n’est corrigé entre ces dates : il n’y a rien à retirer."


@dataclass(frozen=True)
class Correction:
    """What an agent says of some days, and why; ``nature`` is empty to take corrections back. Raise DatesUnclear."""

    commune: Commune
    first: date
    last: date
    nature: str
    reason: str

    def __post_init__(self):
        if not timedelta(0) <= self.last - self.first <= LONGEST:
            raise DatesUnclear

    @property
    def purpose(self) -> str:
        """What the key of the confirming page is made for."""
        return f"calendar:{self.commune.pk}:{self.first}:{self.last}:{self.nature}"

    @property
    def overrides(self) -> Overrides:
        return dict.fromkeys(days_between(self.first, self.last), self.nature)


@dataclass(frozen=True)
class Touched:
    """A booking that the correction changes something for; ``says`` is what."""

    booking: Booking
    says: str


@dataclass
class Effect:
    """What a correction does to the days to come of the commune’s activities."""

    opening: dict[Activity, list[date]] = field(default_factory=dict)
    closing: dict[Activity, list[date]] = field(default_factory=dict)
    touched: list[Touched] = field(default_factory=list)


def activities_of(**where) -> QuerySet[Activity]:
    """The activities whose days are made from rules; the others keep the days that they have."""
    ruled = Exists(OpeningRule.objects.filter(activity=OuterRef("pk")))
    return Activity.objects.filter(ruled, **where).select_related("service__commune").order_by("pk")


def foresee(correction: Correction) -> Effect:
    """What the correction would do if it were confirmed now; nothing is written. Raise CalendarUnknown."""
    effect, today = Effect(), timezone.localdate()
    for activity in activities_of(service__commune=correction.commune):
        plan = plan_of(activity, correction.overrides)
        named = {day for day in plan.dates if day >= today}
        days = {session.date: session for session in activity.sessions.filter(date__gte=today)}
        standing = {day for day, session in days.items() if not session.closed_at}
        for told, changed in ((effect.opening, named - days.keys()), (effect.closing, standing - named)):
            if changed:
                told[activity] = sorted(changed)
        effect.touched += _touched(plan, [days[day] for day in sorted(standing)], standing - named)
    return effect


def _touched(plan, sessions: list[Session], gone: set[date]) -> Iterator[Touched]:
    says = {session.pk: said for session in sessions if (said := _change(plan, session, gone))}
    rows = Booking.objects.active().filter(session__in=says).select_related("session__activity__service__commune")
    for booking in rows.select_related("member", "session__activity").order_by("session__date", "pk"):
        yield Touched(booking, says[booking.session_id])


def _change(plan, session: Session, gone: set[date]) -> str:
    if session.date in gone:
        return "la journée n’est plus ouverte par les règles : elle reste réservée, à vous de la fermer"
    before = session.cancellable_until
    plan.set_deadlines(session)
    after = session.cancellable_until
    return "" if before == after else f"annulable {_until(after)} au lieu de {_until(before)}"


def _until(limit) -> str:
    return f"jusqu’au {spoken_deadline(limit)}" if limit else "jamais en ligne"


@outermost
def correct_days(*, agent: User, correction: Correction, key: str) -> dict[str, int]:
    """Write the correction and bring the days of the commune’s activities up to date; return what changed.

    Returns {"days", "made", "dropped", "kept"}: days corrected, days of activities that are new, gone, and no longer
    named but booked. A second click gets the first answer. Raise NotYourCommune, NothingToTakeBack, CalendarUnknown.
    """
    once = claim_key(key, agent.owner, correction.purpose)
    if once.answer:
        return once.answer
    commune = _lock_commune(agent, correction.commune)
    days = _write(agent, commune, correction)
    return once.remember({"days": days} | _refresh(activities_of(service__commune=commune)))


@transaction.atomic
def refresh_zone(zone: str) -> dict[str, int]:
    """Bring the days of every activity in a zone up to date; return what ``refresh_sessions`` does, summed."""
    return _refresh(activities_of(service__commune__zone=zone))


@transaction.atomic
def refresh_commune(*, commune: Commune) -> dict[str, int]:
    """The same for one commune, whose zone or public holidays changed."""
    return _refresh(activities_of(service__commune=commune))


def _refresh(activities: QuerySet[Activity]) -> dict[str, int]:
    locked = list(activities.select_for_update(of=("self",), no_key=True))
    lock_for_closing(Session.objects.filter(activity__in=locked))
    done = [refresh_sessions(activity) for activity in locked]
    return {name: sum(each[name] for each in done) for name in ("made", "dropped", "kept")}


def _lock_commune(agent: User, commune: Commune) -> Commune:
    own = Commune.objects.all() if agent.is_superuser else agent.communes.all()
    found = own.filter(pk=commune.pk).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotYourCommune
    return found


def _write(agent: User, commune: Commune, correction: Correction) -> int:
    days = CalendarDay.objects.filter(commune=commune, date__range=(correction.first, correction.last))
    if not correction.nature:
        taken_back, _ = days.delete()
        if not taken_back:
            raise NothingToTakeBack
        return taken_back
    said = {"nature": correction.nature, "reason": correction.reason, "by": agent, "at": timezone.now()}
    rows = [CalendarDay(commune=commune, date=day, **said) for day in correction.overrides]
    CalendarDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["commune", "date"], update_fields=list(said)
    )
    return len(rows)
