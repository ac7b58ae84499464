"""What agents decide, about money first of all: lists that only show, and a page of its own for each decision."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from common.admin import CommunesAdmin, ReadOnly
from common.refusals import told_to_agent
from common.writing.once import make_key

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


class DecisionAdmin(ReadOnly, CommunesAdmin):
    """Rows are only shown; what changes them is decided on a page of its own, in no transaction but the action's."""

    pages: dict[str, str] = {}  # route → name of the method; the URL is named « <app>_<model>_<method> »

    def get_urls(self):
        view = self.admin_site.admin_view
        own = [
            path(route, view(read_or_post(getattr(self, name))), name=self._name(name))
            for route, name in self.pages.items()
        ]
        return own + super().get_urls()

    def require(self, request, permission: str) -> None:
        if not request.user.has_perm(f"{self.opts.app_label}.{permission}"):
            raise PermissionDenied

    def row(self, request, pk: int):
        """One of the agent's rows, or 404."""
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def decide(self, request, title: str, form, action: Callable, *, purpose: str, done: str, back: str, **context):
        """A page that decides: shows the form, runs the action with what it says, tells what came of it."""
        if form.is_valid():
            thing = told_to_agent(request, form, action, **form.cleaned_data)
            if thing:
                self.log_change(request, thing, done)
                messages.success(request, done)
                return redirect(back)
        key = make_key(request.user.owner, purpose)
        return self.page(request, "wallet/decide", title, form=form, once_key=key, back=back, **context)

    def address(self, page: str, *args) -> str:
        return reverse(f"admin:{self._name(page)}", args=args)

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"
