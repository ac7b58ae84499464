"""The first gate: a person whose account is not validated sees only the pages made for waiting."""

from django.conf import settings
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

FREE_PREFIXES = ("/comptes/", "/inscription/")


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
