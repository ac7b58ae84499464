"""The public page of the CESU and the home of the employers' space."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cesu.access import manager_required
from cesu.models import SpaceNews


@require_safe
@login_not_required
def welcome(request):
    """The public page, with its part « Espace Commandes » (S0-8)."""
    return render(request, "cesu/welcome.html")


@require_safe
@manager_required
def home(request):
    """The home of the space: the news of the CESU (S0-63)."""
    context = {"employer": request.employer, "news": SpaceNews.objects.shown(timezone.localdate())[:6]}
    return render(request, "cesu/home.html", context)
