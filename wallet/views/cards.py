"""Paying by card: « Recharger mon crédit », the payment's page, and what Stripe tells."""

import logging
import re

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.addresses import onward
from common.refusals import Refusal
from common.values.money import euros
from common.writing.once import make_key
from families.access import family_required
from wallet import purposes
from wallet.actions import card_events, cards, wallet_of
from wallet.forms.payments import TopUpForm
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment, Wallet
from wallet.reads.direct_debits import DirectDebitFacts, dues
from wallet.tasks import handle_event

log = logging.getLogger(__name__)


def go_to_payment(request, payment: CardPayment):
    """Send the payer to the payment page; when Stripe is silent, to ours, where one may try again."""
    try:
        payment = cards.start(payment)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("wallet:payment", payment.reference)
    return redirect(payment.url or cards.address(payment))


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def top_up(request):
    """« Recharger mon crédit » (S2-58, S2-70): by card, and how to do it otherwise (S2-59)."""
    family = request.user.guardian.family
    if request.method == "POST":
        wallet_of(family)  # opened when first needed
    wallets = list(Wallet.objects.of(request.user))
    form = TopUpForm(
        request.POST or None,
        wallets=wallets,
        email=request.user.email,
        dues=dues(wallets),
        asked=request.GET.get("porte-monnaie", ""),
        wanted=_wanted(request),
    )
    if request.method == "POST" and form.is_valid():
        return _ask_top_up(request, form)
    context = {
        "family": family,
        "wallets": wallets,
        "form": form,
        "cards": gateway.is_set_up(),
        "going": CardPayment.objects.of(request.user).going().first(),
        "once_key": make_key(request.user.owner, "top-up"),
        "direct_debit": DirectDebitFacts(request.user),
    }
    return render(request, "wallet/top_up.html", context)


def _wanted(request) -> int:
    """The cents that the page before asks for, none for what is no amount."""
    asked = request.GET.get("montant", "")
    return int(asked) if re.fullmatch(r"[0-9]{1,7}", asked, re.ASCII) else 0


def _ask_top_up(request, form):
    try:
        payment = cards.open_top_up(
            user=request.user,
            cents_by_wallet={form.cleaned_data["wallet"].pk: form.cleaned_data["cents"]},
            email=form.cleaned_data["email"],
            onward=onward(request),
            key=request.POST.get("once_key", ""),
        )
    except Refusal as refusal:
        for sentence in refusal.sentences:
            messages.error(request, sentence)
        return redirect(request.get_full_path())
    return go_to_payment(request, payment)


@require_safe
@family_required
def payment(request, reference):
    """Where Stripe sends the payer back: the payment is looked up there and booked, whatever the webhook did.

    Back from the payment page without paying (``retour``), the page is closed and what it held is free again.
    """
    found = get_object_or_404(CardPayment.objects.of(request.user), reference=reference)
    silent = False
    try:
        found = cards.abandon(found) if "retour" in request.GET and found.is_going else cards.fulfil(found)
    except gateway.CardsUnavailable:
        silent = True
    address = purposes.of(found).address(found)
    if found.settled_at and address != request.path:
        _tell_end(request, found)
        return redirect(address)
    lines = found.lines.select_related("account__balance", "account__wallet__purse")
    late = found.status == CardPayment.Status.PAID and not found.is_top_up  # else one would be at its order
    context = {"payment": found, "lines": lines, "silent": silent, "late": late}
    return render(request, "wallet/payment.html", context)


def _tell_end(request, payment: CardPayment):
    if payment.status == CardPayment.Status.PAID:
        messages.success(request, f"Votre paiement de {euros(payment.cents)} est accepté.")
    else:
        messages.warning(request, "Le paiement est abandonné : rien n’a été débité, et rien n’est réservé.")


@require_POST
@family_required
def resume(request, reference):
    """« Reprendre le paiement »: back to the page that is open at Stripe."""
    return go_to_payment(request, get_object_or_404(CardPayment.objects.of(request.user), reference=reference))


@require_POST
@family_required
def abandon(request, reference):
    """« Abandonner le paiement »: close the page at Stripe; what it held is free again."""
    found = get_object_or_404(CardPayment.objects.of(request.user), reference=reference)
    try:
        cards.abandon(found)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("wallet:payment", reference)


@csrf_exempt
@require_POST
@login_not_required
def stripe_events(request):
    """What Stripe tells: kept once if it is signed, answered at once; the work is done afterwards."""
    try:
        event = gateway.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except gateway.ForgedEvent:
        log.warning("a forged event of Stripe was refused")
        return HttpResponse("signature", status=400, content_type="text/plain")
    if card_events.store(event):
        transaction.on_commit(lambda: handle_event.delay(event.id), robust=True)
    return HttpResponse("ok", content_type="text/plain")
