"""What a visitor enters about their family."""

from collections.abc import Iterable
from datetime import timedelta

from django import forms
from django.db.models import Q
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from common.values.calendars import school_year_of
from families.actions.years import offered_classes
from families.models import ADULTS, Invitation, Kinship, Member, Membership, SchoolClass
from families.rules import MAX_NAME, MAX_QUOTIENT, OLDEST_BIRTH, WrongPerson, check_person, clean_name, default_kinship


class BirthDateWidget(forms.SelectDateWidget):
    """Three selectors: day, month name, year, each with its own name for screen readers (S3-49).

    Drawn without templates: one for each of some 170 choices took longer than the rest of the page.
    """

    use_fieldset = True

    def render(self, name, value, attrs=None, renderer=None):
        attrs, chosen = attrs or {}, self.format_value(value)
        css = "form-select d-inline-block w-auto fs-6 ps-2 mb-1" + (" is-invalid" if "aria-invalid" in attrs else "")
        attrs = attrs | {"class": css, "autocomplete": "off"}
        rows = []
        for part, title, choices in _birth_choices():  # empty first: nobody is born on 1 January by default
            names = flatatt(attrs | {"id": f"id_{name}_{part}", "aria-label": title})
            rows.append((f"{name}_{part}", names, _options([("", title), *choices], chosen[part] or "")))
        return format_html_join("", '<select name="{}"{}>{}</select>', rows)


def _birth_choices() -> list[tuple]:
    years = range(timezone.localdate().year, OLDEST_BIRTH.year - 1, -1)
    return [
        ("day", "Jour", [(day, day) for day in range(1, 32)]),
        ("month", "Mois", MONTHS.items()),
        ("year", "Année", [(year, year) for year in years]),
    ]


def _options(choices: Iterable[tuple], chosen: int | str) -> SafeString:
    rows = [(value, SafeString(" selected" if value == chosen else ""), label) for value, label in choices]
    return format_html_join("", '<option value="{}"{}>{}</option>', rows)


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
    kinship = forms.ChoiceField(label="Type de Filiation", choices=Kinship.choices, required=False)

    def __init__(self, *args, user: User | None = None, member: Member | None = None, kinship: str = "", **kwargs):
        kwargs["initial"] = (
            _details(member)
            | {"kinship": kinship or default_kinship(user.gender if user else "")}
            | kwargs.get("initial", {})
        )
        super().__init__(*args, **kwargs)

    def clean_kinship(self):
        return self.cleaned_data["kinship"] or self["kinship"].initial

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


def _details(member: Member | None) -> dict:
    if member is None:
        return {}
    return {"last_name": member.last_name, "first_name": member.first_name, "birth_date": member.birth_date}


class ClassChoice(forms.ModelChoiceField):
    def label_from_instance(self, school_class):
        return f"{school_class.school.name} – {school_class.name}"


class ClassForm(forms.Form):
    """The child's class of the current school year, among those of the commune's schools or the present one."""

    school_class = ClassChoice(
        label="École et classe", queryset=SchoolClass.objects.none(), required=False, empty_label="Pas d’école ici"
    )

    def __init__(self, *args, membership: Membership, **kwargs):
        today = timezone.localdate()
        year = school_year_of(today)
        now = SchoolClass.objects.filter(schoolings__member=membership.member_id, school_year=year).first()
        super().__init__(*args, initial={"school_class": now}, **kwargs)
        offered = offered_classes(membership.family, today).values("pk")
        choices = Q(pk__in=offered) | Q(pk=now.pk if now else None)
        self.fields["school_class"].queryset = SchoolClass.objects.of_year(year).filter(choices)


class InvitationForm(forms.Form):
    """To whom the invitation goes, and what it opens."""

    email = forms.EmailField(
        label="* Adresse e-mail de l’autre parent",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez l’adresse e-mail de l’autre parent."},
    )
    kind = forms.ChoiceField(
        label="* Votre situation",
        choices=Invitation.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez votre situation."},
    )
    members = forms.ModelMultipleChoiceField(
        label="Enfants à partager",
        help_text="Seulement si vous êtes séparés : chaque enfant coché figurera aussi dans la famille de l’autre parent.",
        queryset=Member.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        adults = Membership.objects.of(user).filter(kinship__in=ADULTS)
        self.fields["members"].queryset = Member.objects.of(user).exclude(pk__in=adults.values("member"))


class QuotientForm(forms.Form):
    """A quotient read by an agent on a family's document."""

    value = forms.IntegerField(label="Quotient familial", min_value=0, max_value=MAX_QUOTIENT)
    effective_from = forms.DateField(
        label="À partir du",
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Les réservations déjà faites gardent leur prix.",
    )

    def clean_effective_from(self):
        day = self.cleaned_data["effective_from"]
        if not OLDEST_BIRTH <= day <= timezone.localdate() + timedelta(days=2 * 366):
            raise forms.ValidationError("Cette date n’est pas plausible.")
        return day


class ClassesForm(forms.Form):
    """One class per child of a family, for an agent: any class of the agent's communes, or the present one."""

    def __init__(self, *args, agent: User, memberships: list[Membership], school_year: int, **kwargs):
        super().__init__(*args, **kwargs)
        offered = SchoolClass.objects.of_agent(agent).values("pk")
        for membership in memberships:
            now = membership.member.class_now[0].school_class if membership.member.class_now else None
            choices = Q(pk__in=offered) | Q(pk=now.pk if now else None)
            self.fields[str(membership.member_id)] = ClassChoice(
                label=str(membership.member),
                queryset=SchoolClass.objects.of_year(school_year).filter(choices),
                required=False,
                initial=now,
            )

    def classes(self) -> dict[int, SchoolClass | None]:
        """The chosen class by the pk of the child."""
        return {int(pk): chosen for pk, chosen in self.cleaned_data.items()}
