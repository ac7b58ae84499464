"""« Suivi »: the page, and the same on paper."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from families.access import family_required
from portal.lib.documents.kinds import Kind
from portal.lib.documents.serving import document_response
from portal.lib.models import authority
from portal.lib.pdf import render_pdf
from reservations.following import followed, with_states

A_PAGE = 50
ON_PAPER = 500  # bookings of a PDF, in some ten seconds


@require_safe
@family_required
def following(request):
    """Each booking and its state; a page at a time, printable."""
    page = Paginator(followed(request.user), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "reservations/following.html", {"page": page, "bookings": with_states(page)})


@require_safe
@family_required
def following_pdf(request):
    """« Suivi » as a PDF."""
    context = {
        "bookings": with_states(followed(request.user)[:ON_PAPER]),
        "most": ON_PAPER,
        "family": request.user.guardian.family,
        "today": timezone.localdate(),
        "authority": authority(),
    }
    return document_response(render_pdf("pdf/following.html", context), "Suivi des réservations.pdf", Kind.PDF)
