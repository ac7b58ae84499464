"""What families ask of the card, what agents type at the counter."""

from django import forms
from django.utils import timezone

from portal.lib.models import authority
from portal.lib.money import euros, parse_euros
from wallet.models import CounterPayment, Purse, Wallet


class EurosField(forms.Field):
    """An amount in euros as people write it; its value is in cents."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            return parse_euros(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class TopUpForm(forms.Form):
    """« Recharger mon crédit »: one of the amounts offered, or another; which wallet; where the receipt goes."""

    offered = forms.ChoiceField(label="Montant à créditer", widget=forms.RadioSelect)
    other = EurosField(label="Autre montant", required=False, help_text="En euros, comme 45 ou 15,20.")
    wallet = forms.ModelChoiceField(label="Porte-monnaie", queryset=Wallet.objects.none(), empty_label=None)
    email = forms.EmailField(
        label="Adresse e-mail du reçu", required=False, help_text="Vide : le reçu reste dans vos messages du portail."
    )
    OTHER = "autre"

    def __init__(self, data, *, wallets: list[Wallet], email: str):
        known = authority()
        self.bounds = known.top_up_min * 100, known.top_up_max * 100
        offered = [(str(amount * 100), euros(amount * 100)) for amount in known.top_up_amounts]
        offered.append((self.OTHER, "Un autre montant"))
        super().__init__(data, initial={"email": email or "", "offered": offered[0][0]})
        self.fields["offered"].choices = offered
        self.fields["wallet"].queryset = Wallet.objects.filter(pk__in=[wallet.pk for wallet in wallets])
        self.fields["wallet"].label_from_instance = lambda wallet: wallet.purse.name
        if len(wallets) < 2:
            del self.fields["wallet"]
            self.only = wallets[0] if wallets else None

    def clean(self):
        data = super().clean()
        data.setdefault("wallet", getattr(self, "only", None))
        if "offered" not in data or "other" not in data:
            return data
        data["cents"] = data["other"] if data["offered"] == self.OTHER else int(data["offered"])
        smallest, largest = self.bounds
        if data["cents"] is None or not smallest <= data["cents"] <= largest:
            self.add_error("other", f"Choisissez un montant entre {euros(smallest)} et {euros(largest)}.")
        return data


class CreditForm(forms.Form):
    """A payment received at the counter; the rules are the action's."""

    purse = forms.ModelChoiceField(label="Porte-monnaie", queryset=Purse.objects.all(), empty_label=None)
    means = forms.ChoiceField(label="Mode de règlement", choices=CounterPayment.Means.choices)
    cents = EurosField(label="Montant", help_text="En euros, comme 50 ou 15,20.")
    received_on = forms.DateField(
        label="Date reçue",
        initial=timezone.localdate,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    number = forms.CharField(
        label="N° de pièce", max_length=40, required=False, help_text="Obligatoire pour un chèque."
    )
    payer = forms.CharField(label="Nom du payeur", max_length=120, required=False)
    bank = forms.CharField(label="Nom de la banque", max_length=80, required=False)


class CancelForm(forms.Form):
    """Why a credit is taken back."""

    bounced = forms.TypedChoiceField(
        label="Pourquoi annuler ce règlement ?",
        choices=[("0", "Erreur de saisie"), ("1", "Chèque impayé")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        initial="0",
    )
    reason = forms.CharField(label="Motif lu par la famille", max_length=200)
