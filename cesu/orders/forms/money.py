"""What a manager declares of titles."""

import re

from django import forms

from cesu.models import Opposition


class TitleNumberField(forms.CharField):
    """A title's number as it is printed: 12 digits, spaces allowed; its value is a number."""

    def __init__(self, **kwargs):
        super().__init__(max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric"}), **kwargs)

    def clean(self, value):
        digits = re.sub(r"[\s.-]", "", super().clean(value))
        if not re.fullmatch(r"[0-9]{12}", digits, re.ASCII):
            raise forms.ValidationError("Un numéro de titre a 12 chiffres, comme 26 0000000123.")
        return int(digits)


class OppositionForm(forms.Form):
    """From a number to another, both included; one title: the same number twice."""

    first = TitleNumberField(label="Du titre n°", help_text="12 chiffres, imprimés sur le titre et sur la souche.")
    last = TitleNumberField(label="Au titre n°", help_text="Pour un seul titre, le même numéro.")
    reason = forms.ChoiceField(label="Motif", choices=Opposition.Reason.choices, widget=forms.RadioSelect)
