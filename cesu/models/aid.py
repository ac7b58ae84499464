"""The aid of a funder (Département): its rules, its plans, its monthly rights, who may use them."""

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cesu.models.people import AidAccount, CesuHolder, MonthlyRight
from common.models import colour, iban
from common.values.dates import date_short
from wallet.models import Account


class FunderQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """The funders for which an agent works; all of them for who manages the portal."""
        return self if agent.is_superuser else self.filter(staff=agent)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="FunderEvent")
class Funder(models.Model):
    """Financeur d’aide: a Département with its name, colours, texts and rules. Amounts in cents.

    ``account``: the money of its aid in the ledger; ``account_holder``, ``iban``, ``bic``: the bank account that pays.
    """

    class OrderOfUse(models.TextChoices):
        OLDEST = "oldest", "Les droits les plus anciens d’abord"
        FREE = "free", "Au choix de la personne"

    slug = models.SlugField(
        "adresse de l’espace",
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"[a-z]", "L’adresse contient au moins une lettre.")],
    )
    name = models.CharField("nom", max_length=120, unique=True, help_text="Département de la Haute-Garonne")
    account_name = models.CharField("nom du compte", max_length=80, help_text="Compte Solidarité 31")
    paper_name = models.CharField("nom des titres papier", max_length=80, blank=True, help_text="Chèque Solidarité 31")
    introduction = models.TextField("texte d’accueil", blank=True)
    colour_primary = models.CharField("couleur principale", max_length=7, default="#0f5a60", validators=[colour])
    colour_accent = models.CharField("couleur d’accent", max_length=7, default="#a8431c", validators=[colour])
    operator = models.CharField("exploitant", max_length=120, help_text="Nommé en bas de page.")
    controller = models.TextField(
        "responsable du traitement des données",
        help_text="Domiserve, l’émetteur de CESU mandaté par le Département de la Haute-Garonne",
    )
    phone = models.CharField("téléphone", max_length=30, blank=True)
    phone_price = models.CharField("prix de l’appel", max_length=60, blank=True, help_text="Service & appel gratuits")
    email = models.EmailField("adresse e-mail", blank=True)
    order_of_use = models.CharField(
        "ordre d’utilisation", max_length=6, choices=OrderOfUse.choices, default=OrderOfUse.OLDEST
    )
    fee_cents = models.PositiveIntegerField("frais du complément par tranche, en centimes", default=70)
    fee_slice_cents = models.PositiveIntegerField(
        "tranche du complément, en centimes", default=100_00, validators=[MinValueValidator(1)]
    )
    max_complement_cents = models.PositiveIntegerField("complément par carte au plus, en centimes", default=1000_00)
    reopening_days = models.PositiveSmallIntegerField(
        "jours rendus après un virement rejeté", default=30, help_text="Pour un droit qui a expiré entre-temps."
    )
    account_holder = models.CharField("titulaire du compte bancaire", max_length=70, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True, validators=[iban])
    bic = models.CharField("BIC", max_length=11, blank=True)
    account = models.OneToOneField(
        Account, models.PROTECT, related_name="funder", editable=False, verbose_name="compte du grand livre"
    )
    staff = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="funders", verbose_name="agents du financeur"
    )
    is_active = models.BooleanField("en service", default=True)
    objects = FunderQuerySet.as_manager()

    class Meta:
        verbose_name = "financeur d’aide"
        verbose_name_plural = "financeurs d’aide"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fee_slice_cents__gte=1),
                name="funder_slice_is_something",
                violation_error_message="La tranche est d’au moins un centime.",
            )
        ]

    def __str__(self):
        return self.name


class AidRuleQuerySet(models.QuerySet):
    def in_force(self, month):
        """The rules that have begun by a month, the one in force first for each funder and nature."""
        return self.filter(since__lte=month).order_by("funder", "kind", "-since")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidRuleEvent")
class AidRule(models.Model):
    """Règle d’un type de compte: from a month on, what an hour is worth (S1-51) and how long a month's right lasts.

    ``hourly_rate`` in euros with four decimals: 42 h for 201,94 € are 4,8081 € an hour.
    """

    funder = models.ForeignKey(Funder, models.PROTECT, related_name="rules", verbose_name="financeur")
    kind = models.CharField("nature", max_length=5, choices=AidAccount.OF_FUNDERS)
    label = models.CharField("libellé du compte", max_length=80, help_text="APA EMPLOI DIRECT")
    since = models.DateField("à partir du mois", help_text="Le premier du mois.")
    hourly_rate = models.DecimalField(
        "montant horaire, en euros", max_digits=8, decimal_places=4, validators=[MinValueValidator(1)]
    )
    validity_months = models.PositiveSmallIntegerField(
        "validité d’un droit, en mois",
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(36)],
        help_text="1 : jusqu’à la fin du mois d’attribution.",
    )
    objects = AidRuleQuerySet.as_manager()

    class Meta:
        verbose_name = "règle d’un compte d’aide"
        verbose_name_plural = "règles des comptes d’aide"
        ordering = ["funder", "kind", "-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["funder", "kind", "since"],
                name="one_aid_rule_per_month",
                violation_error_message="Il y a déjà une règle de ce type à partir de ce mois.",
            ),
            models.CheckConstraint(
                condition=Q(since__day=1, hourly_rate__gte=1, validity_months__gte=1),
                name="aid_rule_is_one",
                violation_error_message="Une règle commence le premier d’un mois ; l’heure vaut 1 € au moins, un droit un mois.",
            ),
        ]

    def __str__(self):
        return f"{self.label} à partir du {self.since:%m-%Y}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidPlanEvent")
class AidPlan(models.Model):
    """Plan d’aide: so many minutes a month from a day on (S1-2), until the next plan of the account begins.

    A plan of 0 minutes ends the aid. ``hourly_rate`` (euros): this person's own, when it is not the rule's.
    """

    aid_account = models.ForeignKey(AidAccount, models.PROTECT, related_name="plans", verbose_name="compte d’aide")
    since = models.DateField("à partir du")
    minutes = models.PositiveIntegerField("minutes par mois", validators=[MaxValueValidator(744 * 60)])
    hourly_rate = models.DecimalField(
        "montant horaire propre, en euros",
        max_digits=8,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Vide : celui de la règle du financeur.",
    )
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "plan d’aide"
        verbose_name_plural = "plans d’aide"
        ordering = ["aid_account", "-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["aid_account", "since"],
                name="one_aid_plan_per_day",
                violation_error_message="Un plan commence déjà ce jour-là.",
            ),
            models.CheckConstraint(
                condition=Q(minutes__lte=744 * 60),
                name="aid_plan_fits_a_month",
                violation_error_message="Un mois n’a pas plus de 744 heures.",
            ),
            models.CheckConstraint(
                condition=Q(hourly_rate=None) | Q(hourly_rate__gte=1),
                name="aid_plan_hour_is_worth_a_euro",
                violation_error_message="L’heure vaut 1 € au moins.",
            ),
        ]

    def __str__(self):
        return f"{self.aid_account} à partir du {date_short(self.since)}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidSuspensionEvent")
class AidSuspension(models.Model):
    """Suspension: days for which no right is given, such as a stay in hospital; ``until`` is its last day."""

    class Reason(models.TextChoices):
        HOSPITAL = "hospital", "Hospitalisation"
        OTHER = "other", "Autre motif"

    aid_account = models.ForeignKey(
        AidAccount, models.PROTECT, related_name="suspensions", verbose_name="compte d’aide"
    )
    since = models.DateField("du")
    until = models.DateField("au", null=True, blank=True, help_text="Vide : jusqu’à nouvel ordre.")
    reason = models.CharField("motif", max_length=8, choices=Reason.choices, default=Reason.HOSPITAL)

    class Meta:
        verbose_name = "suspension"
        ordering = ["aid_account", "-since"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="aid_suspension_ends_after_it_begins",
                violation_error_message="Une suspension finit après avoir commencé.",
            )
        ]

    def __str__(self):
        return f"{self.get_reason_display()} du {date_short(self.since)}"


class RightsImport(models.Model):
    """Import mensuel: a funder's file of rights, as it was applied; the rows say what each line did."""

    funder = models.ForeignKey(Funder, models.PROTECT, related_name="imports", verbose_name="financeur")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)
    file_name = models.CharField("fichier", max_length=120)
    report = models.JSONField("compte rendu", default=dict)

    class Meta:
        verbose_name = "import de droits"
        verbose_name_plural = "imports de droits"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.file_name


class RightNotice(models.Model):
    """Avertissement: who may pay was told, so many days ahead, until when a right may be used; once each."""

    right = models.ForeignKey(MonthlyRight, models.CASCADE, related_name="notices", verbose_name="droit du mois")
    until = models.DateField("utilisable jusqu’au")
    days = models.PositiveSmallIntegerField("jours avant")
    at = models.DateTimeField("le")

    class Meta:
        verbose_name = "avertissement d’expiration"
        verbose_name_plural = "avertissements d’expiration"
        constraints = [models.UniqueConstraint(fields=["right", "until", "days"], name="one_notice_per_right_and_tier")]

    def __str__(self):
        return f"{self.right_id} – {self.days} jours"


# --- Who may use them -------------------------------------------------------------------------------------------------
@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidLoginEvent")
class AidLogin(models.Model):
    """Accès à l’espace bénéficiaire: a user of the portal with nothing but aid accounts; ``email`` receives its messages.

    A beneficiary signs in with the CESU code, everybody with the address. A couple may share one.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="aid_login", verbose_name="compte usager"
    )
    email = models.EmailField("adresse e-mail")
    created_at = models.DateTimeField("créé le", default=timezone.now)

    class Meta:
        verbose_name = "accès à l’espace bénéficiaire"
        verbose_name_plural = "accès à l’espace bénéficiaire"
        indexes = [models.Index(fields=["email"], name="aid_login_email")]

    def __str__(self):
        return str(self.user)


class AidAccessQuerySet(models.QuerySet):
    def of(self, user):
        """What a person may open, their own account first."""
        return self.standing().filter(user=user).select_related("holder").order_by("role", "pk")

    def standing(self):
        """Those that were not taken away."""
        return self.filter(revoked_at=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidAccessEvent")
class AidAccess(models.Model):
    """Autorisation: a person may look at a holder's accounts, and pay once ``confirmed_at``, unless ``may_pay`` is off.

    The beneficiary's own is confirmed at once when the funder holds no other contact; a helper's when it is given.
    """

    class Role(models.TextChoices):
        BENEFICIARY = "1", "Bénéficiaire"
        GUARDIAN = "2", "Tuteur ou mandataire"
        HELPER = "3", "Proche"

    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="accesses", verbose_name="porteur")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="aid_accesses", verbose_name="personne"
    )
    role = models.CharField("qualité", max_length=1, choices=Role.choices)
    may_pay = models.BooleanField("peut payer", default=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="donnée par"
    )
    created_at = models.DateTimeField("depuis le", default=timezone.now)
    confirmed_at = models.DateTimeField("confirmée le", null=True, blank=True)
    revoked_at = models.DateTimeField("retirée le", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="retirée par"
    )
    objects = AidAccessQuerySet.as_manager()

    class Meta:
        verbose_name = "autorisation"
        ordering = ["holder", "role", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["holder", "user"], condition=Q(revoked_at=None), name="one_access_per_person_and_holder"
            ),
            models.UniqueConstraint(
                fields=["holder"],
                condition=Q(role="1", revoked_at=None),
                name="one_beneficiary_per_holder",
                violation_error_message="Cette personne a déjà son accès.",
            ),
        ]

    def __str__(self):
        return f"{self.user} – {self.holder}"

    @property
    def pays(self) -> bool:
        """Whether this person may pay for the holder today; else they only look."""
        return self.may_pay and self.confirmed_at is not None and self.revoked_at is None


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidInvitationEvent")
class AidInvitation(models.Model):
    """Invitation d’un proche ou d’un tuteur: a single-use link sent to an address; ``ended_at`` when taken or withdrawn."""

    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="invitations", verbose_name="porteur")
    email = models.EmailField("adresse e-mail")
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    role = models.CharField("qualité", max_length=1, choices=AidAccess.Role.choices[1:], default=AidAccess.Role.HELPER)
    may_pay = models.BooleanField("peut payer", default=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    created_at = models.DateTimeField("envoyée le", default=timezone.now)
    ended_at = models.DateTimeField("close le", null=True, blank=True)
    access = models.OneToOneField(
        AidAccess, models.PROTECT, null=True, blank=True, related_name="invitation", verbose_name="autorisation"
    )

    class Meta:
        verbose_name = "invitation"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(access=None) | Q(ended_at__isnull=False), name="aid_invitation_taken_is_ended"
            )
        ]

    def __str__(self):
        return f"{self.first_name} {self.last_name}"
