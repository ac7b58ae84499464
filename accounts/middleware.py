"""The first gate: a person whose account is not validated sees only the pages made for waiting."""

from time import time

from django.conf import settings
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.signing_in import browsers

FREE_PREFIXES = ("/comptes/", "/inscription/")


class BrowserMiddleware:
    """After signing in, the browser is known to the account (accounts/signing_in/browsers.py)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if getattr(request, "signed_in_as", None):
            browsers.remember(request, response)
        return response


WOKEN = "woken_at"  # in an agent's session: when its hour last began
AWAKE = 60  # seconds in which pages do not begin it again: most pages write no session


class IdleMiddleware:
    """An agent's session ends after an idle hour, wherever the browser was left; a family's as the settings say."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if getattr(view, "login_required", True) and request.user.is_authenticated and request.user.is_staff:
            begin_hour(request.session)


def begin_hour(session) -> None:
    """Let an agent's session live for another hour from now; at most once a minute."""
    if time() - session.get(WOKEN, 0) > AWAKE:
        session[WOKEN] = int(time())
        session.set_expiry(settings.AGENT_IDLE_SECONDS)


def signed_in(sender, request, user, **_) -> None:
    """Somebody has just signed in."""
    request.signed_in_as = user
    if user.is_staff:
        begin_hour(request.session)


class GateMiddleware:
    """Lead a signed-in person without a validated account to « En attente de validation », on every request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.htmx and _leaves_the_page(response):
            return HttpResponseClientRedirect(response.url)
        return response

    def process_view(self, request, view, args, kwargs):
        user = request.user
        if not user.is_authenticated or user.may_enter or getattr(view, "before_validation", False):
            return None
        if not getattr(view, "login_required", True) or request.path.startswith(FREE_PREFIXES):
            return None
        return redirect("waiting")


def _leaves_the_page(response) -> bool:
    """A login or waiting page must replace the page, not land inside the piece that htmx asked for."""
    if response.status_code != 302:
        return False
    return response.url.split("?")[0] in (resolve_url(settings.LOGIN_URL), reverse("waiting"))
