"""Who receives CESU: the holder with their code, the beneficiary that one employer pays, the accounts of aid."""

import secrets

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone

from cesu.models.alphabet import alphabetical
from cesu.models.employers import Employer
from wallet.models import Account


def new_code() -> str:
    """Return a CESU code: 8 digits (S1-27), the first not 0: a spreadsheet drops it, and the letter says 7 digits."""
    return str(10**7 + secrets.randbelow(9 * 10**7))


class CesuHolder(models.Model):
    """Porteur CESU: a person with a unique code of 8 digits."""

    code = models.CharField(
        "code CESU",
        max_length=8,
        unique=True,
        default=new_code,
        validators=[RegexValidator(r"^[0-9]{8}$", "Le code CESU est constitué de 8 chiffres.")],
    )
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    birth_date = models.DateField("date de naissance", null=True, blank=True)
    contact_email = models.EmailField(
        "adresse e-mail connue du financeur",
        blank=True,
        help_text="Elle confirme une inscription faite avec une autre.",
    )
    contact_phone = models.CharField("téléphone connu du financeur", max_length=30, blank=True)

    class Meta:
        verbose_name = "porteur CESU"
        verbose_name_plural = "porteurs CESU"
        ordering = ["last_name", "first_name", "pk"]

    def __str__(self):
        return f"{self.last_name} {self.first_name}"


class Category(models.TextChoices):
    """Catégorie d’utilisation du titre."""

    ALL = "all", "Tous services à la personne"
    CHILDCARE = "childcare", "Garde d’enfants"
    DEPENDENT = "dependent", "Aide aux personnes dépendantes"


class Form(models.TextChoices):
    """Type de CESU: the choice is the employee's."""

    PAPER = "paper", "Papier"
    ELECTRONIC = "e", "e-CESU"


class BeneficiaryQuerySet(models.QuerySet):
    def of(self, user):
        """Those of a manager's employer, in alphabetical order."""
        mine = self.filter(employer__in=Employer.objects.of(user))
        return mine.select_related("holder").order_by(*alphabetical("holder__"), "pk")

    def found(self, words):
        """Those of whom every word is in the name or the number."""
        names = ("holder__last_name", "holder__first_name", "employee_number")
        matches = (Q(*((f"{name}__icontains", word) for name in names), _connector=Q.OR) for word in words)
        return self.filter(*matches)

    def current(self):
        """Those for whom one may order."""
        return self.filter(archived_at=None)


@pghistory.track(pghistory.UpdateEvent(), model_name="BeneficiaryEvent", fields=["form", "archived_at"])
class Beneficiary(models.Model):
    """Bénéficiaire: a holder whom an employer pays CESU, with what is usually ordered for them.

    ``usual_face_cents`` in cents, ``usual_share`` in percent of the face value (1 to 100).
    """

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="beneficiaries", verbose_name="employeur")
    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="beneficiaries", verbose_name="porteur")
    employee_number = models.CharField("matricule", max_length=40, blank=True)
    email = models.EmailField("adresse e-mail", blank=True)
    address = models.CharField("adresse", max_length=200, blank=True)
    postcode = models.CharField("code postal", max_length=5, blank=True)
    city = models.CharField("ville", max_length=80, blank=True)
    delivery_point = models.CharField("point de livraison", max_length=80, blank=True)
    department = models.CharField("code statistique", max_length=40, blank=True)
    category = models.CharField(
        "catégorie d’utilisation habituelle", max_length=10, choices=Category.choices, default=Category.ALL
    )
    form = models.CharField("type de CESU", max_length=5, choices=Form.choices, default=Form.PAPER)
    form_chosen_on = models.DateField("choix du salarié le", null=True, blank=True)
    usual_vouchers = models.PositiveSmallIntegerField(
        "titres par carnet habituels", default=10, validators=[MinValueValidator(1)]
    )
    usual_face_cents = models.PositiveIntegerField("valeur faciale habituelle, en centimes", default=1500)
    usual_share = models.PositiveSmallIntegerField(
        "part patronale habituelle, en %", default=100, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    created_at = models.DateTimeField("créé le", default=timezone.now)
    archived_at = models.DateTimeField("archivé le", null=True, blank=True)
    objects = BeneficiaryQuerySet.as_manager()

    class Meta:
        verbose_name = "bénéficiaire CESU"
        verbose_name_plural = "bénéficiaires CESU"
        ordering = ["holder__last_name", "holder__first_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["employer", "employee_number"],
                condition=Q(archived_at=None) & ~Q(employee_number=""),
                name="employee_number_per_employer",
                violation_error_message="Un bénéficiaire a déjà ce matricule.",
            ),
            models.CheckConstraint(
                condition=Q(usual_share__gte=1, usual_share__lte=100),
                name="beneficiary_share_is_a_share",
                violation_error_message="La part patronale va de 1 à 100 %.",
            ),
            models.CheckConstraint(
                condition=Q(usual_vouchers__gte=1, usual_face_cents__gte=1),
                name="beneficiary_usual_is_something",
                violation_error_message="Un carnet a au moins un titre, un titre a une valeur.",
            ),
            models.CheckConstraint(
                condition=~Q(form="e") | Q(form_chosen_on__isnull=False),
                name="beneficiary_chose_ecesu",
                violation_error_message="L’e-CESU est le choix du salarié : indiquez quand il l’a fait.",
            ),
        ]

    def __str__(self):
        return str(self.holder)


class AidAccountQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """Those of an agent's funders; all that a funder gives for who manages the portal."""
        given = self.exclude(funder=None)
        return given if agent.is_superuser else given.filter(funder__staff=agent)

    def locked(self):
        """The same, locked until the transaction ends."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidAccountEvent")
class AidAccount(models.Model):
    """Compte d’aide: where a holder's rights of one nature stand. e-CESU in euros; APA and PCH in hours, of a funder.

    ``ended_on``: the last day for which rights are given (death, end of the aid); ``closes_on``: the last day on which
    what is left may be used.
    """

    class Kind(models.TextChoices):
        ECESU = "ecesu", "e-CESU"
        APA = "apa", "APA"
        PCH = "pch", "PCH"

    class End(models.TextChoices):
        DEATH = "death", "Décès"
        OTHER = "other", "Fin de l’aide"

    OF_FUNDERS = [(Kind.APA, "APA"), (Kind.PCH, "PCH")]

    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="aid_accounts", verbose_name="porteur")
    kind = models.CharField("nature", max_length=5, choices=Kind.choices)
    funder = models.ForeignKey(
        "cesu.Funder", models.PROTECT, null=True, blank=True, related_name="aid_accounts", verbose_name="financeur"
    )
    ended_on = models.DateField("fin des droits le", null=True, blank=True)
    end_reason = models.CharField("motif de fin", max_length=5, choices=End.choices, blank=True)
    closes_on = models.DateField("paiements possibles jusqu’au", null=True, blank=True)
    objects = AidAccountQuerySet.as_manager()

    class Meta:
        verbose_name = "compte d’aide"
        verbose_name_plural = "comptes d’aide"
        constraints = [
            models.UniqueConstraint(fields=["holder", "kind"], name="one_aid_account_per_holder_and_kind"),
            models.CheckConstraint(
                condition=Q(kind="ecesu", funder=None) | ~Q(kind="ecesu") & Q(funder__isnull=False),
                name="aid_account_has_its_funder",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, closes_on=None, end_reason="")
                | Q(ended_on__isnull=False, closes_on__gte=F("ended_on")) & ~Q(end_reason=""),
                name="aid_account_end_is_whole",
                violation_error_message="Une fin de droits a un motif, et les paiements cessent le jour même ou après.",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} – {self.holder}"

    @property
    def is_in_hours(self) -> bool:
        """Whether its rights are hours; else euros."""
        return self.kind != self.Kind.ECESU


class MonthlyRightQuerySet(models.QuerySet):
    def until_when(self):
        """Rights, each with ``until``, the last day on which it may be used: reopened, or its account closed before."""
        last = Greatest(F("expires_on"), Coalesce("reopened_until", "expires_on"))
        return self.annotate(until=Least(last, Coalesce("aid_account__closes_on", last)))


class MonthlyRight(models.Model):
    """Droit du mois: what was credited to an aid account in a month and may be used until a day; its money in ``account``.

    For e-CESU, the month of their fabrication and the end of their vintage. For hours, ``granted_minutes`` and
    ``granted_cents`` say what the funder gave in all, in ``revision`` moves of the ledger; after a rejected transfer the
    right may be used until ``reopened_until`` too.
    """

    aid_account = models.ForeignKey(AidAccount, models.PROTECT, related_name="rights", verbose_name="compte d’aide")
    month = models.DateField("mois", help_text="Le premier du mois.")
    expires_on = models.DateField("utilisable jusqu’au")
    account = models.OneToOneField(Account, models.PROTECT, related_name="monthly_right", verbose_name="compte")
    granted_minutes = models.PositiveIntegerField("minutes accordées", null=True, blank=True)
    granted_cents = models.PositiveBigIntegerField("montant accordé, en centimes", null=True, blank=True)
    revision = models.PositiveIntegerField("changements", default=0)
    reopened_until = models.DateField("rouvert jusqu’au", null=True, blank=True)
    objects = MonthlyRightQuerySet.as_manager()

    class Meta:
        verbose_name = "droit du mois"
        verbose_name_plural = "droits du mois"
        ordering = ["expires_on", "month"]
        constraints = [
            models.UniqueConstraint(fields=["aid_account", "month", "expires_on"], name="one_right_per_month_and_end"),
            models.UniqueConstraint(
                fields=["aid_account", "month"],
                condition=Q(granted_minutes__isnull=False),
                name="one_right_in_hours_per_month",
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="right_month_is_a_first"),
            models.CheckConstraint(
                condition=Q(granted_minutes=None, granted_cents=None)
                | Q(granted_minutes=0, granted_cents=0)
                | Q(granted_minutes__gt=0, granted_cents__gte=F("granted_minutes")),
                name="right_granted_hours_and_cents",
                violation_error_message="Une minute vaut un centime au moins.",
            ),
        ]

    def __str__(self):
        return f"{self.aid_account} {self.month:%m-%Y}"
