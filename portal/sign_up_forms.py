"""What a visitor enters to sign up."""

from allauth.account import forms as allauth_forms
from django import forms
from django.db import IntegrityError

from accounts.forms import ConsentFields, PersonFields
from accounts.models import Consent, User
from accounts.passwords import RULE
from families.forms import MemberForm
from portal import sign_up
from services.models import Service

TERMS = "J’accepte les conditions générales et la politique de confidentialité."
MembersFormSet = forms.formset_factory(MemberForm, extra=0, max_num=12, absolute_max=12, validate_max=True)


class SignUpForm(ConsentFields, PersonFields, allauth_forms.SignupForm):
    """Step 1, « Infos personnelles » (S3-25…S3-38), in allauth's own sign-up."""

    terms = forms.BooleanField(label=TERMS, error_messages={"required": "Acceptez les conditions pour continuer."})
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

    def is_valid(self):
        return all([super().is_valid(), self.members.is_valid()])

    def try_save(self, request):
        """allauth's; an address taken between the check and the writing gets the same answer as a known one."""
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def save(self, request):
        data = self.cleaned_data
        return sign_up.open_account(
            save=lambda: allauth_forms.SignupForm.save(self, request),
            details={name: data[name] for name in ("gender", "birth_date")},
            consents=self.consents() | {Consent.Kind.TERMS: data["terms"]},
            members=[member.cleaned_data for member in self.members if member.has_changed()],
        )


class ServiceForm(forms.Form):
    """Step 3, « Mes services »: one service among those of the communes."""

    service = forms.ModelChoiceField(
        Service.objects.filter(is_open=True).select_related("commune").order_by("commune__name", "name"),
        label="Service",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez, dans votre commune, le service qui vous concerne."},
    )
