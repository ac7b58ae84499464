"""The ways into the employers' space: login, « S’inscrire en ligne », the link that sets a password."""

from allauth.account.views import LoginView
from allauth.core.ratelimit import consume
from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cesu.fields import PasswordForm
from cesu.links import CHOSEN, choose_password, link_page
from cesu.orders.actions.access import activation, links
from cesu.orders.forms.access import ForgottenForm, PersonForm, ReferenceForm
from cesu.orders.forms.login import ManagerLoginForm
from cesu.rules.people import NEUTRAL, NEUTRAL_LINK, DeadLink
from common.brakes.steady import answer_steadily
from common.writing.once import make_key

TYPED = "employer-sign-up"  # in the session: what step 1 was told
STEPS = "Votre référence client / Vos coordonnées / Confirmation"


class ManagerLogin(LoginView):
    """allauth's login with the words and the page of guide 000."""

    template_name = "cesu/login.html"

    def get_form_class(self):
        return ManagerLoginForm


login = login_not_required(ManagerLogin.as_view())


@login_not_required
@never_cache
def sign_up(request):
    """Step 1 of « S’inscrire en ligne » (S0-9…S0-11); nothing is checked before everything is typed."""
    form = ReferenceForm(request.POST or None, initial=request.session.get(TYPED))
    if request.method == "POST" and form.is_valid():
        request.session[TYPED] = form.cleaned_data
        return redirect("cesu:sign_up_person")
    return render(request, "cesu/sign_up.html", {"form": form, "steps": STEPS, "step": 1})


@login_not_required
@rate_limit(action="employer")
@never_cache
def sign_up_person(request):
    """Step 2: who will manage the orders; then always the same answer."""
    typed = request.session.get(TYPED)
    if not typed:
        return redirect("cesu:sign_up")
    form = PersonForm(request.POST or None)
    key = request.POST.get("once_key") or make_key(activation.VISITOR, activation.SIGN_UP)
    if request.method == "POST" and form.is_valid():
        activation.ask_for_space(**typed, person=form.cleaned_data, key=key)
        return redirect("cesu:sign_up_done")
    return render(request, "cesu/sign_up.html", {"form": form, "steps": STEPS, "step": 2, "once_key": key})


@require_safe
@login_not_required
def sign_up_done(request):
    """Step 3: what happens next, in the same words for everybody."""
    return render(request, "cesu/sign_up_done.html", {"steps": STEPS, "neutral": NEUTRAL})


@link_page
def activate(request, token):
    """The page of the emailed link: choose a password of one's own, and be in the space (S0-15, S0-16)."""
    try:
        user = links.user_of_link(token)
    except DeadLink as refusal:
        return render(request, "cesu/dead_link.html", {"refusal": refusal})
    form = PasswordForm(request.POST or None, user=user, is_first=user.manager.activated_at is None)
    let_in = choose_password(request, form, links.choose_password, token=token, done=CHOSEN)
    return let_in or render(request, "cesu/activate.html", {"form": form, "manager": user.manager})


@login_not_required
@rate_limit(action="employer")
@never_cache
def forgotten(request):
    """« Mot de passe oublié »: the same answer for everybody, a few emails an hour for one manager."""
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if consume(request, action="employer_link", key=form.cleaned_data["identifier"].upper()):
            answer_steadily(request)
            links.forgot(**form.cleaned_data)
        messages.success(request, NEUTRAL_LINK)
        return redirect("cesu:login")
    return render(request, "cesu/forgotten.html", {"form": form})
