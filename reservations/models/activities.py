"""Activities, their prices and their days."""

import pghistory
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from common.values.dates import date_short
from families.models import Level, School
from reservations.rules import DeadlineKind, DeadlineRule
from services.models import Audience, Service
from wallet.models import Purse


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

    def with_last_places(self, now):
        """With ``has_last_places``: whether a day to come has so few places left that it is said."""
        days = Session.objects.filter(activity=OuterRef("pk"), closed_at=None, bookable_until__gt=now, waiting=0)
        left = days.annotate(left=F("capacity") - F("booked") - F("held")).filter(left__gt=0)
        return self.annotate(has_last_places=Exists(left.filter(left__lte=OuterRef("last_places"))))

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
    residents_open_at = models.DateTimeField(
        "ouverture aux résidents", null=True, blank=True, help_text="Plus tôt que pour tous. Vide : en même temps."
    )
    capacity = models.PositiveIntegerField("places par jour", null=True, blank=True, help_text="Vide : sans limite.")
    waiting_capacity = models.PositiveIntegerField(
        "places en liste d’attente", default=0, help_text="Par jour. 0 : pas de liste d’attente."
    )
    last_places = models.PositiveSmallIntegerField(
        "« dernières places » à partir de", default=0, help_text="Places restantes. 0 : ne pas le dire."
    )
    offer_hours = models.PositiveSmallIntegerField(
        "délai pour confirmer une place proposée, en heures", default=24, validators=[MinValueValidator(1)]
    )
    offer_only_days = models.PositiveSmallIntegerField(
        "place seulement proposée, jours avant",
        null=True,
        blank=True,
        help_text="Ce nombre de jours avant, personne n’est débité sans l’avoir confirmé. Vide : au délai d’annulation.",
    )
    absence_hours = models.PositiveSmallIntegerField(
        "délai du justificatif d’absence, en heures",
        default=48,
        help_text="Temps laissé à la famille, après la fin de la journée, pour signaler une absence avec son "
        "justificatif. 0 : seulement avant la fin de la journée.",
    )
    forgives_first = models.BooleanField(
        "droit à l’erreur : premier changement tardif pardonné",
        default=False,
        help_text="Coché : une fois par année scolaire et par enfant, une réservation tardive reste au tarif normal, "
        "ou une absence signalée est recréditée sans attendre un agent.",
    )
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
            models.CheckConstraint(
                condition=Q(residents_open_at=None) | Q(residents_open_at__lte=F("booking_opens_at")),
                name="activity_opens_to_residents_first",
                violation_error_message="L’ouverture aux résidents ne vient pas après l’ouverture à tous.",
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

    class Kind(models.TextChoices):
        NORMAL = "normal", "Réservation dans les délais"
        LATE = "late", "Réservation tardive"
        UNBOOKED = "unbooked", "Présence sans réservation"

    kind = models.CharField("pour", max_length=8, choices=Kind.choices, default=Kind.NORMAL)
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

    ``capacity`` None means no limit; then the counters stay 0 and bookers do not wait for each other. ``held`` counts
    places of carts being paid and places offered to those who wait; ``waiting`` those who wait without an offer.
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
    waiting = models.PositiveIntegerField("en attente", default=0)
    waiting_capacity = models.PositiveIntegerField("places en liste d’attente", default=0)
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
            models.CheckConstraint(
                condition=Q(waiting__lte=F("waiting_capacity")),
                name="session_within_waiting_capacity",
                violation_error_message="La liste d’attente est complète ce jour-là.",
            ),
        ]

    def __str__(self):
        return f"{self.activity} {date_short(self.date)}"
