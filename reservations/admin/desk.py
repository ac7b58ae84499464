"""« Réserver pour une famille »: an agent finds the family, books or cancels with its noted consent (S2-74, S2-75)."""

from datetime import timedelta

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone

from common.refusals import told_to_agent
from common.values.money import euros
from common.writing.once import make_key
from families.models import Family, FamilyNote
from families.reads.search import rows_asked
from reservations.actions.desk import book_for_family, booking_purpose, cancel_for_family
from reservations.admin.accounting import page
from reservations.forms.bookings import end_of_month, read_days, read_month
from reservations.forms.desk import AgentCancelForm, ChoiceForm, ConsentForm
from reservations.models import Booking, Session
from reservations.reads.days.desk import places_left, read_desk
from reservations.rules import in_time, spoken_deadline
from wallet.models import Wallet

FOUND = 50
RECENT = timedelta(days=14)  # a booking of the past days may still be put right


def desk(request):
    """Find the family by any name, telephone, address or number of its people."""
    term = request.GET.get("q", "").strip()
    families = Family.objects.of_agent(request.user).select_related("commune")
    found = list(rows_asked(families, term, "pk").order_by("name", "pk")[:FOUND]) if term else []
    return page(request, "desk", "Réserver pour une famille", term=term, families=found)


def desk_family(request, pk):
    """A family at the counter: its money, what it booked, and the days it may still book."""
    family = get_object_or_404(Family.objects.of_agent(request.user).select_related("commune"), pk=pk)
    form = ChoiceForm(request.GET or None, agent=request.user, family=family)
    month = read_month(request.GET.get("mois"))
    form.initial["mois"] = f"{month:%Y-%m}"
    context = {"family": family, "form": form, "wallets": Wallet.objects.filter(family=family).with_balance()}
    context |= {"bookings": _bookings(request.user, family), "days": None}
    context["notes"] = FamilyNote.objects.shown(timezone.localdate()).filter(family=family)
    if form.is_bound and form.is_valid():
        context["days"] = _days(form.cleaned_data["activite"], month)
    return page(request, "desk_family", family.named, **context)


def _bookings(agent, family: Family) -> list[Booking]:
    rows = Booking.objects.of_agent(agent).active().filter(family=family)
    rows = rows.filter(session__date__gte=timezone.localdate() - RECENT)
    return list(rows.select_related("session__activity__service__commune", "member").order_by("session__date", "pk"))


def _days(activity, month) -> list[Session]:
    """The days of a month still to come, each with ``note``: what an agent must know before ticking it."""
    today, now = timezone.localdate(), timezone.now()
    rows = activity.sessions.filter(date__range=(max(month, today), max(end_of_month(month), today)))
    rows = [row for row in rows.filter(closed_at=None).order_by("date") if row.date.month == month.month]
    for row in rows:
        left = places_left(row)
        late = [] if in_time(row.bookable_until, now) else ["réservation tardive"]
        places = [] if left is None else [f"{left} place{'s' if left > 1 else ''}"]
        row.note, row.is_full = ", ".join(late + places), left == 0 or bool(row.waiting)
    return rows


def desk_book(request, pk):
    """The recap with the prices; a POST books, with the consent noted."""
    family = get_object_or_404(Family.objects.of_agent(request.user), pk=pk)
    asked = request.POST if request.method == "POST" else request.GET
    choice = ChoiceForm(asked, agent=request.user, family=family)
    if not choice.is_valid() or not asked.getlist("jour"):
        messages.error(request, "Choisissez une activité, au moins un enfant et au moins un jour.")
        return redirect(_back(family, asked))
    form = ConsentForm(request.POST if "once_key" in request.POST else None, initial=_consent_of(family))
    if form.is_bound and form.is_valid() and _book(request, family, choice, form):
        return redirect("admin:desk_family", pk)
    return _recap(request, family, choice, form, asked)


def _recap(request, family, choice, form, asked):
    activity, members, days = _asked(choice, asked)
    sessions = {row.pk: row for row in Session.objects.filter(activity=activity, date__in=days)}
    basket = read_desk(family, activity, members, sessions)
    key = make_key(request.user.owner, booking_purpose(family, activity), basket.content)
    context = {"family": family, "basket": basket, "form": form, "once_key": key, "back": _back(family, asked)}
    return page(request, "desk_book", "Vérifier et noter l’accord", asked=_fields(asked), **context)


def _book(request, family, choice, form) -> bool:
    activity, members, days = _asked(choice, request.POST)
    wanted = {"activity": activity, "members": members, "days": days, "consent": form.consent}
    booked = told_to_agent(request, form, book_for_family, family=family, **wanted)
    if booked:
        messages.success(request, "C’est réservé. La famille est prévenue par e-mail.")
    return bool(booked)


def _asked(choice: ChoiceForm, asked: QueryDict) -> tuple:
    members = [member.pk for member in choice.cleaned_data["enfant"]]
    return choice.cleaned_data["activite"], members, read_days(asked.getlist("jour"))


def _fields(asked: QueryDict) -> list[tuple[str, str]]:
    """What was chosen, carried along by the form that confirms."""
    return [(name, value) for name in ("activite", "enfant", "mois", "jour") for value in asked.getlist(name)]


def _back(family: Family, asked: QueryDict) -> str:
    """The choice as it was made, to change it."""
    query = QueryDict(mutable=True)
    for name in ("activite", "enfant", "mois"):
        query.setlist(name, asked.getlist(name))
    return f"{reverse('admin:desk_family', args=[family.pk])}?{query.urlencode()}"


def _consent_of(family: Family) -> dict:
    first = family.guardians.select_related("user").first()
    return {"qui": str(first.user) if first else "", "quand": timezone.localtime()}


def desk_cancel(request, pk):
    """Cancel a booking for its family: why, with whose consent, recredited or not once it is late."""
    rows = Booking.objects.of_agent(request.user).active().select_related("session__activity__service", "member")
    booking = get_object_or_404(rows.select_related("family"), pk=pk)
    late = not in_time(booking.session.cancellable_until, timezone.now())
    form = AgentCancelForm(request.POST or None, late=late, initial=_consent_of(booking.family))
    if form.is_bound and form.is_valid() and _cancel(request, booking, form):
        return redirect("admin:desk_family", booking.family_id)
    limit = booking.session.cancellable_until
    context = {"booking": booking, "form": form, "limit": spoken_deadline(limit) if limit else ""}
    key = make_key(request.user.owner, f"desk-cancel:{booking.pk}")
    return page(request, "desk_cancel", "Annuler pour la famille", once_key=key, **context)


def _cancel(request, booking, form) -> bool:
    said = {"consent": form.consent, "reason": form.cleaned_data["motif"], "recredit": form.recredits}
    done = told_to_agent(request, form, cancel_for_family, booking=booking, **said)
    if not done:
        return False
    back = f"{euros(done['recredited'])} recrédités" if done["recredited"] else "rien n’est recrédité"
    messages.success(request, f"C’est annulé, {back}. La famille est prévenue par e-mail.")
    return True


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [
        path("guichet/", desk, name="desk"),
        path("guichet/<id:pk>/", desk_family, name="desk_family"),
        path("guichet/<id:pk>/reserver/", desk_book, name="desk_book"),
        path("guichet/annuler/<id:pk>/", desk_cancel, name="desk_cancel"),
    ]
