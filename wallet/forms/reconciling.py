"""The days that are compared with Stripe."""

from datetime import timedelta

from django import forms
from django.utils import timezone

from common.values.dates import date_short

MAX_DAYS = 31
USUAL = timedelta(days=6)
NO_DATE = {"invalid": "Écrivez une date comme 30/04/2027.", "required": "Indiquez une date."}


class SpanForm(forms.Form):
    """From a day to another, both included, a month at most; the last seven days when nothing is asked."""

    du = forms.DateField(
        label="Du", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), error_messages=NO_DATE
    )
    au = forms.DateField(
        label="Au", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), error_messages=NO_DATE
    )

    def __init__(self, data):
        today = timezone.localdate()
        usual = {"du": f"{today - USUAL:%Y-%m-%d}", "au": f"{today:%Y-%m-%d}"}
        super().__init__(data if "du" in data or "au" in data else usual)

    def clean(self):
        first, last = self.cleaned_data.get("du"), self.cleaned_data.get("au")
        if first and last:
            if first > last:
                raise forms.ValidationError("La première date vient après la dernière.")
            if last - first >= timedelta(days=MAX_DAYS):
                raise forms.ValidationError(f"Choisissez au plus {MAX_DAYS} jours.")
            if last > timezone.localdate():
                raise forms.ValidationError(f"Au plus tard aujourd’hui, le {date_short(timezone.localdate())}.")
        return self.cleaned_data

    @property
    def span(self):
        return self.cleaned_data["du"], self.cleaned_data["au"]
