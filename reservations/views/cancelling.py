"""Several days cancelled at once: those of a sick child's week, or any that are ticked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from common.addresses import read_id
from common.refusals import Refusal
from common.values.money import euros
from common.writing.once import make_key
from families.access import family_required
from reservations.actions.cancelling import SEVERAL, against_cancelling, cancel_bookings
from reservations.forms.bookings import read_pks
from reservations.models import Booking
from reservations.reads.days.absences import against_telling

SICK, AHEAD = timedelta(days=7), timedelta(days=31)


@dataclass
class Day:
    """A booking of the page; ``against``: why it stays, "" where it can be ticked."""

    booking: Booking
    against: str
    tellable: bool  # an absence may be told instead

    @property
    def back(self) -> int:
        """What cancelling it gives back, in cents."""
        return self.booking.cents if self.booking.is_paid else 0


@dataclass
class CancelPage:
    """The days that may be ticked: all of the next weeks, or those of the seven days of a child who is ``sick``."""

    days: list[Day]
    sick: str = ""

    @property
    def free(self) -> list[Day]:
        return [day for day in self.days if not day.against]

    @property
    def back(self) -> int:
        """What comes back when all that can be cancelled is, in cents."""
        return sum(day.back for day in self.free)


def cancel_page(user: User, child: int | None) -> CancelPage:
    """Read the family's own bookings to come; those of a child of nobody in the family are none."""
    today, now = timezone.localdate(), timezone.now()
    rows = Booking.objects.of(user).active().select_related("session__activity__service__commune", "member", "absence")
    rows = rows.filter(session__date__gte=today, session__date__lt=today + (AHEAD if child is None else SICK))
    rows = list((rows if child is None else rows.filter(member=child)).order_by("session__date", "member", "pk"))
    return CancelPage([_day(row, now) for row in rows], rows[0].member.first_name if rows and child else "")


def _day(booking: Booking, now: datetime) -> Day:
    refusal = against_cancelling(booking, booking.session, now)
    told = refusal is not None and not hasattr(booking, "absence") and not against_telling(booking, now)
    return Day(booking, refusal.sentence if refusal else "", told)


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def cancel_days(request):
    """« Louane est malade » (``enfant``), or « Annuler plusieurs jours »: ticked, cancelled at once, told day by day."""
    if request.method == "POST":
        return _cancel(request)
    request.tab = reverse("account")
    page = cancel_page(request.user, read_id(request.GET.get("enfant", "")))
    context = {"page": page, "once_key": make_key(request.user.owner, SEVERAL)}
    return render(request, "reservations/cancel_days.html", context)


def _cancel(request):
    chosen, key = read_pks(request.POST.getlist("jour")), request.POST.get("once_key", "")
    try:
        done = cancel_bookings(user=request.user, bookings=chosen, key=key)
    except Refusal as refusal:
        for sentence in refusal.sentences[:20]:
            messages.error(request, sentence)
        return redirect(request.get_full_path())
    messages.success(request, _told(len(done["cancelled"]), done["cents"]))
    for sentence in done["kept"]:
        messages.warning(request, sentence)
    return redirect("account")


def _told(number: int, cents: int) -> str:
    what = f"{number} réservations sont annulées" if number > 1 else "La réservation est annulée"
    return f"{what} : {euros(cents)} sont de nouveau dans votre porte-monnaie." if cents else f"{what}."
