"""The pages on which days are chosen: what is offered, a month of an activity, the typical week, the deferred requests."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from families.access import family_required
from families.models import Member
from reservations.actions import choose_days
from reservations.forms.bookings import TypicalWeekForm, end_of_month, read_days, read_month, read_pks
from reservations.models import Activity, Billing, CartLine, Session
from reservations.reads.calendar import ASK, GIVE_UP
from reservations.reads.ticking import Ticks
from reservations.rules import typical_week as spread
from reservations.views.bookings import NO_TICKS
from reservations.views.page_data import (
    calendar_page,
)


def offered(slug: str) -> Activity:
    """The activity that families see at this address, or 404."""
    return get_object_or_404(Activity.objects.offered(), slug=slug)


@require_safe
@family_required
def products(request, kind):
    """« Cantine »: the activities of a kind, those of the family's commune first."""
    if kind not in Activity.Kind.values:
        raise Http404
    commune = request.user.guardian.family.commune_id
    found = Activity.objects.offered().filter(kind=kind).with_last_places(timezone.now())
    rows = sorted(found, key=lambda row: row.service.commune_id != commune)
    return render(request, "reservations/products.html", {"kind": Activity.Kind(kind), "activities": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def activity_calendar(request, slug):
    """The calendar of a prepaid activity; a POST re-draws it with the ticks kept, or adds them to the cart."""
    activity = offered(slug)
    request.tab = reverse("reservations:products", args=[activity.kind])
    if activity.billing == Billing.DEFERRED:
        return redirect(f"{reverse('reservations:selection')}?activite={activity.pk}")
    if "ajouter" in request.POST:
        return _add_to_cart(request, activity)
    page = _read_calendar(request, activity)
    return render(
        request,
        _calendar_template(request, "reservations/calendar.html"),
        {"page": page, "recap": page.recap, "month": page.month},
    )


def _read_calendar(request, activity, chosen=None, ticks=NO_TICKS):
    """The page as the form asks: month, members, ticked days, and a week or month to fill."""
    data = request.POST
    month = read_month(data.get("aller") or data.get("mois_affiche") or request.GET.get("mois"))
    if request.method == "POST":
        chosen = read_pks(data.getlist("enfant")) if chosen is None else chosen
        ticks = _read_ticks(request)
    fill = ()
    if "semaine" in data:
        fill = [day for week in read_days([data["semaine"]]) for day in _week_of(week)]
    elif "mois" in data:
        fill = [month.replace(day=number) for number in range(1, end_of_month(month).day + 1)]
    elif "effacer" in data:
        ticks = ticks.outside(month)
    return calendar_page(request.user, activity, month, chosen, ticks, fill)


def _read_ticks(request) -> Ticks:
    return Ticks(*(frozenset(read_days(request.POST.getlist(name))) for name in (ASK, GIVE_UP)))


def _week_of(monday):
    return [monday.fromordinal(monday.toordinal() + number) for number in range(7)]


def _calendar_template(request, template):
    """htmx asks for the recap only; everything else gets the whole page."""
    return "components/recap_live.html" if request.htmx and request.htmx.target == "recap" else template


def _add_to_cart(request, activity):
    members, ticks = read_pks(request.POST.getlist("enfant")), _read_ticks(request)
    if not members or not ticks.days:
        what = "une personne" if not members else "un jour"
        messages.error(request, f"Choisissez au moins {what}, puis « Ajouter au panier ».")
        return redirect(request.get_full_path())
    choice = choose_days(
        user=request.user, activity=activity, members=members, days=ticks.asked, given_up=ticks.given_up
    )
    _tell_choice(request, activity, choice)
    return redirect("reservations:cart" if choice.kept else request.get_full_path())


def _tell_choice(request, activity, choice):
    for reason in choice.reasons[:20]:
        messages.warning(request, reason)
    where = "votre panier" if activity.billing == Billing.PREPAID else "vos demandes"
    if choice.booked:
        messages.success(request, f"{activity.count(choice.booked)} dans {where}.")
    if choice.waiting:
        messages.success(request, f"Liste d’attente : {activity.count(choice.waiting)} dans {where}.")
    if choice.cancelled:
        messages.warning(request, f"À annuler : {activity.count(choice.cancelled)} dans {where}, à confirmer.")
    if choice.standing:
        messages.info(request, f"Déjà réservé, rien n’y change : {activity.count(choice.standing)}.")


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def typical_week(request, slug):
    """« Semaine type »: put the same weekdays over a period into the cart, for one or several members."""
    activity = offered(slug)
    request.tab = reverse("reservations:products", args=[activity.kind])
    members = Member.objects.of(request.user)
    today = timezone.localdate()
    form = TypicalWeekForm(request.POST or None, members=members, initial={"first": today, "members": members})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        dates = Session.objects.filter(activity=activity, date__range=(data["first"], data["last"]))
        pairs = spread({0: data["weekdays"]}, data["first"], data["last"], dates.values_list("date", flat=True))
        choice = choose_days(
            user=request.user,
            activity=activity,
            members=[member.pk for member in data["members"]],
            days={day for _, day in pairs},
        )
        _tell_choice(request, activity, choice)
        return redirect("reservations:cart" if activity.billing == Billing.PREPAID else "reservations:request")
    return render(request, "reservations/typical_week.html", {"activity": activity, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def selection(request):
    """« Sélection » of guide 004: a person, an activity, the calendar; « Valider » keeps the requests and shows them."""
    activities = list(Activity.objects.offered().filter(billing=Billing.DEFERRED))
    members = list(Member.objects.of(request.user))
    chosen = _pick(members, request.POST.get("personne") or request.GET.get("personne"))
    activity = _pick(activities, request.POST.get("activite") or request.GET.get("activite"))
    context = {"activities": activities, "members": members, "chosen": chosen, "activity": activity}
    if not activity or not chosen:
        return render(request, "reservations/selection.html", context)
    if "valider" in request.POST:
        ticks = _read_ticks(request)
        wanted = {"days": ticks.asked, "given_up": ticks.given_up, "replace": True}
        choice = choose_days(user=request.user, activity=activity, members=[chosen.pk], **wanted)
        _tell_choice(request, activity, choice)
        return redirect("reservations:request")
    kept = NO_TICKS if request.method == "POST" else _kept_ticks(request.user, activity, chosen)
    page = _read_calendar(request, activity, {chosen.pk}, kept)
    context |= {"page": page, "recap": page.recap, "month": page.month}
    return render(request, _calendar_template(request, "reservations/selection.html"), context)


def _pick(rows, text):
    return next((row for row in rows if str(row.pk) == text), rows[0] if len(rows) == 1 else None)


def _kept_ticks(user, activity, member) -> Ticks:
    """The days already asked for, or to be cancelled: « Retour » keeps the requests and lets change them."""
    lines = CartLine.objects.of(user).filter(session__activity=activity, member=member)
    kept = {False: set(), True: set()}
    for act, day in lines.values_list("act", "session__date"):
        kept[act == CartLine.Act.CANCEL].add(day)
    return Ticks(frozenset(kept[False]), frozenset(kept[True]))
