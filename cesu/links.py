"""The pages that an emailed link opens, in both spaces: anybody may open them, who chooses a password is let in."""

from collections.abc import Callable

from allauth.account.utils import perform_login
from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from cesu.fields import PasswordForm
from common.refusals import told_on

CHOSEN = "Votre mot de passe est enregistré."


def link_page(view: Callable) -> Callable:
    """A page for who has a link: no login, so many tries, in no cache, and no password in an error report."""
    tried = rate_limit(action="activation")(never_cache(view))
    return login_not_required(sensitive_post_parameters("password", "again")(tried))


def choose_password(
    request: HttpRequest, form: PasswordForm, action: Callable, *, token: str, done: str
) -> HttpResponse | None:
    """Run the action with the password that the form says, say it is ``done`` and log the person in; None until then."""
    if request.method != "POST" or not form.is_valid():
        return None
    user = told_on(form, action, token=token, password=form.cleaned_data["password"])
    if not user:
        return None
    messages.success(request, done)
    return perform_login(request, user)
