"""Waiting lists: strictly by priority, then by arrival; docs/bookings.md."""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from families.models import Family, Member
from reservations.models.activities import Activity, Billing, Session
from reservations.models.bookings import Booking, Order
from reservations.rules import spoken_rank


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="PriorityEvent")
class Priority(models.Model):
    """Priorité: the points that a family has over others on an activity's lists, criterion by criterion; they add up."""

    class Criterion(models.TextChoices):
        RESIDENT = "resident", "Famille de la commune du service"
        PARENTS_WORK = "work", "Parents en activité (noté sur la fiche de la famille)"
        SIBLING = "sibling", "Frère ou sœur inscrit le même jour"

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="priorities", verbose_name="activité")
    criterion = models.CharField("critère", max_length=8, choices=Criterion.choices)
    points = models.PositiveSmallIntegerField("points", validators=[MinValueValidator(1), MaxValueValidator(1000)])

    class Meta:
        verbose_name = "priorité en liste d’attente"
        verbose_name_plural = "priorités en liste d’attente"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "criterion"],
                name="one_priority_per_criterion",
                violation_error_message="Ce critère a déjà ses points.",
            )
        ]

    def __str__(self):
        return f"{self.get_criterion_display()} : {self.points}"


class WaitlistEntryQuerySet(models.QuerySet):
    def of(self, user):
        """The entries of a guardian's family."""
        return self.filter(family=user.guardian.family_id)

    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(session__activity__service__commune__in=agent.communes.all())

    def live(self):
        """Those that wait, or to which a place is offered."""
        return self.filter(status__in=WaitlistEntry.LIVE)

    def with_rank(self):
        """Each with ``rank``: 1 for who is served first; whom a place is offered keeps no rank among those who wait."""
        ahead = WaitlistEntry.objects.filter(session=OuterRef("session"), status="waiting").filter(
            Q(priority__gt=OuterRef("priority"))
            | Q(priority=OuterRef("priority"), arrived_at__lt=OuterRef("arrived_at"))
            | Q(priority=OuterRef("priority"), arrived_at=OuterRef("arrived_at"), pk__lt=OuterRef("pk"))
        )
        counted = ahead.order_by().values("session").annotate(n=Count("pk")).values("n")
        return self.annotate(rank=Coalesce(Subquery(counted), 0) + 1)

    def in_order(self):
        """Who is served first comes first."""
        return self.order_by("-priority", "arrived_at", "pk")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="WaitlistEntryEvent")
class WaitlistEntry(models.Model):
    """Liste d’attente: a member asks for a place on a full day, at the price of the day it was asked (euro cents).

    ``offered_until`` is set while a place is held for it (``Session.held``) until it is confirmed.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Mise en liste d’attente"
        OFFERED = "offered", "Place proposée"
        SERVED = "served", "Place attribuée"
        LEFT = "left", "Retirée de la liste"
        DECLINED = "declined", "Place proposée, non confirmée"
        LAPSED = "lapsed", "Liste d’attente close"

    LIVE = (Status.WAITING, Status.OFFERED)
    ARROWS = {
        Status.WAITING: {Status.OFFERED, Status.SERVED, Status.LEFT, Status.LAPSED},
        Status.OFFERED: {Status.SERVED, Status.LEFT, Status.DECLINED, Status.LAPSED},
    }

    session = models.ForeignKey(Session, models.PROTECT, related_name="entries", verbose_name="journée")
    member = models.ForeignKey(Member, models.PROTECT, related_name="waitlist_entries", verbose_name="bénéficiaire")
    family = models.ForeignKey(Family, models.PROTECT, related_name="waitlist_entries", verbose_name="famille")
    order = models.ForeignKey(Order, models.PROTECT, related_name="waitlist_entries", verbose_name="demande")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="par")
    billing = models.CharField("paiement", max_length=8, choices=Billing.choices)
    cents = models.PositiveIntegerField("prix, en centimes")
    quantity = models.PositiveSmallIntegerField("quantité", default=1)
    priority = models.SmallIntegerField("priorité", default=0, help_text="Le plus grand nombre passe devant.")
    arrived_at = models.DateTimeField("arrivée le", default=timezone.now)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.WAITING)
    offered_until = models.DateTimeField("proposée jusqu’à", null=True, blank=True)
    ended_at = models.DateTimeField("close le", null=True, blank=True)
    booking = models.OneToOneField(
        Booking, models.PROTECT, null=True, blank=True, related_name="waitlist_entry", verbose_name="réservation"
    )
    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "attente"
        verbose_name_plural = "liste d’attente"
        ordering = ["session__date", "-priority", "arrived_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "member"],
                condition=Q(status__in=["waiting", "offered"]),
                name="one_live_entry_per_member_and_day",
                violation_error_message="Cet enfant est déjà en liste d’attente ce jour-là.",
            ),
            models.CheckConstraint(
                condition=Q(status="offered", offered_until__isnull=False) | ~Q(status="offered"),
                name="waitlist_offer_has_its_end",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "offered"], ended_at=None)
                | ~Q(status__in=["waiting", "offered"]) & Q(ended_at__isnull=False),
                name="waitlist_end_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(status="served", booking__isnull=False) | ~Q(status="served") & Q(booking=None),
                name="waitlist_served_has_its_booking",
            ),
        ]
        indexes = [
            models.Index(
                fields=["session", "-priority", "arrived_at", "id"],
                name="waitlist_in_order",
                condition=Q(status="waiting"),
            ),
            models.Index(fields=["offered_until"], name="waitlist_offers", condition=Q(status="offered")),
        ]

    def __str__(self):
        return f"{self.member} – {self.session}"

    @property
    def is_offered(self) -> bool:
        return self.status == self.Status.OFFERED

    @property
    def spoken_rank(self) -> str:
        """« 2e sur la liste »; of an entry read ``with_rank``."""
        return spoken_rank(self.rank)

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE
