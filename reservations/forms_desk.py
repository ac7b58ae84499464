"""What agents fill in for the day's work: closings, bookings for a family, absences."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from families.models import SchoolClass
from portal.lib.calendars import school_year_of
from reservations.actions.closing import Closing, TooLong
from reservations.models import Activity

DATE = {"format": "%Y-%m-%d", "attrs": {"type": "date"}}


class ClosingForm(forms.Form):
    """Which days of which activity close, for whom, why."""

    activite = forms.ModelChoiceField(label="Activité", queryset=Activity.objects.none(), empty_label="Choisir")
    du = forms.DateField(label="Du", widget=forms.DateInput(**DATE))
    au = forms.DateField(label="Au", widget=forms.DateInput(**DATE), help_text="Inclus. Trois mois au plus.")
    classe = forms.ModelChoiceField(
        label="Classe",
        queryset=SchoolClass.objects.none(),
        required=False,
        empty_label="Toutes : la journée est fermée",
        help_text="Une classe (sortie, enseignant absent) : la journée reste ouverte aux autres enfants.",
    )
    motif = forms.CharField(
        label="Motif", max_length=120, help_text="Les familles le lisent : grève, neige, sortie, enseignant absent…"
    )

    def __init__(self, *args, agent, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["activite"].queryset = Activity.objects.of_agent(agent).select_related("service__commune")
        classes = SchoolClass.objects.of_agent(agent).of_year(school_year_of(timezone.localdate()))
        self.fields["classe"].queryset = classes

    def clean(self):
        data = super().clean()
        if not self.errors:
            try:
                self.closing = Closing(data["activite"], data["du"], data["au"], data["motif"], data["classe"])
            except TooLong as refusal:
                raise ValidationError(refusal.sentences) from None
        return data
