"""What no view should have to say: who changes things, that a refusal is a polite page, that no cache keeps a person's page."""

import logging
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DataError, connection
from django.middleware.security import SecurityMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.defaults import bad_request

from common.refusals import Refusal
from common.writing.history import Teller

log = logging.getLogger(__name__)


class HeadersMiddleware(SecurityMiddleware):
    """Django's security headers on each answer, also on those that its own middleware and WhiteNoise never see.

    Tells the log, once a process, of a proxy in front that the settings do not know.
    """

    warned = False

    def process_request(self, request):
        unknown = not settings.ALLAUTH_TRUSTED_PROXY_COUNT and "HTTP_X_FORWARDED_FOR" in request.META
        if unknown and not HeadersMiddleware.warned:
            HeadersMiddleware.warned = True
            log.warning(UNKNOWN_PROXY)


UNKNOWN_PROXY = (
    "A request bears X-Forwarded-For and PARVIS_TRUSTED_PROXIES is 0: if a proxy stands in front, all visitors share its "
    "address, and one of them can use up the tries of everybody. Set PARVIS_TRUSTED_PROXIES (docs/operations.md)."
)


class TextMiddleware:
    """Answer 400 to what no keyboard types and PostgreSQL cannot hold: NUL in an address or a cookie.

    In a field the form says so beside it; where none does and the database refuses it, the answer is 400 as well.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if _has_nul([request.path_info, *request.COOKIES.values()]):
            raise BadRequest("NUL")
        return self.get_response(request)

    def process_exception(self, request, exception):
        fields = [
            text for asked in (request.GET, request.POST) for name, texts in asked.lists() for text in (name, *texts)
        ]
        if isinstance(exception, DataError | ValueError) and _has_nul(fields):
            return bad_request(request, exception)
        return None


def _has_nul(texts: Iterable[str]) -> bool:
    return any("\0" in text for text in texts)


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
