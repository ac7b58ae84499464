"""What families and agents fill in about an absence."""

from django import forms

from reservations.actions.days.absences import MAX_WORDS
from services.forms import ACCEPTED_FILES


class ProofForm(forms.Form):
    """The proof alone, for an absence that is told already."""

    proof = forms.FileField(
        label="Justificatif",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPTED_FILES, "class": "form-control"}),
        help_text="Certificat médical, attestation… PDF ou photo. Seuls les agents du service peuvent l’ouvrir.",
    )


class AbsenceForm(ProofForm):
    """Why the child does not come, and the proof, now or later."""

    reason = forms.CharField(label="Motif", max_length=MAX_WORDS, help_text="Par exemple : enfant malade.")
    field_order = ["reason", "proof"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["proof"].required = False


class DecisionForm(forms.Form):
    """Recredited or not, and what the family reads."""

    accept = forms.TypedChoiceField(
        label="Décision",
        choices=[("oui", "Recréditer la famille"), ("non", "Ne pas recréditer")],
        coerce=lambda word: word == "oui",
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label="Réponse à la famille",
        max_length=MAX_WORDS,
        required=False,
        help_text="La famille la lit. Nécessaire pour ne pas recréditer.",
    )
