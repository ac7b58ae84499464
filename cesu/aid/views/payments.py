"""« Payer mon intervenant »: three steps, the card's page, the receipt and its proof (guide 001, S1-34…S1-72)."""

import functools

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods, require_safe

from cesu.aid.actions import payments
from cesu.aid.actions.caregivers import favourites, find_caregiver, hide_caregiver, last_paid
from cesu.aid.actions.complements import standing_of
from cesu.aid.actions.payments import against, card_terms, every_standing, paying
from cesu.aid.forms.payments import AmountsForm, Choice, FindForm, PasswordForm, opened, uses_of
from cesu.aid.reads.access import aid_required
from cesu.aid.reads.balances import label_of
from cesu.models import AidAccount, AidPayment, Caregiver, issuer
from cesu.rules.aid import LookOnly, TooManyTries, WrongPassword, credited_by
from cesu.rules.aid_payments import PaymentStands
from common.addresses import read_id
from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import public_pdf, render_pdf
from common.models import authority
from common.refusals import Refusal, StalePage, told_on
from common.values.dates import local_day
from common.writing.once import make_key
from wallet.actions import cards
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment

read_or_post = require_http_methods(["GET", "HEAD", "POST"])
STEPS = ["Choix de l’intervenant", "Saisie du montant", "Confirmation"]
Status = AidPayment.Status
TONES = {
    Status.HELD: "warn",
    Status.ABANDONED: "quiet",
    Status.CONFIRMED: "ok",
    Status.SENT: "ok",
    Status.REJECTED: "danger",
}


def pays_required(view):
    """Lead who may only look back to the holder's home."""

    @functools.wraps(view)
    def enter(request, *args, **kwargs):
        if not request.access.pays:
            messages.warning(request, LookOnly.sentence)
            return redirect("aid:home", request.holder.pk)
        return view(request, *args, **kwargs)

    return enter


# --- Step 1: whom -----------------------------------------------------------------------------------------------------
@read_or_post
@aid_required
@pays_required
@rate_limit(action="aid_search")
def pay(request):
    """« Payer mon intervenant », step 1: those already known as buttons, else a search by NAN (S1-35…S1-48)."""
    if "retirer" in request.POST:
        return _hide(request)
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = {"user": request.user, "holder": request.holder, **form.cleaned_data}
        if found := told_on(form, find_caregiver, **asked):
            return redirect("aid:amounts", request.holder.pk, found.pk)
    paid = last_paid(request.holder)
    known = [(each.caregiver, paid.get(each.caregiver_id)) for each in favourites(request.holder)]
    known.sort(key=lambda row: row[1].toordinal() if row[1] else 0, reverse=True)
    return render(request, "aid/pay.html", {"form": form, "known": known, "steps": STEPS})


def _hide(request):
    pk = request.POST["retirer"]
    known = Caregiver.objects.known_to(request.holder)
    found = get_object_or_404(known, pk=read_id(pk))
    hide_caregiver(user=request.user, holder=request.holder, caregiver=found)
    messages.success(request, f"{found} n’est plus dans votre liste.")
    return redirect("aid:pay", request.holder.pk)


@require_safe
@login_not_required
def affiliation(request):
    """« formulaire d’affiliation » of a person who is not affiliated yet, to print and fill in (S1-47)."""
    pdf = public_pdf("pdf/aid_affiliation.html", {"issuer": issuer(), "authority": authority()})
    return document_response(pdf, "Formulaire d’affiliation.pdf", Kind.PDF)


# --- Step 2: how much -------------------------------------------------------------------------------------------------
def _payee(request, pk: int) -> Caregiver:
    """A caregiver that somebody found for this holder; another person's does not exist."""
    return get_object_or_404(Caregiver.objects.known_to(request.holder), pk=pk)


@read_or_post
@aid_required
@pays_required
def amounts(request, caregiver):
    """« Saisie du montant », step 2: hours of each month, live totals, a complement by card (S1-49…S1-65)."""
    payee = _payee(request, caregiver)
    if payee.ended_on:
        messages.error(request, f"{payee} n’est plus affilié(e) : on ne peut plus payer cette personne.")
        return redirect("aid:pay", request.holder.pk)
    data = request.POST if request.method == "POST" else None
    form = AmountsForm(
        request.holder, timezone.localdate(), data, _earlier(request, payee), request.GET.get("compte", "")
    )
    if request.htmx:
        return render(request, "aid/_amounts_live.html", {"form": form})
    validated = data is not None and "valider" in data
    if validated and form.account and not form.errors:
        return redirect(_address("aid:confirm", request.holder.pk, payee, form.chosen()))
    context = {"form": form, "caregiver": payee, "steps": STEPS, "validated": validated}
    return render(request, "aid/amounts.html", context | {"standing": standing_of(request.holder)})


def _earlier(request, payee: Caregiver) -> Choice | None:
    """What was chosen before, to be filled in again; what is no longer readable is not."""
    try:
        return opened(request.GET.get("p", ""), request.holder.pk, payee.pk)
    except StalePage:
        return None


def _address(page: str, holder: int, payee: Caregiver, choice: Choice) -> str:
    return f"{reverse(page, args=[holder, payee.pk])}?p={choice.sealed(holder, payee.pk)}"


# --- Step 3: confirmed ------------------------------------------------------------------------------------------------
@read_or_post
@aid_required
@pays_required
def confirm(request, caregiver):
    """« Confirmation du paiement », step 3: who, how much, by when; one's password again (S1-66, S1-72)."""
    payee = _payee(request, caregiver)
    try:
        choice = opened(request.POST.get("p") or request.GET.get("p", ""), request.holder.pk, payee.pk)
    except StalePage:
        messages.error(request, StalePage.sentence)
        return redirect("aid:amounts", request.holder.pk, payee.pk)
    accounts = AidAccount.objects.filter(holder=request.holder).select_related("funder")
    account = get_object_or_404(accounts, pk=choice.aid_account)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _pay(request, payee, account, choice, form)
    today = timezone.localdate()
    reasons = against(account, every_standing(account), choice.uses, choice.complement_cents, today)
    if reasons and request.method != "POST":
        return _back(request, payee, choice, reasons)
    return _show(request, payee, account, choice, form)


def _back(request, payee: Caregiver, choice: Choice, reasons: list[str]):
    """To step 2 with what was typed, and why."""
    for reason in reasons:
        messages.error(request, reason)
    return redirect(_address("aid:amounts", request.holder.pk, payee, choice))


def _show(request, payee: Caregiver, account: AidAccount, choice: Choice, form, status: int = 200):
    months = dict(account.rights.filter(pk__in=[use.right for use in choice.uses]).values_list("pk", "month"))
    fee_cents = card_terms(account).fee(choice.complement_cents)
    cents = sum(use.cents for use in choice.uses)
    shown = payments.digest(payee.pk, account.pk, choice.uses, choice.complement_cents)
    context = {
        "caregiver": payee,
        "label": label_of(account, timezone.localdate()),
        "uses": [(months.get(use.right), use) for use in choice.uses],
        "minutes": sum(use.minutes or 0 for use in choice.uses),
        "cents": cents,
        "complement_cents": choice.complement_cents,
        "fee_cents": fee_cents,
        "card_cents": choice.complement_cents + fee_cents,
        "paid_cents": cents + choice.complement_cents,
        "credited_by": credited_by(localtime()),
        "form": form,
        "steps": STEPS,
        "sealed": choice.sealed(request.holder.pk, payee.pk),
        "once_key": make_key(request.user.owner, paying(request.holder), shown),
        "change": _address("aid:amounts", request.holder.pk, payee, choice),
    }
    return render(request, "aid/confirm.html", context, status=status)


def _pay(request, payee: Caregiver, account: AidAccount, choice: Choice, form):
    try:
        payment = payments.pay(
            user=request.user,
            holder=request.holder,
            aid_account=account,
            caregiver=payee,
            uses=choice.uses,
            complement_cents=choice.complement_cents,
            password=form.cleaned_data["password"],
            key=request.POST.get("once_key", ""),
        )
    except (WrongPassword, TooManyTries) as refusal:
        form.add_error("password", refusal.sentences)
        return _show(request, payee, account, choice, form, refusal.status if refusal.status == 429 else 200)
    except StalePage:
        raise
    except PaymentStands as refusal:
        messages.error(request, refusal.sentence)
        return _to_payment(request, standing_of(request.holder))
    except Refusal as refusal:
        return _back(request, payee, choice, refusal.sentences)
    return _to_card(request, payment) if payment.status == Status.HELD else _to_payment(request, payment)


def _to_payment(request, payment: AidPayment | None):
    if payment is None:
        return redirect("aid:history", request.holder.pk)
    return redirect("aid:payment", request.holder.pk, payment.reference)


def _to_card(request, payment: AidPayment):
    """To the payment page; when Stripe is silent, to ours, where one may try again."""
    try:
        card = cards.start(payment.card_payment)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return _to_payment(request, payment)
    return redirect(card.url) if card.url else _to_payment(request, payment)


# --- The card, the receipt, its proof ---------------------------------------------------------------------------------
def _payment(request, reference) -> AidPayment:
    found = AidPayment.objects.filter(aid_account__holder=request.holder)
    whole = found.select_related("aid_account__funder", "aid_account__holder", "caregiver", "by", "card_payment")
    return get_object_or_404(whole, reference=reference)


TO_CHECK = (
    "Ce que notre prestataire de paiement nous annonce ne correspond pas à votre demande : nous vérifions ce paiement."
    " Si votre carte a été débitée, la somme vous sera remboursée. Vous pouvez payer de nouveau."
)


@read_or_post
@aid_required
def card(request, reference):
    """Where Stripe sends the payer back (``retour``: without paying): what it says is booked, whatever the webhook did."""
    found = _payment(request, reference)
    if found.card_payment is None:
        raise Http404
    if request.method == "POST" and not request.access.pays:
        messages.warning(request, LookOnly.sentence)
        return _to_payment(request, found)
    if request.method == "POST" and "abandonner" not in request.POST:
        return _to_card(request, found)
    asked = request.method == "POST" or "retour" in request.GET
    leaves = asked and request.access.pays and found.card_payment.is_going
    try:
        told = cards.abandon(found.card_payment) if leaves else cards.fulfil(found.card_payment)
        if told.status == CardPayment.Status.TO_CHECK:
            messages.warning(request, TO_CHECK)
    except gateway.CardsUnavailable:
        messages.warning(
            request,
            "Notre prestataire de paiement ne répond pas pour le moment. Si vous avez payé, votre paiement sera"
            " enregistré tout seul dès qu’il répondra, une seule fois.",
        )
    return _to_payment(request, found)


@require_safe
@aid_required
def payment(request, reference):
    """The receipt of a payment on screen, with its state; what may be done while it waits for the card."""
    found = _payment(request, reference)
    context = _receipt(found) | {"tone": TONES[found.status], "is_on_its_way": found.status == Status.CONFIRMED}
    if found.status == Status.ABANDONED:
        choice = Choice(found.aid_account_id, uses_of(context["lines"]))
        context["rights_alone"] = _address("aid:amounts", request.holder.pk, found.caregiver, choice)
    if found.status == Status.HELD:
        context["until"] = found.card_payment.expires_at
    return render(request, "aid/payment.html", context)


def _receipt(found: AidPayment) -> dict:
    lines = list(found.lines.select_related("right").order_by("right__month", "pk"))
    return {"payment": found, "lines": lines, "label": label_of(found.aid_account, local_day(found.created_at))}


@require_safe
@aid_required
def proof(request, reference):
    """« Justificatif » of a payment that was made, as a PDF (S1-69)."""
    found = _payment(request, reference)
    if found.confirmed_at is None:
        raise Http404
    context = _receipt(found) | {"authority": authority(), "frame": request.frame, "today": timezone.localdate()}
    return document_response(render_pdf("pdf/aid_payment.html", context), f"Justificatif {found.pk}.pdf", Kind.PDF)
