"""What a visitor enters about their family."""

from django import forms
from django.utils import timezone
from django.utils.dates import MONTHS

from accounts.models import User
from families.models import Kinship, Member
from families.rules import MAX_NAME, OLDEST_BIRTH, WrongPerson, check_person, clean_name


class BirthDateWidget(forms.SelectDateWidget):
    """Three selectors: day, month name, year, each with its own name for screen readers (S3-49)."""

    use_fieldset = True
    names = {"day": "Jour", "month": "Mois", "year": "Année"}

    def __init__(self):
        this_year = timezone.localdate().year
        super().__init__(
            years=range(this_year, OLDEST_BIRTH.year, -1),
            months=MONTHS,
            empty_label=("Année", "Mois", "Jour"),
        )

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for part in context["widget"]["subwidgets"]:
            kind = part["name"].rsplit("_", 1)[-1]
            part["attrs"] |= {"aria-label": self.names[kind], "class": "form-select", "autocomplete": "off"}
        return context

    def _parse_date_fmt(self):
        return ["day", "month", "year"]


class BirthDateField(forms.DateField):
    """A birth date picked with three selectors."""

    default_error_messages = {
        "required": "Choisissez le jour, le mois et l’année de naissance.",
        "invalid": "Cette date n’existe pas.",
    }

    def __init__(self, **kwargs):
        super().__init__(**{"label": "* Date de naissance", "widget": BirthDateWidget(), **kwargs})


class MemberForm(forms.Form):
    """A beneficiary of the family (S3-47…50)."""

    last_name = forms.CharField(
        label="* Nom du bénéficiaire",
        max_length=MAX_NAME,
        error_messages={"required": "Indiquez le nom du bénéficiaire."},
    )
    first_name = forms.CharField(
        label="* Prénom du bénéficiaire",
        max_length=MAX_NAME,
        error_messages={"required": "Indiquez le prénom du bénéficiaire."},
    )
    birth_date = BirthDateField()
    kinship = forms.ChoiceField(label="Type de Filiation", choices=Kinship.choices)

    def __init__(self, *args, user: User, member: Member | None = None, kinship: str = "", **kwargs):
        kwargs["initial"] = _details(member) | {"kinship": kinship or default_kinship(user)} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    def clean(self):
        data = super().clean()
        if self.errors:
            return data
        try:
            check_person(
                clean_name(data["first_name"]),
                clean_name(data["last_name"]),
                data["birth_date"],
                timezone.localdate(),
            )
        except WrongPerson as refusal:
            self.add_error("birth_date", refusal.sentences)
        return data


def default_kinship(user: User) -> str:
    """« Père » as in the guide, « Mère » for a person who said « Mme »."""
    return Kinship.MOTHER if user.gender == User.Gender.MME else Kinship.FATHER


def _details(member: Member | None) -> dict:
    if member is None:
        return {}
    return {"last_name": member.last_name, "first_name": member.first_name, "birth_date": member.birth_date}
