"""What a person enters about their account."""

from django import forms
from django.contrib.auth import password_validation
from django.utils import timezone

from accounts.models import Consent, User
from accounts.rules import birth_fault
from accounts.signing_in.passwords import RULE
from common.models import authority
from common.values.phones import PhoneField

EMAIL_REASON = (
    "Votre adresse e-mail sert à recevoir le compte rendu de vos réservations et leur évolution, notamment "
    "si vous êtes en liste d’attente et que la place vous a été attribuée."
)
BOXES = {
    Consent.Kind.NEWSLETTER: "S’inscrire à la newsletter",
    Consent.Kind.PARTNERS: "Recevez les offres spéciales de nos partenaires",
    Consent.Kind.COMPANY: "Je suis une société",
}


class BirthField(forms.DateField):
    """An adult's own birth date; the browser's own picker, or 31/12/1980 typed."""

    def __init__(self, **kwargs):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"})
        said = {"invalid": "Écrivez la date en entier, comme 31/12/1980."}
        given = {"label": "Date de naissance", "required": False, "widget": widget, "error_messages": said}
        super().__init__(**given | kwargs)

    def clean(self, value):
        birth_date = super().clean(value)
        fault = birth_fault(birth_date, timezone.localdate())
        if fault:
            raise forms.ValidationError(fault)
        return birth_date


class PersonFields(forms.Form):
    """Who a person is, as at sign-up (S3-25…27, S3-31)."""

    gender = forms.ChoiceField(label="Genre", choices=User.Gender.choices, required=False, widget=forms.RadioSelect)
    first_name = forms.CharField(
        label="Prénom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    birth_date = BirthField()
    DETAILS = ("gender", "first_name", "last_name", "birth_date")


class ConsentFields(forms.Form):
    """The boxes, never ticked for the person; partner offers only where the authority proposes them (S3-32…34)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for kind in self.kinds():
            self.fields[kind.value] = forms.BooleanField(label=BOXES[kind], required=False)

    @staticmethod
    def kinds() -> list[Consent.Kind]:
        hidden = set() if authority().partner_offers else {Consent.Kind.PARTNERS}
        return [kind for kind in BOXES if kind not in hidden]

    def consents(self) -> dict[str, bool]:
        """The boxes as they were left."""
        return {kind.value: self.cleaned_data[kind.value] for kind in self.kinds()}

    def boxes(self):
        """The boxes as fields of the page."""
        return [self[kind.value] for kind in self.kinds()]


class AddressFields(forms.Form):
    """How to reach a person by telephone and by post."""

    phone = PhoneField()
    address = forms.CharField(
        label="Adresse",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postcode = forms.RegexField(
        r"^[0-9]{5}$",
        label="Code postal",
        required=False,
        error_messages={"invalid": "Un code postal a 5 chiffres, comme 01330."},
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "inputmode": "numeric"}),
    )
    city = forms.CharField(
        label="Ville", max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    DETAILS = ("phone", "address", "postcode", "city")


class DetailsForm(ConsentFields, AddressFields, PersonFields):
    """« Mes informations personnelles »: everything but the email and the password, which have pages of their own."""

    DETAILS = (*PersonFields.DETAILS, *AddressFields.DETAILS)
    field_order = DETAILS

    def __init__(self, *args, user: User, **kwargs):
        stored = {name: getattr(user, name) for name in self.DETAILS}
        super().__init__(*args, initial=stored | Consent.objects.current(user), **kwargs)

    def details(self) -> dict:
        """The columns to write."""
        return {name: self.cleaned_data[name] for name in self.DETAILS}


class NewPassword(forms.CharField):
    """A password being chosen, with its rule; the whole form validates it against the person."""

    def __init__(self, **kwargs):
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(**{"label": "Mot de passe", "strip": False, "widget": widget, "help_text": RULE, **kwargs})


class ActivationForm(forms.Form):
    """The letter's identifier and code, and a password of one's own."""

    identifier = forms.CharField(
        label="Identifiant", max_length=40, help_text="Il commence par F et figure en haut du courrier."
    )
    code = forms.CharField(label="Code d’activation", max_length=40, help_text="Par exemple K7PM-3XQR-9TWH.")
    password = NewPassword()
    terms = forms.BooleanField(label="J’accepte les conditions générales et la politique de confidentialité.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("identifier", "code"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def clean_password(self):
        password = self.cleaned_data["password"]
        password_validation.validate_password(password)
        return password


class AnswerField(forms.CharField):
    """The answer to a security question: shown while it is typed, remembered by no browser."""

    def __init__(self, **kwargs):
        widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})
        super().__init__(**{"label": "Votre réponse", "max_length": 120, "widget": widget, **kwargs})


class QuestionForm(forms.Form):
    """« Question de sécurité » (S4-113)."""

    question = forms.CharField(
        label="Votre question",
        max_length=120,
        help_text="Par exemple « Comment s’appelait ma première maîtresse ? » : une réponse que vos proches ignorent.",
    )
    answer = AnswerField(help_text="Les majuscules, les accents et les espaces ne comptent pas.")


class AnswerForm(forms.Form):
    """The answer asked of who forgot their password."""

    answer = AnswerField()
