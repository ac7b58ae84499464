"""Why a day cannot be booked, one reason a function; an Offer puts them together for a family."""

from datetime import datetime
from typing import NamedTuple

from common.models import authority
from common.values.calendars import school_year_of
from common.values.dates import date_long, opening_long
from common.values.money import euros
from families.models import Family, Member
from reservations.models import Activity, Session
from reservations.reads.access import is_resident, opens_at, without_access
from reservations.rules import Candidate, Conditions, in_time, reasons_against, spoken_deadline
from reservations.rules.eligibility import TO_TELL
from wallet.models import Purse

NO_PLACE = "il n’y a plus de place."
NO_PLACE_NOR_LIST = "l’activité et sa liste d’attente sont complètes."


class Against(NamedTuple):
    """Why a day cannot be booked: in a word or two, and as a sentence."""

    word: str
    reason: str


def against_day(session: Session, family: Family, now: datetime) -> list[Against]:
    """Why the family books nothing on that day now, whoever it is for; one reason at the most."""
    activity = session.activity
    if not (activity.is_open and activity.service.is_open):
        return [Against("Fermé", "cette activité n’est plus proposée.")]
    if session.closed_at:
        return [Against("Fermé", f"fermé ({session.closed_reason}).")]
    if opens_at(activity, family) > now:
        return [Against("Pas encore", _opening(activity, family))]
    if activity.booking_closes_at and activity.booking_closes_at <= now:
        return [Against("Terminé", "les réservations de cette période sont terminées.")]
    if not in_time(session.bookable_until, now):
        return [Against("Trop tard", too_late("de réservation", session.bookable_until))]
    return []


def against_member(session: Session, member: Member) -> list[Against]:
    """Why the day is not for the member: not let in by the service, of another age or class, something left to tell."""
    lacking = [Against("Sans accès", reason) for reason in without_access(session.activity, member)]
    return lacking + [
        Against("À compléter" if reason.startswith(TO_TELL) else "Non concerné", reason)
        for reason in unfit(session, member)
    ]


def unfit(session: Session, member: Member) -> list[str]:
    """What of the member’s age, school or class keeps them from the activity on that day, as sentences."""
    activity = session.activity
    school, level = member.places.get(school_year_of(session.date), (None, None))
    conditions = Conditions(
        min_age=activity.age_min,
        max_age=activity.age_max,
        schools=frozenset(activity.school_ids),
        classes=frozenset(activity.levels),
    )
    candidate = Candidate(first_name="", birth=member.birth_date, school=school, school_class=level)
    return reasons_against(conditions, candidate, session.date)


def suspension(owed: int, purse: Purse) -> str:
    """What a family reads whose bookings are suspended: what it owes (cents), how to pay, whom to call."""
    name = "" if purse.is_default else f" « {purse.name} »"
    known = authority()
    contact = known.phone or known.email
    whom = f"{known.name} ({contact})" if contact else known.name
    return (
        f"Il reste {euros(owed)} à régler sur votre porte-monnaie{name} : les nouvelles réservations sont suspendues. "
        f"Rechargez votre crédit pour réserver à nouveau ; en cas de difficulté, contactez {whom}. "
        "Vos réservations déjà faites restent valables et peuvent toujours être annulées dans les délais."
    )


def against_places(session: Session, member: Member) -> list[str]:
    """Why a day has neither a place nor room on its list; empty when it has."""
    return [no_place(session, member)] if is_full(session) and session.waiting >= session.waiting_capacity else []


def is_full(session: Session) -> bool:
    """Nobody overtakes: while anyone waits, a free place belongs to the list."""
    if session.waiting:
        return True
    return session.capacity is not None and session.booked + session.held >= session.capacity


def no_place(session: Session, member: Member) -> str:
    """Why the day cannot be booked for one more."""
    return f"{who_when(member, session)} : {NO_PLACE_NOR_LIST if session.waiting_capacity else NO_PLACE}"


def who_when(member: Member, session: Session) -> str:
    """« Louane, mardi 10 novembre », how a refusal begins."""
    return f"{member.first_name}, {date_long(session.date, session.date)}"


def too_late(what: str, limit: datetime | None) -> str:
    """A deadline that has passed, or that never was: ``what`` is « de réservation » or « d’annulation »."""
    if limit is None:
        return f"pas {what} en ligne pour cette activité, contactez le service."
    return f"le délai {what} est passé (c’était jusqu’au {spoken_deadline(limit)})."


def _opening(activity: Activity, family: Family) -> str:
    told = f"les réservations ouvrent le {_moment(opens_at(activity, family))}"
    if not activity.residents_open_at or is_resident(activity, family):
        return f"{told}."
    return f"{told} (le {_moment(activity.residents_open_at)} pour les résidents de {activity.service.commune})."


def _moment(instant: datetime) -> str:
    return opening_long(instant, instant)
