"""What agents fill in for the day's work: closings, bookings for a family, absences."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from common.values.calendars import school_year_of
from common.values.dates import moment_long
from families.models import Member, SchoolClass
from reservations.actions.days.closing import Closing, TooLong
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


class ChoiceForm(forms.Form):
    """For whom and for which activity an agent is about to book, and in which month."""

    activite = forms.ModelChoiceField(label="Activité", queryset=Activity.objects.none(), empty_label="Choisir")
    enfant = forms.ModelMultipleChoiceField(
        label="Enfants", queryset=Member.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    mois = forms.CharField(label="Mois", required=False, widget=forms.TextInput(attrs={"type": "month"}))

    def __init__(self, *args, agent, family, **kwargs):
        super().__init__(*args, **kwargs)
        offered = Activity.objects.of_agent(agent).filter(is_open=True, service__is_open=True)
        self.fields["activite"].queryset = offered.select_related("service__commune")
        self.fields["enfant"].queryset = Member.objects.of_family(family.pk)


class ConsentForm(forms.Form):
    """« Avec votre accord »: who of the family agreed, when and how (S2-75)."""

    MEANS = ["par téléphone", "au guichet", "par e-mail", "par courrier"]
    qui = forms.CharField(label="Accord donné par", max_length=80)
    comment = forms.ChoiceField(label="Comment", choices=[(each, each) for each in MEANS])
    quand = forms.DateTimeField(
        label="Quand", widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    )

    def clean_quand(self):
        if self.cleaned_data["quand"] > timezone.now():
            raise ValidationError("L’accord a été donné avant maintenant.")
        return self.cleaned_data["quand"]

    @property
    def consent(self) -> str:
        """« Claire Dupont, par téléphone, mardi 3 novembre 10:12 »."""
        said, at = self.cleaned_data, timezone.localtime(self.cleaned_data["quand"])
        return f"{said['qui']}, {said['comment']}, {moment_long(at, timezone.localdate())}"


class AgentCancelForm(ConsentForm):
    """The same, why, and past the deadline whether it is recredited."""

    motif = forms.CharField(label="Motif", max_length=120, help_text="La famille le lit.")
    recrediter = forms.ChoiceField(
        label="Porte-monnaie",
        choices=[("oui", "Recréditer la famille"), ("non", "Ne pas recréditer : le délai est passé")],
        widget=forms.RadioSelect,
        initial="oui",
    )

    def __init__(self, *args, late, **kwargs):
        super().__init__(*args, **kwargs)
        if not late:
            del self.fields["recrediter"]

    @property
    def recredits(self) -> bool:
        return self.cleaned_data.get("recrediter", "oui") == "oui"
