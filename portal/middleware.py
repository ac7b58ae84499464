"""What no view should have to say: who changes things, that a refusal is a polite page, that no cache keeps a person's page."""

from django.db import connection
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from portal.lib.history import Teller
from portal.lib.refusals import Refusal


class RefusalMiddleware:
    """Show an uncaught Refusal as a page with its sentences and its HTTP status."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, Refusal):
            return None
        return render(request, "refusal.html", {"refusal": exception}, status=exception.status)


class PrivateMiddleware:
    """Keep what a signed-in person sees out of every cache: after signing out, the back button shows nothing.

    A view that says its own Cache-Control is left alone.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and request.user.is_authenticated:
            add_never_cache_headers(response)
        return response


class HistoryMiddleware:
    """Let the history know who changes something, and at which address."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with connection.execute_wrapper(Teller(lambda: {"user": request.user.pk, "url": request.path})):
            return self.get_response(request)
