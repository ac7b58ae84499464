"""What agents and families fill in on the portal's own pages."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from common.values.dates import WEEKDAYS, day_and_month
from portal.models import Kitchen
from portal.talk.actions.menus import Days, days_of
from portal.talk.rules import RATINGS, SCHOOL_WEEK, MenuFaults, dish_line, monday_of, read_dishes
from services.models import Service

DATE = {"format": "%Y-%m-%d", "attrs": {"type": "date"}}


class DishesField(forms.CharField):
    """A day's menu, a dish a line with its allergens in brackets."""

    def __init__(self, **kwargs):
        super().__init__(
            required=False, max_length=3000, widget=forms.Textarea(attrs={"rows": 5, "cols": 70}), **kwargs
        )

    def clean(self, value):
        try:
            return read_dishes(super().clean(value))
        except MenuFaults as refusal:
            raise ValidationError(refusal.sentences) from None


class WeekForm(forms.Form):
    """The menus of a week, from Monday to Friday."""

    def __init__(self, *args, monday: date, days: Days, **kwargs):
        super().__init__(*args, **kwargs)
        self.dates = days_of(monday, SCHOOL_WEEK)
        for day in self.dates:
            label = f"{WEEKDAYS[day.weekday()].capitalize()} {day_and_month(day)}"
            written = "\n".join(dish_line(*dish) for dish in days.get(day, []))
            self.fields[f"jour_{day.weekday()}"] = DishesField(label=label, initial=written)

    def days(self) -> Days:
        """The dishes that were typed, day by day."""
        return {day: self.cleaned_data[f"jour_{day.weekday()}"] for day in self.dates}


class CopyForm(forms.Form):
    """Onto which week of which kitchen a week is copied."""

    cuisine = forms.ModelChoiceField(label="Cuisine", queryset=Kitchen.objects.none(), empty_label=None)
    semaine = forms.DateField(
        label="Semaine du", widget=forms.DateInput(**DATE), help_text="N’importe quel jour de cette semaine."
    )

    def __init__(self, *args, agent: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cuisine"].queryset = Kitchen.objects.of_agent(agent).select_related("commune")

    def clean_semaine(self):
        return monday_of(self.cleaned_data["semaine"])


class ContactForm(forms.Form):
    """« Contact »: to whom, from whom, what. ``site`` is a trap: nobody sees it, robots fill it in."""

    service = forms.ModelChoiceField(
        label="À qui écrivez-vous ?",
        queryset=Service.objects.none(),
        required=False,
        empty_label="À la collectivité : question générale",
    )
    name = forms.CharField(label="Votre nom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label="Votre adresse e-mail",
        help_text="Pour vous répondre.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    subject = forms.CharField(label="Objet", max_length=120)
    text = forms.CharField(
        label="Votre message",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="N’écrivez ni mot de passe, ni numéro de carte, ni donnée de santé.",
    )
    site = forms.CharField(
        label="Laissez ce champ vide",
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def __init__(self, *args, user: User | None, **kwargs):
        known = {"name": user.get_full_name(), "email": user.email} if user else {}
        super().__init__(*args, initial=known, **kwargs)
        self.fields["service"].queryset = Service.objects.filter(is_open=True).select_related("commune")

    @property
    def is_trapped(self) -> bool:
        return bool(self.cleaned_data["site"])

    def said(self) -> dict:
        """What the action takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "site"}


class ReviewForm(forms.Form):
    """« Laisser un avis »: a mark and words."""

    rating = forms.TypedChoiceField(
        label="Votre note", choices=list(RATINGS.items()), coerce=int, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label="Votre avis",
        max_length=1500,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Ne nommez personne, n’écrivez rien de la santé d’un enfant.",
    )


class RefusalForm(forms.Form):
    """Why an agent does not publish a review; the person reads it."""

    reason = forms.CharField(label="Motif", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
