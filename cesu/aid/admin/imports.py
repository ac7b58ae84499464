"""A funder's monthly file: chosen, read line by line, then imported; the codes of the people whom it created."""

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models.fields.json import KT
from django.shortcuts import redirect
from django.utils import timezone

from cesu.aid.actions.rights.imports import REFUSED, WORDS, Line, apply_import, codes_of, importing, keep_sheet
from cesu.aid.forms.funders import RightsFileForm
from cesu.aid.sheets.rights import EXAMPLE, MODEL, read_rights
from cesu.models import Funder, RightsImport
from common.files.sheets import csv_response
from common.refusals import Refusal
from common.writing.once import make_key
from wallet.admin.decisions import DecisionAdmin

PAGE = 50
SAID = {
    "new": "Personnes nouvelles",
    "credited": "Crédités",
    "corrected": "Corrigés",
    "unchanged": "Inchangés",
    "refused": "Refusés",
}


def _count(word: str):
    """The column of how many lines a word counts."""

    @admin.display(description=SAID[word].lower())
    def count(self, imported):
        return getattr(imported, f"n_{word}") or 0

    return count


@admin.register(RightsImport)
class RightsImportAdmin(DecisionAdmin):
    """The imports of the agent's funders, the last first; one that was read and not imported changes nothing."""

    actions = None
    list_display = ["file_name", "funder", "at", "agent", "state", *WORDS]
    list_select_related = ["funder", "by"]
    fields = ["file_name", "funder", "at", "agent", "state", *WORDS]
    new, credited, corrected, unchanged, refused = map(_count, WORDS)
    change_form_template = "admin/cesu/rights_import.html"
    pages = {"<id:pk>/lignes/": "sheet", "<id:pk>/codes/": "codes", "modele/": "sample"}

    def own(self, rows, agent):
        return rows.filter(funder__staff=agent)

    def get_queryset(self, request):
        rows = super().get_queryset(request).annotate(applied_at=KT("report__applied_at"))
        return rows.annotate(**{f"n_{word}": KT(f"report__counts__{word}") for word in WORDS}).defer("report")

    def has_add_permission(self, request, obj=None):
        return admin.ModelAdmin.has_add_permission(self, request)

    @admin.display(description="par")
    def agent(self, imported):
        return str(imported.by)

    @admin.display(description="état")
    def state(self, imported):
        return "Importé" if imported.applied_at else "Lu, pas importé"

    def add_view(self, request, form_url="", extra_context=None):
        """Choose a file: it is read, and what it would do is shown; nothing is given yet."""
        self.require(request, "add_rightsimport")
        funders = Funder.objects.of_agent(request.user).filter(is_active=True)
        asked = {"funder": request.GET.get("financeur") or funders.first()}
        form = RightsFileForm(request.POST or None, request.FILES or None, funders=funders, initial=asked)
        if form.is_valid() and (imported := self._read(request, form)):
            return redirect(self.address("sheet", imported.pk))
        title = "Importer des droits mensuels"
        return self.page(
            request, "cesu/rights_import_add", title, form=form, columns=MODEL, back=self.address("changelist")
        )

    def _read(self, request, form) -> RightsImport | None:
        file = form.cleaned_data["file"]
        try:
            lines, faults = read_rights(file.read())
        except Refusal as refusal:
            form.add_error("file", refusal.sentences)
            return None
        said = {"funder": form.cleaned_data["funder"], "file_name": file.name}
        return keep_sheet(agent=request.user, lines=lines, faults=faults, **said)

    def sheet(self, request, pk):
        """What each line does, by pages of 50; « Importer » does it."""
        self.require(request, "add_rightsimport" if request.method == "POST" else "view_rightsimport")
        imported = self.row(request, pk)
        if request.method == "POST":
            return self._apply(request, imported)
        asked, report = request.GET.get("quoi", ""), imported.report
        rows = [row for row in report["lines"] if asked in ("", row[2])]
        lines = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        shown = [(Line(*row[1]), row[3], row[2] == REFUSED) for row in lines]
        kinds = [(word, SAID[word], report["counts"][word]) for word in WORDS]
        context = {"imported": imported, "lines": lines, "rows": shown, "kinds": kinds, "asked": asked}
        context |= {
            "is_applied": bool(report["applied_at"]),
            "useful": len(report["lines"]) - report["counts"][REFUSED],
        }
        context |= {"once_key": make_key(request.user.owner, importing(imported)), "back": self.address("changelist")}
        return self.page(request, "cesu/rights_import_sheet", str(imported), **context)

    def _apply(self, request, imported):
        try:
            done = apply_import(agent=request.user, imported=imported, key=request.POST.get("once_key", ""))
        except Refusal as refusal:
            messages.error(request, " ".join(refusal.sentences))
        else:
            counts = ", ".join(f"{SAID[word].lower()} : {done[word]}" for word in WORDS if done[word])
            self.log_change(request, imported, "Importé")
            messages.success(request, f"Le fichier est importé : {counts or 'aucune ligne'}.")
        return redirect(self.address("sheet", imported.pk))

    def codes(self, request, pk):
        """The codes of the new people, for the letters."""
        self.require(request, "add_rightsimport")
        imported = self.row(request, pk)
        head = ["Code CESU", "Nom", "Prénom", "Date de naissance", "Mois"]
        return csv_response(f"codes-cesu-{timezone.localtime(imported.at):%Y-%m-%d}.csv", [head, *codes_of(imported)])

    def sample(self, request):
        """An example of the file."""
        self.require(request, "add_rightsimport")
        return csv_response("droits-mensuels.csv", [MODEL, *EXAMPLE])
