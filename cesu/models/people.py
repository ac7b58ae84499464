"""Who receives CESU: the holder with their code, the beneficiary that one employer pays, the accounts of aid."""

import secrets

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cesu.models.alphabet import alphabetical
from cesu.models.employers import Employer
from wallet.models import Account


def new_code() -> str:
    """Return a CESU code: 8 digits (S1-27)."""
    return f"{secrets.randbelow(10**8):08d}"


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


class AidAccount(models.Model):
    """Compte d’aide: where a holder's rights of one nature stand. e-CESU here; APA and PCH are a funder's."""

    class Kind(models.TextChoices):
        ECESU = "ecesu", "e-CESU"
        APA = "apa", "APA"
        PCH = "pch", "PCH"

    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="aid_accounts", verbose_name="porteur")
    kind = models.CharField("nature", max_length=5, choices=Kind.choices)

    class Meta:
        verbose_name = "compte d’aide"
        verbose_name_plural = "comptes d’aide"
        constraints = [models.UniqueConstraint(fields=["holder", "kind"], name="one_aid_account_per_holder_and_kind")]

    def __str__(self):
        return f"{self.get_kind_display()} – {self.holder}"


class MonthlyRight(models.Model):
    """Droit du mois: what was credited to an aid account in a month and may be used until a day; its money in ``account``.

    For e-CESU, the month of their fabrication and the end of their vintage.
    """

    aid_account = models.ForeignKey(AidAccount, models.PROTECT, related_name="rights", verbose_name="compte d’aide")
    month = models.DateField("mois", help_text="Le premier du mois.")
    expires_on = models.DateField("utilisable jusqu’au")
    account = models.OneToOneField(Account, models.PROTECT, related_name="monthly_right", verbose_name="compte")

    class Meta:
        verbose_name = "droit du mois"
        verbose_name_plural = "droits du mois"
        ordering = ["expires_on", "month"]
        constraints = [
            models.UniqueConstraint(fields=["aid_account", "month", "expires_on"], name="one_right_per_month_and_end"),
            models.CheckConstraint(condition=Q(month__day=1), name="right_month_is_a_first"),
        ]

    def __str__(self):
        return f"{self.aid_account} {self.month:%m-%Y}"
