"""« Réserver la semaine »: the coming week as the family usually has it, on one page, booked by one button."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from common.refusals import Refusal
from families.access import family_required
from reservations.actions.checkout import NotCertified
from reservations.actions.weeks import book_week, put_in_cart
from reservations.forms.bookings import read_pks
from reservations.models import Billing, Order
from reservations.reads.family import facts_of
from reservations.views.week_data import DonePage, week_page


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def week(request):
    """The page of confirmation; « Confirmer » books each part, and tells what became of each."""
    if "carte" in request.POST:
        return _pay_by_card(request)
    if request.method == "POST":
        return _confirm(request)
    request.tab = reverse("account")
    like_last = "derniere" in request.GET
    page = week_page(request.user, like_last)
    balance = facts_of(request.user).balance - page.due
    context = {"page": page, "like_last": like_last, "checkout": page.checkout, "balance": balance}
    return render(request, "reservations/week.html", context)


def _pay_by_card(request):
    """The cart has the card's payment: the days go there, beside what it holds."""
    try:
        answer = put_in_cart(user=request.user, billing=Billing.PREPAID, key=request.POST.get("once_key_prepaid", ""))
    except Refusal as refusal:
        _tell(request, refusal)
        return redirect("reservations:week")
    return redirect("reservations:cart") if "cart" in answer else _done([answer["order"]])


def _confirm(request):
    done, refused = [], False
    only = request.POST.get("seulement", "")
    for billing in [each for each in (Billing.PREPAID, Billing.DEFERRED) if each == (only or each)]:
        if key := request.POST.get(f"once_key_{billing}"):
            try:
                answer = book_week(user=request.user, billing=billing, key=key)
            except NotCertified as refusal:
                messages.warning(request, refusal.sentence)
                return redirect(f"{reverse('families:certify')}?suite={reverse('reservations:week')}")
            except Refusal as refusal:
                refused = True
                _tell(request, refusal)
            else:
                done += [answer["order"]] if "order" in answer else []
    if done and refused:
        messages.warning(request, "Le reste est réservé.")
    if done:
        return _done(done)
    return redirect("reservations:week" if refused else "reservations:cart")


def _tell(request, refusal: Refusal) -> None:
    for sentence in refusal.sentences[:20]:
        messages.error(request, sentence)


def _done(orders: list[int]):
    first, *others = orders
    and_this = f"?et={others[0]}" if others else ""
    return redirect(f"{reverse('reservations:week_done', args=[first])}{and_this}")


@require_safe
@family_required
def week_done(request, pk):
    """What is booked, what it cost, until when it can be changed; the other way of paying has an order of its own."""
    request.tab = reverse("account")
    mine = Order.objects.of(request.user)
    first = get_object_or_404(mine, pk=pk)
    others = mine.filter(pk__in=read_pks(request.GET.getlist("et"))).exclude(pk=pk)[:1]
    context = {"page": DonePage([first, *others]), "balance": facts_of(request.user).balance}
    return render(request, "reservations/week_done.html", context)
