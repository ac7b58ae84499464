"""The gate of managers and beneficiaries: their own space and account, never a page of the families."""

from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from cesu.access import manager_of
from cesu.aid.reads.access import login_of

SPACES = [(manager_of, "/cesu/", "cesu:home"), (login_of, "/aide/", "aid:space")]
ACCOUNT = "/comptes/"


class SpaceMiddleware:
    """Lead who opens a page made for families back to their own space."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.htmx and response.status_code == 302 and request.path.startswith(("/cesu/", "/aide/")):
            return HttpResponseClientRedirect(response.url)  # a page never lands inside the piece that htmx asked for
        return response

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated or request.user.is_staff or not getattr(view, "login_required", True):
            return None
        for belongs, prefix, home in SPACES:
            if belongs(request.user) and not request.path.startswith((prefix, ACCOUNT, "/admin/")):
                return redirect(home)
        return None
