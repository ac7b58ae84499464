"""The register of caregivers: the issuer's staff brings it up to date by file and ends affiliations."""

from datetime import date
from functools import partial

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.shortcuts import redirect

from cesu.aid.actions.registers import REGISTER, apply_register, compare, end_affiliation, ending
from cesu.aid.sheets.caregivers import EXAMPLE, MODEL, read_register
from cesu.models import Caregiver
from cesu.staff import IssuerDecisions
from common.files.sheets import csv_response
from common.refusals import Refusal, StalePage
from common.values.sepa import masked
from common.writing.once import MAX_AGE, make_key

SHOWN = 200  # lines and faults on the page


class RegisterForm(forms.Form):
    file = forms.FileField(label="Fichier CSV, XLSX ou ODS", error_messages={"required": "Choisissez un fichier."})


@admin.register(Caregiver)
class CaregiverAdmin(IssuerDecisions):
    """Shown only: names and bank accounts come from the register's file, with their history."""

    list_display = ["__str__", "nan", "kind", "affiliated_on", "ended_on"]
    list_filter = ["kind"]
    list_per_page = 50
    search_fields = ["last_name", "first_name", "nan"]
    search_help_text = "Nom, prénom ou NAN"
    fields = ["kind", "nan", "last_name", "first_name", "birth_date", "email", "account_holder", "account", "bic"]
    fields += ["affiliated_on", "ended_on"]
    readonly_fields = ["account"]
    change_form_template = "admin/cesu/caregiver.html"
    change_list_template = "admin/cesu/caregivers.html"
    pages = {
        "importer/": "bring",
        "importer/confirmer/": "bring_confirm",
        "modele/": "sample",
        "<id:pk>/fin/": "end",
    }

    @admin.display(description="IBAN")
    def account(self, caregiver):
        return masked(caregiver.iban)

    def bring(self, request):
        """Read a file and show what it changes, or what is wrong; nothing is written yet."""
        self.require(request, "add_caregiver")
        form = RegisterForm(request.POST or None, request.FILES or None)
        context = {"faults": [], "changes": None}
        if form.is_valid():
            try:
                context = self._preview(request, read_register(form.cleaned_data["file"].read()))
            except Refusal as refusal:
                form.add_error("file", refusal.sentences)
        title = "Importer le registre des intervenants"
        context |= {"form": form, "columns": MODEL, "back": self.address("changelist")}
        return self.page(request, "cesu/caregiver_import", title, **context)

    def _preview(self, request, register) -> dict:
        if register.faults:
            return {"faults": register.faults[:SHOWN], "count": len(register.faults), "changes": None}
        changes = compare(register.lines)
        found = {what: sum(each.what == what for each in changes) for what in ("new", "changed", "unchanged")}
        told = [each for each in changes if each.what != "unchanged"][:SHOWN]
        frozen = [
            each | {"birth_date": each["birth_date"] and each["birth_date"].isoformat()} for each in register.lines
        ]
        lines = signing.dumps([request.user.pk, frozen], salt=REGISTER, compress=True)
        key = make_key(request.user.owner, REGISTER)
        return {"faults": [], "changes": told, "found": found, "lines": lines, "once_key": key}

    def bring_confirm(self, request):
        """Write what the preview showed, all or nothing."""
        self.require(request, "add_caregiver")
        if request.method != "POST":
            return redirect(self.address("bring"))
        try:
            owner, lines = signing.loads(request.POST.get("lines", ""), salt=REGISTER, max_age=MAX_AGE)
            if owner != request.user.pk:
                raise StalePage
            read = [
                each | {"birth_date": each["birth_date"] and date.fromisoformat(each["birth_date"])} for each in lines
            ]
            done = apply_register(agent=request.user, lines=read, key=request.POST.get("once_key", ""))
        except (signing.BadSignature, Refusal) as error:
            refusal = error if isinstance(error, Refusal) else StalePage()
            messages.error(request, " ".join(refusal.sentences))
            return redirect(self.address("bring"))
        told = f"nouveaux : {done['new']}, modifiés : {done['changed']}, inchangés : {done['unchanged']}"
        messages.success(request, f"Le registre est à jour ({told}).")
        return redirect(self.address("changelist"))

    def sample(self, request):
        """An example of the file."""
        self.require(request, "add_caregiver")
        return csv_response("intervenants.csv", [MODEL, *EXAMPLE])

    def end(self, request, pk):
        """« Mettre fin à l’affiliation »."""
        self.require(request, "change_caregiver")
        caregiver = self.row(request, pk)
        return self.decide(
            request,
            f"Mettre fin à l’affiliation : {caregiver}",
            forms.Form(request.POST if request.method == "POST" else None),
            partial(end_affiliation, caregiver=caregiver),
            purpose=ending(caregiver),
            done="L’affiliation est terminée.",
            back=self.address("change", pk),
            summary=["Plus personne ne pourra payer cet intervenant. Ce qui est déjà payé sera viré."],
            button="Mettre fin à l’affiliation",
        )

    def has_add_permission(self, request, obj=None):
        return False
