"""How every table of the agents' side is called: our words instead of Django's « Sélectionnez l’objet … à changer »."""

from functools import cached_property

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst

from portal.desk.menu import label_of
from portal.desk.reads.journal import histories

COUNTED = 2000  # rows of a list: a longer one says « plus de 2 000 », nobody turns so many pages


class ShortCount(Paginator):
    """Pages of a list of which no more than ``COUNTED`` rows and one are counted, so that a long one opens as fast."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[: COUNTED + 1].count()

    @property
    def is_cut(self) -> bool:
        return self.count > COUNTED


class PlainWords(admin.ModelAdmin):
    """The site puts it behind each table's own class, so that a table just added speaks plainly too.

    A table that agents add rows to says how: ``add_words = "Créer une classe"``.
    """

    add_words = ""
    paginator = ShortCount
    show_full_result_count = False

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": self.table_words} | (extra_context or {}))

    def history_view(self, request, object_id, extra_context=None):
        """The journal of this row, where its table has a history; what agents wrote down for it otherwise."""
        row = self.get_object(request, unquote(object_id)) if self.opts.label_lower in histories() else None
        if row is not None and self.has_view_or_change_permission(request, row):
            query = urlencode({"objet": f"{self.opts.label_lower}:{unquote(object_id)}"})
            return redirect(f"{reverse('admin:journal')}?{query}")
        return super().history_view(request, object_id, {"table_words": self.table_words} | (extra_context or {}))

    def delete_view(self, request, object_id, extra_context=None):
        return super().delete_view(request, object_id, {"table_words": self.table_words} | (extra_context or {}))

    def render_change_form(self, request, context, *args, **kwargs):
        original = context.get("original")
        title = capfirst(str(original)) if original else self.words_to_add
        context |= {"title": title, "subtitle": None, "table_words": self.table_words}
        return super().render_change_form(request, context, *args, **kwargs)

    @property
    def table_words(self) -> str:
        """What the list is called: as the menu calls it."""
        return str(label_of(self.opts.label_lower) or capfirst(self.opts.verbose_name_plural))

    @property
    def words_to_add(self) -> str:
        """What the button and the page that add a row are called."""
        return self.add_words or f"Créer : {self.opts.verbose_name}"
