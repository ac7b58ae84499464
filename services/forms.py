"""What a family enters about services: the one it wants, each member's situation, the pieces."""

from collections.abc import Iterable

from django import forms

from accounts.models import User
from common.refusals import Refusal, StalePage
from common.values.sepa import key_warning
from common.writing.once import make_key
from families.rules import MAX_QUOTIENT
from services.actions import give_file, give_text
from services.actions.documents import MAX_TEXT, purpose
from services.models import DocumentType, Service
from services.reads.catalogue import Candidate
from services.reads.pieces import Slot

ACCEPTED_FILES = "application/pdf,image/jpeg,image/png,image/webp"  # an iPhone then turns its HEIC photos into JPEG
NOT_ASKED = "Ne pas demander"


class ServiceForm(forms.Form):
    """« Ajouter un service »: one of those that open on demand."""

    service = forms.ModelChoiceField(
        Service.objects.none(),
        label="Service",
        error_messages={
            "required": "Choisissez un service, puis appuyez sur « Valider ».",
            "invalid_choice": "Ce service n’est plus proposé : choisissez-en un autre.",
        },
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = Service.objects.on_demand().filter(audiences__isnull=False).distinct()


class SituationsForm(forms.Form):
    """One choice a member: a situation of the service, or nothing."""

    def __init__(self, *args, candidates: Iterable[Candidate], situation: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.candidates = list(candidates)
        self.free = [each for each in self.candidates if each.line is None and each.audiences]
        for each in self.free:
            self.fields[f"member-{each.member.pk}"] = self._field(each, situation)

    def _field(self, candidate: Candidate, situation: str) -> forms.ChoiceField:
        choices = [(str(each.pk), each.name) for each in candidate.audiences]
        only = choices[0][0] if len(choices) == len(self.free) == 1 else ""
        return forms.ChoiceField(
            label=str(candidate.member),
            choices=[*choices, ("", NOT_ASKED)],
            initial=situation if situation in dict(choices) else only,
            required=False,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": "Choisissez une situation proposée par ce service."},
        )

    @property
    def rows(self) -> list[tuple]:
        """Each member with their field; None when nothing is to be chosen for them."""
        return [(each, self[f"member-{each.member.pk}"] if each in self.free else None) for each in self.candidates]

    def choices(self) -> dict[int, int]:
        """The chosen situation's pk by the member's."""
        chosen = {each.member.pk: self.cleaned_data[f"member-{each.member.pk}"] for each in self.free}
        return {member: int(audience) for member, audience in chosen.items() if audience}


class PieceInput:
    """A slot as the page draws it: its fields and the key that makes its giving happen once."""

    def __init__(self, form: "PiecesForm", slot: Slot, key: str):
        self.form, self.slot, self.key = form, slot, key

    @property
    def field(self):
        return self.form[self.slot.field]

    @property
    def quotient(self):
        """The field of the quotient that the attestation states."""
        return self.form[_value(self.slot)] if _value(self.slot) in self.form.fields else None


def _value(slot: Slot) -> str:
    return f"{slot.field}-value"


class PiecesForm(forms.Form):
    """The pieces of some slots: each good one is kept, even when another is refused."""

    def __init__(self, *args, slots: Iterable[Slot], user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.slots, self.given = user, list(slots), []
        for slot in self.slots:
            self._add_fields(slot)

    def _add_fields(self, slot: Slot) -> None:
        type = slot.required.type
        label = f"{slot.name} *" if slot.required.is_mandatory else slot.name
        if type.is_text:
            widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
            self.fields[slot.field] = forms.CharField(label=label, required=False, max_length=MAX_TEXT, widget=widget)
        else:
            widget = forms.FileInput(attrs={"accept": ACCEPTED_FILES})
            field = forms.FileField(label=label, required=False, allow_empty_file=True, widget=widget)
            self.fields[slot.field] = field
        self.fields[slot.field].help_text = type.help_text
        self.fields[slot.field].widget.attrs["class"] = "form-control"
        if type.kind == DocumentType.Kind.QUOTIENT:
            self.fields[_value(slot)] = forms.IntegerField(
                label="Quotient familial, comme sur l’attestation",
                required=False,
                min_value=0,
                max_value=MAX_QUOTIENT,
                widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
            )

    @property
    def inputs(self) -> list[PieceInput]:
        """The slots still to fill, each with a fresh key."""
        return [
            PieceInput(self, slot, make_key(self.user.owner, purpose(slot.required.type, slot.member)))
            for slot in self.slots
            if slot.field in self.fields
        ]

    @property
    def wants_mandate(self) -> bool:
        """Whether a mandate is still to be given."""
        return any(each.slot.required.type.kind == DocumentType.Kind.MANDATE for each in self.inputs)

    @property
    def warnings(self) -> list[str]:
        """What to look at again in what was kept: a French IBAN whose RIB key does not fit."""
        ibans = [slot for slot in self.given if slot.required.type.kind == DocumentType.Kind.IBAN]
        return [found for slot in ibans if (found := key_warning(self.cleaned_data[slot.field]))]

    def give(self) -> None:
        """Keep what was entered: ``given``. What is refused or missing becomes its field's error."""
        for slot in self.slots:
            if not {slot.field, _value(slot)} & self.errors.keys() and self._give(slot):
                self.given.append(slot)
                for name in (slot.field, _value(slot)):
                    self.fields.pop(name, None)
        for name in self.errors.keys() & self.fields.keys():
            self.fields[name].widget.attrs["class"] += " is-invalid"

    def _give(self, slot: Slot) -> bool:
        entered = self.cleaned_data.get(slot.field)
        if not entered:
            if slot.required.is_mandatory:
                self.add_error(slot.field, "Cette pièce est obligatoire : sans elle, votre demande attend.")
            return False
        try:
            self._send(slot, entered)
        except StalePage:
            raise
        except Refusal as refusal:
            self.add_error(slot.field, refusal.sentences)
            return False
        return True

    def _send(self, slot: Slot, entered) -> None:
        key = self.data.get(f"{slot.field}-key", "")
        common = {"user": self.user, "type": slot.required.type, "member": slot.member, "key": key}
        if slot.required.type.is_text:
            give_text(text=entered, **common)
        else:
            give_file(file=entered, declared_value=self.cleaned_data.get(_value(slot)), **common)
