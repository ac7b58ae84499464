"""What agents fill in about back offices: how one is reached, its answer, how a refusal was put right."""

from django import forms
from django.core.exceptions import ValidationError

from reservations.backoffice import deliveries
from reservations.models import BackOffice


class BackOfficeForm(forms.ModelForm):
    """How a back office is reached; an address that cannot serve is refused here rather than every night."""

    class Meta:
        model = BackOffice
        fields = ["name", "delivery", "address", "format", "secret_name", "is_active"]

    def clean(self):
        data = super().clean()
        if not self.errors:
            fault = deliveries.fault_of(data["delivery"], data["address"], data["secret_name"])
            if fault:
                raise ValidationError(fault)
        return data


class AnswerForm(forms.Form):
    """The answer of a back office, given by hand."""

    data = forms.FileField(
        label="Réponse du logiciel métier",
        widget=forms.FileInput(attrs={"accept": ".csv,.json,text/csv,application/json"}),
        help_text="CSV ou JSON. Le même fichier peut être donné deux fois : chaque ligne est prise une fois.",
    )

    def clean_data(self):
        file = self.cleaned_data["data"]
        if refusal := getattr(file, "refusal", None):
            raise ValidationError(refusal.sentences)
        return file.read()


class NoteForm(forms.Form):
    """How a refusal was put right."""

    note = forms.CharField(
        label="Ce qui a été fait", max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
