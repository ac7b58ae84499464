"""What the issuer of the CESU decides: its settings, ceilings, transports, terms of sale, news and documents."""

from django.core.cache import caches
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from common.models import iban


class Issuer(models.Model):
    """L’émetteur des CESU: one row, edited in admin. Amounts in cents, rates in basis points (2000 = 20 %)."""

    name = models.CharField("nom des titres", max_length=80, default="CESU")
    legal_name = models.CharField("raison sociale", max_length=120, blank=True)
    address = models.TextField("adresse", blank=True)
    siren = models.CharField("SIREN", max_length=9, blank=True)
    vat_number = models.CharField("n° de TVA intracommunautaire", max_length=20, blank=True)
    iban = models.CharField("IBAN où les employeurs virent", max_length=34, blank=True, validators=[iban])
    bic = models.CharField("BIC", max_length=11, blank=True)
    phone = models.CharField("téléphone du Service Clients", max_length=30, blank=True)
    phone_price = models.CharField("prix de l’appel", max_length=60, blank=True)
    phone_hours = models.CharField("heures d’appel", max_length=120, blank=True)
    email = models.EmailField("adresse e-mail du Service Clients", blank=True)
    min_face_cents = models.PositiveIntegerField("valeur faciale minimum, en centimes", default=100)
    max_face_cents = models.PositiveIntegerField("valeur faciale maximum, en centimes", default=10000)
    max_booklets = models.PositiveSmallIntegerField("carnets par ligne, au plus", default=100)
    max_vouchers = models.PositiveSmallIntegerField("titres par carnet, au plus", default=100)
    vat_rate = models.PositiveSmallIntegerField("TVA sur les frais, en points de base", default=2000)

    class Meta:
        verbose_name = verbose_name_plural = "émetteur des CESU"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="issuer_is_one"),
            models.CheckConstraint(
                condition=Q(min_face_cents__gte=1, max_face_cents__gte=F("min_face_cents")),
                name="issuer_face_bounds",
                violation_error_message="La valeur faciale maximum est au moins la valeur faciale minimum.",
            ),
            models.CheckConstraint(
                condition=Q(max_booklets__gte=1, max_vouchers__gte=1, vat_rate__lte=10000),
                name="issuer_bounds",
                violation_error_message="Les maximums sont d’au moins 1, la TVA d’au plus 100 %.",
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)
        caches["process"].delete("issuer")

    @property
    def missing(self) -> list[str]:
        """What an invoice cannot do without (EN 16931) and nobody filled in yet, as it is called in admin."""
        needed = {"SIREN": self.siren, "n° de TVA intracommunautaire": self.vat_number, "IBAN": self.iban}
        return [label for label, value in needed.items() if not value]


def issuer() -> Issuer:
    """Return the issuer's settings, at most 30 seconds old; those of nobody yet are the defaults, and not written."""
    return caches["process"].get_or_set("issuer", lambda: Issuer.objects.filter(pk=1).first() or Issuer(pk=1))


class Ceiling(models.Model):
    """Plafond d’exonération: the employer share free of charges, per beneficiary and civil year (code du travail, D7233-8)."""

    year = models.PositiveSmallIntegerField("année", unique=True)
    cents = models.PositiveIntegerField("plafond, en centimes")

    class Meta:
        verbose_name = "plafond d’exonération"
        verbose_name_plural = "plafonds d’exonération"
        ordering = ["-year"]

    def __str__(self):
        return str(self.year)


class Transport(models.Model):
    """Mode de transport: how paper titles travel, in how many business days (indicative), at what price."""

    name = models.CharField("nom", max_length=80, unique=True)
    business_days = models.PositiveSmallIntegerField("délai, en jours ouvrés")
    cents = models.PositiveIntegerField("prix hors taxes, en centimes", default=0)
    is_active = models.BooleanField("proposé", default=True)

    class Meta:
        verbose_name = "mode de transport"
        verbose_name_plural = "modes de transport"
        ordering = ["business_days", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(business_days__gte=1),
                name="transport_takes_a_day",
                violation_error_message="Une livraison prend au moins un jour ouvré.",
            )
        ]

    def __str__(self):
        return f"{self.name} ({self.business_days} jours ouvrés)"


class Terms(models.Model):
    """Conditions Générales de Vente: the last published version is the one that an order accepts."""

    version = models.CharField("version", max_length=20, unique=True)
    text = models.TextField("texte")
    published_on = models.DateField("publiée le", default=timezone.localdate)

    class Meta:
        verbose_name = "conditions générales de vente"
        verbose_name_plural = "conditions générales de vente"
        ordering = ["-published_on", "-pk"]

    def __str__(self):
        return f"version {self.version}"


class SpaceNewsQuerySet(models.QuerySet):
    def shown(self, today):
        """What the home of the space shows on a day."""
        return self.filter(published_on__lte=today).filter(Q(until=None) | Q(until__gte=today))


class SpaceNews(models.Model):
    """Actualité: news of the CESU on the home of the employers' space."""

    class Kind(models.TextChoices):
        VINTAGE = "vintage", "Nouveau millésime"
        REGULATION = "regulation", "Nouveautés réglementaires"
        OPTIONS = "options", "Nouvelles options"

    kind = models.CharField("nature", max_length=10, choices=Kind.choices)
    title = models.CharField("titre", max_length=120)
    text = models.TextField("texte")
    published_on = models.DateField("publiée le", default=timezone.localdate)
    until = models.DateField("jusqu’au", null=True, blank=True)
    objects = SpaceNewsQuerySet.as_manager()

    class Meta:
        verbose_name = "actualité des CESU"
        verbose_name_plural = "actualités des CESU"
        ordering = ["-published_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("published_on")),
                name="space_news_ends_after_it_begins",
                violation_error_message="Une actualité se termine après sa publication.",
            )
        ]

    def __str__(self):
        return self.title


class UsefulDocumentQuerySet(models.QuerySet):
    def offered(self):
        """Those that have a file."""
        return self.exclude(key="")


class UsefulDocument(models.Model):
    """Document utile: a PDF that managers download; ``key`` names its blob in the vault."""

    title = models.CharField("titre", max_length=120)
    description = models.CharField("à quoi il sert", max_length=200, blank=True)
    key = models.CharField("fichier", max_length=40, blank=True, editable=False)
    rank = models.PositiveSmallIntegerField("rang", default=0)
    objects = UsefulDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "document utile"
        verbose_name_plural = "documents utiles"
        ordering = ["rank", "title"]

    def __str__(self):
        return self.title
