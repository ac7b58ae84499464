"""What no view should have to say: a refusal that nobody caught becomes a polite page, never a 500."""

from django.shortcuts import render

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
