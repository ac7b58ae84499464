"""« Signaler une absence »: which days it may be told of, what was told, and what the service answered."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from common.documents import quota
from common.refusals import told_on
from common.writing.once import make_key
from families.access import family_required
from reservations.actions.days.absences import add_proof, purpose, tell_absence
from reservations.forms.absences import AbsenceForm, ProofForm
from reservations.models import Absence, Booking
from reservations.reads.days.absences import against_telling, is_forgiven, limit_of, to_tell, told_by
from reservations.rules import in_time

SHOWN = 50
TOLD = {
    True: "C’est noté. Ce premier changement tardif est pardonné : vous êtes recrédité.",
    False: "L’absence est signalée. Le service vous répondra par e-mail.",
}


@require_safe
@family_required
def absences(request):
    """The days of which an absence may be told, and those told."""
    context = {"bookings": to_tell(request.user), "absences": told_by(request.user)[:SHOWN]}
    return render(request, "reservations/absences.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def absence(request, pk):
    """Tell an absence, or give its proof while it waits for its decision."""
    rows = Booking.objects.of(request.user).select_related("session__activity__service__commune", "member", "absence")
    booking = get_object_or_404(rows, pk=pk)
    told = Absence.objects.filter(booking=booking).first()
    form = (ProofForm if told else AbsenceForm)(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and _done(request, booking, told, form):
        return redirect("reservations:absences")
    now, limit = timezone.now(), limit_of(booking)
    stands = booking.status == Booking.Status.BOOKED
    context = {
        "booking": booking,
        "told": told,
        "form": form,
        "limit": limit,
        "against": [] if told else against_telling(booking, now) if stands else ["Cette réservation est annulée."],
        "may_prove": told and told.status == Absence.Status.PENDING and in_time(limit, now),
        "forgiven": not told and is_forgiven(booking.session, booking.member_id),
        "once_key": make_key(request.user.owner, purpose(booking)),
    }
    return render(request, "reservations/absence.html", context)


def _done(request, booking, told, form) -> bool:
    """Whether it was told, or proven; a refusal is told on top of the form."""
    said, key = form.cleaned_data, request.POST.get("once_key", "")
    if told:
        done = told_on(form, add_proof, user=request.user, absence=told, proof=said["proof"], key=key)
        sentence = "Le justificatif est enregistré."
    else:
        done = told_on(form, tell_absence, user=request.user, booking=booking, key=key, **said)
        sentence = done and TOLD[done["forgiven"]]
    if done:
        messages.success(request, sentence)
        if said["proof"] and (warning := quota.warning(request.user.guardian.family.owner)):
            messages.warning(request, warning)
    return bool(done)
