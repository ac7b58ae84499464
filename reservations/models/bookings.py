"""Everything that is booked: carts, orders, bookings."""

from datetime import date, datetime

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import User
from common.values.dates import date_short
from common.values.money import euros
from families.models import Family, Member
from reservations.models.activities import Billing, Session
from wallet.models import CardPayment, Operation


class OrderQuerySet(models.QuerySet):
    def of(self, user):
        """The orders of a guardian's family, whoever placed them."""
        return self.filter(family__guardians__user=user)


class Order(models.Model):
    """Commande: what one confirmation booked and cancelled; « historique de commande » of the guide.

    ``remarks``: « Remarques concernant vos réservations », what was asked for and could not be.
    """

    family = models.ForeignKey(Family, models.PROTECT, related_name="orders")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    billing = models.CharField(max_length=8, choices=Billing.choices)
    operation = models.OneToOneField(Operation, models.PROTECT, null=True, related_name="+")
    card_payment = models.OneToOneField(
        CardPayment, models.PROTECT, null=True, blank=True, related_name="order", verbose_name="paiement par carte"
    )
    consent = models.CharField(
        "accord de la famille", max_length=200, blank=True, help_text="Quand un agent réserve : qui, quand, comment."
    )
    remarks = ArrayField(models.CharField(max_length=500), verbose_name="remarques", default=list, blank=True)
    booked_cents = models.PositiveIntegerField("réservations, en centimes", default=0)
    cancelled_cents = models.PositiveIntegerField("annulations, en centimes", default=0)
    at = models.DateTimeField("le", default=timezone.now)
    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = "commande"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"Commande {self.pk}"

    @property
    def has_days(self) -> bool:
        """Whether it booked or cancelled anything, or only joined waiting lists."""
        return self.bookings.exists() or self.cancellations.exists()

    @cached_property
    def remarked_days(self) -> list:
        """The days that could not be booked at once, waited for or refused, in order (S4-89…S4-92)."""
        related = ("session__activity", "member")
        days = [*self.waitlist_entries.select_related(*related), *self.refused_days.select_related(*related)]
        return sorted(days, key=lambda day: day.session.date)

    @property
    def joins_lists(self) -> bool:
        return any(not isinstance(day, RefusedDay) for day in self.remarked_days)


class RefusedDay(models.Model):
    """A day asked for that could not be booked when the order was confirmed: « refusée », with its reason (S4-92)."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="refused_days", verbose_name="commande")
    session = models.ForeignKey(Session, models.PROTECT, related_name="+", verbose_name="journée")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="bénéficiaire")
    reason = models.CharField("motif", max_length=300)

    class Meta:
        verbose_name = "journée refusée"
        verbose_name_plural = "journées refusées"
        ordering = ["session__date", "pk"]

    def __str__(self):
        return f"{self.member} – {self.session}"

    def get_status_display(self) -> str:
        """As a waitlist entry says its own."""
        return "Refusée (complet)"


class BookingQuerySet(models.QuerySet):
    def of(self, user):
        """The bookings a guardian answers for: those of their family, whoever clicked."""
        return self.filter(family=user.guardian.family_id)

    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(session__activity__service__commune__in=agent.communes.all())

    def active(self):
        return self.filter(status=Booking.Status.BOOKED)

    def to_debit(self, today: date, now: datetime):
        """Deferred, not yet debited, of the days up to ``today``, and past cancelling."""
        final = Q(session__cancellable_until=None) | Q(session__cancellable_until__lte=now)
        return self.active().filter(final, billing=Billing.DEFERRED, debited_at=None, session__date__lte=today)


# The night dates 200 000 bookings at once (debit, transmission): those stories are told elsewhere.
# Those of a cart are written by one statement, and told by one trigger.
@pghistory.track(
    pghistory.InsertEvent(level=pghistory.Statement),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=["debited_at", "settled_at"])),
    model_name="BookingEvent",
)
class Booking(models.Model):
    """Réservation: a member's place on a day, paid by one family at a price frozen here (euro cents).

    ``cents`` is the whole price, ``quantity`` times the unit price; a deferred one is debited on the day.
    ``settled_at``: since when its state is definitive, validated by the night; what a back
    office knows is as the verdict of its line says.
    """

    class Status(models.TextChoices):
        BOOKED = "booked", "Réservée"
        CANCELLED = "cancelled", "Annulée"
        CLOSED = "closed", "Journée fermée"

    class Origin(models.TextChoices):
        FAMILY = "family", "Famille"
        WAITLIST = "waitlist", "Liste d’attente"
        AGENT = "agent", "Agent, avec l’accord de la famille"
        LATE = "late", "Réservation tardive"
        UNBOOKED = "unbooked", "Présence sans réservation"

    ARROWS = {Status.BOOKED: {Status.CANCELLED, Status.CLOSED}}

    session = models.ForeignKey(Session, models.PROTECT, related_name="bookings", verbose_name="journée")
    member = models.ForeignKey(Member, models.PROTECT, related_name="bookings", verbose_name="bénéficiaire")
    family = models.ForeignKey(Family, models.PROTECT, related_name="bookings", verbose_name="famille")
    order = models.ForeignKey(Order, models.PROTECT, related_name="bookings", verbose_name="commande")
    billing = models.CharField("paiement", max_length=8, choices=Billing.choices)
    cents = models.PositiveIntegerField("prix, en centimes")
    quantity = models.PositiveSmallIntegerField("quantité", default=1)
    debited_at = models.DateTimeField("débitée le", null=True, blank=True)
    origin = models.CharField("venue de", max_length=8, choices=Origin.choices, default=Origin.FAMILY)
    settled_at = models.DateTimeField("état définitif le", null=True, blank=True)
    status = models.CharField("état", max_length=10, choices=Status.choices, default=Status.BOOKED)
    cancelled_at = models.DateTimeField("annulée le", null=True, blank=True)
    cancelled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    cancelled_in = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="cancellations")
    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = "réservation"
        ordering = ["session__date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "member"],
                condition=Q(status="booked"),
                name="one_booking_per_member_and_day",
                violation_error_message="Cette journée est déjà réservée pour cet enfant.",
            ),
            models.CheckConstraint(
                condition=Q(status="booked", cancelled_at=None) | ~Q(status="booked") & Q(cancelled_at__isnull=False),
                name="booking_end_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(debited_at=None) | Q(billing="deferred"), name="booking_debited_when_deferred"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="booking_of_something"),
        ]
        indexes = [
            models.Index(fields=["family", "session"], name="booking_of_family"),
            models.Index(
                fields=["family"],
                include=["session", "cents"],
                name="booking_to_debit",
                condition=Q(billing="deferred", status="booked", debited_at=None),
            ),
        ]

    def __str__(self):
        return f"{self.member} – {self.session}"

    @property
    def payment_reference(self) -> str:
        """The reference of the transfer that paid this booking."""
        return f"booking:{self.pk}"

    @property
    def given_back(self) -> int:
        """What its end gave back to the wallet that paid it, in cents: the order that ended it has an operation exactly then."""
        return self.cents if self.is_paid and self.cancelled_in and self.cancelled_in.operation_id else 0

    @property
    def end_words(self) -> str:
        """What became of its price once it ended."""
        if self.given_back:
            return f"{euros(self.given_back)} recrédités le {date_short(timezone.localdate(self.cancelled_at))}"
        if not self.cents:
            return "Journée gratuite."
        return "Non recrédité." if self.is_paid else "Rien n’avait été débité."

    @property
    def is_paid(self) -> bool:
        """Whether its family has been debited: at checkout when prepaid, on the day when deferred."""
        return self.billing == Billing.PREPAID or self.debited_at is not None


class Cart(models.Model):
    """Panier (prepaid) or demandes (deferred) of a family: kept until confirmed or erased.

    While ``payment`` is set, a payment page is open for it: its lines do not change, their places are held.
    """

    family = models.ForeignKey(Family, models.CASCADE, related_name="carts")
    billing = models.CharField(max_length=8, choices=Billing.choices)
    payment = models.OneToOneField(CardPayment, models.PROTECT, null=True, blank=True, related_name="cart")

    class Meta:
        verbose_name = "panier"
        constraints = [
            models.UniqueConstraint(fields=["family", "billing"], name="one_cart_per_billing"),
            models.CheckConstraint(condition=Q(payment=None) | Q(billing="prepaid"), name="cart_paid_when_prepaid"),
        ]

    def __str__(self):
        return f"{self.get_billing_display()} – {self.family}"


class CartLineQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(cart__family=user.guardian.family_id)


class CartLine(models.Model):
    """A day asked for, or a booked day to cancel, for one member. Nothing is promised until the cart is confirmed."""

    class Act(models.TextChoices):
        BOOK = "book", "Réserver"
        WAIT = "wait", "Mise en liste d’attente"
        CANCEL = "cancel", "Annuler"

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    session = models.ForeignKey(Session, models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    act = models.CharField(max_length=6, choices=Act.choices)
    agreed_cents = models.PositiveIntegerField("prix convenu, en centimes", null=True, blank=True)
    held = models.BooleanField("place retenue", default=False)
    objects = CartLineQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne de panier"
        ordering = ["session__date", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "session", "member"], name="one_line_per_member_and_day")
        ]

    def __str__(self):
        return f"{self.get_act_display()} {self.member} – {self.session}"
