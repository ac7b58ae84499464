"""Households, the people who can be booked, their schools and classes."""

from collections.abc import Iterable
from datetime import date

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Commune, User
from common.values.calendars import school_year_of
from common.values.dates import date_short


class FamilyQuerySet(models.QuerySet):
    def of(self, user):
        """The family of a guardian: the one door to a household's data."""
        return self.filter(guardians__user=user)

    def of_agent(self, agent):
        """The families an agent may see: those of their communes; who has none is the managers' matter."""
        return self if agent.is_superuser else self.filter(commune__in=agent.communes.all())


class Family(models.Model):
    """Cellule familiale: a household with one set of wallets."""

    name = models.CharField("nom", max_length=80)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, verbose_name="commune")
    parents_work = models.BooleanField(
        "parents en activité",
        default=False,
        help_text="Noté par un agent, sur justificatif : peut donner une priorité en liste d’attente.",
    )
    created_at = models.DateTimeField("créée le", default=timezone.now)
    objects = FamilyQuerySet.as_manager()

    class Meta:
        verbose_name = "cellule familiale"
        verbose_name_plural = "cellules familiales"
        ordering = ["name"]

    def __str__(self):
        return f"Famille {self.name}"

    @property
    def reference(self) -> str:
        """The family's number on letters and at the counter."""
        return f"D{self.pk + 1000}"

    @property
    def named(self) -> str:
        """« Famille Durand (D1012) », as agents read it."""
        return f"{self} ({self.reference})"

    @property
    def owner(self) -> str:
        return f"family:{self.pk}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="GuardianEvent")
class Guardian(models.Model):
    """An adult of a family who signs in. A person belongs to one family."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="guardian", verbose_name="responsable"
    )
    family = models.ForeignKey(Family, models.PROTECT, related_name="guardians")
    since = models.DateTimeField("depuis le", default=timezone.now)

    class Meta:
        verbose_name = "responsable"
        ordering = ["since", "pk"]

    def __str__(self):
        return f"{self.user} ({self.family})"


class MemberQuerySet(models.QuerySet):
    def of(self, user):
        """The people a guardian may book: active members of their family, eldest first."""
        guardian = getattr(user, "guardian", None)
        return self.of_family(guardian.family_id) if guardian else self.none()

    def of_family(self, family_id):
        return self.filter(memberships__family=family_id, memberships__withdrawn_at=None).order_by("birth_date", "pk")


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="MemberEvent")
class Member(models.Model):
    """Bénéficiaire: a person who can be booked, usually a child, sometimes an adult (S3-73, S3-80).

    A child of separated parents is one Member in two families.
    """

    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    birth_date = models.DateField("date de naissance")
    families = models.ManyToManyField(Family, through="Membership", related_name="members")
    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = "bénéficiaire"
        ordering = ["last_name", "first_name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(birth_date__gte="1900-01-01"),
                name="member_birth_date_is_plausible",
                violation_error_message="La date de naissance n’est pas plausible.",
            )
        ]

    def __str__(self):
        return f"{self.first_name} {self.last_name}"

    def current_families(self):
        """The families this person is in today."""
        return Family.objects.filter(memberships__member=self, memberships__withdrawn_at=None)

    def is_shared(self) -> bool:
        """Whether another family knows this person too, even withdrawn: then they are never deleted."""
        return self.memberships.count() > 1


class Kinship(models.TextChoices):
    """Type de filiation: what the account holder is to the beneficiary."""

    FATHER = "father", "Père"
    MOTHER = "mother", "Mère"
    STEP_PARENT = "step_parent", "Beau-parent"
    GRANDPARENT = "grandparent", "Grand-parent"
    LEGAL_GUARDIAN = "legal_guardian", "Tuteur ou tutrice"
    FOSTER = "foster", "Assistant familial"
    SELF = "self", "Moi-même (adulte)"
    PARTNER = "partner", "Conjoint ou conjointe (adulte)"
    OTHER = "other", "Autre"


ADULTS = (Kinship.SELF, Kinship.PARTNER)


class MembershipQuerySet(models.QuerySet):
    def of(self, user):
        """A guardian's filiations, withdrawn ones too, eldest first."""
        guardian = getattr(user, "guardian", None)
        return self.of_family(guardian.family_id) if guardian else self.none()

    def of_family(self, family_id):
        return (
            self.filter(family=family_id).select_related("member", "family").order_by("member__birth_date", "member_id")
        )

    def current(self):
        return self.filter(withdrawn_at=None)

    def with_class(self, school_year: int):
        """With ``member.class_now``: a list of at most one Schooling of the school year."""
        schoolings = Schooling.objects.filter(school_year=school_year).select_related("school_class__school")
        return self.prefetch_related(models.Prefetch("member__schoolings", schoolings, to_attr="class_now"))


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="MembershipEvent"
)
class Membership(models.Model):
    """A beneficiary in a family. Withdrawn, never deleted, once something was booked."""

    family = models.ForeignKey(Family, models.PROTECT, related_name="memberships")
    member = models.ForeignKey(Member, models.PROTECT, related_name="memberships", verbose_name="bénéficiaire")
    kinship = models.CharField("type de filiation", max_length=16, choices=Kinship.choices, default=Kinship.FATHER)
    withdrawn_at = models.DateTimeField("retiré le", null=True, blank=True)
    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "filiation"
        constraints = [models.UniqueConstraint(fields=["family", "member"], name="one_membership_per_family")]

    def __str__(self):
        return f"{self.member} – {self.get_kinship_display()}"

    @property
    def is_adult(self) -> bool:
        """Whether the beneficiary is an adult of the household, who has no class."""
        return self.kinship in ADULTS


class SchoolQuerySet(models.QuerySet):
    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(commune__in=agent.communes.all())


class School(models.Model):
    """A school of a commune."""

    commune = models.ForeignKey(Commune, models.PROTECT, related_name="schools", verbose_name="commune")
    name = models.CharField("nom", max_length=100)
    objects = SchoolQuerySet.as_manager()

    class Meta:
        verbose_name = "école"
        ordering = ["commune__name", "name"]
        constraints = [models.UniqueConstraint(fields=["commune", "name"], name="school_name_per_commune")]

    def __str__(self):
        return f"{self.name} ({self.commune})"


class Level(models.TextChoices):
    """Niveau scolaire, in order; an agent rolls classes over in September."""

    TPS = "TPS", "Toute petite section"
    PS = "PS", "Petite section"
    MS = "MS", "Moyenne section"
    GS = "GS", "Grande section"
    CP = "CP", "CP"
    CE1 = "CE1", "CE1"
    CE2 = "CE2", "CE2"
    CM1 = "CM1", "CM1"
    CM2 = "CM2", "CM2"

    @property
    def following(self) -> "Level | None":
        """The level of the next school year; None after CM2: the child leaves for secondary school."""
        levels = list(Level)
        return levels[levels.index(self) + 1] if self != Level.CM2 else None


class SchoolClassQuerySet(models.QuerySet):
    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(school__commune__in=agent.communes.all())

    def of_year(self, school_year: int):
        """The classes of a school year, school by school, from the youngest."""
        return self.filter(school_year=school_year).select_related("school").order_by("school__name", BY_LEVEL, "name")


BY_LEVEL = models.Case(
    *(models.When(level=level, then=rank) for rank, level in enumerate(Level)), output_field=models.IntegerField()
)


class SchoolClass(models.Model):
    """A class of a school for one school year (2026 stands for 2026-2027)."""

    school = models.ForeignKey(School, models.PROTECT, related_name="classes", verbose_name="école")
    school_year = models.PositiveSmallIntegerField("année scolaire", help_text="2026 pour 2026-2027")
    name = models.CharField("nom", max_length=60)
    level = models.CharField("niveau", max_length=3, choices=Level.choices)
    objects = SchoolClassQuerySet.as_manager()

    class Meta:
        verbose_name = "classe"
        ordering = ["-school_year", "school", "name"]
        constraints = [models.UniqueConstraint(fields=["school", "school_year", "name"], name="class_name_per_year")]

    def __str__(self):
        return f"{self.name} – {self.school.name} {self.school_year}-{self.school_year + 1}"


class SchoolingQuerySet(models.QuerySet):
    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(school_class__school__commune__in=agent.communes.all())


class Schooling(models.Model):
    """A child's class for one school year."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="schoolings", verbose_name="enfant")
    school_class = models.ForeignKey(SchoolClass, models.PROTECT, related_name="schoolings", verbose_name="classe")
    school_year = models.PositiveSmallIntegerField("année scolaire")
    objects = SchoolingQuerySet.as_manager()

    class Meta:
        verbose_name = "scolarité"
        constraints = [models.UniqueConstraint(fields=["member", "school_year"], name="one_class_per_school_year")]

    def __str__(self):
        return f"{self.member} : {self.school_class}"


class Certification(models.Model):
    """Once a school year a guardian certifies that the family's details are right."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="certifications")
    school_year = models.PositiveSmallIntegerField("année scolaire")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "certification"
        constraints = [models.UniqueConstraint(fields=["family", "school_year"], name="one_certification_per_year")]

    def __str__(self):
        return f"{self.family} {self.school_year}"


def is_certified(family: Family, day: date) -> bool:
    """Whether the family's details were certified for the school year of ``day``."""
    return Certification.objects.filter(family=family, school_year=school_year_of(day)).exists()


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="QuotientEvent")
class Quotient(models.Model):
    """A family's quotient familial from a date on; never retroactive by itself."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="quotients", verbose_name="famille")
    value = models.PositiveIntegerField("quotient familial")
    effective_from = models.DateField("à partir du")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="saisi par")
    recorded_at = models.DateTimeField("saisi le", default=timezone.now)

    class Meta:
        verbose_name = "quotient familial"
        verbose_name_plural = "quotients familiaux"
        ordering = ["-effective_from"]
        constraints = [models.UniqueConstraint(fields=["family", "effective_from"], name="one_quotient_per_date")]

    def __str__(self):
        return f"{self.family} : {self.value} à partir du {date_short(self.effective_from)}"


def quotients_on(family_ids: Iterable[int], day: date) -> dict[int, int]:
    """Return the quotient in force on ``day`` by family, without those that have none; one query."""
    known = Quotient.objects.filter(family__in=family_ids, effective_from__lte=day)
    latest = known.order_by("family_id", "-effective_from").distinct("family_id")
    return dict(latest.values_list("family_id", "value"))


def quotient_on(family: Family, day: date) -> int | None:
    """Return the family's quotient in force on ``day``, or None while it is unknown."""
    return quotients_on([family.pk], day).get(family.pk)


class InvitationQuerySet(models.QuerySet):
    def of(self, user):
        """The invitations sent by the guardians of a person's family."""
        guardian = getattr(user, "guardian", None)
        return self.filter(family=guardian.family_id) if guardian else self.none()

    def open(self):
        """Those that can still be accepted."""
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A guardian's invitation to the other parent, by email, with a single-use link.

    ``household``: the other parent joins the family. ``shared``: the other parent has an account and a family of
    their own, and the children named here are shown in both; each parent books and pays their own days.
    """

    class Kind(models.TextChoices):
        HOUSEHOLD = "household", "Nous partageons le même compte"
        SHARED = "shared", "Nous sommes séparés : chacun son compte"

    family = models.ForeignKey(Family, models.CASCADE, related_name="invitations")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    email = models.EmailField("adresse e-mail de l’autre parent")
    kind = models.CharField("votre situation", max_length=10, choices=Kind.choices)
    members = models.ManyToManyField(Member, related_name="+", blank=True, verbose_name="enfants concernés")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "invitation"
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_acceptance_is_signed",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="invitation_lasts"),
        ]

    def __str__(self):
        return f"{self.email} ({self.get_kind_display()})"
