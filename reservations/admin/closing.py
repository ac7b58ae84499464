"""« Fermer une journée »: an agent says which days close and why, reads what it will do, then confirms, once."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from common.refusals import told_to_agent
from common.values.money import euros
from common.writing.once import make_key
from reservations.actions.days.closing import close_days, foresee
from reservations.admin.accounting import page
from reservations.forms.desk import ClosingForm


def closing_page(request):
    """A GET shows what closing would do; a POST does it."""
    data = request.POST or request.GET or None
    form = ClosingForm(data, agent=request.user, initial=_today())
    closing = form.closing if form.is_bound and form.is_valid() else None
    if closing and request.method == "POST":
        done = told_to_agent(request, form, close_days, closing=closing)
        if done:
            _tell(request, done)
            return redirect("admin:closing")
    toll = foresee(closing) if closing else None
    key = make_key(request.user.owner, closing.purpose) if closing else ""
    return page(request, "closing", "Fermer une journée", form=form, closing=closing, toll=toll, once_key=key)


def _today() -> dict:
    today = timezone.localdate()
    return {"du": today, "au": today}


def _tell(request, done: dict) -> None:
    back = f", {euros(done['cents'])} recrédités" if done["cents"] else ""
    messages.success(
        request,
        f"C’est fait : {done['bookings']} réservation{_s(done['bookings'])} annulée{_s(done['bookings'])}{back}, "
        f"{done['families']} famille{_s(done['families'])} prévenue{_s(done['families'])}.",
    )


def _s(number: int) -> str:
    return "s" if number > 1 else ""


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [path("journees/fermer/", closing_page, name="closing")]
