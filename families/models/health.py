"""What those who look after a child must know: health, diet, whom to call, who may collect, what is allowed.

Health is kept as one sealed value: a copy of the database without the key ring says nothing about any child, and
nothing of it can be listed, searched or exported by mistake.
"""

import json
from dataclasses import asdict, dataclass

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from common.documents import vault
from families import hooks
from families.models.households import Member


class Diet(models.TextChoices):
    """Boxes of the menu, never their reason: « sans porc » is allowed, a religion is not (CNIL)."""

    NO_PORK = "no_pork", "Sans porc"
    NO_MEAT = "no_meat", "Sans viande"
    NO_FISH = "no_fish", "Sans poisson"
    NO_GLUTEN = "no_gluten", "Sans gluten"
    NO_LACTOSE = "no_lactose", "Sans lactose"


class Allergen(models.TextChoices):
    """The 14 allergens of annex II of regulation (EU) 1169/2011."""

    GLUTEN = "gluten", "Céréales contenant du gluten"
    CRUSTACEANS = "crustaceans", "Crustacés"
    EGGS = "eggs", "Œufs"
    FISH = "fish", "Poissons"
    PEANUTS = "peanuts", "Arachides"
    SOYA = "soya", "Soja"
    MILK = "milk", "Lait"
    NUTS = "nuts", "Fruits à coque"
    CELERY = "celery", "Céleri"
    MUSTARD = "mustard", "Moutarde"
    SESAME = "sesame", "Sésame"
    SULPHITES = "sulphites", "Sulfites"
    LUPIN = "lupin", "Lupin"
    MOLLUSCS = "molluscs", "Mollusques"


@dataclass(frozen=True, kw_only=True)
class HealthContent:
    """What a health sheet says."""

    has_pai: bool = False
    allergens: tuple[str, ...] = ()
    allergies: str = ""
    treatments: str = ""
    diet: tuple[str, ...] = ()
    doctor: str = ""
    doctor_phone: str = ""

    def allergen_names(self) -> list[str]:
        return [Allergen(each).label for each in self.allergens]

    def diet_names(self) -> list[str]:
        return [Diet(each).label for each in self.diet]


class HealthSheet(models.Model):
    """Fiche santé of a child, shared by its families; bound to the child: sealed on another row it does not open."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="health_sheet", verbose_name="enfant")
    sealed = models.BinaryField()
    updated_at = models.DateTimeField("modifiée le", default=timezone.now)
    updated_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="modifiée par")

    class Meta:
        verbose_name = "fiche santé"
        verbose_name_plural = "fiches santé"

    def __str__(self):
        return f"Fiche santé de {self.member}"

    @staticmethod
    def seal(member_id: int, content: HealthContent) -> bytes:
        return vault.seal(json.dumps(asdict(content)).encode(), f"health:{member_id}")

    @property
    def content(self) -> HealthContent:
        """What the sheet says. Raise DocumentUnreadable when it was altered, moved or its key is lost."""
        said = json.loads(vault.unseal(self.sealed, f"health:{self.member_id}"))
        return HealthContent(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
        )


class ContactQuerySet(models.QuerySet):
    def of(self, user):
        """The contacts of the children of a guardian's family."""
        return self.filter(member__in=Member.objects.of(user))


class Contact(models.Model):
    """Someone near a child: to be called in an emergency, allowed to collect, or both."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="contacts", verbose_name="enfant")
    name = models.CharField("nom", max_length=80)
    phone = models.CharField("téléphone", max_length=30)
    kinship = models.CharField("lien avec l’enfant", max_length=40)
    is_emergency = models.BooleanField("à prévenir en cas d’urgence", default=False)
    may_collect = models.BooleanField("peut venir chercher l’enfant", default=False)
    rank = models.PositiveSmallIntegerField("ordre d’appel", default=1)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="donné par")
    added_at = models.DateTimeField("donné le", default=timezone.now)
    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = "contact"
        ordering = ["rank", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_emergency=True) | Q(may_collect=True),
                name="contact_serves_for_something",
                violation_error_message="Cochez au moins une case : à prévenir, ou peut venir chercher l’enfant.",
            ),
            models.UniqueConstraint(
                fields=["member", "name"],
                name="contact_named_once",
                violation_error_message="Cette personne figure déjà parmi les contacts.",
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.kinship})"


NEVER_CHANGED = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class MemberConsentQuerySet(models.QuerySet):
    def standing(self):
        """The answers that count: the last of each kind, of each child."""
        return self.order_by("member_id", "kind", "-at", "-pk").distinct("member_id", "kind")


class MemberConsent(models.Model):
    """What a guardian allows for a child, or withdraws, dated; the last row of a kind counts. Rows are never changed."""

    class Kind(models.TextChoices):
        PHOTO = "photo", "Photos et vidéos"
        OUTINGS = "outings", "Sorties"
        HOSPITAL = "hospital", "Soins en urgence"

    member = models.ForeignKey(Member, models.PROTECT, related_name="consents", verbose_name="enfant")
    kind = models.CharField("autorisation", max_length=8, choices=Kind.choices)
    given = models.BooleanField("accordée")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)
    objects = MemberConsentQuerySet.as_manager()

    class Meta:
        verbose_name = "autorisation"
        ordering = ["-at", "-pk"]
        triggers = [NEVER_CHANGED]

    def __str__(self):
        return f"{self.get_kind_display()} : {'oui' if self.given else 'non'}"


class HealthReading(models.Model):
    """Which agent read what is known of a child's health, when and where. Rows are never changed."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="health_readings", verbose_name="enfant")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)
    purpose = models.CharField("page", max_length=60)

    class Meta:
        verbose_name = "lecture de fiche santé"
        verbose_name_plural = "lectures de fiches santé"
        ordering = ["-at", "-pk"]
        triggers = [NEVER_CHANGED]
        indexes = [models.Index(fields=["member", "-at"], name="health_reading_of_member")]

    def __str__(self):
        return f"{self.member} lue par {self.by}"


class HealthFileQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """The children whose services let this agent know: see ``hooks.may_read_health``."""
        if agent.is_superuser:
            return self
        allowed = Q(pk__in=[])
        for members in hooks.may_read_health(agent=agent):
            allowed |= Q(pk__in=members)
        return self.filter(allowed)


class HealthFile(Member):
    """A child as agents look it up for health and contacts: the same row as Member."""

    objects = HealthFileQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = "fiche santé et contacts"
        verbose_name_plural = "fiches santé et contacts"
        ordering = ["last_name", "first_name"]
