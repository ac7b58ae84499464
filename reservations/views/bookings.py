"""The pages of bookings: calendar, cart, requests, bookings."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from reservations.actions import cancel_booking
from reservations.actions.cancelling import against_cancelling
from reservations.forms.bookings import read_month
from reservations.models import Booking, Order
from reservations.reads.calendar import build_agenda
from reservations.reads.ticking import Ticks
from reservations.reads.upcoming import by_day, upcoming, waited_for
from reservations.views.page_data import (
    bookings_shown,
    say_confirmed,
)

BOOKINGS_A_PAGE = 30
NO_TICKS = Ticks()


@require_GET
@family_required
def bookings(request):
    """« Mes réservations »: the list with the red cross, a page at a time."""
    page = Paginator(upcoming(request.user), BOOKINGS_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "days": by_day(page.object_list), "waiting": waited_for(request.user)}
    return render(request, "reservations/bookings.html", context)


@require_GET
@family_required
def agenda(request):
    """The calendar of all bookings of the family, month by month."""
    month = read_month(request.GET.get("mois"))
    rows = bookings_shown(request.user, month)
    context = {"month": build_agenda(month, rows, request.user.guardian.family_id), "bookings": rows}
    return render(request, "reservations/agenda.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def cancel(request, pk):
    """Confirm the cancellation of one booking, then carry it out."""
    related = ("session__activity__service__commune", "member", "cancelled_in")
    booking = get_object_or_404(Booking.objects.of(request.user).select_related(*related), pk=pk)
    if request.method == "POST":
        try:
            cancel_booking(user=request.user, booking=booking, key=request.POST.get("once_key", ""))
        except Refusal as refusal:
            messages.error(request, " ".join(refusal.sentences))
        else:
            messages.success(request, "La réservation est annulée.")
        return redirect("reservations:bookings")
    against = against_cancelling(booking, booking.session, timezone.now())
    context = {"booking": booking, "once_key": make_key(request.user.owner, f"cancel:{booking.pk}"), "against": against}
    return render(request, "reservations/cancel.html", context)


@require_GET
@family_required
def orders(request):
    """« Historique de vos réservations validées »."""
    rows = Order.objects.of(request.user).select_related("by")[:200]
    return render(request, "reservations/orders.html", {"orders": rows})


@require_GET
@family_required
def order(request, pk):
    """One order: what it booked and cancelled."""
    say_confirmed(request)
    found = get_object_or_404(Order.objects.of(request.user), pk=pk)
    rows = {"session__activity__service__commune", "member", "cancelled_in"}
    booked = list(found.bookings.select_related(*rows).order_by("session__date", "pk"))
    context = {
        "order": found,
        "booked": booked,
        "given_back": sum(each.given_back for each in booked),
        "cancelled": found.cancellations.select_related(*rows).order_by("session__date", "pk"),
    }
    return render(request, "reservations/order.html", context)
