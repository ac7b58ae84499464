"""What agents type when they decide; why it is wrong is told on the form."""

import re
from datetime import date, timedelta

from django import forms
from django.utils import timezone

from families.actions.mandates import SignedInTheFuture
from services.models import DocumentType, RequestLine, SupportingDocument

MAX_REASON = 1000
OLDEST, AHEAD = date(2000, 1, 1), timedelta(days=2 * 366)  # days that a decision may take effect on
SEEN = re.compile(r"(\d{1,18}):([a-z]{1,10})")


class SeenLines(forms.MultipleChoiceField):
    """Ticked lines, each with the status that the page showed: a mapping of pk to status."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value):
        return bool(SEEN.fullmatch(value))

    def clean(self, value):
        return {int(pk): status for pk, status in (SEEN.fullmatch(each).groups() for each in super().clean(value))}


class ReasonForm(forms.Form):
    """Why, as the family reads it."""

    reason = forms.CharField(
        label="Motif, tel que la famille le lira",
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Indiquez le motif : la famille le lira."},
    )


class AcceptForm(forms.Form):
    """For whom a decision is taken: those whose line may still take it, the waiting ones ticked."""

    lines = SeenLines(label="Pour", error_messages={"required": "Cochez au moins une personne."})

    def __init__(self, *args, lines: list[RequestLine], ticked: list[RequestLine], reason: str = "", **kwargs):
        initial = {"lines": [seen(line) for line in ticked], "reason": reason}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["lines"].choices = [(seen(line), f"{line.member}, {line.audience.name}") for line in lines]


class RefuseForm(AcceptForm, ReasonForm):
    """For whom, and why."""

    field_order = ["lines", "reason"]


class AskForm(RefuseForm):
    """For whom, and which pieces."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "Pièces demandées, telles que la famille les lira"
        self.fields["reason"].error_messages["required"] = "Dites quelles pièces il faut : la famille le lira."


def seen(line: RequestLine) -> str:
    """A line as the page shows it."""
    return f"{line.pk}:{line.status}"


class SeenPiece(forms.Form):
    """The status of a piece as the page showed it."""

    seen = forms.ChoiceField(choices=SupportingDocument.Status.choices, widget=forms.HiddenInput)

    def __init__(self, *args, document: SupportingDocument, **kwargs):
        super().__init__(*args, initial={"seen": document.status}, **kwargs)
        self.document = document


class ValidatePieceForm(SeenPiece):
    """A quotient takes effect on a day, a mandate was signed on one; other pieces ask for nothing."""

    effective_from = forms.DateField(
        initial=timezone.localdate, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["effective_from"]
        if self.document.type.kind == DocumentType.Kind.QUOTIENT:
            field.label, field.help_text = "À partir du", "Les réservations déjà faites gardent leur prix."
        elif self.document.type.kind == DocumentType.Kind.MANDATE:
            field.label = "Signé le"
        else:
            del self.fields["effective_from"]

    def clean_effective_from(self):
        day, today = self.cleaned_data["effective_from"], timezone.localdate()
        if self.document.type.kind == DocumentType.Kind.MANDATE and day > today:
            raise forms.ValidationError(SignedInTheFuture.sentence)
        if not OLDEST <= day <= today + AHEAD:
            raise forms.ValidationError("Cette date n’est pas plausible.")
        return day


class RefusePieceForm(SeenPiece, ReasonForm):
    """Why a piece is refused."""


class BlankForm(forms.Form):
    """The blank form that families download."""

    file = forms.FileField(label="Fichier (PDF ou image)", error_messages={"required": "Choisissez un fichier."})
