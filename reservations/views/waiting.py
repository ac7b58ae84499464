"""The page of a place on a waiting list: its rank, or the place that is offered until a time."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from reservations.actions.checkout import NotCertified
from reservations.actions.waiting import accept_offer, leave_list
from reservations.models import WaitlistEntry


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def waiting_place(request, pk):
    """Confirm the place that is offered or refuse it; leave the list."""
    request.tab = reverse("reservations:bookings")
    rows = WaitlistEntry.objects.of(request.user).with_rank()
    related = ("session__activity__service__commune", "session__activity__purse", "member")
    entry = get_object_or_404(rows.select_related(*related), pk=pk)
    if request.method == "POST":
        return _decide(request, entry)
    owner = request.user.owner
    keys = {"accept_key": make_key(owner, f"accept:{pk}"), "leave_key": make_key(owner, f"leave:{pk}")}
    return render(request, "reservations/waiting_place.html", {"entry": entry} | keys)


def _decide(request, entry):
    """Carry out what was clicked, and say how it went."""
    confirms = "confirmer" in request.POST
    action = accept_offer if confirms else leave_list
    try:
        action(user=request.user, entry=entry, key=request.POST.get("once_key", ""))
    except NotCertified as refusal:
        messages.warning(request, refusal.sentence)
        return redirect(f"{reverse('families:certify')}?suite={request.path}")
    except Refusal as refusal:
        messages.error(request, " ".join(refusal.sentences))
        return redirect(request.path)
    messages.success(request, "La place est réservée." if confirms else "Vous n’attendez plus cette place.")
    return redirect("reservations:bookings")
