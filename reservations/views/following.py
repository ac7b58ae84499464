"""« Suivi »: the page, and the same on paper."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import render_pdf
from common.models import authority
from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from reservations.actions.telling.calendar_addresses import PURPOSE, end_address, renew_address
from reservations.models import CalendarAddress
from reservations.reads.calendar_feed import feed_of
from reservations.reads.following import followed, followed_by_family, with_states
from reservations.reads.upcoming import waited_for

A_PAGE = 50
ON_PAPER = 500  # bookings of a PDF, in some ten seconds


@require_safe
@family_required
def following(request):
    """The places waited for, each booking and its state; a page at a time, printable."""
    page = Paginator(followed(request.user), A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "bookings": with_states(page), "waiting": waited_for(request.user)}
    return render(request, "reservations/following.html", context)


@require_safe
@family_required
def following_pdf(request):
    """« Suivi » as a PDF."""
    family = request.user.guardian.family
    context = {
        "bookings": with_states(followed_by_family(family.pk)[:ON_PAPER]),
        "most": ON_PAPER,
        "family": family,
        "today": timezone.localdate(),
        "authority": authority(),
    }
    return document_response(render_pdf("pdf/following.html", context), "Suivi des réservations.pdf", Kind.PDF)


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def calendar_address(request):
    """The private address of the family's calendar: shown, made (again), ended."""
    request.tab = reverse("reservations:following")
    if request.method == "POST":
        return _change_address(request)
    address = CalendarAddress.objects.of(request.user).first()
    path = reverse("reservations:feed", args=[address.token]) if address else ""
    context = {
        "address": address,
        "url": f"{settings.PUBLIC_URL}{path}",
        "once_key": make_key(request.user.owner, PURPOSE),
    }
    return render(request, "reservations/calendar_address.html", context)


def _change_address(request):
    ends = request.POST.get("fin") == "1"
    try:
        (end_address if ends else renew_address)(user=request.user, key=request.POST.get("once_key", ""))
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    else:
        said = "L’adresse ne répond plus." if ends else "Votre adresse est prête : copiez-la dans votre agenda."
        messages.success(request, said)
    return redirect("reservations:calendar_address")


@require_safe
@login_not_required
def feed(request, token):
    """The calendar itself, for a program that does not sign in: the address is the key."""
    address = get_object_or_404(CalendarAddress.objects.served(), token=token)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": 'inline; filename="reservations.ics"',
        "X-Robots-Tag": "noindex",
    }
    return HttpResponse(feed_of(address), content_type="text/calendar; charset=utf-8", headers=headers)
