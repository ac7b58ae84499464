"""The town of the journeys: the communes, children and prices of the guides, on Monday 1 March 2027.

The clock is set so that a journey reads the same on every day of every year; the calendars are the real ones.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from accounts.models import Commune, User
from accounts.signing_in.mfa import enrol_totp
from common.models import Authority
from common.values.calendars import school_year_of
from families.models import Family, Member, Membership
from reservations.actions import refresh_sessions
from reservations.models import Activity, Billing, OpeningRule, Tariff
from reservations.rules import Counting, DeadlineKind, DeadlineRule
from services.models import Service
from tests.factories.accounts import AgentFactory, ManagerFactory, PendingUserFactory, UserFactory
from tests.factories.wallet import family_with, wallet_with
from wallet.actions import set_floor
from wallet.models import Purse

NOW = datetime(2027, 3, 1, 10, tzinfo=ZoneInfo("Europe/Paris"))
FIRST, LAST = date(2027, 3, 1), date(2027, 5, 31)
PASSWORD = "Cantine-Facile-2027"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON_TWO_WORKING_DAYS_BEFORE = DeadlineRule(kind=DeadlineKind.DAYS, days=2, counting=Counting.WORKING, at=time(12))
MEAL = {"kind": Activity.Kind.CANTEEN, "billing": Billing.PREPAID, "arrival": time(11, 30), "departure": time(13, 30)}
LEISURE = {"kind": Activity.Kind.LEISURE, "billing": Billing.DEFERRED, "unit": "journée", "units": "journées"}


@dataclass
class Town:
    """What the journeys start from."""

    saint_marcel: Commune
    aiguilhe: Commune
    cestas: Commune
    agent: User
    stranger: User  # an agent of another commune
    manager: User


def build_town() -> Town:
    """The authority, three communes with a canteen or a leisure centre, and their agents."""
    _authority()
    saint_marcel, aiguilhe, cestas = _communes()
    _canteen(saint_marcel, "Service cantine", "Réservation repas cantine", "cantine-saint-marcel")
    _canteen(aiguilhe, "Cantine scolaire", "Réservation de repas Cantines Aiguilhe", "cantine-aiguilhe")
    _leisure_centre(cestas)
    agents = [
        AgentFactory(email="agent@example.org", password=PASSWORD, communes=[saint_marcel, aiguilhe, cestas]),
        AgentFactory(
            email="voisin@example.org",
            password=PASSWORD,
            communes=[Commune.objects.create(insee_code="43078", name="Coubon")],
        ),
        ManagerFactory(email="odile@example.org", password=PASSWORD),
    ]
    for agent in agents:
        enrol_totp(agent, TOTP_SECRET)
    return Town(saint_marcel, aiguilhe, cestas, *agents)


def _authority():
    Authority.objects.update_or_create(
        pk=1,
        defaults={
            "name": "Dombes Connect",
            "subtitle": "Communauté de communes de la Dombes",
            "welcome": "CANTINE FACILE ! Votre compte en ligne",
            "introduction": "Bienvenue sur la plateforme citoyenne Communauté de Communes de la Dombes. "
            "Votre enfant mange à la cantine ? Rendez-vous vite ici.",
            "phone": "04 74 00 00 00",
            "partner_offers": True,
        },
    )


def _communes() -> list[Commune]:
    rows = [("01371", "Saint-Marcel-en-Dombes"), ("43002", "Aiguilhe"), ("33122", "Cestas")]
    return [Commune.objects.create(insee_code=code, name=name, zone="A") for code, name in rows]


def _canteen(commune, service, name, slug):
    activity = _activity(commune, service, name, slug, 380, MEAL, Purse.objects.get(is_default=True))
    _open(activity, weekdays=[0, 1, 3, 4], period="term")


def _leisure_centre(commune):
    purse = Purse.objects.create(code="cdc", name="CDC PE2M - APS ET CLSH")
    set_floor(purse, -15000)
    for name, slug, cents, arrival, departure in [
        ("ALSH 3-6 ans Journée", "alsh-3-6-journee", 1330, time(9), time(17, 30)),
        ("ALSH 3-6 ans Matin", "alsh-3-6-matin", 475, time(9), time(13, 30)),
        ("ALSH 3-6 ans Après Midi", "alsh-3-6-apres-midi", 475, time(12), time(17, 30)),
    ]:
        more = LEISURE | {"arrival": arrival, "departure": departure, "age_min": 3, "age_max": 6, "capacity": 24}
        activity = _activity(commune, "Centres de loisirs", name, slug, cents, more, purse)
        _open(activity, weekdays=[2], period="term")
        _open(activity, weekdays=[0, 1, 2, 3, 4], period="holidays")


def _activity(commune, service, name, slug, cents, fields, purse) -> Activity:
    access = {"access": Service.Access.OPEN, "credit_to_all": True}
    service, _ = Service.objects.get_or_create(commune=commune, name=service, defaults=access)
    activity = Activity.objects.create(
        service=service,
        name=name,
        slug=slug,
        purse=purse,
        booking_opens_at=datetime(2027, 2, 1, 8, tzinfo=NOW.tzinfo),
        booking_closes_at=datetime(2027, 5, 31, 8, tzinfo=NOW.tzinfo),
        booking_rule=NOON_TWO_WORKING_DAYS_BEFORE.to_json(),
        cancelling_rule=NOON_TWO_WORKING_DAYS_BEFORE.to_json(),
        **fields,
    )
    Tariff.objects.create(activity=activity, cents=cents, valid_from=date(2020, 1, 1))
    return activity


def _open(activity, weekdays, period):
    OpeningRule.objects.create(activity=activity, weekdays=weekdays, period=period, first=FIRST, last=LAST)
    refresh_sessions(activity)


def add_parent(commune: Commune, first_name: str = "Claire", cents: int = 0, purse: str = "", **fields) -> User:
    """A validated parent of the commune, certified for the year, whose purse (the main one by default) holds ``cents``."""
    fields = {"email": f"{first_name.lower()}.dupont@example.org", "commune": commune} | fields
    user = UserFactory(first_name=first_name, password=PASSWORD, **fields)
    family = family_with(user, name=user.last_name, commune=commune)
    family.certifications.create(school_year=school_year_of(NOW.date()), by=user)
    wallet_with(cents, family, Purse.objects.get(code=purse) if purse else None)
    return User.objects.get(pk=user.pk)


def add_pending(commune: Commune, **fields) -> User:
    """A person who signed up and waits for an agent."""
    return PendingUserFactory(first_name="Nadia", last_name="Benali", commune=commune, password=PASSWORD, **fields)


def add_child(family: Family, first_name: str, birth_date: date) -> Member:
    """A child in the family."""
    member = Member.objects.create(first_name=first_name, last_name=family.name, birth_date=birth_date)
    Membership.objects.create(family=family, member=member, kinship="mother")
    return member


def add_duponts(commune: Commune, cents: int = 0) -> User:
    """Claire Dupont of the guides, with Louane and Théo."""
    parent = add_parent(commune, cents=cents)
    add_child(parent.guardian.family, "Louane", date(2018, 5, 10))
    add_child(parent.guardian.family, "Théo", date(2013, 7, 12))
    return parent
