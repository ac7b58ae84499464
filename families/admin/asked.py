"""The agents' lists whose rows are of a family or a child are searched as the search box searches, and lead to its file."""

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html

from families.models import Family
from families.reads.search import rows_asked


def file_link(family: Family, label: str = "") -> str:
    """The family's name, or another, as a link to its file."""
    return format_html('<a href="{}">{}</a>', reverse("admin:family_file", args=[family.pk]), label or family.named)


class AskedByFamily:
    """For a ModelAdmin: a row is found by its family (``family_path``), its person (``member_path``) or its own texts.

    ``search_fields`` are those texts; a list without any says « pk ».
    """

    family_path, member_path = "family", ""
    search_fields = ["pk"]
    search_help_text = "Nom d’une personne de la famille, téléphone, e-mail, ou référence comme D1042"

    def get_search_results(self, request, queryset, search_term):
        texts = [name for name in self.search_fields if name != "pk"]
        also = Q(*((f"{name}__icontains", search_term.strip()) for name in texts), _connector=Q.OR) or Q(pk__in=[])
        rows = rows_asked(queryset, search_term, self.family_path, self.member_path, also)
        return rows, "memberships" in self.family_path
