"""The pages of bookings: calendar, cart, requests, bookings."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from families.models import Member
from reservations.actions import cancel_booking, choose_days, confirm_cart, empty_cart, pay_by_card, remove_lines
from reservations.actions.cancelling import against_cancelling
from reservations.actions.checkout import NotCertified
from reservations.actions.places.baskets import read_basket
from reservations.forms.bookings import TypicalWeekForm, end_of_month, read_days, read_month, read_pks
from reservations.models import Activity, Billing, Booking, Cart, CartLine, Order, Session
from reservations.reads.calendar import ASK, GIVE_UP, build_agenda
from reservations.reads.coming import by_day, upcoming, waited_for
from reservations.reads.ticking import Ticks
from reservations.rules import typical_week as spread
from reservations.views.pages import (
    CONFIRMED,
    bookings_shown,
    calendar_page,
    checkout_of,
    product_lines,
    say_confirmed,
    spoken_number,
)
from wallet.models import CardPayment
from wallet.views.cards import go_to_payment

BOOKINGS_A_PAGE = 30
NO_TICKS = Ticks()


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
def cart(request):
    """« Confirmez votre réservation »: the cart, paid from the wallet, by card, or by both."""
    if "carte" in request.POST:
        return _pay_by_card(request)
    if request.method == "POST":
        return _confirm(request, Billing.PREPAID, "reservations:cart")
    basket = _basket(request.user, Billing.PREPAID)
    context = {
        "basket": basket,
        "products": product_lines(basket.lines),
        "number": spoken_number(basket.lines),
        "checkout": checkout_of(basket),
        "once_key": make_key(request.user.owner, "confirm:prepaid", basket.purpose),
    }
    return render(request, "reservations/cart.html", context)


def _pay_by_card(request):
    use_wallet = request.POST["carte"] == "complement"
    answer = _try(request, pay_by_card, "reservations:cart", use_wallet=use_wallet)
    return answer if isinstance(answer, HttpResponse) else _answer(request, answer, Billing.PREPAID)


def _basket(user, billing):
    carts = Cart.objects.select_related("payment").filter(family=user.guardian.family_id, billing=billing)
    return read_basket(carts.first() or Cart(family_id=user.guardian.family_id, billing=billing))


def _confirm(request, billing, back):
    answer = _try(request, confirm_cart, back, billing=billing)
    return answer if isinstance(answer, HttpResponse) else _answer(request, answer, billing)


def _try(request, action, back, **words):
    """What confirming answers, or the page that says why it is refused."""
    try:
        return action(user=request.user, key=request.POST.get("once_key", ""), **words)
    except NotCertified as refusal:
        messages.warning(request, refusal.sentence)
        return redirect(f"{reverse('families:certify')}?suite={reverse(back)}")
    except Refusal as refusal:
        for sentence in refusal.sentences[:20]:
            messages.error(request, sentence)
        return redirect(back)


def _answer(request, answer, billing):
    """Where the answer of a confirmation leads: to its order, or to the page where the card pays."""
    if "payment" in answer:
        return go_to_payment(request, CardPayment.objects.of(request.user).get(pk=answer["payment"]))
    pays = billing == Billing.DEFERRED and Order.objects.of(request.user).get(pk=answer["order"]).has_days
    page = reverse(f"reservations:{'offer_payment' if pays else 'order'}", args=[answer["order"]])
    return redirect(f"{page}?{CONFIRMED}")


@require_POST
@family_required
def remove(request):
    """Take a row out of the cart."""
    billing = Billing.DEFERRED if request.POST.get("panier") == Billing.DEFERRED else Billing.PREPAID
    remove_lines(user=request.user, billing=billing, lines=read_pks(request.POST.get("lignes", "").split(",")))
    return redirect("reservations:cart" if billing == Billing.PREPAID else "reservations:request")


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


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def request_recap(request):
    """« Récapitulatif de vos demandes »: bookings and cancellations, then « Valider », « Retour » or « Abandonner »."""
    if request.method == "POST":
        return _confirm(request, Billing.DEFERRED, "reservations:request")
    basket = _basket(request.user, Billing.DEFERRED)
    context = {
        "basket": basket,
        "booked": basket.booked,
        "waiting": basket.waiting,
        "cancelled": [line for line in basket.lines if line.act == CartLine.Act.CANCEL],
        "once_key": make_key(request.user.owner, "confirm:deferred", basket.purpose),
    }
    return render(request, "reservations/request.html", context)


@require_POST
@family_required
def abandon(request):
    """« Abandonner »: erase all requests just entered."""
    empty_cart(user=request.user, billing=Billing.DEFERRED)
    messages.success(request, "Vos demandes sont effacées. Vos réservations n’ont pas changé.")
    return redirect("reservations:selection")


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
