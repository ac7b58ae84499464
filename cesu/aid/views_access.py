"""The ways into the beneficiaries’ space: « ESPACE BÉNÉFICIAIRE », sign-up, the emailed links, the home of the space."""

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from cesu.aid.access import LOGIN, aid_required, at_funder, funder_of, funder_page, login_of
from cesu.aid.balances import balances_of
from cesu.aid.forms_access import BeneficiaryLoginForm
from cesu.aid.frame import Frame, colours_of, named
from cesu.models import AidAccess, Funder


# --- Public pages -----------------------------------------------------------------------------------------------------
@require_safe
@login_not_required
def funders(request):
    """Whose aid it is: the list of funders, straight to the one when there is one."""
    found = list(Funder.objects.filter(is_active=True))
    if len(found) == 1:
        asked = request.META["QUERY_STRING"]
        return redirect(reverse("aid:welcome", args=[found[0].slug]) + (f"?{asked}" if asked else ""))
    request.frame = Frame(request.user, request.path, None)
    return render(request, "aid/funders.html", {"funders": found, "asked": request.META["QUERY_STRING"]})


class BeneficiaryLogin(LoginView):
    """« ESPACE BÉNÉFICIAIRE » (S1-15…S1-23): allauth’s login with the words of guide 001."""

    template_name = "aid/welcome.html"

    def setup(self, request, *args, funder, **kwargs):
        super().setup(request, *args, **kwargs)
        at_funder(request, funder)

    def get_form_class(self):
        return BeneficiaryLoginForm


welcome = login_not_required(BeneficiaryLogin.as_view())


@require_safe
@login_not_required
@cache_control(public=True, max_age=86400)
@funder_page
def colours(request):
    """The funder’s colours as a stylesheet; the page that asks names their version."""
    return HttpResponse(colours_of(request.funder), content_type="text/css; charset=utf-8")


@require_safe
@login_not_required
@funder_page
def how_to(request):
    """« D’effectuer en quelques clics »: why, how to connect, how to pay, whom to call (S1-1…S1-8, S1-74…S1-76)."""
    return render(request, "aid/how_to.html")


@require_safe
@login_not_required
@funder_page
def privacy(request):
    """What becomes of personal data, and who answers for it (S1-33)."""
    return render(request, "aid/privacy.html")


# --- The space --------------------------------------------------------------------------------------------------------
@require_safe
def space(request):
    """The holders whose accounts one may open; straight to the one when there is one."""
    if login_of(request.user) is None:
        raise Http404
    accesses = list(AidAccess.objects.of(request.user))
    if len(accesses) == 1:
        return redirect("aid:home", accesses[0].holder_id)
    request.frame = Frame(request.user, request.path, funder_of(accesses[0].holder_id) if accesses else None)
    rows = [(access, named(access.holder)) for access in accesses]
    return render(request, "aid/space.html", {"rows": rows})


space.login_url = LOGIN


@require_safe
@aid_required
def home(request):
    """What is left on each account, in simple words."""
    return render(request, "aid/home.html", {"balances": balances_of(request.holder, timezone.localdate())})
