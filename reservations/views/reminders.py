"""« Rappels avant le délai »: the one switch."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from families.access import family_required
from reservations.actions.telling.week_reminders import set_reminders
from reservations.models import RemindersOff

SAID = {True: "Les rappels sont activés.", False: "Vous ne recevrez plus de rappel."}


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def reminders(request):
    """Switch one's own reminders on or off."""
    if request.method == "POST":
        on = request.POST.get("rappels") != "non"
        set_reminders(user=request.user, on=on)
        messages.success(request, SAID[on])
        return redirect("reservations:reminders")
    is_on = not RemindersOff.objects.filter(user=request.user).exists()
    return render(request, "reservations/reminders.html", {"is_on": is_on})
