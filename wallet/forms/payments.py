"""What families ask of the card, what agents type at the counter."""

from collections.abc import Iterator, Mapping

from django import forms
from django.utils import timezone

from common.models import authority
from common.values.money import bare_euros, euros, parse_euros
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
    """« Recharger mon crédit »: one of the amounts offered, or another; which wallet; where the receipt goes.

    What a wallet lacks (``dues``: cents by its pk) is an amount offered, chosen beforehand for the wallet ``asked`` for;
    an amount ``wanted`` (cents), for what is about to be booked, is typed beforehand instead; otherwise no amount is. What is typed counts; typed beside another amount that was ticked, the person is asked.
    """

    offered = forms.ChoiceField(label="Montant à créditer", required=False, widget=forms.RadioSelect)
    other = EurosField(label="Autre montant", required=False, help_text="En euros, comme 45 ou 15,20.")
    wallet = forms.ModelChoiceField(label="Porte-monnaie", queryset=Wallet.objects.none(), empty_label=None)
    email = forms.EmailField(
        label="Adresse e-mail du reçu", required=False, help_text="Vide : le reçu reste dans vos messages du portail."
    )
    OTHER = "autre"

    def __init__(
        self, data, *, wallets: list[Wallet], email: str, dues: Mapping[int, int], asked: str = "", wanted: int = 0
    ):
        known = authority()
        self.bounds = known.top_up_min * 100, known.top_up_max * 100
        self.owing = {_due(each): each for each in wallets if dues.get(each.pk)}
        self.amounts = {name: self._payable(dues[each.pk]) for name, each in self.owing.items()}
        self.amounts |= {str(amount * 100): amount * 100 for amount in known.top_up_amounts}
        first = _first(wallets, list(self.owing.values()), asked)
        ticked = _due(first) if first and _due(first) in self.owing else None
        typed = bare_euros(self._payable(wanted)) if wanted > 0 else None
        ticked = self.OTHER if typed else ticked
        super().__init__(data, initial={"email": email or "", "offered": ticked, "other": typed, "wallet": first})
        self.fields["offered"].choices = [*self._choices(len(wallets) > 1), (self.OTHER, "Un autre montant")]
        self.fields["wallet"].queryset = Wallet.objects.filter(pk__in=[wallet.pk for wallet in wallets])
        self.fields["wallet"].label_from_instance = lambda wallet: wallet.purse.name
        if len(wallets) < 2:
            del self.fields["wallet"]
            self.only = wallets[0] if wallets else None

    def _payable(self, due: int) -> int:
        """What one payment may settle of a sum that is due."""
        smallest, largest = self.bounds
        return min(max(due, smallest), largest)

    def _choices(self, named: bool) -> Iterator[tuple[str, str]]:
        for name, cents in self.amounts.items():
            owing = self.owing.get(name)
            of = f" pour {owing.purse.name}" if owing and named else ""
            yield name, f"{euros(cents)}{f', ce qui reste à régler{of}' if owing else ''}"

    def clean(self):
        data = super().clean()
        data.setdefault("wallet", getattr(self, "only", None))
        if "offered" not in data or "other" not in data:
            return data
        ticked, typed = self.amounts.get(data["offered"]), data["other"]
        untouched = data["offered"] == self.initial["offered"]
        if None not in (ticked, typed) and ticked != typed and not untouched:
            self.add_error("other", _which(ticked, typed))
            return data
        data["cents"] = ticked if typed is None else typed
        if typed is None and data["offered"] in self.owing:
            self._check_wallet(data)
        smallest, largest = self.bounds
        if data["cents"] is None or not smallest <= data["cents"] <= largest:
            self.add_error("other", f"Choisissez un montant entre {euros(smallest)} et {euros(largest)}.")
        return data

    def _check_wallet(self, data: dict) -> None:
        """One purse does not pay what another lacks."""
        owing = self.owing[data["offered"]]
        if data["wallet"] != owing and "wallet" in self.fields:
            told = f"Ce montant règle ce qui manque à « {owing.purse.name} » : choisissez ce porte-monnaie, ou un autre montant."
            self.add_error("wallet", told)


def _due(wallet: Wallet) -> str:
    return f"du-{wallet.pk}"


def _first(wallets: list[Wallet], owing: list[Wallet], asked: str) -> Wallet | None:
    """The wallet asked for, else the first that owes, else the first."""
    named = [each for each in wallets if each.purse.code == asked]
    return next(iter([*named, *owing, *wallets]), None)


def _which(ticked: int, typed: int) -> str:
    return (
        f"Vous avez coché {euros(ticked)} et écrit {euros(typed)} : pour payer {euros(typed)}, cochez « Un autre montant » ; "
        f"pour payer {euros(ticked)}, effacez le montant écrit."
    )


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
