"""« Soldes et paiements », « Historiques », receipts and yearly certificates (guide 004)."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import render_pdf
from common.files.sheets import csv_response
from common.models import authority
from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from reservations.forms.bookings import CardPaymentForm, UntilForm, read_past_month
from reservations.models import Billing, Order
from reservations.reads.books.balances import last_day_to_debit, read_balances
from reservations.reads.books.certificates import certificate, certificates, owed_at_end
from reservations.reads.books.consumption import history
from reservations.reads.books.receipts import receipt
from reservations.views.page_data import say_confirmed
from wallet.actions import wallet_of
from wallet.actions.cards import open_top_up
from wallet.gateways.stripe import is_set_up
from wallet.models import CardPayment
from wallet.views.cards import go_to_payment

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@family_required
def balances(request):
    """« Soldes et paiements »: each purse as it stands and as it will be."""
    form = UntilForm(request.GET if "jusquau" in request.GET else None)
    if not form.is_bound:
        form.initial["jusquau"] = last_day_to_debit(request.user)
    found = read_balances(request.user, form.day)
    return render(request, "reservations/balances.html", {"form": form, "balances": found, "until": form.day})


@read_or_post
@family_required
def card_payment(request):
    """« Montant à créditer », computed and editable; « Paiement CB » leads to the secure page."""
    until = UntilForm(request.GET).day
    found = read_balances(request.user, until)
    form = CardPaymentForm(
        request.POST or None,
        balances=found,
        largest=authority().top_up_max * 100,
        initial={"email": request.user.email or ""},
    )
    if "payer" in request.POST and form.is_valid():
        try:
            return _pay(request, form)
        except Refusal as refusal:
            form.add_error(None, refusal.sentences)
    live = request.htmx and request.method == "POST"
    context = {
        "form": form,
        "balances": found,
        "cards": is_set_up(),
        "going": CardPayment.objects.of(request.user).going().first(),
        "once_key": make_key(request.user.owner, "top-up"),
    }
    return render(request, f"reservations/{'_card_payment_live' if live else 'card_payment'}.html", context)


def _pay(request, form):
    family = request.user.guardian.family
    payment = open_top_up(
        user=request.user,
        cents_by_wallet={wallet_of(family, line.purse).pk: cents for line, cents in form.wanted},
        email=form.cleaned_data["email"],
        key=request.POST.get("once_key", ""),
    )
    return go_to_payment(request, payment)


@require_safe
@family_required
def offer_payment(request, pk):
    """After « Valider »: « Effectuer un paiement » or « Plus tard » (S4-79)."""
    mine = Order.objects.of(request.user).filter(billing=Billing.DEFERRED)
    order = get_object_or_404(mine, pk=pk)
    say_confirmed(request)
    if not order.booked_cents:
        return redirect("reservations:order", pk=pk)
    context = {"order": order, "balances": read_balances(request.user)}
    return render(request, "reservations/offer_payment.html", context)


@require_safe
@family_required
def monthly_history(request, kind, form=""):
    """« Historiques » of a month: the page, the PDF to keep, the spreadsheet."""
    asked = read_past_month(request.GET.get("mois"), request.user.guardian.family)
    found = history(request.user, kind, asked.month)
    if form == "csv":
        return csv_response(f"{found.file_name}.csv", found.sheet)
    context = {"history": found, "asked": asked}
    if form == "pdf":
        context |= {"authority": authority(), "family": request.user.guardian.family, "today": timezone.localdate()}
        return _pdf("pdf/history.html", context, found.file_name)
    return render(request, "reservations/history.html", context)


@require_safe
@family_required
def payment_receipt(request, source, pk):
    """« Reçu » of one payment, as a PDF."""
    found = receipt(request.user, source, pk)
    context = {"receipt": found, "family": request.user.guardian.family, "today": timezone.localdate()}
    return _pdf("pdf/receipt.html", context | {"authority": authority()}, f"Reçu {found.number}")


@require_safe
@family_required
def tax_certificates(request):
    """« Attestations fiscales »: the years that have one."""
    return render(request, "reservations/certificates.html", {"certificates": certificates(request.user)})


@require_safe
@family_required
def tax_certificate(request, year):
    """The certificate of a civil year, as a PDF."""
    found = certificate(request.user, year)
    if found is None:
        raise Http404
    family = request.user.guardian.family
    context = {
        "certificate": found,
        "family": family,
        "payers": [each.user for each in family.guardians.select_related("user")],
        "owed": owed_at_end(request.user, year),
        "today": timezone.localdate(),
        "authority": authority(),
    }
    return _pdf("pdf/certificate.html", context, f"Attestation fiscale {year}")


def _pdf(template, context, label):
    return document_response(render_pdf(template, context), f"{label}.pdf", Kind.PDF)
