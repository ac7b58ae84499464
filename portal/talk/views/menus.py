"""« Menus de la cantine »: for everybody, and for a family with what concerns its children."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from families.access import family_required
from portal.models import Kitchen, Menu
from portal.talk.reads import canteens_of, kitchens_by_commune, week_asked, with_words

WEEK = timedelta(days=7)


@require_safe
@login_not_required
def kitchens(request):
    """Every kitchen, commune by commune."""
    return render(request, "portal/kitchens.html", {"communes": kitchens_by_commune()})


@require_safe
@login_not_required
def kitchen(request, pk):
    """A kitchen's week, for everybody: dishes and allergens, nothing of any child."""
    kitchen = get_object_or_404(Kitchen.objects.select_related("commune"), pk=pk)
    context = _week(request)
    menus = with_words(Menu.objects.filter(kitchen=kitchen).of_week(context["monday"]))
    return render(request, "portal/kitchen.html", context | {"kitchen": kitchen, "menus": menus})


@require_safe
@family_required
def my_menus(request):
    """The week of the family's children, with their own allergens."""
    context = _week(request)
    canteens = canteens_of(request.user, context["monday"])
    return render(request, "portal/my_menus.html", context | {"canteens": canteens})


def _week(request) -> dict:
    monday = week_asked(request.GET.get("semaine", ""), timezone.localdate())
    return {"monday": monday, "before": monday - WEEK, "after": monday + WEEK}
