"""Answers that take no less than a time, whatever was found: how long they take tells nothing."""

import time

LEAST = 0.4  # seconds: more than a sign-up or an email owed takes on a busy machine


def answer_steadily(request) -> None:
    """Have this request answered once ``LEAST`` has passed since it came; for what differs by statements, not by a hash."""
    request.is_answered_steadily = True


class SteadyMiddleware:
    """Wait, outside all other middleware, so that what they do after the view is hidden with the rest."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        ends = time.monotonic() + LEAST
        response = self.get_response(request)
        if getattr(request, "is_answered_steadily", False):
            time.sleep(max(0.0, ends - time.monotonic()))
        return response
