"""What a manager enters about beneficiaries."""

from django import forms
from django.utils import timezone

from cesu.fields import DayField, plain
from cesu.models import Beneficiary
from cesu.models.people import Category, Form
from cesu.orders.actions.beneficiaries import bounds, person_of
from cesu.rules.people import faults_of
from common.files.sheet_rows import ACCEPTED, MAX_BYTES, TOO_HEAVY
from common.values.dates import date_numeric
from wallet.forms.purses import CentsField

TEXTS = ("last_name", "first_name", "employee_number", "address", "city", "delivery_point", "department")


class BeneficiaryForm(forms.Form):
    """A beneficiary: who they are, where their titles go, what is usually ordered for them (S0-46)."""

    last_name = forms.CharField(label="Nom", max_length=80)
    first_name = forms.CharField(label="Prénom", max_length=80)
    birth_date = DayField(label="Date de naissance", required=False, help_text="Obligatoire pour l’e-CESU.")
    employee_number = forms.CharField(label="Matricule", max_length=40, required=False)
    email = forms.EmailField(
        label="Adresse e-mail du salarié",
        required=False,
        help_text="Obligatoire pour l’e-CESU : son code lui est envoyé.",
    )
    address = forms.CharField(label="Adresse", max_length=200, required=False)
    postcode = forms.CharField(
        label="Code postal", max_length=5, required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    city = forms.CharField(label="Ville", max_length=80, required=False)
    delivery_point = forms.CharField(label="Point de livraison", max_length=80, required=False)
    department = forms.CharField(label="Code statistique", max_length=40, required=False)
    category = forms.ChoiceField(label="Catégorie d’utilisation habituelle", choices=Category.choices)
    form = forms.ChoiceField(label="Type de CESU", choices=Form.choices, widget=forms.RadioSelect)
    form_chosen_on = DayField(label="Choix du salarié le", required=False)
    usual_vouchers = forms.IntegerField(
        label="Titres par carnet", widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    usual_face_cents = CentsField(label="Valeur faciale", help_text="En euros, comme 15 ou 15,50.")
    usual_share = forms.IntegerField(
        label="Part patronale, en %", widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    twin = forms.BooleanField(label="C’est une autre personne du même nom, née le même jour", required=False)

    def __init__(self, *args, beneficiary: Beneficiary | None = None, **kwargs):
        self.bounds, self.was = bounds(), beneficiary.form if beneficiary else ""
        usual = person_of(beneficiary or Beneficiary(holder=Beneficiary.holder.field.related_model()))
        super().__init__(*args, initial=usual | {"form_chosen_on": None}, **kwargs)
        self.fields["form_chosen_on"].help_text = _since(beneficiary)

    def clean(self):
        faults = faults_of(self.person(), was=self.was, today=timezone.localdate(), bounds=self.bounds)
        for name, sentence in list(faults):
            if name not in self.errors:
                self.add_error(name, sentence)

    def person(self) -> dict:
        """What was typed, as the actions take it; what could not be read stands as it may be."""
        typed = self.cleaned_data
        limits = {"usual_face_cents": self.bounds.min_face_cents, "usual_vouchers": 1, "usual_share": 1}
        read = {name: plain(typed.get(name) or "") for name in (*TEXTS, "postcode")}
        read |= {name: typed.get(name) for name in ("birth_date", "form_chosen_on")}
        read |= {name: typed[name] if typed.get(name) is not None else least for name, least in limits.items()}
        read |= {"category": typed.get("category", ""), "form": typed.get("form") or self.was or Form.PAPER.value}
        return read | {"email": typed.get("email") or ""}


def _since(beneficiary: Beneficiary | None) -> str:
    rule = "Le type de CESU est le choix du salarié : indiquez la date de son choix"
    if not beneficiary or not beneficiary.form_chosen_on:
        return f"{rule} s’il demande l’e-CESU."
    return f"{rule} s’il en change (dernier choix : {date_numeric(beneficiary.form_chosen_on)})."


class FileForm(forms.Form):
    """A spreadsheet of an employer."""

    file = forms.FileField(
        label="Fichier CSV, XLSX ou ODS",
        help_text="1 Mo et 5 000 lignes au plus.",
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(TOO_HEAVY)
        return file
