"""What agents and families fill in on the portal's own pages."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from portal.actions.menus import Days, days_of
from portal.lib.dates import WEEKDAYS, day_and_month
from portal.models import Kitchen
from portal.rules import SCHOOL_WEEK, MenuFaults, dish_line, monday_of, read_dishes

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
