"""What an agent notes about a family."""

from django import forms


class NoteForm(forms.Form):
    """A note, its last day, and whether colleagues at the counter and on the sheets read it too."""

    text = forms.CharField(label="Note", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    until = forms.DateField(
        label="Valable jusqu’au",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="Vide : jusqu’à ce qu’un agent la retire.",
    )
    is_shown = forms.BooleanField(label="La montrer aussi au guichet et sur les feuilles de présence", required=False)
