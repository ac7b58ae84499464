"""Agents' pages that compose accounts and families: create one family, import many."""

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.forms import AddressFields, PersonFields
from accounts.models import Commune, User
from common.files.sheet_rows import ACCEPTED
from common.refusals import Refusal
from common.writing.once import make_key
from portal.desk.actions.imports import IMPORT, AlreadyThere, import_families, open_family_account
from portal.desk.family_sheet import COLUMNS, Sheet, read_sheet
from portal.sign_up.forms import MembersFormSet

ROWS_AGE = 24 * 3600  # seconds that a preview may wait for its confirmation
EXAMPLE = [
    "1;Martin;Paul;M;31/12/1985;paul.martin@example.org;0474000000;3 rue du Four;01330;Saint-Marcel;01371;;Lou;10/05/2018;Père",
    "1;Martin;Paul;M;31/12/1985;paul.martin@example.org;0474000000;3 rue du Four;01330;Saint-Marcel;01371;;Zoé;02/02/2020;Père",
]
EMPTY_ROWS = 4


class FamilyForm(AddressFields, PersonFields):
    """An adult as an agent enters them at the counter; the beneficiaries are rows below."""

    email = forms.EmailField(
        label="Adresse e-mail",
        required=False,
        help_text="Sans adresse e-mail, la personne se connecte avec l’identifiant de son courrier.",
    )
    commune = forms.ModelChoiceField(Commune.objects.none(), label="Commune")
    twin = forms.BooleanField(label="C’est une autre personne du même nom", required=False)
    DETAILS = (*PersonFields.DETAILS, *AddressFields.DETAILS)

    def __init__(self, *args, agent: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["commune"].queryset = Commune.objects.all() if agent.is_superuser else agent.communes.all()
        self.members = MembersFormSet(
            self.data if self.is_bound else None, prefix="members", form_kwargs={"user": User()}
        )
        self.members.extra = EMPTY_ROWS

    def is_valid(self):
        return all([super().is_valid(), self.members.is_valid()])

    def clean_email(self):
        email = self.cleaned_data["email"].lower()
        if email and User.objects.filter(email=email).exists():
            raise forms.ValidationError("Un compte existe déjà avec cette adresse e-mail.")
        return email

    def as_arguments(self) -> dict:
        """What the action takes."""
        data = self.cleaned_data
        return {
            "commune": data["commune"],
            "email": data["email"],
            "twin": data["twin"],
            "person": {name: data[name] for name in self.DETAILS},
            "members": [member.cleaned_data for member in self.members if member.has_changed()],
        }


class FileForm(forms.Form):
    """The spreadsheet of families."""

    file = forms.FileField(label="Fichier CSV, XLSX ou ODS", widget=forms.FileInput(attrs={"accept": ACCEPTED}))


def new_family(request):
    """Create one family with its account, then print the letter."""
    _check(request)
    form = FamilyForm(request.POST or None, agent=request.user)
    if request.method == "POST" and form.is_valid():
        pk = _created(request, form)
        if pk:
            messages.success(request, "La famille est créée. Imprimez maintenant son courrier d’activation.")
            return redirect(f"{reverse('admin:accounts_user_courriers')}?ids={pk}")
    return _page(request, "new_family", "Créer une famille", {"form": form, "once_key": _key(request)})


def _created(request, form) -> int | None:
    try:
        return open_family_account(agent=request.user, key=request.POST.get("once_key", ""), **form.as_arguments())
    except Refusal as refusal:
        form.add_error(None, refusal.sentences)
    except IntegrityError:
        form.add_error(None, AlreadyThere.sentence)
    return None


def import_page(request):
    """Read a file and show what it would create; a second page confirms."""
    _check(request)
    form, context = FileForm(request.POST or None, request.FILES or None), {"columns": COLUMNS}
    if request.method == "POST" and form.is_valid():
        try:
            context |= _preview(request, read_sheet(form.cleaned_data["file"].read(), request.user))
        except Refusal as refusal:
            form.add_error("file", refusal.sentences)
    return _page(request, "import", "Importer des familles", context | {"form": form})


def _preview(request, sheet: Sheet) -> dict:
    members = sum(len(family.members) for family in sheet.families)
    preview = {"families": sheet.families, "faults": sheet.faults, "members": members}
    if sheet.families and not sheet.faults:
        rows = signing.dumps([request.user.pk, sheet.as_rows()], salt=IMPORT, compress=True)
        preview |= {"rows": rows, "once_key": _key(request)}
    return preview


def import_confirm(request):
    """Write what the preview showed, all or nothing."""
    _check(request)
    try:
        owner, rows = signing.loads(request.POST.get("rows", ""), salt=IMPORT, max_age=ROWS_AGE)
        if owner != request.user.pk:
            raise PermissionDenied
        people = import_families(agent=request.user, rows=rows, key=request.POST.get("once_key", ""))
    except signing.BadSignature:
        messages.error(request, "Cette page est trop ancienne : choisissez de nouveau le fichier.")
        return redirect("admin:family_import")
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:family_import")
    created = User.objects.of_agent(request.user).filter(pk__in=people)
    return _page(request, "imported", "Familles importées", {"people": created})


def import_model(request):
    """An example of the file to fill in."""
    _check(request)
    text = "\n".join([";".join(COLUMNS), *EXAMPLE]) + "\n"
    response = HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="familles.csv"'
    return response


def _check(request) -> None:
    if not request.user.has_perm("accounts.change_user"):
        raise PermissionDenied


def _key(request) -> str:
    return make_key(request.user.owner, IMPORT)


def _page(request, name: str, title: str, context: dict):
    shared = {**admin.site.each_context(request), "title": title}
    return TemplateResponse(request, f"admin/portal/{name}.html", shared | context)
