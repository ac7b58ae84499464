"""What every app leans on: the authority's settings, outgoing emails, runs of jobs, idempotency keys.

These tables know nothing of the apps above: owners are written as text (``user:12``, ``family:3``).
"""

import json
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from common.values.sepa import account_fault, is_creditor_id


def creditor_id(text: str) -> None:
    """Refuse what cannot be an ICS."""
    if not is_creditor_id(text):
        raise ValidationError("Cet ICS n’est pas valable : recopiez-le depuis le courrier de la Banque de France.")


def iban(text: str) -> None:
    """Refuse what is no IBAN of the SEPA zone."""
    if fault := account_fault(text):
        raise ValidationError(fault)


def top_up_amounts() -> list[int]:
    """What « Recharger mon crédit » offers at first, in euros."""
    return [20, 30, 50, 100]


colour = RegexValidator(r"^#[0-9a-fA-F]{6}$", "Une couleur s’écrit comme #0f5a60.")


class Authority(models.Model):
    """The local authority that runs this portal: one row, edited in admin."""

    name = models.CharField("nom du portail", max_length=80, default="Parvis")
    subtitle = models.CharField("collectivité", max_length=120, blank=True)
    welcome = models.CharField("titre d’accueil", max_length=200, blank=True)
    introduction = models.TextField("texte d’accueil", blank=True)
    address = models.TextField("adresse", blank=True)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    email = models.EmailField("adresse e-mail de contact", blank=True)
    publisher = models.CharField(
        "directeur ou directrice de la publication", max_length=120, blank=True, help_text="Nom et fonction."
    )
    host = models.TextField("hébergeur", blank=True, help_text="Nom, adresse et téléphone.")
    data_protection = models.TextField(
        "délégué à la protection des données", blank=True, help_text="Comment l’interroger : adresse, e-mail."
    )
    accessibility_on = models.DateField("déclaration d’accessibilité établie le", null=True, blank=True)
    accessibility_gaps = models.TextField("défauts d’accessibilité connus", blank=True, help_text="Un par ligne.")
    security_contact = models.EmailField(
        "adresse e-mail pour signaler une faille de sécurité",
        blank=True,
        help_text="Publiée dans /.well-known/security.txt. Vide : l’adresse e-mail de contact.",
    )
    colour_primary = models.CharField("couleur principale", max_length=7, default="#0f5a60", validators=[colour])
    colour_accent = models.CharField("couleur d’accent", max_length=7, default="#a8431c", validators=[colour])
    validates_accounts = models.BooleanField(
        "un agent valide chaque compte", default=True, help_text="Sinon un compte s’ouvre dès l’adresse confirmée."
    )
    partner_offers = models.BooleanField("proposer les offres des partenaires", default=False)
    terms_version = models.CharField("version des conditions générales", max_length=20, default="1")
    terms = models.TextField("conditions générales et politique de confidentialité", blank=True)
    counter_payment = models.TextField("comment recharger au guichet", blank=True)
    top_up_amounts = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="recharges proposées, en euros", default=top_up_amounts
    )
    top_up_min = models.PositiveSmallIntegerField("recharge minimum, en euros", default=5)
    top_up_max = models.PositiveSmallIntegerField("recharge maximum, en euros", default=500)
    documents_a_day = models.PositiveSmallIntegerField(
        "documents qu’une famille envoie par jour, en Mo",
        default=100,
        validators=[MinValueValidator(20), MaxValueValidator(2000)],
        help_text="Au-delà, la famille est invitée à continuer le lendemain. Une photo pèse de 2 à 6 Mo.",
    )
    creditor_name = models.CharField(
        "créancier SEPA", max_length=70, blank=True, help_text="Vide : le nom de la collectivité."
    )
    creditor_id = models.CharField(
        "identifiant créancier SEPA (ICS)", max_length=35, blank=True, validators=[creditor_id]
    )
    creditor_iban = models.CharField("IBAN de la régie", max_length=34, blank=True, validators=[iban])
    creditor_bic = models.CharField("BIC de la régie", max_length=11, blank=True)
    debit_day = models.PositiveSmallIntegerField(
        "jour du prélèvement mensuel",
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text="Remis au jour ouvré suivant s’il tombe un week-end ou un jour férié.",
    )
    debit_notice = models.PositiveSmallIntegerField(
        "préavis du prélèvement, en jours", default=14, validators=[MinValueValidator(2), MaxValueValidator(28)]
    )

    class Meta:
        verbose_name = verbose_name_plural = "collectivité"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="authority_is_one"),
            models.CheckConstraint(
                condition=Q(top_up_min__gte=1, top_up_max__gte=F("top_up_min")),
                name="authority_top_up_bounds",
                violation_error_message="La recharge maximum est au moins la recharge minimum, elle-même d’1 € ou plus.",
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)
        caches["process"].delete("authority")


def authority() -> Authority:
    """Return the authority's settings, at most 30 seconds old."""
    return caches["process"].get_or_set("authority", lambda: Authority.objects.get_or_create(pk=1)[0])


class SentToday(models.Model):
    """How many bytes of documents an owner (``family:3``, ``user:12``) sent on a day."""

    owner = models.CharField(max_length=40)
    day = models.DateField()
    bytes = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "day"], name="one_count_per_owner_and_day")]

    def __str__(self):
        return f"{self.owner} {self.day}"


class OutgoingEmail(models.Model):
    """An email owed: written in the business transaction, sent by the relay, shown in the portal as a message."""

    owner = models.CharField(
        "destinataire", max_length=40, blank=True, help_text="À qui le message appartient, comme user:12."
    )
    to = models.EmailField("destinataire", blank=True, help_text="Vide : le message ne se lit que dans le portail.")
    template = models.CharField("modèle", max_length=80)
    context = models.JSONField(default=dict)
    secret = models.BooleanField(default=False, help_text="Le contexte est effacé après l’envoi.")
    message_id = models.UUIDField("identifiant", default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField("créé le", default=timezone.now)
    next_try_at = models.DateTimeField("prochain essai", default=timezone.now)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    given_up_at = models.DateTimeField("abandonné le", null=True, blank=True)

    class Meta:
        verbose_name = "message"
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="email_to_send", condition=Q(sent_at=None, given_up_at=None) & ~Q(to="")
            ),
            models.Index(fields=["owner", "-created_at"], name="email_of_owner"),
        ]

    def __str__(self):
        return f"{self.template} → {self.to or self.owner}"


class Outage(models.Model):
    """A service outside that did not answer: until when it is left alone (common.brakes.breaker)."""

    service = models.CharField("service", max_length=40, primary_key=True)
    failures = models.PositiveIntegerField("échecs de suite", default=0)
    rest_until = models.DateTimeField("laissé en paix jusqu’à", default=timezone.now)

    class Meta:
        verbose_name = "service muet"
        verbose_name_plural = "services muets"

    def __str__(self):
        return self.service


class JobRun(models.Model):
    """A periodic job's run for one business date; its lease lets a second scheduler stand back and a crash be resumed."""

    job = models.CharField(max_length=60)
    business_date = models.DateField()
    started_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=dict)

    class Meta:
        verbose_name = "exécution de tâche"
        verbose_name_plural = "exécutions de tâches"
        constraints = [models.UniqueConstraint(fields=["job", "business_date"], name="one_run_per_job_and_date")]

    def __str__(self):
        return f"{self.job} {self.business_date}"


class IdempotencyKey(models.Model):
    """One confirmation of a form: the first answer is kept here and given again to a second click."""

    key = models.UUIDField(primary_key=True)
    owner = models.CharField(max_length=40)
    purpose = models.CharField(max_length=80)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self):
        return f"{self.owner} {self.purpose}"

    def remember(self, answer: dict) -> dict:
        """Keep ``answer`` for a second click, and return it."""
        self.answer = answer
        with connection.cursor() as cursor:
            cursor.execute(_REMEMBER, [json.dumps(answer), self.key])
        return answer


class Tries(models.Model):
    """Essais: how often something was tried since an instant (``code:12345678``, ``password:12``), see common/brakes/tries.py."""

    subject = models.CharField("objet", max_length=60, unique=True)
    count = models.PositiveIntegerField("essais", default=0)
    since = models.DateTimeField("depuis")

    class Meta:
        verbose_name = "essais"
        verbose_name_plural = "essais"

    def __str__(self):
        return self.subject


class RateCount(models.Model):
    """What a rate limit remembers until an instant, see common/brakes/rate_counts.py."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self):
        return self.key


_REMEMBER = "UPDATE lib_idempotencykey SET answer = %s::jsonb WHERE key = %s"
