"""« Contact »: anybody writes to a service or to the authority."""

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render

from common.writing.once import make_key
from portal.talk.actions.messages import CONTACT, VISITOR, send_message
from portal.talk.forms import ContactForm


@login_not_required
@rate_limit(action="contact")
def contact(request):
    """How to reach the authority, and a form that does."""
    user = request.user if request.user.is_authenticated else None
    form = ContactForm(request.POST or None, user=user)
    key = request.POST.get("once_key") or make_key(user.owner if user else VISITOR, CONTACT)
    if request.method == "POST" and form.is_valid():
        if not form.is_trapped:
            send_message(user=user, key=key, **form.said())
        messages.success(request, "Votre message est envoyé. La réponse arrivera à votre adresse e-mail.")
        return redirect("contact")
    return render(request, "portal/contact.html", {"form": form, "once_key": key})
