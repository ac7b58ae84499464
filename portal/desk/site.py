"""The agents' side of the portal: nobody enters without a second factor given in this session."""

import functools

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from accounts.backends import is_agent
from accounts.signing_in import mfa
from accounts.signing_in.adapter import landing_url
from portal.desk.exports import Exports
from portal.desk.menu import Menu
from portal.desk.reads.today import work_of

LIBRARIES = {"account", "auth", "mfa"}  # their tables know no communes; the portal has its own pages for them


class PortalAdminSite(AdminSite):
    site_header = "Parvis – Espace des agents"
    site_title = "Parvis"
    index_title = "Mon travail du jour"
    enable_nav_sidebar = False  # our menu needs no script

    def register(self, model_or_iterable, admin_class=None, **options):
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        ours = [model for model in models if model._meta.app_label not in LIBRARIES]
        bases = (admin_class, Exports) if admin_class else (Exports,)
        own = type(bases[0].__name__, bases, {"__module__": bases[0].__module__})  # what a table says of itself counts
        super().register(ours, own, **options)

    def each_context(self, request):
        return super().each_context(request) | {"menu": Menu(request)}

    def get_app_list(self, request, app_label=None):
        return []  # our menu says in plain words where things are

    @method_decorator(never_cache)
    def index(self, request, extra_context=None):
        """The work of the day, then what there is to do."""
        context = {"title": self.index_title, "work": work_of(request.user)}
        return TemplateResponse(request, "admin/index.html", self.each_context(request) | context)

    @method_decorator(never_cache)
    def settings_page(self, request):
        """« Réglages »: one door to what is not done every day."""
        return TemplateResponse(
            request, "admin/portal/settings.html", self.each_context(request) | {"title": "Réglages"}
        )

    def app_index(self, request, app_label, extra_context=None):
        return redirect("admin:settings")

    def has_permission(self, request):
        return super().has_permission(request) and mfa.is_proven(request)

    @method_decorator(never_cache)
    def login(self, request, extra_context=None):
        """Lead to what is missing: signing in, a second factor to install, or to give."""
        target = self._target(request)
        if not request.user.is_authenticated:
            return redirect_to_login(target, resolve_url("account_login"))
        if not request.user.is_staff:
            messages.error(request, "Cette page est réservée aux agents de la collectivité.")
            return redirect(landing_url(request.user))
        if mfa.is_proven(request):
            return redirect(target)
        if mfa.is_enrolled(request.user):
            return redirect_to_login(target, reverse(mfa.question_urlname(request.user)))
        messages.info(request, "L’espace des agents demande un second facteur : installez-le ici.")
        return redirect_to_login(target, reverse("mfa_index"))

    def get_urls(self):
        pages = [*_pages().addresses(), path("reglages/", self.settings_page, name="settings")]
        for page in pages:
            page.callback = self.admin_view(_of_communes(page.callback, _pages().RIGHTS[page.name]))
        # no row has a public page
        return pages + [page for page in super().get_urls() if getattr(page, "name", "") != "view_on_site"]

    def logout(self, request, extra_context=None):
        return redirect("account_logout")

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")

    def password_change_done(self, request, extra_context=None):
        return redirect("account_change_password")

    def _target(self, request) -> str:
        target = request.GET.get("next", "")
        safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
        return target if safe else reverse("admin:index")


def _pages():
    """The pages of all apps; imported once the site stands, for their modules register tables on it."""
    from portal.desk import pages

    return pages


def _of_communes(view, right: str):
    """A page of the communes' work: refused to who has no commune, such as the issuer's staff, and to who lacks its right."""

    @functools.wraps(view)
    def enter(request, *args, **kwargs):
        if not is_agent(request.user) or (right and not request.user.has_perm(right)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return enter
