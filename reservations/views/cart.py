"""The cart and the requests: read once more, confirmed or paid by card, emptied."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from reservations.actions import confirm_cart, empty_cart, pay_by_card, remove_lines
from reservations.actions.checkout import NotCertified
from reservations.actions.places.baskets import read_basket
from reservations.forms.bookings import read_pks
from reservations.models import Billing, Cart, CartLine, Order
from reservations.views.page_data import (
    CONFIRMED,
    checkout_of,
    product_lines,
    spoken_number,
)
from wallet.models import CardPayment
from wallet.views.cards import go_to_payment


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def cart(request):
    """« Confirmez votre réservation »: the cart, paid from the wallet, by card, or by both."""
    if "carte" in request.POST:
        return _pay_by_card(request)
    if request.method == "POST":
        return _confirm(request, Billing.PREPAID, "reservations:cart")
    basket = _basket(request.user, Billing.PREPAID)
    checkout = checkout_of(basket)
    context = {
        "basket": basket,
        "products": product_lines(basket.lines),
        "number": spoken_number(basket.lines),
        "checkout": checkout,
        "top_ups": checkout.top_ups(reverse("reservations:cart")),
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
