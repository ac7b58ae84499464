"""Agents read the reviews of their services, and publish or refuse them; nobody changes their words."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.utils.text import Truncator

from common.admin import CommunesAdmin
from common.refusals import Refusal
from portal.models import Review
from portal.talk.actions.reviews import publish_review, refuse_review
from portal.talk.emails import preview_decided
from portal.talk.forms import RefusalForm

Status = Review.Status


@admin.register(Review)
class ReviewAdmin(CommunesAdmin):
    """A list, and a page where each review is decided."""

    actions = None
    list_display = ["extract", "rating", "service", "author", "at", "status"]
    list_filter = ["status", ("service", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["service__commune", "user"]
    search_fields = ["text", "user__last_name"]
    search_help_text = "Mots de l’avis ou nom de la personne"

    def has_add_permission(self, request):
        return False

    @admin.display(description="avis")
    def extract(self, review):
        return Truncator(review.text).chars(60)

    @admin.display(description="personne", ordering="user__last_name")
    def author(self, review):
        return review.user

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The review with its two decisions and the emails that will leave."""
        review = self.get_object(request, object_id)
        if request.method not in ("GET", "HEAD", "POST") or not self.has_change_permission(request, review):
            raise PermissionDenied
        refuses = request.POST.get("decision") == "refuser"
        form = RefusalForm(request.POST if refuses else None)
        if request.method == "POST" and (form.is_valid() or not refuses) and self._decided(request, review, form):
            return redirect("admin:portal_review_changelist")
        context = {
            "review": review,
            "form": form,
            "published": preview_decided(review, Status.PUBLISHED),
            "refused": preview_decided(review, Status.REFUSED, form["reason"].value() or "(votre motif)"),
        }
        return self.page(request, "portal/review", f"Avis sur {review.service}", **context)

    def _decided(self, request, review: Review, form: RefusalForm) -> bool:
        told = {"agent": request.user, "review": review, "seen": request.POST.get("seen", "")}
        try:
            changed = refuse_review(**told, **form.cleaned_data) if form.is_bound else publish_review(**told)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return False
        done = "refusé" if form.is_bound else "publié"
        if changed:
            self.log_change(request, review, done.capitalize())
        messages.success(request, f"L’avis est {done}.")
        return True
