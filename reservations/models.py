"""Activities, their prices and days, and everything that is booked."""

from datetime import date, datetime

import pghistory
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from families.models import Family, Level, Member, School
from reservations.rules import DeadlineKind, DeadlineRule
from services.models import Audience, Service
from wallet.models import CardPayment, Operation, Purse


class Billing(models.TextChoices):
    """When a booking is paid: at checkout, or on the day."""

    PREPAID = "prepaid", "Payée à la réservation"
    DEFERRED = "deferred", "Débitée le jour même"


def eve() -> dict:
    """The delay of a new activity: until the end of the day before."""
    return DeadlineRule(kind=DeadlineKind.DAYS, days=1).to_json()


class ActivityQuerySet(models.QuerySet):
    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(service__commune__in=agent.communes.all())

    def offered(self):
        """Activities that families see."""
        return self.filter(is_open=True, service__is_open=True).with_schools()

    def with_schools(self):
        """With service and commune, and ``school_ids``: the schools it takes, none meaning all."""
        schools = Activity.schools.through.objects.filter(activity=OuterRef("pk"))
        return self.select_related("service__commune", "purse").annotate(
            school_ids=ArraySubquery(schools.values("school_id"))
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="ActivityEvent")
class Activity(models.Model):
    """Activité: what families book day by day, such as a meal or a half-day at the leisure centre."""

    class Kind(models.TextChoices):
        CANTEEN = "cantine", "Cantine"
        DAYCARE = "periscolaire", "Périscolaire"
        LEISURE = "loisirs", "Centre de loisirs"

    service = models.ForeignKey(Service, models.PROTECT, related_name="activities", verbose_name="service")
    purse = models.ForeignKey(Purse, models.PROTECT, related_name="+", verbose_name="porte-monnaie")
    kind = models.CharField("rubrique", max_length=12, choices=Kind.choices)
    name = models.CharField("nom", max_length=100)
    slug = models.SlugField("adresse", unique=True)
    description = models.TextField("présentation", blank=True)
    unit = models.CharField("unité", max_length=20, default="repas", help_text="Ce que l’on compte : repas, séance…")
    units = models.CharField("unité au pluriel", max_length=20, default="repas")
    quantity = models.PositiveSmallIntegerField(
        "unités facturées", default=1, help_text="Une journée de centre peut compter deux demi-journées."
    )
    care_percent = models.PositiveSmallIntegerField(
        "part de garde, en %",
        default=0,
        validators=[MaxValueValidator(100)],
        help_text="Ce que l’attestation fiscale retient du prix : la garde, jamais le repas.",
    )
    billing = models.CharField("paiement", max_length=8, choices=Billing.choices, default=Billing.PREPAID)
    arrival = models.TimeField("arrivée", default="11:30")
    departure = models.TimeField("départ", default="13:30")
    is_open = models.BooleanField("proposée aux familles", default=True)
    booking_opens_at = models.DateTimeField("ouverture des réservations")
    booking_closes_at = models.DateTimeField("fermeture des réservations", null=True, blank=True)
    booking_rule = models.JSONField("délai pour réserver", default=eve)
    cancelling_rule = models.JSONField("délai pour annuler", default=eve)
    capacity = models.PositiveIntegerField("places par jour", null=True, blank=True, help_text="Vide : sans limite.")
    age_min = models.PositiveSmallIntegerField("âge minimum", null=True, blank=True, help_text="Le jour venu.")
    age_max = models.PositiveSmallIntegerField("âge maximum", null=True, blank=True, help_text="Le jour venu, inclus.")
    schools = models.ManyToManyField(School, blank=True, verbose_name="écoles", help_text="Aucune : toutes.")
    levels = ArrayField(
        models.CharField(max_length=3, choices=Level.choices), verbose_name="niveaux", default=list, blank=True
    )
    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = "activité"
        ordering = ["service__commune__name", "kind", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(booking_closes_at=None) | Q(booking_closes_at__gt=F("booking_opens_at")),
                name="activity_window",
                violation_error_message="La fermeture des réservations vient après leur ouverture.",
            ),
            models.CheckConstraint(
                condition=Q(age_min=None) | Q(age_max=None) | Q(age_max__gte=F("age_min")),
                name="activity_ages",
                violation_error_message="L’âge maximum est au moins l’âge minimum.",
            ),
            models.CheckConstraint(
                condition=Q(departure__gt=F("arrival")),
                name="activity_times",
                violation_error_message="Le départ vient après l’arrivée.",
            ),
        ]

    def __str__(self):
        return f"{self.name} – {self.service.commune}"

    @property
    def revenue_code(self) -> str:
        """The service's revenue account in the ledger, which knows no service."""
        return f"service:{self.service_id}"

    def count(self, number: int) -> str:
        """« 4 repas », « 1 séance »."""
        return f"{number} {self.unit if number < 2 else self.units}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="TariffEvent")
class Tariff(models.Model):
    """A price of an activity for an audience and a bracket of quotient familial, over dates."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="tariffs", verbose_name="activité")
    audience = models.ForeignKey(
        Audience, models.PROTECT, null=True, blank=True, verbose_name="situation", help_text="Vide : toutes."
    )
    quotient_from = models.PositiveIntegerField("quotient à partir de", default=0)
    quotient_to = models.PositiveIntegerField("quotient jusqu’à", null=True, blank=True, help_text="Inclus.")
    valid_from = models.DateField("valable à partir du")
    valid_to = models.DateField("valable jusqu’au", null=True, blank=True, help_text="Inclus.")
    cents = models.PositiveIntegerField("prix en centimes")

    class Meta:
        verbose_name = "tarif"
        ordering = ["activity", "valid_from", "audience", "quotient_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quotient_to=None) | Q(quotient_to__gte=F("quotient_from")),
                name="tariff_bracket",
                violation_error_message="La tranche de quotient finit avant de commencer.",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="tariff_dates",
                violation_error_message="Le tarif finit avant de commencer.",
            ),
        ]

    def __str__(self):
        return f"{self.activity} : {self.cents / 100:.2f} €".replace(".", ",")


class OpeningRule(models.Model):
    """When an activity takes place: weekdays over dates, in term or in the holidays of the commune's zone."""

    class Period(models.TextChoices):
        TERM = "term", "Jours d’école"
        HOLIDAYS = "holidays", "Vacances scolaires"
        ALL = "all", "Toute l’année"

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="opening_rules", verbose_name="activité")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="jours", help_text="0 = lundi … 6 = dimanche"
    )
    period = models.CharField("période", max_length=8, choices=Period.choices, default=Period.TERM)
    first = models.DateField("du")
    last = models.DateField("au")

    class Meta:
        verbose_name = "règle d’ouverture"
        verbose_name_plural = "règles d’ouverture"
        constraints = [
            models.CheckConstraint(
                condition=Q(last__gte=F("first")),
                name="opening_rule_dates",
                violation_error_message="La période finit avant de commencer.",
            )
        ]

    def __str__(self):
        return f"{self.activity} : {self.get_period_display()}"


class Closure(models.Model):
    """Dates on which an activity does not take place, whatever its opening rules."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="closures", verbose_name="activité")
    first = models.DateField("du")
    last = models.DateField("au")
    reason = models.CharField("motif", max_length=120)

    class Meta:
        verbose_name = "fermeture"
        constraints = [
            models.CheckConstraint(
                condition=Q(last__gte=F("first")),
                name="closure_dates",
                violation_error_message="La fermeture finit avant de commencer.",
            )
        ]

    def __str__(self):
        return f"{self.activity} : {self.reason}"


class Session(models.Model):
    """Journée réservable: one day of an activity, with its two deadlines and its counters of places.

    ``capacity`` None means no limit; then the counters stay 0 and bookers do not wait for each other.
    """

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="sessions", verbose_name="activité")
    date = models.DateField("date")
    arrival = models.TimeField("arrivée")
    departure = models.TimeField("départ")
    bookable_until = models.DateTimeField("réservable jusqu’à", null=True, help_text="Vide : pas en ligne.")
    cancellable_until = models.DateTimeField("annulable jusqu’à", null=True, help_text="Vide : pas en ligne.")
    capacity = models.PositiveIntegerField("places", null=True, blank=True)
    booked = models.PositiveIntegerField("places réservées", default=0)
    held = models.PositiveIntegerField("places retenues", default=0)
    closed_at = models.DateTimeField("fermée le", null=True, blank=True)
    closed_reason = models.CharField("motif de fermeture", max_length=120, blank=True)

    class Meta:
        verbose_name = "journée"
        ordering = ["date", "activity"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "date"], name="one_session_per_day"),
            models.CheckConstraint(
                condition=Q(capacity=None, booked=0, held=0)
                | Q(capacity__isnull=False, capacity__gte=F("booked") + F("held")),
                name="session_within_capacity",
                violation_error_message="Il n’y a plus de place ce jour-là.",
            ),
        ]

    def __str__(self):
        return f"{self.activity} {self.date:%d-%m-%Y}"


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
    remarks = ArrayField(models.CharField(max_length=500), verbose_name="remarques", default=list, blank=True)
    booked_cents = models.PositiveIntegerField("réservations, en centimes", default=0)
    cancelled_cents = models.PositiveIntegerField("annulations, en centimes", default=0)
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "commande"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"Commande {self.pk}"


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


# The nightly debit dates 200 000 bookings at once: the ledger tells that story, their own history need not.
@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=["debited_at"])),
    model_name="BookingEvent",
)
class Booking(models.Model):
    """Réservation: a member's place on a day, paid by one family at a price frozen here (euro cents).

    ``cents`` is the whole price, ``quantity`` times the unit price; a deferred one is debited on the day.
    """

    class Status(models.TextChoices):
        BOOKED = "booked", "Réservée"
        CANCELLED = "cancelled", "Annulée"
        CLOSED = "closed", "Journée fermée"

    ARROWS = {Status.BOOKED: {Status.CANCELLED, Status.CLOSED}}

    session = models.ForeignKey(Session, models.PROTECT, related_name="bookings", verbose_name="journée")
    member = models.ForeignKey(Member, models.PROTECT, related_name="bookings", verbose_name="bénéficiaire")
    family = models.ForeignKey(Family, models.PROTECT, related_name="bookings", verbose_name="famille")
    order = models.ForeignKey(Order, models.PROTECT, related_name="bookings", verbose_name="commande")
    billing = models.CharField("paiement", max_length=8, choices=Billing.choices)
    cents = models.PositiveIntegerField("prix, en centimes")
    quantity = models.PositiveSmallIntegerField("quantité", default=1)
    debited_at = models.DateTimeField("débitée le", null=True, blank=True)
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
