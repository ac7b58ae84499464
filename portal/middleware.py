"""What no view should have to say: who changes things, that a refusal is a polite page, that no cache keeps a person's page."""

import logging

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import connection
from django.middleware.security import SecurityMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

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
    """Answer 400 to what no keyboard types and PostgreSQL cannot hold: NUL in an address, a field or a cookie."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        _require_text([request.path_info, *request.COOKIES.values()], *request.GET.lists())
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        # The check of the form's token comes before and has read the form; what needs none is no form.
        if request.content_type in FORMS and not getattr(view, "csrf_exempt", False):
            _require_text(*request.POST.lists())


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _require_text(*groups) -> None:
    """Raise BadRequest for a NUL in lists of texts, or in (name, texts)."""
    for group in groups:
        name, texts = group if isinstance(group, tuple) else ("", group)
        if any("\0" in text for text in (name, *texts)):
            raise BadRequest("NUL")


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
