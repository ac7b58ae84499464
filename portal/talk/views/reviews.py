"""« Laisser un avis » (S3-89): what families say of a service, and one's own word."""

from allauth.decorators import rate_limit
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Avg
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.refusals import told_on
from common.writing.once import make_key
from families.access import family_required
from portal.models import Review
from portal.talk.actions.reviews import has_booked, withdraw_review, withdrawing, write_review, writing
from portal.talk.forms import ReviewForm
from services.models import Service

A_PAGE = 20


def _service(pk) -> Service:
    return get_object_or_404(Service.objects.select_related("commune"), pk=pk, is_open=True)


@family_required
@rate_limit(action="review")
def reviews(request, pk):
    """The reviews of a service that were accepted, and one's own or the form for it."""
    service, user = _service(pk), request.user
    form = ReviewForm(request.POST or None)
    key = request.POST.get("once_key") or make_key(user.owner, writing(service))
    written = {"user": user, "service": service, "key": key}
    if request.method == "POST" and form.is_valid() and told_on(form, write_review, **written, **form.cleaned_data):
        messages.success(request, "Merci ! Un agent lit votre avis avant de le publier.")
        return redirect("reviews", pk)
    mine = Review.objects.of(user).filter(service=service).first()
    context = {"form": form, "once_key": make_key(user.owner, withdrawing(service)) if mine else key, "mine": mine}
    context["may_write"] = not mine and has_booked(user, service)
    return render(request, "portal/reviews.html", context | _published(service, request.GET.get("page")))


def _published(service: Service, page: str | None) -> dict:
    rows = Review.objects.published(service)
    mean = rows.aggregate(mean=Avg("rating"))["mean"]
    mean = f"{mean:.1f}".replace(".", ",") if mean else ""
    return {"service": service, "page": Paginator(rows, A_PAGE).get_page(page), "mean": mean}


@require_POST
@family_required
def withdraw(request, pk):
    """« Retirer mon avis »."""
    withdraw_review(user=request.user, service=_service(pk), key=request.POST.get("once_key", ""))
    messages.success(request, "Votre avis est retiré.")
    return redirect("reviews", pk)
