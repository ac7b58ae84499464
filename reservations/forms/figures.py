"""What an agent asks of the figures: a period, its steps, some activities; all may be left out."""

from datetime import date

from django import forms
from django.utils import timezone

from reservations.models import Activity
from reservations.rules.figures.periods import DAYS_BY_DAY, LONGEST, Kind, Period, Step, period_of

FIRST, LAST = date(2001, 1, 1), date(2099, 12, 31)
KINDS = {Kind.YEAR: "Année scolaire", Kind.MONTH: "Mois", Kind.WEEK: "Semaine", Kind.DATES: "Du … au …"}
STEPS = {"": "Selon la période", Step.DAY: "Par jour", Step.WEEK: "Par semaine", Step.MONTH: "Par mois"}
UNKNOWN = "Choisissez dans la liste : « %(value)s » n’y est pas."
NOT_A_DAY = "Écrivez une date comme 02/11/2026."


def _day(label: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, error_messages={"invalid": NOT_A_DAY})


class FiguresForm(forms.Form):
    """Left empty: the school year of today, cut as suits it, all activities of the agent."""

    periode = forms.ChoiceField(
        label="Période", required=False, choices=KINDS.items(), error_messages={"invalid_choice": UNKNOWN}
    )
    du = _day("Un jour de la période, ou « du »")
    au = _day("Au")
    pas = forms.ChoiceField(
        label="Détail", required=False, choices=STEPS.items(), error_messages={"invalid_choice": UNKNOWN}
    )
    activite = forms.ChoiceField(label="Activité", required=False, error_messages={"invalid_choice": UNKNOWN})

    def __init__(self, *args, activities: dict[int, Activity], masks: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.activities, self.masks = activities, masks
        kinds = [(kind.value, kind.label) for kind in Activity.Kind if any(a.kind == kind for a in activities.values())]
        each = [(str(pk), str(activity)) for pk, activity in activities.items()]
        self.fields["activite"].choices = [("", "Toutes"), ("Par rubrique", kinds), ("Une seule", each)]
        if masks:
            del self.fields["au"]
            self.fields["periode"].choices = [choice for choice in KINDS.items() if choice[0] != Kind.DATES]

    def clean_du(self):
        return self._known("du")

    def clean_au(self):
        return self._known("au")

    def _known(self, name: str) -> date | None:
        day = self.cleaned_data[name]
        if day and not FIRST <= day <= LAST:
            raise forms.ValidationError("Choisissez un jour entre 2001 et 2099.")
        return day

    def clean(self):
        data = super().clean()
        if self.errors:
            return data
        kind = Kind(data.get("periode") or Kind.YEAR)
        day, last = data.get("du") or timezone.localdate(), data.get("au")
        if kind == Kind.DATES:
            self._check_dates(data.get("du"), last)
        if not self.errors:
            data["period"] = period_of(kind, day, last)
            self._check_step(data["period"], data.get("pas"))
        return data

    def _check_dates(self, first: date | None, last: date | None) -> None:
        if not first or not last:
            self.add_error("du" if not first else "au", "Pour des dates choisies, dites du quel jour au quel jour.")
        elif last < first:
            self.add_error("au", "La date de fin vient avant la date de début.")
        elif (last - first).days >= LONGEST:
            self.add_error("au", "Choisissez une période de trois ans au plus.")

    def _check_step(self, period: Period, step: str) -> None:
        if step == Step.DAY and period.days > DAYS_BY_DAY:
            self.add_error("pas", f"Au-delà de {DAYS_BY_DAY} jours, choisissez « Par semaine » ou « Par mois ».")

    @property
    def step(self) -> Step:
        asked = self.cleaned_data.get("pas")
        return Step(asked) if asked else self.cleaned_data["period"].usual_step

    @property
    def chosen(self) -> dict[int, Activity]:
        """The activities to count: all, those of a kind, or one."""
        asked = self.cleaned_data.get("activite")
        if not asked:
            return self.activities
        return {pk: each for pk, each in self.activities.items() if asked in (str(pk), each.kind)}
