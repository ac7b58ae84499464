"""What only the demo shows: its mail, and the second factor of its agents."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.signing_in.mfa import current_code
from portal.demo.data import TOTP_SECRET
from portal.demo.inbox import read_inbox


@require_safe
@login_not_required
def inbox(request, name=""):
    """The demo's mail, visible in the browser; does not exist outside the demo."""
    if not settings.DEMO:
        raise Http404
    emails = read_inbox(settings.DEMO_INBOX)
    chosen = next((email for email in emails if email.name == name), None)
    if name and not chosen:
        raise Http404
    return render(request, "portal/inbox.html", {"emails": emails[:100], "chosen": chosen})


@require_safe
@login_not_required
def codes(request):
    """The second factor of the demo's agents right now; does not exist outside the demo."""
    if not settings.DEMO:
        raise Http404
    return render(request, "portal/codes.html", {"code": current_code(TOTP_SECRET)})
