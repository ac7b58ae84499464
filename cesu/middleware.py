"""A manager's gate: the employers' space and their own account, never a page of the families."""

from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from cesu.access import manager_of

OPEN = ("/cesu/", "/comptes/")


class SpaceMiddleware:
    """Lead a manager who opens a page made for families back to the employers' space."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.htmx and response.status_code == 302 and request.path.startswith("/cesu/"):
            return HttpResponseClientRedirect(response.url)  # a page never lands inside the piece that htmx asked for
        return response

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated or not manager_of(request.user) or request.user.is_staff:
            return None
        if not getattr(view, "login_required", True) or request.path.startswith((*OPEN, "/admin/")):
            return None
        return redirect("cesu:home")
