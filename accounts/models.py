"""People who sign in, the communes, and what people have agreed to."""

import secrets
from datetime import timedelta

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.roles import Role
from common.values.calendars import ZONES, asks_for_church, subdivision_of
from common.values.dates import date_short

ACTIVATION_DAYS = 60
MAX_FAILURES = 5  # wrong codes before a letter is worth nothing, wrong answers before the question is blocked
BLOCKED = timedelta(hours=24)  # after the last wrong answer


class Commune(models.Model):
    """A commune of the authority. Its INSEE code gives the public holidays, its school calendar the school holidays."""

    insee_code = models.CharField(
        "code INSEE",
        max_length=5,
        unique=True,
        validators=[RegexValidator(r"^[0-9][0-9AB][0-9]{3}$", "Le code INSEE a 5 caractères, comme 01371.")],
    )
    name = models.CharField("nom", max_length=80)
    zone = models.CharField("calendrier scolaire", max_length=3, choices=ZONES.items())
    has_protestant_church = models.BooleanField(
        "temple protestant ou église mixte",
        null=True,
        blank=True,
        help_text="En Alsace et en Moselle seulement : le Vendredi saint n’y est férié que dans ces communes "
        "(article L3134-13 du code du travail).",
    )

    class Meta:
        verbose_name = "commune"
        ordering = ["name"]

    def __str__(self):
        return self.name

    def clean(self):
        if asks_for_church(self.insee_code) and self.has_protestant_church is None:
            raise ValidationError({"has_protestant_church": "Dites-le : le Vendredi saint en dépend."})

    @property
    def subdivision(self) -> str | None:
        """The department or territory whose own public holidays it keeps."""
        return subdivision_of(self.insee_code)


def new_identifier() -> str:
    """Return an identifier such as F4821730: easy to type from a letter, told apart from any 8-digit CESU code."""
    return f"F{secrets.randbelow(10**7):07d}"


class UserManager(BaseUserManager):
    def unused_identifier(self) -> str:
        """Return an identifier that nobody has."""
        while self.filter(identifier=(identifier := new_identifier())).exists():
            pass
        return identifier

    def named(self, login: str):
        """Whom an email address or an identifier names, or None; the same two look-ups whatever is found."""
        by_email = self.alias(lower=Lower("email")).filter(lower=login.lower()).first()
        by_identifier = self.filter(identifier__iexact=login).first()
        return by_email or by_identifier

    def create_user(self, identifier=None, email=None, password=None, **fields):
        """Create a person; ``email`` may be None for accounts opened by an agent."""
        email = self.normalize_email(email).lower() if email else None
        user = self.model(identifier=identifier or self.unused_identifier(), email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, identifier=None, email=None, password=None, **fields):
        return self.create_user(
            identifier, email, password, is_staff=True, is_superuser=True, status=User.Status.VALIDATED, **fields
        )

    def get_by_natural_key(self, identifier):
        return self.get(identifier__iexact=identifier)


class UserQuerySet(models.QuerySet):
    def residents(self):
        """People of the public, not agents."""
        return self.filter(is_staff=False)

    def pending(self):
        """Accounts that wait for an agent."""
        return self.residents().filter(status=User.Status.PENDING)

    def to_activate(self):
        """Whom a letter may reach: accounts never activated, and those of people without an address, who know no other way.

        Employers' managers and who manages an aid account have links of their own.
        """
        never = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        of_families = self.residents().filter(status=User.Status.VALIDATED, manager=None, aid_login=None)
        return of_families.filter(never | Q(email=None))

    def of_agent(self, agent):
        """The accounts that ``agent`` may see: of their communes; a « gestionnaire » those of people who named none yet too.

        The managers of employers and who manages an aid account have none: they are the issuer's and funders' matter.
        """
        if agent.is_superuser:
            return self
        mine = Q(commune__in=agent.communes.all())
        if Role.GESTIONNAIRE in agent.roles:
            mine |= Q(commune=None, manager=None, aid_login=None, funders=None)
        return self.filter(mine)


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["password", "last_login"], model_name="UserEvent"
)
class User(AbstractBaseUser, PermissionsMixin):
    """Compte usager: a person who signs in. ``status`` is the first gate; agents are staff."""

    class Gender(models.TextChoices):
        M = "M", "M"
        MME = "Mme", "Mme"

    class Status(models.TextChoices):
        PENDING = "pending", "En attente de validation"
        VALIDATED = "validated", "Validé"
        REFUSED = "refused", "Refusé"
        CLOSED = "closed", "Fermé"

    ARROWS = {
        Status.PENDING: {Status.VALIDATED, Status.REFUSED},
        Status.REFUSED: {Status.VALIDATED, Status.PENDING, Status.CLOSED},
        Status.VALIDATED: {Status.CLOSED},
        Status.CLOSED: {Status.VALIDATED},
    }

    identifier = models.CharField("identifiant", max_length=40, unique=True, default=new_identifier)
    email = models.EmailField("adresse e-mail", null=True, blank=True)  # noqa: DJ001 -- unique when given
    gender = models.CharField("genre", max_length=3, choices=Gender.choices, blank=True)
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    birth_date = models.DateField("date de naissance", null=True, blank=True)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    address = models.CharField("adresse", max_length=200, blank=True)
    postcode = models.CharField("code postal", max_length=5, blank=True)
    city = models.CharField("ville", max_length=80, blank=True)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, verbose_name="commune")

    status = models.CharField("statut", max_length=10, choices=Status.choices, default=Status.PENDING)
    decided_at = models.DateTimeField("décidé le", null=True, blank=True)
    decided_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="décidé par"
    )
    refusal_reason = models.TextField("motif du refus", blank=True)
    signed_up_at = models.DateTimeField("demande complète le", null=True, blank=True)

    is_staff = models.BooleanField("agent", default=False)
    roles = ArrayField(
        models.CharField(max_length=12, choices=Role.choices), default=list, blank=True, verbose_name="rôles"
    )
    is_active = models.BooleanField("peut se connecter", default=True)
    communes = models.ManyToManyField(Commune, blank=True, related_name="agents", verbose_name="communes de l’agent")
    date_joined = models.DateTimeField("créé le", default=timezone.now)

    USERNAME_FIELD = "identifier"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["first_name", "last_name"]
    objects = UserManager.from_queryset(UserQuerySet)()

    class Meta:
        verbose_name = "compte usager"
        verbose_name_plural = "comptes usagers"
        ordering = ["last_name", "first_name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message="Un compte existe déjà avec cette adresse e-mail.",
            ),
            models.CheckConstraint(
                condition=~Q(email=""),
                name="user_email_is_never_empty",
                violation_error_message="Sans adresse e-mail, ce champ reste vide.",
            ),
            models.CheckConstraint(
                condition=~Q(status="closed") | Q(is_active=False),
                name="user_closed_cannot_sign_in",
                violation_error_message="Un compte fermé ne peut plus se connecter.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "closed"]) | Q(is_staff=True) | Q(decided_at__isnull=False),
                name="user_decision_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(refusal_reason=""),
                name="user_refusal_has_reason",
                violation_error_message="Un refus a toujours un motif.",
            ),
        ]
        indexes = [models.Index(fields=["date_joined"], name="user_pending", condition=Q(status="pending"))]

    def __str__(self):
        return self.get_full_name()

    def get_full_name(self):
        return f"{self.first_name} {self.last_name}".strip() or self.identifier

    def get_short_name(self):
        return self.first_name

    @property
    def owner(self) -> str:
        """The person as an owner of messages and keys."""
        return f"user:{self.pk}"

    @property
    def may_enter(self) -> bool:
        """Whether the first gate is open: a validated account (or an agent)."""
        return self.is_staff or self.status == self.Status.VALIDATED

    @cached_property
    def serves_communes(self) -> bool:
        """Whether an agent does the communes' work: everyone but who was given the work of a group, and no commune."""
        return self.is_superuser or not self.get_group_permissions() or self.communes.exists()


class Agent(User):
    """A municipal agent: the same row, kept by the portal's managers."""

    class Meta:
        proxy = True
        verbose_name = "agent"
        ordering = ["last_name", "first_name"]


class ConsentQuerySet(models.QuerySet):
    def of(self, user):
        """What a person agreed to over time."""
        return self.filter(user=user)

    def current(self, user) -> dict[str, bool]:
        """The last answer of each kind."""
        return dict(self.of(user).order_by("at", "pk").values_list("kind", "given"))


class Consent(models.Model):
    """What a person agreed to or withdrew, dated; the last row of a kind counts. Rows are never changed."""

    class Kind(models.TextChoices):
        TERMS = "terms", "Conditions générales et politique de confidentialité"
        NEWSLETTER = "newsletter", "Newsletter"
        PARTNERS = "partners", "Offres des partenaires"
        COMPANY = "company", "Je suis une société"

    user = models.ForeignKey(User, models.CASCADE, related_name="consents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    given = models.BooleanField()
    version = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField(default=timezone.now)
    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = "consentement"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.get_kind_display()} : {'oui' if self.given else 'non'}"


class ActivationCodeQuerySet(models.QuerySet):
    def live(self):
        """Codes that still open an account."""
        return self.filter(used_at=None, expires_at__gt=timezone.now(), failures__lt=MAX_FAILURES)


class ActivationCode(models.Model):
    """A single-use code printed in a letter: with the identifier it lets a person choose a password. Kept hashed."""

    user = models.ForeignKey(User, models.CASCADE, related_name="activation_codes")
    code_hash = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    objects = ActivationCodeQuerySet.as_manager()

    class Meta:
        verbose_name = "code d’activation"
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(used_at=None), name="one_live_activation_code"),
        ]

    def __str__(self):
        return f"{self.user.identifier} jusqu’au {date_short(self.expires_at)}"

    @staticmethod
    def default_expiry():
        return timezone.now() + timedelta(days=ACTIVATION_DAYS)


@pghistory.track(pghistory.InsertEvent(), model_name="CredentialActEvent")
class CredentialAct(models.Model):
    """What was done about a person's way in by way of an agent; rows are only added, and the person is told of each."""

    class Kind(models.TextChoices):
        LETTER = "letter", "Courrier d’activation imprimé"
        LETTER_USED = "letter_used", "Mot de passe choisi avec le code du courrier"
        RESET = "reset", "Lien envoyé pour choisir un nouveau mot de passe"
        EMAIL = "email", "Adresse e-mail changée"

    user = models.ForeignKey(User, models.CASCADE, related_name="credential_acts")
    agent = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "acte sur un accès"
        verbose_name_plural = "actes sur les accès"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.get_kind_display()} : {self.user}"


class SecurityQuestionQuerySet(models.QuerySet):
    def of(self, user):
        """A person's own question, if they set one."""
        return self.filter(user=user)


class SecurityQuestion(models.Model):
    """Question de sécurité: asked of who forgot their password, before the reset link; never instead of it."""

    user = models.OneToOneField(User, models.CASCADE, related_name="security_question")
    question = models.CharField("question", max_length=120)
    answer_hash = models.CharField(max_length=128)
    failures = models.PositiveSmallIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    objects = SecurityQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = "question de sécurité"
        verbose_name_plural = "questions de sécurité"

    def __str__(self):
        return f"Question de {self.user}"

    def is_blocked(self) -> bool:
        """Whether too many wrong answers were given in the last hours."""
        return self.failures >= MAX_FAILURES and timezone.now() < self.failed_at + BLOCKED
