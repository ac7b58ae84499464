"""The employer's money: invoices, payment by card, statement, oppositions, yearly certificates."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cesu.access import manager_required
from cesu.models import Beneficiary, Invoice, Opposition, VoucherOrder, issuer
from cesu.orders.actions.oppositions import PURPOSE, oppose
from cesu.orders.actions.payments import MAX_CARD_CENTS, card_payments_of, order_of, pay_by_card, paying
from cesu.orders.actions.payments import PURPOSE as CARD
from cesu.orders.forms.money import OppositionForm
from cesu.orders.reads.certificates import certificate_of
from cesu.orders.reads.contracts import contract_of
from cesu.orders.reads.facturx import NAME, XMP, invoice_xml
from cesu.rules.orders import IssuerIncomplete
from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import Carried, render_pdf
from common.files.sheets import amount, csv_response
from common.models import authority
from common.refusals import Refusal, told_on
from common.values.dates import date_numeric
from common.values.money import euros
from common.writing.once import make_key
from wallet.actions import balance, cards
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment
from wallet.reads.statements import statement as operations_of

PAGE = 25
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- Invoices ---------------------------------------------------------------------------------------------------------
@require_safe
@manager_required
def invoice(request, number):
    """An order's invoice, or with ``?avoir`` its credit note: a PDF that carries its Factur-X."""
    orders = VoucherOrder.objects.of(request.user).placed().select_related("invoice__credit_note", "employer")
    order = get_object_or_404(orders, number=number)
    found = getattr(order.invoice, "credit_note", None) if "avoir" in request.GET else order.invoice
    if found is None:
        raise Http404
    title = "Avoir" if found.credits_id else "Facture"
    try:
        pdf = invoice_pdf(order, found, title)
    except IssuerIncomplete:
        messages.error(request, f"{title} indisponible pour le moment : contactez votre Service Clients.")
        return redirect("cesu:order", number)
    return document_response(pdf, f"{title} {found.number}.pdf", Kind.PDF)


def invoice_pdf(order: VoucherOrder, found: Invoice, title: str) -> bytes:
    """The invoice as people and software read it."""
    titles = order.lines.aggregate(titles=Sum(F("booklets") * F("vouchers")))["titles"]
    context = {"order": order, "invoice": found, "employer": order.employer, "issuer": issuer(), "title": title}
    context |= {"titles": titles, "rate": issuer().vat_rate / 100, "authority": authority()}
    return render_pdf("pdf/cesu_invoice.html", context, Carried(NAME, invoice_xml(order, found), XMP))


# --- Cards ------------------------------------------------------------------------------------------------------------
@read_or_post
@manager_required
def pay(request, number):
    """Pay an order that waits for its money: by card, or what to write on a transfer."""
    order = get_object_or_404(VoucherOrder.objects.of(request.user).placed(), number=number)
    if order.status != VoucherOrder.Status.TAKEN:
        return redirect("cesu:order", number)
    if request.method == "POST":
        return _pay_by_card(request, order)
    context = {"order": order, "issuer": issuer(), "once_key": make_key(request.user.owner, paying(order))}
    context |= {"cards": gateway.is_set_up() and order.total_cents <= MAX_CARD_CENTS}
    return render(request, "cesu/pay.html", context)


def _pay_by_card(request, order: VoucherOrder):
    try:
        payment = pay_by_card(user=request.user, order=order, key=request.POST.get("once_key", ""))
        payment = cards.start(payment)
    except Refusal as refusal:
        messages.error(request, " ".join(refusal.sentences))
        return redirect("cesu:pay", order.number)
    return redirect(payment.url or "cesu:pay", *([] if payment.url else [order.number]))


TO_CHECK = (
    "Ce que notre prestataire de paiement nous annonce ne correspond pas à votre commande : nous vérifions ce paiement."
    " Si votre carte a été débitée, la somme sera enregistrée ou remboursée. Vous pouvez payer de nouveau."
)


def _payment_of(user, reference) -> tuple[CardPayment, VoucherOrder]:
    """A card payment of an order of the manager's employer, with that order."""
    payment = get_object_or_404(CardPayment, reference=reference, purpose__startswith=f"{CARD}:")
    return payment, get_object_or_404(VoucherOrder.objects.of(user), pk=order_of(payment))


@require_safe
@manager_required
def payment(request, reference):
    """Where Stripe sends the payer back (``retour``: without paying): what it says is booked, whatever the webhook did."""
    found, order = _payment_of(request.user, reference)
    try:
        found = cards.abandon(found) if "retour" in request.GET and found.is_going else cards.fulfil(found)
    except gateway.CardsUnavailable:
        messages.warning(
            request,
            "Notre prestataire de paiement ne répond pas pour le moment. Si vous avez payé, votre paiement sera"
            " enregistré tout seul dès qu’il répondra, une seule fois.",
        )
        return redirect("cesu:order", order.number)
    if found.status == CardPayment.Status.PAID:
        messages.success(request, f"Votre paiement de {euros(found.cents)} est accepté.")
    elif found.status == CardPayment.Status.TO_CHECK:
        messages.warning(request, TO_CHECK)
    elif not found.is_going:
        messages.warning(request, "Le paiement est abandonné : rien n’a été débité.")
    return redirect("cesu:order", order.number)


@require_POST
@manager_required
def abandon(request, number):
    """Close the payment page that is open for an order, so that it may be paid otherwise."""
    order = get_object_or_404(VoucherOrder.objects.of(request.user).placed(), number=number)
    for going in card_payments_of(order).going():
        try:
            cards.abandon(going)
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
    return redirect("cesu:pay", number)


# --- Statement --------------------------------------------------------------------------------------------------------
@require_safe
@manager_required
def statement(request):
    """« Relevé »: what the employer paid in and what its orders cost; with ``?csv``, as a spreadsheet."""
    account = request.employer.account
    lines = operations_of(account.pk)
    if "csv" in request.GET:
        head = ["Date", "Libellé", "Montant", "Solde"]
        rows = [
            [
                date_numeric(line.at),
                line.label,
                amount(line.amount),
                amount(line.balance),
            ]
            for line in lines
        ]
        return csv_response(f"Relevé {request.employer.client_reference}.csv", [head, *rows])
    context = {"employer": request.employer, "lines": Paginator(lines, PAGE).get_page(request.GET.get("page"))}
    context |= {"balance": balance(account), "contract": contract_of(request.employer)}
    return render(request, "cesu/statement.html", context)


# --- Oppositions ------------------------------------------------------------------------------------------------------
@read_or_post
@manager_required
def oppositions(request):
    """« Opposition »: titles lost or stolen, by their numbers."""
    form = OppositionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key = request.POST.get("once_key", "")
        if made := told_on(form, oppose, user=request.user, key=key, **form.cleaned_data):
            messages.success(request, f"Les titres n° {made.first:012d} à {made.last:012d} sont en opposition.")
            return redirect("cesu:oppositions")
    found = Opposition.objects.filter(employer=request.employer).select_related("by")
    context = {"form": form, "once_key": make_key(request.user.owner, PURPOSE), "issuer": issuer()}
    context |= {"oppositions": Paginator(found, PAGE).get_page(request.GET.get("page"))}
    return render(request, "cesu/oppositions.html", context)


# --- Certificates -----------------------------------------------------------------------------------------------------
@require_safe
@manager_required
def certificate(request, pk, year):
    """« Attestation annuelle » of a beneficiary, as a PDF."""
    beneficiary = get_object_or_404(Beneficiary.objects.of(request.user), pk=pk)
    found = certificate_of(beneficiary, year, timezone.localdate())
    if found is None:
        raise Http404
    context = {"certificate": found, "employer": request.employer, "issuer": issuer(), "authority": authority()}
    context |= {"today": timezone.localdate()}
    pdf = render_pdf("pdf/cesu_certificate.html", context)
    return document_response(pdf, f"Attestation CESU {year} {beneficiary}.pdf", Kind.PDF)
