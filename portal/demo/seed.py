"""Write the demo's data: idempotent, dates relative to today, money only through the ledger's own actions."""

from datetime import date, datetime, time, timedelta

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import Commune, User
from accounts.roles import Role
from accounts.signing_in.mfa import enrol_totp
from common.models import Authority
from common.values.calendars import school_year_bounds, school_year_of
from common.writing.once import make_key
from families.actions import add_member, certify, open_family
from families.models import Level, Quotient, School, SchoolClass, Schooling
from portal.demo import access, data, lists, menus, past, reviews, sepa, today, told
from portal.demo.cesu import aid, issuer, orders
from reservations.actions import choose_days, confirm_cart, refresh_sessions
from reservations.actions.days.headcounts import freeze_headcounts
from reservations.actions.figures.counting import count_figures
from reservations.actions.places.baskets import read_basket
from reservations.models import Activity, Cart, OpeningRule, Priority, Session, Tariff
from reservations.rules import age_on
from services.models import Audience, Service
from wallet.actions import credit_at_counter, set_floor
from wallet.models import Purse, Wallet

LEVELS = {3: "PS", 4: "MS", 5: "GS", 6: "CP", 7: "CE1", 8: "CE2", 9: "CM1", 10: "CM2"}


def seed(families: int = 36) -> None:
    """Write everything that is missing; a second run changes nothing."""
    _authority()
    communes = _communes()
    purses = _purses()
    schools = _schools(communes)
    agents = _agents(communes)
    access.services(communes, agents["manager"])
    _activities(communes, purses)
    menus.serve(schools, agents)
    for number, row in enumerate(data.FAMILIES + data.more_families(families)):
        _family(number, row, communes, schools, agents)
    _waiting_accounts(communes)
    guide, *others = User.objects.filter(guardian__family__commune=communes[data.CESTAS]).order_by("pk")
    lists.fill(guide, others)
    claire, *others = User.objects.filter(guardian__family__commune=communes[data.SAINT_MARCEL]).order_by("pk")
    told.tell(claire, others)
    orders.employ()
    issuer.staff(_person("emetteur", "emetteur@demo.example", "Inès", "Émetteur", is_staff=True))
    aid.help_at_home(_person("apa31", "apa31@demo.example", "Claude", "Financeur", is_staff=True))
    freeze_headcounts()
    count_figures(timezone.localdate())


def _authority():
    it, made = Authority.objects.get_or_create(pk=1)
    if made or it.name == "Parvis":
        it.name, it.subtitle = "Dombes Connect", "Communauté de communes de la Dombes"
        it.welcome = "CANTINE FACILE ! Votre compte en ligne"
        it.introduction = (
            "Bienvenue sur la plateforme citoyenne Communauté de Communes de la Dombes. "
            "Votre enfant mange à la cantine ? Rendez-vous vite ici."
        )
        it.phone, it.email = "04 74 00 00 00", "famille@dombes.example"
        it.address = "100 avenue Foch\n01400 Châtillon-sur-Chalaronne"
        it.terms = "Conditions générales de la démonstration : les données sont fictives."
        it.publisher = "Odile Régisseur, présidente"
        it.host = "Hébergeur de la démonstration\n1 place du Marché, 01330 Villars-les-Dombes\n04 74 00 00 01"
        it.data_protection = "dpo@dombes.example, ou par courrier à l’adresse de la collectivité."
        it.creditor_id = "FR72ZZZ123456"
        it.counter_payment = (
            "Par chèque, en espèces ou par virement auprès de la régie, du lundi au vendredi de 8 h 30 à 12 h."
        )
        it.save()


def _communes() -> dict[str, Commune]:
    for code, name in data.COMMUNES:
        Commune.objects.get_or_create(insee_code=code, defaults={"name": name, "zone": "A"})
    return Commune.objects.in_bulk([code for code, _ in data.COMMUNES], field_name="insee_code")


def _purses() -> dict[str, Purse]:
    """Prepaid bookings use the main purse; leisure centres their own, which may go 150 € below zero."""
    Purse.objects.filter(is_default=True).update(name="Porte-monnaie")
    settings = {"name": "CDC PE2M - APS ET CLSH", "reminder_below": 1000, "blocked_above": 10000}
    leisure, made = Purse.objects.get_or_create(code="cdc", defaults=settings)
    if made:
        set_floor(leisure, -15000)
        leisure.refresh_from_db()
    return {"prepaid": Purse.objects.get(is_default=True), "deferred": leisure}


def _schools(communes) -> dict[str, School]:
    year = school_year_of(timezone.localdate())
    schools = {}
    for code, name in data.SCHOOLS.items():
        schools[code], _ = School.objects.get_or_create(commune=communes[code], name=name)
        for level in LEVELS.values():
            SchoolClass.objects.get_or_create(
                school=schools[code],
                school_year=year,
                name=f"Classe de {Level(level).label}",
                defaults={"level": level},
            )
    return schools


def _activities(communes, purses):
    for code, service_name, name, slug, shape, inside, outside, booking, cancelling, more in data.ACTIVITIES:
        service = Service.objects.get(commune=communes[code], name=service_name)
        first, last = school_year_bounds(school_year_of(timezone.localdate()))
        activity, made = Activity.objects.get_or_create(
            slug=slug,
            defaults=shape
            | more
            | {
                "service": service,
                "purse": purses[shape["billing"]],
                "name": name,
                "booking_opens_at": _at(first - timedelta(60)),
                "booking_closes_at": _at(last),
                "booking_rule": booking.to_json(),
                "cancelling_rule": cancelling.to_json(),
            },
        )
        _open(activity, first, last)
        if made:
            for residents in service.audiences.filter(residence=Audience.Residence.INSIDE):
                Tariff.objects.create(activity=activity, audience=residents, cents=inside, valid_from=date(2020, 1, 1))
            Tariff.objects.create(activity=activity, cents=outside, valid_from=date(2020, 1, 1))
        if made and activity.waiting_capacity:
            Priority.objects.create(activity=activity, criterion=Priority.Criterion.RESIDENT, points=100)
            for kind, percent in data.OTHERWISE:
                Tariff.objects.create(
                    activity=activity, kind=kind, cents=outside * percent // 100, valid_from=date(2020, 1, 1)
                )


def _open(activity: Activity, first: date, last: date):
    """Give the activity the current school year, once; meals on school days, leisure on Wednesdays and in the holidays."""
    if activity.opening_rules.filter(first=first).exists():
        return
    rules = (
        [(data.SCHOOL_DAYS, "term")]
        if activity.kind == Activity.Kind.CANTEEN
        else [(data.WEDNESDAY, "term"), (data.WORKDAYS, "holidays")]
    )
    for weekdays, period in rules:
        OpeningRule.objects.create(activity=activity, weekdays=weekdays, period=period, first=first, last=last)
    activity.booking_closes_at = _at(last)
    activity.save(update_fields=["booking_closes_at"])
    refresh_sessions(activity)


def _agents(communes) -> dict[str, User]:
    manager = _person("admin", "admin@demo.example", "Odile", "Régisseur", is_staff=True, is_superuser=True)
    agents = {}
    for code in data.SCHOOLS:
        name = communes[code].name
        agent = _person(
            f"agent-{code}", f"agent.{code}@demo.example", "Agent", name, is_staff=True, roles=list(Role)[:4]
        )
        agent.communes.set([communes[code]])
        agents[code] = agent
    by_role = [_with_role(role, communes[data.SAINT_MARCEL]) for role in Role]
    for agent in [manager, *agents.values(), *by_role]:
        enrol_totp(agent, data.TOTP_SECRET)
    return agents | {"manager": manager}


def _with_role(role: Role, commune) -> User:
    agent = _person(role, f"{role}@demo.example", "Camille", role.label, is_staff=True, roles=[role])
    agent.communes.set([commune])
    return agent


def _person(identifier: str, email: str | None, first: str, last: str, **more) -> User:
    user = User.objects.filter(identifier=identifier).first()
    if user is None:
        now = timezone.now()
        fields = {"status": User.Status.VALIDATED, "decided_at": now, "signed_up_at": now} | more
        names = {"first_name": first, "last_name": last}
        user = User.objects.create(identifier=identifier, email=email, password=data.encoded(), **names, **fields)
        if email:
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _family(number: int, row: tuple, communes, schools, agents):
    first, last, gender, code, children, cents = row
    email = f"{_plain(first)}.{_plain(last)}@demo.example" if number < 2 else f"famille{number:02}@demo.example"
    identifier = f"F{1000 + number:07}"
    known = User.objects.filter(identifier=identifier).exists()
    user = _person(identifier, email, first, last, gender=gender, commune=communes[code])
    if known:
        return
    family = open_family(user)
    kinship = "mother" if gender == "Mme" else "father"
    for name, birth in children:
        member = add_member(user=user, first_name=name, last_name=last, birth_date=birth, kinship=kinship).member
        _school(member, schools[code])
    user.refresh_from_db()
    certify(user=user)
    if number % 4 == 1:
        Quotient.objects.create(
            family=family, value=450 + 40 * number, effective_from=date(2026, 1, 1), recorded_by=agents[code]
        )
    access.let_in(user, agents[code], number)
    if number < 2:
        menus.allergic(user)
    _credit(agents[code], user, cents, number)
    today.say_health(user, number)
    today.live(user, agents[code], number)
    if number % 6 != 5:
        _book(user, code, 3 if number else 2)  # the first family finds its week still to be booked
        reviews.say(user, agents[code], number)
    if code == data.CESTAS:
        past.live(user, agents[code], owes=number == data.OWING)
        sepa.collect(user)


def _school(member, school: School):
    year = school_year_of(timezone.localdate())
    level = LEVELS.get(age_on(member.birth_date, date(year, 12, 31)))
    found = SchoolClass.objects.filter(school=school, school_year=year, level=level).first()
    if found:
        Schooling.objects.create(member=member, school_class=found, school_year=year)


def _credit(agent: User, user: User, cents: int, number: int):
    family = user.guardian.family
    for purse in Purse.objects.all():
        credit_at_counter(
            agent=agent,
            family=family,
            purse=purse,
            means="CH",
            cents=cents,
            number=str(795466 + number),
            payer=f"{user.last_name.upper()} {user.first_name}",
            bank="LEP",
            received_on=timezone.localdate() - timedelta(number % 20),
            key=make_key(agent.owner, f"credit:{family.pk}"),
        )


def _book(user: User, code: str, number: int):
    """A few days of the first activities of the commune, as the parent would."""
    for activity in Activity.objects.offered().filter(service__commune__insee_code=code):
        days = Session.objects.filter(activity=activity, bookable_until__gt=timezone.now()).order_by("date")
        members = user.guardian.family.members.values_list("pk", flat=True)
        chosen = choose_days(
            user=user, activity=activity, members=list(members), days=set(days.values_list("date", flat=True)[:number])
        )
        if chosen.booked:
            _confirm(user, activity.billing)
            return


def _confirm(user: User, billing: str):
    basket = read_basket(Cart.objects.get(family=user.guardian.family, billing=billing))
    if basket.due <= Wallet.objects.of(user).first().balance and not basket.reasons:
        key = make_key(user.owner, f"confirm:{billing}", basket.purpose)
        confirm_cart(user=user, billing=billing, key=key)


def _waiting_accounts(communes):
    """Accounts for the agents to decide."""
    for number, (first, last) in enumerate([("Nadia", "Benali"), ("Paul", "Lefèvre"), ("Sophie", "Marchand")]):
        user = _person(
            f"F{9000 + number:07}",
            f"{_plain(first)}.{_plain(last)}@demo.example",
            first,
            last,
            commune=communes["01371"],
            status=User.Status.PENDING,
            decided_at=None,
        )
        open_family(user)


def _plain(name: str) -> str:
    return name.lower().translate(str.maketrans("éèçàâêîôû ", "eecaaeiou-"))


def _at(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(8)))
