"""Agents keep their kitchens and write the menus of a week: one page, a dish a line; a week is copied onto another."""

from datetime import date, timedelta

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from common.admin import CommunesAdmin
from common.refusals import Refusal
from common.values.dates import date_short, day_and_month
from common.writing.once import make_key
from portal.models import Kitchen, Menu
from portal.talk.actions.menus import copy_week, copying, version_of, week_of, write_week, writing
from portal.talk.forms import CopyForm, WeekForm
from portal.talk.reads import week_asked, with_words
from portal.talk.rules import ALLERGENS, allergen_word

WEEK = timedelta(days=7)


class KitchenForm(forms.ModelForm):
    """A kitchen serves schools of its own commune."""

    def clean(self):
        super().clean()
        commune, schools = self.cleaned_data.get("commune"), self.cleaned_data.get("schools") or []
        others = [str(school) for school in schools if school.commune != commune]
        if commune and others:
            self.add_error("schools", f"Une cuisine sert des écoles de sa commune : retirez {', '.join(others)}.")


@admin.register(Kitchen)
class KitchenAdmin(CommunesAdmin):
    """The kitchens of the agent's communes, each with a link to its menus."""

    form = KitchenForm
    list_display = ["name", "commune", "menus"]
    list_select_related = ["commune"]
    fields = ["commune", "name", "schools"]
    search_fields = ["name", "commune__name"]
    search_help_text = "Nom ou commune"

    @admin.display(description="menus")
    def menus(self, kitchen):
        address = reverse("admin:portal_kitchen_menus", args=[kitchen.pk])
        return format_html('<a href="{}">Menus de {}</a>', address, kitchen.name)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        return super().formfield_for_manytomany(db_field, request, widget=forms.CheckboxSelectMultiple, **kwargs)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<id:pk>/menus/", view(self.week_page), name="portal_kitchen_menus"),
            path("<id:pk>/menus/copier/", view(self.copy_page), name="portal_kitchen_copy"),
            *super().get_urls(),
        ]

    def _kitchen(self, request, pk) -> Kitchen:
        kitchen = self.get_object(request, pk)
        if not self.has_change_permission(request, kitchen):
            raise PermissionDenied
        return kitchen

    def week_page(self, request, pk):
        """The week as it stands; written as a whole."""
        kitchen, monday = self._kitchen(request, pk), _monday(request)
        form = WeekForm(request.POST or None, monday=monday, days=week_of(kitchen, monday))
        key = request.POST.get("once_key", "")
        if request.method == "POST" and form.is_valid():
            try:
                _tell(
                    request, write_week(agent=request.user, kitchen=kitchen, monday=monday, days=form.days(), key=key)
                )
                self.log_change(request, kitchen, f"Menus de la semaine du {date_short(monday)}.")
                return HttpResponseRedirect(address_of(kitchen, monday))
            except Refusal as refusal:
                form.add_error(None, refusal.sentences)
                key = ""
        return self._week(request, kitchen, monday, form=form, once_key=key)

    def copy_page(self, request, pk):
        """« Copier cette semaine »: refused onto a week that has menus."""
        kitchen, monday = self._kitchen(request, pk), _monday(request)
        form = CopyForm(request.POST or None, agent=request.user, initial={"cuisine": pk, "semaine": monday + WEEK})
        key = request.POST.get("once_key", "") or make_key(request.user.owner, copying(kitchen.pk, monday))
        if request.method == "POST" and form.is_valid():
            target, to = form.cleaned_data["cuisine"], form.cleaned_data["semaine"]
            try:
                copied = copy_week(agent=request.user, source=kitchen, monday=monday, target=target, to=to, key=key)
                messages.success(request, f"C’est fait : {copied} jour{_s(copied)} copié{_s(copied)}.")
                return HttpResponseRedirect(address_of(target, to))
            except Refusal as refusal:
                form.add_error(None, refusal.sentences)
        title = f"Copier la semaine du {day_and_month(monday)}"
        back = address_of(kitchen, monday)
        return self.page(request, "portal/menus_copy", title, form=form, kitchen=kitchen, back=back, once_key=key)

    def _week(self, request, kitchen, monday: date, once_key: str, **context):
        standing = week_of(kitchen, monday)
        once_key = once_key or make_key(request.user.owner, writing(kitchen.pk, monday), version_of(standing))
        return self.page(
            request,
            "portal/menus_week",
            f"{kitchen.name} : semaine du {day_and_month(monday)} {monday.year}",
            kitchen=kitchen,
            monday=monday,
            before=address_of(kitchen, monday - WEEK),
            after=address_of(kitchen, monday + WEEK),
            menus=with_words(Menu.objects.filter(kitchen=kitchen).of_week(monday)),
            allergens=[allergen_word(each) for each in ALLERGENS],
            once_key=once_key,
            **context,
        )


def address_of(kitchen: Kitchen, monday: date) -> str:
    """The page of a kitchen's week."""
    return f"{reverse('admin:portal_kitchen_menus', args=[kitchen.pk])}?semaine={monday}"


def _monday(request) -> date:
    return week_asked(request.GET.get("semaine", ""), timezone.localdate())


def _tell(request, changed: int) -> None:
    said = f"C’est enregistré : {changed} jour{_s(changed)} changé{_s(changed)}." if changed else "Rien n’a changé."
    messages.success(request, said)


def _s(number: int) -> str:
    return "s" if number > 1 else ""
