"""What the tables of the aid share: a funder's staff sees its own; a decision is read before it is taken."""

import hashlib
from collections.abc import Callable

from django.contrib import messages
from django.shortcuts import redirect

from cesu.aid.emails.rights import shown
from common.refusals import Refusal
from common.writing.once import make_key
from wallet.admin.decisions import DecisionAdmin


class AidDecisions(DecisionAdmin):
    """Rows with pages that decide in two steps: what will change and the emails are shown, then it is confirmed."""

    actions = None

    def propose(self, request, title: str, form, action: Callable, *, purpose: str, done: str, back: str, **context):
        """Try what the form says and show what it would do; do it when it is the same that was shown."""
        outcome, sure, digest = None, False, ""
        if form.is_valid():
            digest = _digest(form.cleaned_data)
            sure = request.POST.get("checked") == digest
            key = request.POST.get("once_key", "")
            try:
                outcome = action(agent=request.user, key=key, trial=not sure, **form.cleaned_data)
            except Refusal as refusal:
                form.add_error(None, refusal.sentences)
        if outcome and sure:
            self.log_change(request, outcome.account, done)
            messages.success(request, " ".join([done, *outcome.sentences]))
            return redirect(back)
        shown_emails = [(email.to, *shown(email)) for email in outcome.emails] if outcome else []
        context |= {"outcome": outcome, "emails": shown_emails, "checked": digest if outcome else ""}
        key = make_key(request.user.owner, purpose)
        return self.page(request, "cesu/aid_decide", title, form=form, once_key=key, back=back, **context)


def _digest(said: dict) -> str:
    """What tells one form's answers from another's."""
    return hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()
