"""What agents fill in to describe an activity: its delays and its days, each in the words of its rule."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.text import slugify

from common.admin import RefusableForm, RowForm
from common.refusals import Refusal
from common.values.dates import WEEKDAYS
from families.models import Level
from reservations.models import Activity, Closure, OpeningRule
from reservations.rules import Counting, DeadlineKind, DeadlineRule, describe
from reservations.rules.deadlines import FIELDS

LONGEST = timedelta(days=2 * 366)
WEEKDAY_CHOICES = [(number, name.capitalize()) for number, name in enumerate(WEEKDAYS)]
PRECEDING = [(number, f"{name} précédent") for number, name in enumerate(WEEKDAYS)]
KINDS = [
    (DeadlineKind.DAYS.value, "Un nombre de jours avant"),
    (DeadlineKind.WEEK.value, "Un jour d’une semaine précédente"),
    (DeadlineKind.TABLE.value, "Un délai propre à chaque jour"),
    (DeadlineKind.MONTH.value, "Une date d’un mois précédent"),
    (DeadlineKind.HOURS.value, "Un nombre d’heures avant le début"),
    (DeadlineKind.START.value, "Jusqu’au début"),
    (DeadlineKind.NEVER.value, "Jamais en ligne"),
]
COUNTINGS = [
    (Counting.ALL.value, "jours, tous comptés"),
    (Counting.CLEAR.value, "jours francs"),
    (Counting.WEEKDAYS.value, "jours de semaine, du lundi au vendredi"),
    (Counting.WORKING.value, "jours ouvrés, sans les fériés"),
    (Counting.OPENING.value, "jours d’ouverture de l’activité"),
    (Counting.SCHOOL.value, "jours d’école"),
]
FALLBACKS = [
    ("", "garder ce jour quel qu’il soit"),
    (Counting.WEEKDAYS.value, "reculer au dernier jour de semaine"),
    (Counting.WORKING.value, "reculer au dernier jour ouvré"),
    (Counting.OPENING.value, "reculer au dernier jour d’ouverture"),
    (Counting.SCHOOL.value, "reculer au dernier jour d’école"),
]


class ClockField(forms.TimeField):
    """A time as rules keep it, « 09:30 »."""

    default_error_messages = {"invalid": "une heure s’écrit comme 09:30."}

    def __init__(self, **kwargs):
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        super().__init__(input_formats=["%H:%M"], widget=widget, **kwargs)

    def clean(self, value):
        found = super().clean(value)
        return found and f"{found:%H:%M}"


class NumberField(forms.IntegerField):
    """A whole number; its bounds are the rule's."""

    default_error_messages = {"invalid": "écrivez un nombre entier."}

    def __init__(self, label):
        super().__init__(label=label, required=False, widget=forms.NumberInput(attrs={"min": 0}))


def weekday_field(label: str, choices: list, empty: str | None = None) -> forms.TypedChoiceField:
    """A day of the week, Monday is 0."""
    first = [] if empty is None else [("", empty)]
    return forms.TypedChoiceField(label=label, choices=first + choices, coerce=int, empty_value=None, required=False)


class DeadlineForm(forms.Form):
    """One rule of delay; only the fields of its kind are read."""

    kind = forms.ChoiceField(label="Sorte de délai", choices=KINDS, widget=forms.RadioSelect)
    days = NumberField("Nombre de jours")
    counting = forms.ChoiceField(label="Jours comptés", choices=COUNTINGS, required=False)
    from_holiday_start = forms.BooleanField(
        label="Pendant les vacances, compter depuis leur premier jour d’ouverture", required=False
    )
    weekday = weekday_field("Jour", WEEKDAY_CHOICES)
    weeks = NumberField("Semaines avant")
    month_day = NumberField("Jour du mois")
    months = NumberField("Mois avant")
    hours = NumberField("Heures avant le début")
    at = ClockField(label="Heure limite", required=False)
    fallback = forms.TypedChoiceField(
        label="Si ce n’est pas un jour qui convient", choices=FALLBACKS, empty_value=None, required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for number, name in enumerate(WEEKDAYS):
            label = f"Pour le {name}, jusqu’au"
            self.fields[f"weekday_{number}"] = weekday_field(label, PRECEDING, empty="pas en ligne")
            self.fields[f"at_{number}"] = ClockField(label=f"Heure limite pour le {name}", required=False)

    @classmethod
    def of(cls, rule: DeadlineRule, prefix: str) -> "DeadlineForm":
        """The form that shows a rule; the fields of other kinds show the rule's defaults."""
        names = ("kind", "days", "counting", "from_holiday_start", "weekday", "weeks", "month_day", "months", "hours")
        initial = {name: getattr(rule, name) for name in (*names, "at", "fallback")}
        for booked, weekday, at in rule.table:
            initial |= {f"weekday_{booked}": weekday, f"at_{booked}": at}
        return cls(initial=initial, prefix=prefix)

    @property
    def rows(self):
        """The table, a line for each day of the week."""
        return [(name, self[f"weekday_{number}"], self[f"at_{number}"]) for number, name in enumerate(WEEKDAYS)]

    def clean(self):
        super().clean()
        kind = self.cleaned_data.get("kind")
        if self.errors:
            return
        data = {"kind": kind} | {name: self._value(name) for name in FIELDS[DeadlineKind(kind)]}
        if not self.errors:
            self._read(data)

    def _read(self, data: dict) -> None:
        try:
            self.rule = DeadlineRule.from_json(data)
        except Refusal as refusal:
            self.add_error(None, refusal.sentences)

    def _value(self, name: str):
        if name == "table":
            return [row for number in range(7) if (row := self._row(number))]
        value = self.cleaned_data.get(name)
        if value in (None, "") and name != "fallback":
            self.add_error(name, "à remplir.")
        return value

    def _row(self, number: int) -> list | None:
        weekday, at = (self.cleaned_data.get(f"{name}_{number}") for name in ("weekday", "at"))
        if weekday is None:
            return None
        if not at:
            self.add_error(f"at_{number}", "à remplir.")
        return [number, weekday, at]

    def sentences(self) -> list[str]:
        """Everything that is wrong, each with the name of its field."""
        return [
            error if name == "__all__" else f"{self.fields[name].label}\u00a0: {error}"
            for name, errors in self.errors.items()
            for error in errors
        ]


class DeadlineWidget(forms.Widget):
    """The fields of a rule, those of the chosen kind in view, and the sentence that families read."""

    use_fieldset = True

    def __init__(self, legend: str):
        super().__init__()
        self.legend = legend

    def value_from_datadict(self, data, files, name):
        return DeadlineForm(data, prefix=name)

    def value_omitted_from_data(self, data, files, name):
        return f"{name}-kind" not in data

    def id_for_label(self, id_):
        return ""

    def render(self, name, value, attrs=None, renderer=None):
        form = value if isinstance(value, DeadlineForm) else DeadlineForm.of(_rule(value), prefix=name)
        rule = getattr(form, "rule", None) if form.is_bound and form.is_valid() else _rule(value)
        context = {"form": form, "legend": self.legend, "sentence": rule and describe(rule)}
        return render_to_string("admin/reservations/deadline.html", context)


def _rule(value) -> DeadlineRule | None:
    """The rule kept in a column; nothing for a form that is being corrected."""
    return None if isinstance(value, DeadlineForm) else DeadlineRule.from_json(value)


class DeadlineField(forms.Field):
    """A rule of delay edited with real fields; its value is the JSON that the activity keeps."""

    def __init__(self, legend: str, **kwargs):
        super().__init__(widget=DeadlineWidget(legend), label=legend, **kwargs)

    def clean(self, value: DeadlineForm):
        if not value.is_valid():
            raise ValidationError(value.sentences())
        return value.rule.to_json()

    def has_changed(self, initial, data: DeadlineForm) -> bool:
        return not data.is_valid() or data.rule.to_json() != initial


class ActivityForm(RefusableForm):
    """An activity: delays as fields, levels as boxes, schools of its commune."""

    booking_rule = DeadlineField("Délai pour réserver")
    cancelling_rule = DeadlineField("Délai pour annuler")
    levels = forms.MultipleChoiceField(
        label="Niveaux",
        choices=Level.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Aucun : tous.",
    )

    class Meta:
        model = Activity
        exclude = []
        widgets = {"schools": forms.CheckboxSelectMultiple, "description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("booking_rule", "cancelling_rule"):
            self.initial.setdefault(name, getattr(self.instance, name))
        if "slug" in self.fields:
            self.fields["slug"].required = False
            self.fields["slug"].help_text = "La fin de l’adresse de la page. Vide : faite du nom et de la commune."
        if "schools" in self.fields:
            schools = self.fields["schools"]
            schools.queryset = schools.queryset.select_related("commune")
            if self.instance.pk:
                schools.queryset = schools.queryset.filter(commune=self.instance.service.commune_id)

    def clean(self):
        super().clean()
        service = self.cleaned_data.get("service") or getattr(self.instance, "service", None)
        if service:
            self._check_schools(service)
            self._name_slug(service)
        self._check_care()
        return self.cleaned_data

    def clean_quantity(self):
        if not self.cleaned_data["quantity"]:
            raise ValidationError("Une journée compte au moins une unité.")
        return self.cleaned_data["quantity"]

    def _check_care(self) -> None:
        """Supervision of a meal counts when it is billed apart, never inside the price of the meal."""
        if self.cleaned_data.get("kind") == Activity.Kind.CANTEEN and self.cleaned_data.get("care_percent"):
            self.add_error(
                "care_percent",
                "Un repas n’a pas de part de garde : une surveillance facturée à part est une activité périscolaire.",
            )

    def _check_schools(self, service) -> None:
        strangers = [each for each in self.cleaned_data.get("schools", ()) if each.commune_id != service.commune_id]
        for school in strangers:
            self.add_error("schools", f"{school} n’est pas une école de {service.commune}.")

    def _name_slug(self, service) -> None:
        if self.cleaned_data.get("slug") == "" and "name" in self.cleaned_data:
            self.cleaned_data["slug"] = free_slug(f"{self.cleaned_data['name']} {service.commune}")


def free_slug(words: str) -> str:
    """An address that no activity has, made of these words."""
    stem = slugify(words)[:44] or "activite"
    taken = set(Activity.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    others = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (stem, *others) if slug not in taken)


class OpeningRuleForm(forms.ModelForm):
    weekdays = forms.TypedMultipleChoiceField(
        label="Jours",
        choices=WEEKDAY_CHOICES,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez au moins un jour."},
    )

    class Meta:
        model = OpeningRule
        fields = ["weekdays", "period", "first", "last"]

    def clean(self):
        super().clean()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last - first > LONGEST:
            self.add_error("first", "Une règle couvre au plus deux ans : vérifiez les dates.")


class ClosureForm(RowForm):
    class Meta:
        model = Closure
        fields = ["first", "last", "reason"]


class YearForm(forms.Form):
    """The school year that « Ouvrir l’année suivante » opens."""

    year = forms.TypedChoiceField(label="Année scolaire à ouvrir", coerce=int)

    def __init__(self, *args, years, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, f"{year}-{year + 1}") for year in years]
