"""The one ledger of the portal and the families' wallets.

Money is a whole number of cents. A transfer moves it from one account to another, so the ledger balances by
construction; triggers (migration 0002) keep it append-only and keep the balances. The rules: docs/money.md.
"""

from urllib.parse import urlencode

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone

from common.values.money import euros
from families.models import Family
from wallet.rules.payments import is_suspended


class Purse(models.Model):
    """A compartment of the families' money (une régie): each family has at most one wallet in it."""

    code = models.SlugField("code", max_length=40, unique=True)
    name = models.CharField("nom", max_length=80, unique=True)
    is_default = models.BooleanField("porte-monnaie principal", default=False)
    floor = models.IntegerField(
        "solde minimum, en centimes",
        default=0,
        help_text="0 : pas de découvert. −5000 : les familles peuvent réserver jusqu’à 50 € de découvert.",
    )
    reminder_below = models.IntegerField(
        "rappel sous ce solde, en centimes",
        null=True,
        blank=True,
        help_text="Un e-mail part quand le solde, réservations à venir déduites, passe dessous. Vide : jamais.",
    )
    blocked_above = models.PositiveIntegerField(
        "réservations suspendues au-delà de ce reste dû, en centimes",
        null=True,
        blank=True,
        help_text="Les réservations déjà faites restent. Une famille peut en être dispensée. Vide : jamais.",
    )

    class Meta:
        verbose_name = "type de porte-monnaie"
        verbose_name_plural = "types de porte-monnaie"
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="one_default_purse",
                violation_error_message="Il y a déjà un porte-monnaie principal.",
            ),
            models.CheckConstraint(
                condition=Q(floor__lte=0),
                name="purse_floor_is_not_above_zero",
                violation_error_message="Le solde minimum est zéro ou un découvert, en négatif.",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def top_up_address(self) -> str:
        """« Recharger mon crédit » for this purse, what it lacks chosen already."""
        return f"{reverse('wallet:top_up')}?porte-monnaie={self.code}"

    def top_up_by(self, cents: int, onward: str) -> str:
        """The same with an amount typed already; once it is paid the family is back at ``onward``."""
        return f"{self.top_up_address}&{urlencode({'montant': cents, 'suite': onward}, safe='/')}"


class AccountKind(models.TextChoices):
    """What an account stands for."""

    WALLET = "wallet", "Porte-monnaie"
    ARREARS = "arrears", "Reste dû"
    HOLD = "hold", "Somme mise de côté"
    EMPLOYER = "employer", "Employeur"
    AID_RIGHT = "aid_right", "Droit d’aide"  # in euros: e-CESU
    AID_HOURS = "aid_hours", "Droit d’aide en heures"
    REVENUE = "revenue", "Recettes d’un service"
    CARD = "card", "Encaissements par carte"
    CASH = "cash", "Espèces"
    CHEQUE = "cheque", "Chèques"
    BANK_TRANSFER = "bank_transfer", "Virements"
    DIRECT_DEBIT = "direct_debit", "Prélèvements"
    OPENING = "opening", "Reprise des soldes"
    CESU_FUNDER = "cesu_funder", "Financeur CESU"
    CAREGIVER = "caregiver", "À verser aux intervenants"
    FEES = "fees", "Frais"


# Accounts that must not be overspent or are shown; the others would be hot rows: theirs is a sum.
BALANCED = (
    AccountKind.WALLET,
    AccountKind.ARREARS,
    AccountKind.HOLD,
    AccountKind.EMPLOYER,
    AccountKind.AID_RIGHT,
    AccountKind.AID_HOURS,
)
# One account each, with an empty code, always there.
SYSTEM = (
    AccountKind.CARD,
    AccountKind.CASH,
    AccountKind.CHEQUE,
    AccountKind.BANK_TRANSFER,
    AccountKind.DIRECT_DEBIT,
    AccountKind.OPENING,
)


class AccountQuerySet(models.QuerySet):
    def locked(self, pks):
        """Lock, by pk, those of the accounts that have a balance; the others are hot and need no lock."""
        return self.filter(pk__in=pks, floor__isnull=False).order_by("pk").select_for_update(of=("self",), no_key=True)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AccountEvent")
class Account(models.Model):
    """A place where money stands. ``floor`` (cents, 0 or less) is what spending may not cross; None: no balance kept."""

    kind = models.CharField("nature", max_length=16, choices=AccountKind.choices)
    code = models.CharField("code", max_length=80, blank=True)
    floor = models.BigIntegerField("solde minimum, en centimes", null=True, blank=True)
    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = "compte du grand livre"
        verbose_name_plural = "comptes du grand livre"
        ordering = ["kind", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "code"],
                name="account_code_per_kind",
                violation_error_message="Ce compte existe déjà.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=BALANCED, floor__isnull=False) | ~Q(kind__in=BALANCED) & Q(floor=None),
                name="account_floor_where_a_balance_is_kept",
                violation_error_message="Un compte a un solde minimum exactement quand son solde est suivi.",
            ),
            models.CheckConstraint(
                condition=Q(floor=None) | Q(floor__lte=0),
                name="account_floor_is_not_above_zero",
                violation_error_message="Le solde minimum est zéro ou un découvert, en négatif.",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.code}".strip()


class Balance(models.Model):
    """What stands on an account, in cents: written by the transfers' trigger, by nothing else.

    ``minutes`` on accounts of hours only: none are left exactly when no cent is.
    """

    account = models.OneToOneField(Account, models.PROTECT, primary_key=True)
    cents = models.BigIntegerField("solde, en centimes", default=0)
    minutes = models.BigIntegerField("solde, en minutes", null=True)

    class Meta:
        verbose_name = "solde"
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes=0, cents=0) | Q(minutes__gt=0, cents__gt=0),
                name="balance_of_hours_and_cents",
            )
        ]

    def __str__(self):
        return euros(self.cents)


class WalletQuerySet(models.QuerySet):
    def of(self, user):
        """The wallets of a guardian's family, the default purse first."""
        return self.filter(family__guardians__user=user).with_balance()

    def of_agent(self, agent):
        return self.filter(family__in=Family.objects.of_agent(agent))

    def with_balance(self):
        return self.select_related("purse", "account__balance").order_by("-purse__is_default", "purse__name")

    def suspended(self):
        """Those that owe more than their purse allows, unless exempted: nothing new is booked on them."""
        return self.filter(never_blocked=False, account__balance__cents__lt=-F("purse__blocked_above"))


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("never_blocked")),
    fields=["never_blocked"],
    model_name="WalletEvent",
)
class Wallet(models.Model):
    """Porte-monnaie: a family's money in one purse."""

    family = models.ForeignKey(Family, models.PROTECT, related_name="wallets", verbose_name="famille")
    purse = models.ForeignKey(Purse, models.PROTECT, related_name="wallets", verbose_name="porte-monnaie")
    account = models.OneToOneField(Account, models.PROTECT, related_name="wallet", verbose_name="compte")
    never_blocked = models.BooleanField(
        "jamais suspendu", default=False, help_text="La famille réserve même avec un reste dû (décision de la régie)."
    )
    reminded_at = models.DateTimeField("rappel envoyé le", null=True, blank=True, editable=False)
    objects = WalletQuerySet.as_manager()

    class Meta:
        verbose_name = "porte-monnaie"
        verbose_name_plural = "porte-monnaie des familles"
        ordering = ["family__name", "family", "purse"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "purse"],
                name="one_wallet_per_family_and_purse",
                violation_error_message="Cette famille a déjà ce porte-monnaie.",
            )
        ]

    def __str__(self):
        return f"{self.purse} – {self.family}"

    @property
    def balance(self) -> int:
        """What is in the wallet, in cents; below zero it is owed."""
        return self.account.balance.cents

    @property
    def spendable(self) -> int:
        """What may still be spent, in cents: down to the floor, never below zero."""
        return max(0, self.balance - self.account.floor)

    @property
    def owed(self) -> int:
        """« Reste dû », in cents."""
        return max(0, -self.balance)

    @property
    def is_suspended(self) -> bool:
        """Whether nothing new is booked on it until what is owed is paid; see ``WalletQuerySet.suspended``."""
        return is_suspended(self.owed, self.purse.blocked_above, self.never_blocked)


class OperationQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """The operations that touch a wallet of the agent's families."""
        if agent.is_superuser:
            return self
        wallets = Wallet.objects.of_agent(agent).values("account")
        moves = Transfer.objects.filter(operation=OuterRef("pk"))
        return self.filter(Exists(moves.filter(Q(source__in=wallets) | Q(target__in=wallets))))


class Operation(models.Model):
    """One act on the ledger with all its transfers: statements, receipts and reversals speak of operations."""

    class Kind(models.TextChoices):
        BOOKING = "booking", "Réservations"
        CANCELLATION = "cancellation", "Annulation"
        COUNTER_CREDIT = "counter_credit", "Règlement au guichet"
        CARD_CREDIT = "card_credit", "Paiement par carte"
        DIRECT_DEBIT = "direct_debit", "Prélèvement"
        HOLD = "hold", "Mise de côté"
        PARTIAL_REFUND = "partial_refund", "Remboursement sur carte"
        CARD_REFUND = "card_refund", "Remboursement fait chez Stripe"
        BANK_REFUND = "bank_refund", "Remboursement par virement"
        CESU_ORDER = "cesu_order", "Commande de CESU"
        EMPLOYER_CREDIT = "employer_credit", "Virement d’un employeur"
        ECESU_CREDIT = "ecesu_credit", "e-CESU crédités"
        AID_CREDIT = "aid_credit", "Droits du mois"
        AID_CORRECTION = "aid_correction", "Correction des droits"
        AID_RETURN = "aid_return", "Droits expirés"
        AID_PAYMENT = "aid_payment", "Paiement d’un intervenant"
        AID_TRANSFER = "aid_transfer", "Virement aux intervenants"
        AID_REJECT = "aid_reject", "Virement rejeté"
        OPENING = "opening", "Reprise de solde"
        REVERSAL = "reversal", "Rectification"
        DISPUTE = "dispute", "Paiement contesté"
        DEBIT_REJECT = "debit_reject", "Prélèvement rejeté"
        BOUNCED_CHEQUE = "bounced_cheque", "Chèque impayé"
        DEFERRED_DEBIT = "deferred_debit", "Consommation"

    # What is owed whatever the balance; the trigger of migration 0004 holds the same closed list.
    IMPOSED = (Kind.DISPUTE, Kind.DEBIT_REJECT, Kind.BOUNCED_CHEQUE, Kind.DEFERRED_DEBIT, Kind.CARD_REFUND)
    # Rights too are stopped by no balance: they come from accounts that keep none.
    UNSTOPPED = (*IMPOSED, Kind.AID_CREDIT)

    kind = models.CharField("nature", max_length=16, choices=Kind.choices)
    label = models.CharField("libellé", max_length=200)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par"
    )
    at = models.DateTimeField("date", help_text="L’instant qui compte pour les personnes.")
    created_at = models.DateTimeField("écrite le", default=timezone.now, help_text="Commun aux opérations d’un acte.")
    objects = OperationQuerySet.as_manager()

    class Meta:
        verbose_name = "opération"
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(label=""),
                name="operation_has_a_label",
                violation_error_message="Une opération a toujours un libellé.",
            )
        ]
        indexes = [models.Index(fields=["at"], name="operation_at")]

    def __str__(self):
        return self.label


class TransferQuerySet(models.QuerySet):
    def on(self, account_id: int):
        """The moves of an account, each with ``signed``: its cents, below zero when they leave the account."""
        return self.filter(Q(source=account_id) | Q(target=account_id)).annotate(
            signed=Case(When(target=account_id, then=F("cents")), default=-F("cents"))
        )


class Transfer(models.Model):
    """Mouvement: ``cents`` (and, for hours of aid, ``minutes``) from one account to another. Never changed."""

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="transfers", verbose_name="opération")
    source = models.ForeignKey(Account, models.PROTECT, related_name="debits", verbose_name="du compte")
    target = models.ForeignKey(Account, models.PROTECT, related_name="credits", verbose_name="au compte")
    cents = models.BigIntegerField("montant, en centimes")
    minutes = models.IntegerField("minutes", null=True, blank=True)
    reference = models.CharField("référence", max_length=120, unique=True)
    label = models.CharField("libellé", max_length=200, blank=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name="annule"
    )
    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = "mouvement"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cents__gt=0),
                name="transfer_moves_something",
                violation_error_message="Un mouvement a un montant supérieur à zéro.",
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gt=0),
                name="transfer_minutes_are_positive",
                violation_error_message="Un mouvement en heures en a plus de zéro.",
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")),
                name="transfer_between_two_accounts",
                violation_error_message="Un mouvement va d’un compte à un autre.",
            ),
        ]

    def __str__(self):
        return self.reference
