"""What a visitor enters to sign up."""

from contextlib import suppress
from uuid import uuid4

from allauth.account import forms as allauth_forms
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError

from accounts.forms import ConsentFields, PersonFields
from accounts.models import Consent, User
from accounts.signing_in.passwords import RULE
from families.forms.households import MemberForm
from portal.sign_up import actions
from services.models import Audience, Service
from services.reads.catalogue import CommuneServices

TERMS = "J’accepte les conditions générales et la politique de confidentialité."
WHICH = "Choisissez, dans votre commune, le service qui vous concerne."
MembersFormSet = forms.formset_factory(MemberForm, extra=0, max_num=12, absolute_max=12, validate_max=True)


class SignUpForm(ConsentFields, PersonFields, allauth_forms.SignupForm):
    """Step 1, « Infos personnelles » (S3-25…S3-38), in allauth's own sign-up."""

    terms = forms.BooleanField(label=TERMS, error_messages={"required": "Acceptez les conditions pour continuer."})
    OF_PERSON = ("first_name", "last_name", "email", "birth_date")
    field_order = ["gender", "first_name", "last_name", "email", "password1", "birth_date"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Adresse e-mail"
        self.fields["password1"].label = "Mot de passe"
        self.fields["password1"].help_text = RULE
        for name in ("email", "password1"):
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.members = MembersFormSet(
            self.data if self.is_bound else None, prefix="members", form_kwargs={"user": User()}
        )

    def clean(self):
        """The password against all that was typed: allauth's own check knows the address only."""
        data = super().clean()
        password, person = data.get("password1"), {name: data.get(name) for name in self.OF_PERSON}
        if password and None not in (person["first_name"], person["last_name"]):
            try:
                validate_password(password, User(**person))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data

    def is_valid(self):
        return all([super().is_valid(), self.members.is_valid()])

    def try_save(self, request):
        """allauth's; an address taken between the check and the writing gets the same answer as a known one."""
        if self.account_already_exists:
            self._rehearse(request)
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def save(self, request):
        return actions.open_account(**self._parts(request))

    def _rehearse(self, request) -> None:
        """The work of a sign-up with an address that nobody has, undone."""
        data, self.account_already_exists = self.cleaned_data, False
        self.cleaned_data = data | {"email": f"{uuid4().hex}@example.invalid"}
        with suppress(actions.Rehearsed):
            actions.rehearse_account(**self._parts(request))
        self.cleaned_data, self.account_already_exists = data, True

    def _parts(self, request) -> dict:
        data = self.cleaned_data
        return {
            "save": lambda: allauth_forms.SignupForm.save(self, request),
            "details": {name: data[name] for name in ("gender", "birth_date")},
            "consents": self.consents() | {Consent.Kind.TERMS: data["terms"]},
            "members": [member.cleaned_data for member in self.members if member.has_changed()],
        }


class EntryForm(forms.Form):
    """Step 3, « Mes services »: one entry, a situation of a service or, where none is asked for, the service itself."""

    service = forms.ChoiceField(
        label="Service",
        widget=forms.RadioSelect,
        error_messages={"required": WHICH, "invalid_choice": WHICH},
    )

    def __init__(self, *args, communes: list[CommuneServices], **kwargs):
        super().__init__(*args, **kwargs)
        self.entries = {
            f"{service.pk}-{audience.pk}" if audience else str(service.pk): (service, audience)
            for row in communes
            for service in row.services
            for audience in service.situations or [None]
        }
        self.fields["service"].choices = [(value, str(entry)) for value, entry in self.entries.items()]

    @property
    def entry(self) -> tuple[Service, Audience | None]:
        return self.entries[self.cleaned_data["service"]]

    @property
    def blocks(self) -> list[tuple]:
        """The entries by commune, then by service: (commune, [(service, [(radio, audience)])])."""
        radios = {radio.data["value"]: radio for radio in self["service"]}
        blocks = {}
        for value, (service, audience) in self.entries.items():
            blocks.setdefault(service.commune, {}).setdefault(service, []).append((radios[value], audience))
        return [(commune, list(services.items())) for commune, services in blocks.items()]
