"""The first gate: a person whose account is not validated sees only the pages made for waiting."""

from django.shortcuts import redirect

FREE_PREFIXES = ("/comptes/", "/inscription/", "/static/", "/sante/")


class GateMiddleware:
    """Lead a signed-in person without a validated account to « En attente de validation », on every request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        user = request.user
        if not user.is_authenticated or user.may_enter or getattr(view, "before_validation", False):
            return None
        if not getattr(view, "login_required", True) or request.path.startswith(FREE_PREFIXES):
            return None
        return redirect("waiting")
