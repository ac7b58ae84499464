"""The agents' side of bookings: activities of their communes are described here, days and bookings are read."""

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import redirect
from django.utils import timezone

from common.admin import CommunesAdmin, OwnChoices, ReadOnly, ReadOnlyRows, RefusableAdmin
from common.refusals import Refusal
from common.values.calendars import school_year_bounds, school_year_of
from common.values.dates import date_long
from common.values.money import euros
from families.admin.asked import AskedByFamily, file_link
from reservations.actions.days.sessions import open_year, refresh_sessions, set_capacity, set_waiting_capacity
from reservations.admin.activity_forms import ActivityForm, ClosureForm, OpeningRuleForm, YearForm
from reservations.admin.filters import ActivityFilter, BillingFilter, WhenFilter
from reservations.admin.tariffs import LateRows, TariffRows, UnbookedRows, without_a_price
from reservations.admin.waiting import PriorityRows
from reservations.models import Activity, Booking, Closure, OpeningRule, Order, Session, Tariff
from reservations.reads.access import asks_first
from reservations.rules import spoken_deadline
from services.models import Service
from wallet.models import Purse

PREVIEWED = 5  # days whose deadlines are shown
NOT_ONLINE = "pas en ligne"


class Preview(Refusal):
    """What saving would do; raised to undo it."""

    def __init__(self, told: str, upcoming: list):
        super().__init__(told)
        self.told, self.upcoming = told, upcoming


class OpeningRuleRows(OwnChoices, admin.StackedInline):
    model, form, extra = OpeningRule, OpeningRuleForm, 0
    fields = ["weekdays", "period", ("first", "last")]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("activity__service__commune")


class ClosureRows(OwnChoices, admin.TabularInline):
    model, form, extra = Closure, ClosureForm, 0
    verbose_name_plural = "fermetures"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("activity__service__commune")


@admin.register(Activity)
class ActivityAdmin(CommunesAdmin, RefusableAdmin):
    """An activity with its days and prices; saving brings its days up to date, or refuses and says why."""

    form = ActivityForm
    change_form_template = "admin/reservations/activity_form.html"
    list_display = ["name", "commune", "kind", "places", "coming", "is_open"]
    list_filter = ["is_open", "kind", ("service__commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["service__commune"]
    search_fields = ["name", "service__name", "service__commune__name"]
    search_help_text = "Nom de l’activité, du service ou de la commune"
    actions = ["open_next_year"]
    inlines = [OpeningRuleRows, ClosureRows, TariffRows, LateRows, UnbookedRows, PriorityRows]
    fieldsets = [
        (
            "L’activité",
            {"fields": ["service", "name", "slug", "kind", "description", ("unit", "units"), "is_open"]},
        ),
        ("Chaque journée", {"fields": [("arrival", "departure"), "capacity", "last_places"]}),
        ("Liste d’attente", {"fields": ["waiting_capacity", "offer_hours", "offer_only_days"]}),
        ("Paiement", {"fields": ["billing", "purse", ("quantity", "care_percent")]}),
        (
            "Réservations",
            {
                "fields": [
                    "booking_opens_at",
                    "residents_open_at",
                    "booking_closes_at",
                    "booking_rule",
                    "cancelling_rule",
                ]
            },
        ),
        ("Absences et changements tardifs", {"fields": ["absence_hours", "forgives_first"]}),
        ("Qui peut venir", {"fields": [("age_min", "age_max"), "schools", "levels"]}),
    ]

    def get_queryset(self, request):
        coming = Session.objects.filter(activity=OuterRef("pk"), date__gte=timezone.localdate(), closed_at=None)
        number = Subquery(coming.order_by().values("activity").annotate(n=Count("pk")).values("n"))
        return super().get_queryset(request).select_related("service__commune").annotate(number=Coalesce(number, 0))

    def get_readonly_fields(self, request, obj=None):
        return ["service"] if obj else []

    def get_changeform_initial_data(self, request):
        return {"purse": Purse.objects.filter(is_default=True).first()} | super().get_changeform_initial_data(request)

    def save_related(self, request, form, formsets, change):
        """Bring the days up to date with what was saved; a preview stops here and undoes all."""
        super().save_related(request, form, formsets, change)
        activity = form.instance
        if change and "capacity" in form.changed_data:
            set_capacity(agent=request.user, activity=activity, capacity=activity.capacity)
        if change and "waiting_capacity" in form.changed_data:
            many = activity.waiting_capacity
            set_waiting_capacity(agent=request.user, activity=activity, waiting_capacity=many)
        told = days_told(refresh_sessions(activity))
        if "_preview" in request.POST:
            raise Preview(told, upcoming(activity))
        messages.success(request, f"{told[0].upper()}{told[1:]}.")
        _warn_of_prices(request, activity)
        _warn_of_access(request, activity)

    def render_change_form(self, request, context, *args, **kwargs):
        activity, refusal = context.get("original"), getattr(request, "refusal", None)
        context |= {"preview": None, "upcoming": upcoming(activity) if activity else []}
        if isinstance(refusal, Preview):
            context |= {"preview": refusal.told, "upcoming": refusal.upcoming, "errors": None}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="commune", ordering="service__commune__name")
    def commune(self, activity):
        return activity.service.commune

    @admin.display(description="places par jour", ordering="capacity")
    def places(self, activity):
        return "sans limite" if activity.capacity is None else activity.capacity

    @admin.display(description="journées à venir", ordering="number")
    def coming(self, activity):
        return activity.number

    @admin.action(description="Ouvrir l’année suivante", permissions=["change"])
    def open_next_year(self, request, queryset):
        """Choose the school year on a page that names the activities, then open it for each."""
        this_year = school_year_of(timezone.localdate())
        sent = "year" in request.POST
        form = YearForm(request.POST if sent else None, years=[this_year, this_year + 1])
        if sent and form.is_valid():
            return self._open_years(request, queryset, form.cleaned_data["year"])
        first, last = school_year_bounds(this_year)
        opened = queryset.filter(opening_rules__first__lte=last, opening_rules__last__gte=first).distinct()
        form.initial["year"] = this_year + (opened.count() == queryset.count())
        return self.page(request, "reservations/open_year", "Ouvrir l’année suivante", form=form, activities=queryset)

    def _open_years(self, request, activities, year):
        for activity in activities:
            try:
                done = open_year(agent=request.user, activity=activity, year=year)
            except Refusal as refusal:
                messages.error(request, f"{activity} : {refusal}")
                continue
            if done is None:
                messages.info(request, f"{activity} : déjà ouverte en {year}-{year + 1}, rien n’a changé.")
                continue
            self.log_change(request, activity, f"Année {year}-{year + 1} ouverte")
            messages.success(request, f"{activity}, {year}-{year + 1} : {days_told(done)}.")
        return redirect("admin:reservations_activity_changelist")


def _warn_of_prices(request, activity: Activity) -> None:
    """Say who cannot book for want of a normal price; late prices alone let nobody book."""
    if not activity.tariffs.filter(kind=Tariff.Kind.NORMAL).exists():
        messages.warning(request, "Sans tarif normal, personne ne peut réserver : ajoutez au moins un prix.")
    elif names := ", ".join(without_a_price(activity)):
        messages.warning(request, f"Sans tarif normal, ces situations ne peuvent pas réserver : {names}.")


def _warn_of_access(request, activity: Activity) -> None:
    """Say that a service open to all still decides who books on credit, and what families need to ask it."""
    service = activity.service
    if service.access == Service.Access.REQUEST or not asks_first(activity):
        return
    messages.info(request, "Débitée le jour venu : seules réserveront les familles dont le service accepte la demande.")
    if not service.audiences.exists():
        messages.warning(
            request, "Ce service n’a aucune situation : ajoutez-en une, sans quoi nul ne peut la demander."
        )


def days_told(done: dict[str, int]) -> str:
    """« 142 journées créées, 3 supprimées, 1 gardée car déjà réservée »."""
    made, dropped, kept = done["made"], done["dropped"], done["kept"]
    if not any(done.values()):
        return "aucune journée créée ni supprimée"
    told = [f"{made} journée{_s(made)} créée{_s(made)}", f"{dropped} supprimée{_s(dropped)}"]
    if kept:
        told.append(f"{kept} gardée{_s(kept)} car déjà réservée{_s(kept)}")
    return ", ".join(told)


def _s(number: int) -> str:
    return "s" if number > 1 else ""


def upcoming(activity: Activity) -> list[dict]:
    """The next days of an activity with their deadlines, in words."""
    today = timezone.localdate()
    days = activity.sessions.filter(date__gte=today, closed_at=None).order_by("date")[:PREVIEWED]
    return [
        {"day": date_long(day.date, today), "book": _until(day.bookable_until), "cancel": _until(day.cancellable_until)}
        for day in days
    ]


def _until(limit) -> str:
    return f"jusqu’au {spoken_deadline(limit)}" if limit else NOT_ONLINE


class BookingRows(ReadOnlyRows):
    """Who comes that day."""

    model = Booking
    fields = ["member", "family", "status", "price"]
    readonly_fields = ["price"]
    verbose_name_plural = "inscrits"

    def get_queryset(self, request):
        rows = super().get_queryset(request).of_agent(request.user)
        related = ("member", "family", "session__activity__service__commune")
        return rows.select_related(*related).order_by("status", "member__last_name", "member__first_name")

    @admin.display(description="prix")
    def price(self, booking):
        return euros(booking.cents)


@admin.register(Session)
class SessionAdmin(ReadOnly, CommunesAdmin):
    """The days of the agent's activities, with who comes."""

    list_display = ["day", "activity", "taken", "until", "state"]
    list_filter = [WhenFilter, ActivityFilter]
    list_select_related = ["activity__service__commune"]
    list_per_page = 50
    date_hierarchy = "date"
    ordering = ["date", "activity"]
    fields = ["day", "activity", ("arrival", "departure"), "taken", "bookable", "cancellable", "state"]
    inlines = [BookingRows]

    def own(self, rows, agent):
        return rows.filter(activity__in=Activity.objects.of_agent(agent))

    def get_queryset(self, request):
        booked = Booking.objects.active().filter(session=OuterRef("pk")).order_by().values("session")
        number = Subquery(booked.annotate(n=Count("pk")).values("n"))
        rows = super().get_queryset(request).select_related("activity__service__commune")
        return rows.annotate(number=Coalesce(number, 0))

    @admin.display(description="jour", ordering="date")
    def day(self, session):
        return date_long(session.date, timezone.localdate())

    @admin.display(description="réservées", ordering="number")
    def taken(self, session):
        taken = str(session.number) if session.capacity is None else f"{session.number} sur {session.capacity}"
        return f"{taken}, {session.waiting} en attente" if session.waiting else taken

    @admin.display(description="réservable jusqu’au", ordering="bookable_until")
    def until(self, session):
        return spoken_deadline(session.bookable_until) if session.bookable_until else NOT_ONLINE

    @admin.display(description="réservable", ordering="bookable_until")
    def bookable(self, session):
        return _until(session.bookable_until)

    @admin.display(description="annulable", ordering="cancellable_until")
    def cancellable(self, session):
        return _until(session.cancellable_until)

    @admin.display(description="état", ordering="closed_at")
    def state(self, session):
        return f"Fermée : {session.closed_reason}" if session.closed_at else "Ouverte"


@admin.register(Booking)
class BookingAdmin(AskedByFamily, ReadOnly, CommunesAdmin):
    """The bookings of the agent's activities, found by child or by family."""

    list_display = ["day", "member", "shown_family", "activity", "status", "price"]
    list_filter = [WhenFilter, "status", ActivityFilter]
    list_select_related = ["session"]  # the rest is fetched for the rows of the page: what is sorted stays narrow
    list_per_page = 50
    member_path = "member"
    ordering = ["session__date", "member__last_name", "member__first_name"]
    fields = ["day", "activity", "member", "shown_family", "status", "price", "billing", "order", "cancelled_at"]

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows.prefetch_related("member", "family", "session__activity__service__commune")

    @admin.display(description="jour", ordering="session__date")
    def day(self, booking):
        return date_long(booking.session.date, timezone.localdate())

    @admin.display(description="activité", ordering="session__activity__name")
    def activity(self, booking):
        return booking.session.activity

    @admin.display(description="famille", ordering="family__name")
    def shown_family(self, booking):
        return file_link(booking.family)

    @admin.display(description="prix", ordering="cents")
    def price(self, booking):
        return euros(booking.cents)


class OrderRows(ReadOnlyRows):
    model = Booking
    fields = ["member", "session", "status", "price"]
    readonly_fields = ["price"]

    def get_queryset(self, request):
        rows = super().get_queryset(request).of_agent(request.user)
        return rows.select_related("member", "session__activity__service__commune").order_by("session__date", "pk")

    @admin.display(description="prix")
    def price(self, booking):
        return euros(booking.cents)


class BookedRows(OrderRows):
    fk_name = "order"
    verbose_name_plural = "journées réservées"


class CancelledRows(OrderRows):
    fk_name = "cancelled_in"
    verbose_name_plural = "journées annulées"


@admin.register(Order)
class OrderAdmin(AskedByFamily, ReadOnly, CommunesAdmin):
    """What families confirmed; an agent reads the part of it that is of their communes."""

    list_display = ["number", "at", "shown_family", "person", "booked", "cancelled", "paid"]
    list_filter = [("billing", BillingFilter), "at"]
    list_select_related = ["family", "by"]
    list_per_page = 50
    ordering = ["-pk"]
    fields = ["number", "at", "shown_family", "person", "booked", "cancelled", "paid"]
    inlines = [BookedRows, CancelledRows]

    def get_queryset(self, request):
        own = Booking.objects.of_agent(request.user)
        return (
            super()
            .get_queryset(request)
            .annotate(
                booked_sum=_sum_of(own.filter(order=OuterRef("pk")), "order"),
                cancelled_sum=_sum_of(own.filter(cancelled_in=OuterRef("pk")), "cancelled_in"),
            )
        )

    def own(self, rows, agent):
        of_it = Q(order=OuterRef("pk")) | Q(cancelled_in=OuterRef("pk"))  # one condition: asked a row, never of all
        return rows.filter(Exists(Booking.objects.of_agent(agent).filter(of_it)))

    @admin.display(description="commande", ordering="pk")
    def number(self, order):
        return str(order)

    @admin.display(description="famille", ordering="family__name")
    def shown_family(self, order):
        return file_link(order.family)

    @admin.display(description="par", ordering="by__last_name")
    def person(self, order):
        return str(order.by)

    @admin.display(description="paiement", ordering="billing")
    def paid(self, order):
        return order.get_billing_display()

    @admin.display(description="réservé", ordering="booked_sum")
    def booked(self, order):
        return euros(order.booked_sum)

    @admin.display(description="annulé", ordering="cancelled_sum")
    def cancelled(self, order):
        return euros(order.cancelled_sum)


def _sum_of(bookings, column: str):
    return Coalesce(Subquery(bookings.order_by().values(column).annotate(n=Sum("cents")).values("n")), 0)
