"""Pages of one's own account: waiting, profile, messages, the code of a letter."""

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import actions
from accounts.adapter import landing_url
from accounts.forms import EMAIL_REASON, ActivationForm, DetailsForm
from accounts.models import Consent
from portal.lib import mailing
from portal.lib.models import OutgoingEmail
from portal.lib.refusals import Refusal

MESSAGES_A_PAGE = 20


@never_cache
def waiting(request):
    """« En attente de validation »: what happens next, or why the account was refused."""
    if request.user.may_enter:
        return redirect(landing_url(request.user))
    return render(request, "accounts/waiting.html")


@require_POST
def ask_again(request):
    """Put a refused account back in the queue."""
    actions.ask_again(user=request.user)
    messages.success(request, "Votre demande est de nouveau en attente de validation.")
    return redirect("waiting")


@login_not_required
@sensitive_post_parameters("password", "code")
@rate_limit(action="activation")
@never_cache
def activation(request):
    """Open an account with the letter of the town hall: identifier, code, a password of one's own."""
    form = ActivationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _activated(form):
        messages.success(request, "Votre mot de passe est enregistré. Connectez-vous avec votre identifiant.")
        return redirect("account_login")
    return render(request, "accounts/activation.html", {"form": form})


def _activated(form) -> bool:
    data = form.cleaned_data
    try:
        actions.activate(identifier=data["identifier"], code=data["code"], password=data["password"])
    except Refusal as refusal:
        form.add_error(None, refusal.sentences)
        return False
    return True


def profile(request):
    """« Profil »: what the portal knows about the person, and « Modifier »."""
    consents = Consent.objects.of(request.user).order_by("kind", "-at", "-pk").distinct("kind")
    return render(request, "accounts/profile.html", {"consents": consents, "email_reason": EMAIL_REASON})


def edit_profile(request):
    """« Modifier »: personal details and boxes; the email and the password have pages of their own."""
    form = DetailsForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        actions.update_details(user=request.user, details=form.details(), consents=form.consents())
        messages.success(request, "Vos informations sont enregistrées.")
        return redirect("profile")
    return render(request, "accounts/profile_edit.html", {"form": form, "email_reason": EMAIL_REASON})


def message_list(request):
    """« Mes messages »: what the portal wrote to the person, also without an email address."""
    page = Paginator(_messages_of(request.user), MESSAGES_A_PAGE).get_page(request.GET.get("page"))
    shown = [(email, mailing.render(email)[0]) for email in page]
    return render(request, "accounts/messages.html", {"page": page, "shown": shown})


def message(request, pk):
    """One message, as it was sent."""
    email = get_object_or_404(_messages_of(request.user), pk=pk)
    subject, text, _ = mailing.render(email)
    return render(request, "accounts/message.html", {"email": email, "subject": subject, "text": text})


def _messages_of(user):
    """A secret's context is erased once sent: there is nothing left to read."""
    return OutgoingEmail.objects.filter(owner=user.owner, secret=False).order_by("-created_at", "-pk")
