"""Pages of one's own account: waiting, profile, security question, messages, the code of a letter."""

from allauth.account.decorators import reauthentication_required
from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import actions, hooks
from accounts.forms import EMAIL_REASON, ActivationForm, AnswerForm, DetailsForm, QuestionForm
from accounts.models import Consent, SecurityQuestion
from accounts.rules import DeadLink
from accounts.signing_in import questions
from accounts.signing_in.adapter import landing_url
from accounts.standing import standing_of
from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import Refusal, told_on
from common.writing.once import make_key

MESSAGES_A_PAGE = 20


@never_cache
def waiting(request):
    """« En attente de validation »: what happens next, or why the account was refused."""
    if request.user.may_enter:
        return redirect(landing_url(request.user))
    return render(request, "accounts/waiting.html", {"standing": standing_of(request.user)})


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
    context = {
        "consents": Consent.objects.of(request.user).order_by("kind", "-at", "-pk").distinct("kind"),
        "email_reason": EMAIL_REASON,
        "has_question": SecurityQuestion.objects.of(request.user).exists(),
        "is_transmitted": any(hooks.is_transmitted(user=request.user)),
    }
    return render(request, "accounts/profile.html", context)


def edit_profile(request):
    """« Modifier »: personal details and boxes; the email, the password and the question have pages of their own."""
    form = DetailsForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        actions.update_details(user=request.user, details=form.details(), consents=form.consents())
        messages.success(request, "Vos informations sont enregistrées.")
        return redirect("profile")
    is_transmitted = any(hooks.is_transmitted(user=request.user))
    context = {"form": form, "email_reason": EMAIL_REASON, "is_transmitted": is_transmitted}
    return render(request, "accounts/profile_edit.html", context)


@sensitive_post_parameters("answer")
@reauthentication_required
def security_question(request):
    """« Question de sécurité »: set one, or another."""
    asked = SecurityQuestion.objects.of(request.user).first()
    form = QuestionForm(request.POST or None, initial={"question": asked.question} if asked else None)
    key = request.POST.get("once_key") or make_key(request.user.owner, questions.SETTING)
    said = {"user": request.user, "key": key}
    if (
        request.method == "POST"
        and form.is_valid()
        and told_on(form, questions.set_question, **said, **form.cleaned_data)
    ):
        messages.success(request, "Votre question de sécurité est enregistrée.")
        return redirect("profile")
    context = {"form": form, "once_key": key, "asked": asked}
    context["removal_key"] = make_key(request.user.owner, questions.REMOVING)
    return render(request, "accounts/question.html", context)


@require_POST
@reauthentication_required
def remove_security_question(request):
    """« Retirer ma question »."""
    questions.remove_question(user=request.user, key=request.POST.get("once_key", ""))
    messages.success(request, "Votre question de sécurité est retirée.")
    return redirect("profile")


@login_not_required
@sensitive_post_parameters("answer")
@rate_limit(action="question")
@never_cache
def answer_question(request, uid, token):
    """The question of who forgot their password: the right answer leads to the page of the new password."""
    try:
        asked = questions.question_of_link(uid, token)
    except DeadLink as refusal:
        return render(request, "accounts/question_answer.html", {"refusal": refusal})
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        parts = told_on(form, questions.reset_parts, asked=asked, **form.cleaned_data)
        if parts:
            return redirect("account_reset_password_from_key", **parts)
    return render(request, "accounts/question_answer.html", {"form": form, "asked": asked})


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
