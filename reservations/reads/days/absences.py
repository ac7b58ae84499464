"""Absences as families tell them and as agents decide them; nothing is written here."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from common.values.calendars import school_year_of
from reservations.models import Absence, Booking, Forgiveness, Session
from reservations.rules import in_time, spoken_deadline
from reservations.rules.absences import told_until

LISTED = timedelta(days=31)  # past days of the list; a longer delay is still reached from the booking's own page
CANCELLABLE = "Le délai d’annulation n’est pas passé : annulez plutôt cette réservation, vous serez recrédité."
CAME = "Cette journée a été facturée parce que l’enfant était présent : parlez-en au service."


def limit_of(booking: Booking) -> datetime:
    """Until when an absence of this booking may be told and proven."""
    return told_until(booking.session.date, booking.session.activity.absence_hours)


def against_telling(booking: Booking, now: datetime) -> list[str]:
    """Every reason why no absence can be told for a standing booking; empty when it can."""
    if in_time(booking.session.cancellable_until, now):
        return [CANCELLABLE]
    if booking.origin == Booking.Origin.UNBOOKED:
        return [CAME]
    limit = limit_of(booking)
    if in_time(limit, now):
        return []
    return [f"Le délai pour signaler cette absence est passé (c’était jusqu’au {spoken_deadline(limit)})."]


def to_tell(user: User) -> list[Booking]:
    """The family's bookings of which an absence may be told now, the latest day first."""
    now = timezone.now()
    rows = Booking.objects.of(user).active().filter(absence=None, session__date__gte=timezone.localdate() - LISTED)
    rows = rows.select_related("session__activity__service__commune", "member").order_by("session__date", "pk")
    return [row for row in rows if not against_telling(row, now)]


def told_by(user: User):
    """The family's absences, the latest first."""
    rows = Absence.objects.of(user).select_related("booking__session__activity__service__commune", "booking__member")
    return rows.order_by("-created_at", "-pk")


def is_forgiven(session: Session, member_id: int) -> bool:
    """Whether the activity forgives this child a first late change, and has not yet in the school year of the day."""
    if not session.activity.forgives_first:
        return False
    year = school_year_of(session.date)
    return not Forgiveness.objects.filter(activity=session.activity_id, member=member_id, school_year=year).exists()
