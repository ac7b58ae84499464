"""What a parent enters about a child's health, contacts and consents."""

from django import forms

from common.refusals import Refusal
from common.values.phones import PhoneField
from families.models import Allergen, Contact, Diet, HealthContent, MemberConsent
from families.rules import MAX_CONTACTS, MAX_HEALTH_TEXT, MAX_NAME, check_contact, check_health, clean_name


class TextArea(forms.CharField):
    """A few lines."""

    def __init__(self, label, **kwargs):
        widget = forms.Textarea(attrs={"rows": 3, "autocomplete": "off"})
        super().__init__(label=label, required=False, max_length=MAX_HEALTH_TEXT, widget=widget, **kwargs)


class Boxes(forms.MultipleChoiceField):
    """As many of the choices as needed, or none; kept in the order of the choices."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, label, choices, **kwargs):
        super().__init__(label=label, choices=choices, required=False, **kwargs)

    def clean(self, value):
        ticked = super().clean(value)
        return tuple(name for name, _ in self.choices if name in ticked)


def phone_field(**kwargs) -> PhoneField:
    """Somebody else's number: the browser does not offer one's own."""
    return PhoneField(widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}), **kwargs)


class HealthForm(forms.Form):
    """A child's health sheet."""

    has_pai = forms.BooleanField(
        label="Mon enfant a un PAI",
        help_text="Projet d’accueil individualisé, signé avec l’école ou le médecin.",
        required=False,
    )
    allergens = Boxes(
        "Allergies alimentaires", Allergen.choices, help_text="Cochez ce que votre enfant ne doit pas manger."
    )
    allergies = TextArea("Autres allergies", help_text="Médicaments, piqûres, latex…")
    treatments = TextArea(
        "Traitement et conduite à tenir en urgence",
        help_text="Ce que les adultes doivent savoir faire. N’indiquez pas la nature d’un handicap.",
    )
    diet = Boxes(
        "Particularités",
        Diet.choices,
        help_text="Cochez sans expliquer pourquoi : nous n’enregistrons jamais de religion.",
    )
    doctor = forms.CharField(label="Médecin traitant", max_length=MAX_NAME, required=False)
    doctor_phone = phone_field(label="Téléphone du médecin")

    def clean(self):
        data = super().clean()
        try:
            check_health(*(data.get(name, "") for name in ("allergies", "treatments", "doctor")))
        except Refusal as refusal:
            self.add_error(None, refusal.sentences)
        return data

    def content(self) -> HealthContent:
        return HealthContent(**self.cleaned_data)


class ContactForm(forms.Form):
    """Someone to call, or who may come for the child."""

    name = forms.CharField(
        label="* Nom et prénom",
        max_length=MAX_NAME,
        error_messages={"required": "Indiquez le nom de cette personne."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = phone_field(
        label="* Téléphone",
        required=True,
        error_messages={"required": "Indiquez le numéro de téléphone de cette personne."},
    )
    kinship = forms.CharField(
        label="* Lien avec l’enfant",
        max_length=40,
        help_text="Grand-mère, voisin, assistante maternelle…",
        error_messages={"required": "Indiquez le lien de cette personne avec l’enfant."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_emergency = forms.BooleanField(label="À prévenir en cas d’urgence", required=False)
    may_collect = forms.BooleanField(label="Peut venir chercher l’enfant", required=False)
    rank = forms.TypedChoiceField(
        label="* Ordre d’appel",
        coerce=int,
        choices=[(1, "En premier"), *((n, f"En {n}e") for n in range(2, MAX_CONTACTS + 1))],
        help_text="En cas d’urgence, après les parents.",
    )

    def __init__(self, *args, contact: Contact | None = None, rank: int = 1, **kwargs):
        kwargs["initial"] = {name: getattr(contact, name) for name in self.base_fields} if contact else {"rank": rank}
        super().__init__(*args, **kwargs)

    def clean(self):
        data = super().clean()
        if not self.errors:
            try:
                serves = data["is_emergency"] or data["may_collect"]
                check_contact(clean_name(data["name"]), data["phone"], clean_name(data["kinship"]), serves)
            except Refusal as refusal:
                self.add_error(None, refusal.sentences)
        return data


class ConsentsForm(forms.Form):
    """One question a consent, nothing ticked for the parent."""

    QUESTIONS = {
        MemberConsent.Kind.PHOTO: "Photos et vidéos prises pendant les activités, pour les publications de la commune",
        MemberConsent.Kind.OUTINGS: "Sorties à pied ou en car organisées pendant les activités",
        MemberConsent.Kind.HOSPITAL: "En urgence, appel du 15 et transport à l’hôpital, les parents étant prévenus aussitôt",
    }

    def __init__(self, *args, standing: dict[str, bool], **kwargs):
        super().__init__(*args, **kwargs)
        for kind, question in self.QUESTIONS.items():
            self.fields[kind.value] = forms.ChoiceField(
                label=question,
                choices=[("oui", "J’autorise"), ("non", "Je n’autorise pas")],
                widget=forms.RadioSelect,
                required=False,
                initial={True: "oui", False: "non"}.get(standing.get(kind.value)),
            )

    def answers(self) -> dict[str, bool]:
        """The questions that were answered."""
        return {kind: said == "oui" for kind, said in self.cleaned_data.items() if said}
