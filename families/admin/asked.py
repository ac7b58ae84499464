"""The agents' lists whose rows are of a family or a child are searched as the search box searches."""

from django.db.models import Q

from families.reads.search import rows_asked


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
