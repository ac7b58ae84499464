"""Every address of the portal, who may open it, and a small world to open it in.

``PAGES`` has one row for each URL, ``TABLES`` one for each table of the admin: what a GET answers to each visitor.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib import admin
from django.db import models, transaction
from django.urls import Resolver404, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from accounts.models import User
from accounts.signing_in.questions import SETTING, link_parts, set_question
from common.documents import vault
from common.models import JobRun, OutgoingEmail, authority
from common.writing.once import make_key
from families.actions import invite
from families.models import (
    Contact,
    Family,
    HealthContent,
    HealthSheet,
    IdentityChange,
    Invitation,
    Member,
    Membership,
    School,
)
from portal.desk.reads.journal import histories
from portal.models import ContactMessage, Kitchen, ListExport, Menu, News, Review
from reservations.actions import choose_days, confirm_cart
from reservations.actions.days.absences import purpose, tell_absence
from reservations.actions.days.attendance import add_present, adding_purpose
from reservations.actions.desk import book_for_family, booking_purpose
from reservations.actions.figures.counting import count_figures
from reservations.actions.places.baskets import read_basket
from reservations.actions.places.promotion import promote
from reservations.models import (
    Absence,
    Activity,
    BackOffice,
    Billing,
    Booking,
    CalendarAddress,
    Cart,
    Order,
    SchoolCalendar,
    Session,
    WaitlistEntry,
)
from reservations.reads.days.attendance import price_without_booking
from reservations.reads.days.desk import read_desk
from services.actions.documents import BLANKS
from tests import access_aid, access_cesu
from tests.client import PortalClient
from tests.factories.accounts import UserFactory
from tests.factories.families import SchoolingFactory
from tests.factories.sepa import creditor, mandate_of, refund, refund_file
from tests.factories.services import PDF, DocumentTypeFactory, document, line, service_asking
from tests.journeys.town import NOW, PASSWORD, Town, add_child, add_duponts, add_parent, add_pending, build_town
from wallet.actions import credit_at_counter
from wallet.models import CardPayment, DirectDebitRun, Purse, StripeEvent, Wallet

VISITORS = [
    "anonymous",
    "pending",
    "alone",
    "parent",
    "other",
    "agent",
    "stranger",
    "manager",
    "employer",
    "beneficiary",
]


@dataclass
class World:
    """A parent with something at every address, and everybody who might look at it."""

    town: Town
    people: dict[str, User | None]
    objects: dict[str, models.Model] = field(default_factory=dict)
    token: str = ""  # of Claire's invitation

    def client(self, visitor: str, **options) -> PortalClient:
        """A browser of this visitor, signed in; agents have proven their second factor."""
        client, person = PortalClient(**options), self.people[visitor]
        if person:
            client.login_agent(person) if person.is_staff else client.force_login(person)
        return client


def build_world() -> World:
    """The town of the journeys; Claire has bookings, a cart, an invitation, a letter and a cheque; the others do not."""
    town = build_town()
    claire = add_duponts(town.aiguilhe, 5000)
    other = add_parent(town.cestas, "Jean-Paul", 5000)
    add_child(other.guardian.family, "Antoine", date(2022, 3, 4))
    people = {
        "anonymous": None,
        "pending": add_pending(town.aiguilhe),
        "alone": UserFactory(first_name="Amina", commune=town.aiguilhe, password=PASSWORD),
        "parent": claire,
        "other": other,
        "agent": town.agent,
        "stranger": town.stranger,
        "manager": town.manager,
    }
    world = World(town, people)
    _fill(world, claire, claire.guardian.family)
    access_cesu.fill(world)
    access_aid.fill(world)
    count_figures(NOW.date())
    return world


def ended_card_payment(family: Family, claire: User) -> CardPayment:
    """A payment by card that was given up: nothing is asked of Stripe any more."""
    return CardPayment.objects.create(
        family=family,
        user=claire,
        purpose="topup",
        label="Recharge du porte-monnaie",
        cents=5000,
        status=CardPayment.Status.EXPIRED,
        expires_at=timezone.now(),
        settled_at=timezone.now(),
    )


def _fill(world: World, claire: User, family: Family) -> None:
    book(claire, "cantine-aiguilhe", date(2027, 3, 18))
    wait_for(claire, "cantine-aiguilhe", date(2027, 3, 22))
    fill_cart(claire, "cantine-aiguilhe", date(2027, 3, 19))
    withdrawn = add_child(family, "Malo", date(2015, 1, 2))
    Membership.objects.filter(member=withdrawn).update(withdrawn_at=timezone.now())
    louane = Member.objects.get(first_name="Louane")
    schooling = SchoolingFactory(member=louane, school_class__school__commune=world.town.aiguilhe)
    key = make_key(world.town.agent.owner, f"credit:{family.pk}")
    purse = Purse.objects.get(is_default=True)
    cheque = {"means": "CH", "cents": 5000, "number": "795466", "received_on": NOW.date(), "key": key}
    payment = credit_at_counter(agent=world.town.agent, family=family, purse=purse, **cheque)
    activity = Activity.objects.get(slug="cantine-aiguilhe")
    piece = DocumentTypeFactory(
        name="Justificatif de domicile", blank_key=vault.store(PDF, BLANKS), blank_label="modèle"
    )
    garderie = service_asking(piece, name="Garderie", commune=world.town.aiguilhe)
    booking = Booking.objects.of(claire).first()
    invitation = invite(user=claire, email="louis@example.org", kind=Invitation.Kind.HOUSEHOLD)
    letter = OutgoingEmail.objects.get(template="families/invitation")
    world.token = letter.context["path"].rstrip("/").rsplit("/", 1)[1]
    question = {"question": "Le nom de ma première maîtresse ?", "answer": "Éléonore"}
    set_question(user=claire, key=make_key(claire.owner, SETTING), **question)
    world.objects = {
        "member": louane,
        "withdrawn": withdrawn,
        "invitation": invitation,
        "message": OutgoingEmail.objects.filter(owner=claire.owner).first(),
        "booking": booking,
        "order": booking.order,
        "waitlistentry": WaitlistEntry.objects.of(claire).get(status="offered"),
        "deferred": Order.objects.create(family=family, by=claire, billing=Billing.DEFERRED, booked_cents=1330),
        "family": family,
        "payment": payment,
        "card": ended_card_payment(family, claire),
        "cardpayment": CardPayment.objects.get(family=family),
        "listexport": ListExport.objects.create(by=world.town.agent, table="Familles", rows=2, form="csv"),
        "stripeevent": StripeEvent.objects.create(pk="evt_1", type="checkout.session.expired"),
        "activity": activity,
        "session": booking.session,
        "service": activity.service,
        "ondemand": garderie,
        "accepted": line(garderie, family, louane),
        "requestline": line(garderie, family, Member.objects.get(first_name="Théo"), status="pending"),
        "documenttype": piece,
        "supportingdocument": document(family, piece),
        "healthfile": louane,
        "contact": Contact.objects.create(
            member=louane, name="Mamie", phone="0612345678", kinship="grand-mère", is_emergency=True, added_by=claire
        ),
        "school": schooling.school_class.school,
        "schoolclass": schooling.school_class,
        "schooling": schooling,
        "wallet": payment.wallet,
        "counterpayment": payment,
        "operation": payment.operation,
        "purse": purse,
        "user": claire,
        "agent": world.town.agent,
        "commune": world.town.aiguilhe,
        "authority": authority(),
        "outgoingemail": OutgoingEmail.objects.filter(owner=claire.owner).first(),
        **_by_direct_debit(world.town.manager, payment.wallet),
        "news": News.objects.create(commune=world.town.aiguilhe, title="Portes ouvertes", text="Samedi à 10 h."),
        **_told_to_a_back_office(booking),
        "contactmessage": ContactMessage.objects.create(
            service=activity.service, name="Odette", email="odette@example.org", subject="Menu", text="Merci !"
        ),
        "review": Review.objects.create(service=activity.service, user=claire, rating=4, text="Une bonne cantine."),
        "kitchen": lunches(schooling.school_class.school, louane, claire),
        "schoolcalendar": SchoolCalendar.objects.create(
            zone="974", first=date(2026, 8, 18), last=date(2027, 7, 2), source="Arrêté", by=world.town.manager
        ),
        "calendaraddress": CalendarAddress.objects.create(family=family, token="x" * 43),
        "jobrun": JobRun.objects.create(job="nightly", business_date=NOW.date(), lease_until=NOW),
        "absence": _absent(world, claire, family, louane, activity),
        "identitychange": IdentityChange.objects.create(
            member=louane,
            family=family,
            by=claire,
            **{
                f"{old}{name}": getattr(louane, name)
                for old in ("", "old_")
                for name in ("first_name", "last_name", "birth_date")
            },
        ),
        "today": came(world.town.agent, family, louane, activity.sessions.get(date=NOW.date())),
    }


def _absent(world: World, claire: User, family: Family, child: Member, activity: Activity) -> Absence:
    """A late booking of tomorrow, of which Claire tells an absence."""
    tomorrow = activity.sessions.get(date=NOW.date() + timedelta(1))
    content = read_desk(family, activity, [child.pk], {tomorrow.pk: tomorrow}).content
    key = make_key(world.town.agent.owner, booking_purpose(family, activity), content)
    asked = {"family": family, "activity": activity, "members": [child.pk], "days": [tomorrow.date]}
    book_for_family(agent=world.town.agent, consent="Claire, par téléphone", key=key, **asked)
    booking = Booking.objects.get(session=tomorrow)
    key = make_key(claire.owner, purpose(booking))
    return Absence.objects.get(
        pk=tell_absence(user=claire, booking=booking, reason="Enfant malade", key=key)["absence"]
    )


def came(agent: User, family: Family, child: Member, session: Session) -> Session:
    """A child came today without a booking: the sheet has one."""
    price = str(price_without_booking(session, family, child))
    key = make_key(agent.owner, adding_purpose(session, family, child), price)
    add_present(agent=agent, session=session, family=family, member=child, key=key)
    return session


def lunches(school: School, child: Member, parent: User) -> Kitchen:
    """A kitchen of a school with a menu today, and a child who may not eat all of it."""
    kitchen = Kitchen.objects.create(commune=school.commune, name="Cantine du Bourg")
    kitchen.schools.add(school)
    menu = Menu.objects.create(kitchen=kitchen, date=NOW.date())
    for rank, (name, allergens) in enumerate([("Œuf mayonnaise", ["eggs"]), ("Riz", None), ("Pomme", [])]):
        menu.dishes.create(rank=rank, name=name, allergens=allergens)
    sealed = HealthSheet.seal(child.pk, HealthContent(allergens=("eggs",), allergies="Kiwi."))
    HealthSheet.objects.create(member=child, sealed=sealed, updated_by=parent)
    return kitchen


def _by_direct_debit(manager: User, wallet: Wallet) -> dict[str, models.Model]:
    """A mandate, a debit to come in its file, a refund in its file."""
    creditor(subtitle="Communauté de communes de la Dombes")
    mandate = mandate_of(wallet.family)
    run = DirectDebitRun(purse=wallet.purse, month=NOW.date(), collected_on=date(2027, 3, 8), message="PRV1-202703")
    run.file = b"<x/>"
    run.save()
    debit = run.debits.create(wallet=wallet, mandate=mandate, sequence="FRST", cents=4605, end_to_end="PRV1-202703-D1")
    paid_back, batch = refund(wallet, 100, manager), refund_file(manager)
    return {
        "sepamandate": mandate,
        "directdebitrun": run,
        "directdebit": debit,
        "bankrefund": paid_back,
        "bankrefundbatch": batch,
    }


def _told_to_a_back_office(booking: Booking) -> dict[str, models.Model]:
    """A batch that was sent, with a cancellation that the back office refused."""
    office = BackOffice.objects.create(name="Logiciel", address="/srv/echange")
    batch = office.transmissions.create(
        number=1, night=NOW.date(), frozen_at=NOW, format="csv", file=b"ligne", status="sent", sent_at=NOW
    )
    told = {"first_name": "Louane", "activity_name": "Cantine", "date": "2027-03-18"}
    line = batch.changes.create(
        back_office=office,
        kind="cancellation",
        booking=booking,
        family=booking.family,
        payload=told,
        verdict="refused",
        reason="Déjà facturée",
        verdict_at=NOW,
    )
    return {"backoffice": office, "transmission": batch, "change": line}


def fill_cart(user: User, slug: str, *days: date):
    """Put days into the cart for everybody of the family."""
    activity = Activity.objects.offered().get(slug=slug)
    members = list(Member.objects.of(user).values_list("pk", flat=True))
    choose_days(user=user, activity=activity, members=members, days=set(days))
    return activity


def book(user: User, slug: str, *days: date) -> None:
    """Book and pay days for everybody of the family."""
    activity = fill_cart(user, slug, *days)
    basket = read_basket(Cart.objects.get(family=user.guardian.family_id, billing=activity.billing))
    key = make_key(user.owner, f"confirm:{activity.billing}", basket.purpose)
    confirm_cart(user=user, billing=activity.billing, key=key)


def wait_for(user: User, slug: str, day: date) -> None:
    """Join the list of a full day for everybody of the family; the first is then offered a place."""
    full = Session.objects.filter(activity__slug=slug, date=day)
    full.update(capacity=0, waiting_capacity=5)
    book(user, slug, day)
    full.update(capacity=1)
    Activity.objects.filter(slug=slug).update(offer_only_days=60)
    with transaction.atomic():
        promote(full.values_list("pk", flat=True))


# --- The addresses ----------------------------------------------------------------------------------------------------
def urls(patterns=None, prefix: str = "", spaces: tuple = ()) -> Iterator[tuple[str, str]]:
    """Every URL of the project as (name, route), those of the libraries and of the admin included."""
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from urls(pattern.url_patterns, route, spaces + ((pattern.namespace,) if pattern.namespace else ()))
        else:
            yield ":".join((*spaces, pattern.name or route)), route


def admin_tables() -> dict[str, type[models.Model]]:
    """The tables that the admin shows: « families_family » → Family."""
    return {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}


def where(response) -> str:
    """The answer in a word: « 200 », « 404 », or the name of the page that it leads to: « >account_login »."""
    if response.status_code not in (301, 302):
        return str(response.status_code)
    try:
        return f">{resolve(response.url.split('?')[0]).view_name}"
    except Resolver404:
        return f">{response.url}"


# What a GET answers to: anonymous, pending, alone, parent, other, agent, stranger, manager.
SHORT = {
    "login": ">account_login",
    "wait": ">waiting",
    "account": ">account",
    "work": ">admin:index",
    "gate": ">admin:login",
    "password": ">account_reauthenticate",
}
ANSWERS = {
    "200 200 200 200 200 200 200 200": [
        "reservations:feed",
        "home",
        "contact",
        "kitchens",
        "kitchen",
        "authority_css",
        "security_txt",
        "legal",
        "health",
        "activation",
        "account_inactive",
        "account_reset_password",
        "account_reset_password_from_key_done",
        "account_reset_password_from_key",
        "account_reset_password_done",
        "answer_question",
    ],
    "login wait >families:members 200 200 work work work": [
        "account",
    ],
    "404 404 404 404 404 404 404 404": [
        "codes",
        "inbox",
        "inbox_letter",
    ],
    "login wait 200 200 200 200 200 200": [
        "families:members",
        "families:certify",
        "families:invite",
    ],
    "login wait 404 200 404 404 404 404": [
        "families:edit",
        "families:remove",
        "families:health",
        "families:health_edit",
        "families:contact_add",
        "families:contact_edit",
        "families:consents",
    ],
    "405 405 405 405 405 405 405 405": ["stripe_events", "signup_again"],
    "login wait 405 405 405 405 405 405": [
        "my_data",
        "reviews_withdraw",
        "wallet:resume_payment",
        "wallet:abandon_payment",
        "families:school_class",
        "families:restore",
        "families:withdraw_invitation",
        "reservations:remove",
        "reservations:abandon",
        "families:contact_remove",
    ],
    "200 200 200 409 200 200 200 200": [
        "families:accept",
    ],
    "login wait 404 200 200 404 404 404": [
        "wallet:statement",
        "wallet:purse_statement",
    ],
    "login wait account 200 200 account account account": [
        "my_menus",
        "reviews",
        "reservations:selection",
        "reservations:products",
        "reservations:calendar",
        "reservations:typical_week",
        "reservations:cart",
        "reservations:week",
        "reservations:request",
        "reservations:bookings",
        "reservations:cancel_days",
        "reservations:absences",
        "reservations:reminders",
        "reservations:agenda",
        "reservations:orders",
        "reservations:following",
        "reservations:following_pdf",
        "reservations:calendar_address",
        "wallet:direct_debit",
        "wallet:top_up",
        "reservations:balances",
        "reservations:card_payment",
        "reservations:history",
        "reservations:payments",
        "reservations:history_file",
        "reservations:certificates",
        "services:services",
        "services:ask",
        "services:documents",
    ],
    "login wait account 200 404 account account account": [
        "reservations:cancel",
        "reservations:absence",
        "reservations:waiting_place",
        "reservations:order",
        "reservations:week_done",
        "reservations:offer_payment",
        "reservations:receipt",
        "wallet:payment",
        "services:download",
        "services:replace",
    ],
    "login wait account 404 404 account account account": [
        "reservations:certificate",
    ],
    "200 wait account account account work work work": [
        "signup",
        "account_login",
    ],
    "login 200 account account account work work work": [
        "signup_members",
        "signup_services",
        "waiting",
        "signup_situations",
    ],
    "login 405 405 405 405 405 405 405": [
        "signup_remove_member",
        "ask_again",
        "security_question_remove",
    ],
    "login 200 200 200 200 200 200 200": [
        "profile",
        "profile_edit",
        "account_messages",
        "account_email",
        "mfa_index",
        "mfa_list_webauthn",
        "account_reauthenticate",
        "account_change_password",
        "services:blank",
    ],
    "login 404 404 200 404 404 404 404": [
        "account_message",
    ],
    ">signup >signup >signup >signup >signup >signup >signup >signup": [
        "account_signup",
    ],
    ">home 200 200 200 200 200 200 200": [
        "account_logout",
    ],
    "login >account_email >account_email >account_email >account_email >account_email >account_email >account_email": [
        "account_email_verification_sent",
    ],
    "login >account_change_password >account_change_password >account_change_password >account_change_password >account_change_password >account_change_password >account_change_password": [
        "account_set_password",
    ],
    "login wait account account account work work work": [
        "account_confirm_login_code",
        "mfa_authenticate",
        "admin:login",
    ],
    "login password password password password 200 200 200": [
        "mfa_reauthenticate",
    ],
    "login password password password password password password password": [
        "security_question",
        "mfa_activate_totp",
        "mfa_generate_recovery_codes",
        "mfa_add_webauthn",
        "mfa_reauthenticate_webauthn",
        "mfa_remove_webauthn",
        "mfa_edit_webauthn",
    ],
    "login 404 404 404 404 password password password": [
        "mfa_deactivate_totp",
    ],
    "login 404 404 404 404 404 404 404": [
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
    ],
    "login wait gate gate gate 200 200 200": [
        "admin:search",
        "admin:settings",
        "admin:family_new",
        "admin:family_import",
        "admin:family_import_model",
        "admin:accounts_user_courriers",
        "admin:accounting_month",
        "admin:accounting_month_csv",
        "admin:accounting_month_pdf",
        "admin:figures",
        "admin:figures_xlsx",
        "admin:closing",
        "admin:calendar",
        "admin:desk",
        "admin:attendance_day",
        "admin:headcounts",
        "admin:headcounts_pdf",
    ],
    "login wait gate gate gate >admin:family_import >admin:family_import >admin:family_import": [
        "admin:family_import_confirm",
    ],
    "gate wait gate gate gate 200 200 200": [
        "admin:index",
        "admin:jsi18n",
    ],
    "gate wait gate gate gate >admin:settings >admin:settings >admin:settings": [
        "admin:app_list",
    ],
    "gate wait work work work >account_logout >account_logout >account_logout": [
        "admin:logout",
    ],
    "gate wait gate gate gate >account_change_password >account_change_password >account_change_password": [
        "admin:password_change",
        "admin:password_change_done",
    ],
    "gate wait gate gate gate 403 403 403": [
        "admin:autocomplete",
    ],
    "login wait gate gate gate 200 404 200": [
        "admin:portal_kitchen_menus",
        "admin:portal_kitchen_copy",
        "admin:accounts_user_valider",
        "admin:accounts_user_refuser",
        "admin:accounts_user_fermer",
        "admin:accounts_user_lien",
        "admin:families_family_beneficiaire",
        "admin:families_family_quotient",
        "admin:families_family_certifier",
        "admin:families_family_classes",
        "admin:families_family_relier",
        "admin:families_roll_over",
        "admin:families_sepamandate_arreter",
        "admin:families_identitychange_decision",
        "admin:reservations_change_handle",
        "admin:wallet_credit",
        "admin:wallet_cancel_credit",
        "admin:wallet_exemption",
        "admin:family_file",
        "admin:desk_family",
        "admin:desk_cancel",
        "admin:attendance",
        "admin:attendance_add",
        "admin:reservations_absence_decision",
        "admin:services_requestline_accepter",
        "admin:services_requestline_refuser",
        "admin:services_requestline_pieces",
        "admin:services_supportingdocument_valider",
        "admin:services_supportingdocument_refuser",
    ],
    "login wait gate gate gate >admin:desk_family 404 >admin:desk_family": [
        "admin:desk_book",
    ],
    "login account account 200 404 account account account": [
        "services:pieces",
    ],
    "login account account 409 409 account account account": [
        "services:mandate",
    ],
    "login wait gate gate gate 403 403 >admin:wallet_directdebit_report": [
        "admin:wallet_directdebit_report_confirm",
    ],
    "login wait gate gate gate 405 405 405": [
        "admin:family_note_end",
        "admin:attendance_send",
        "admin:headcount_children",
        "admin:reservations_absence_proof",
        "admin:services_supportingdocument_ouvrir",
    ],
    "login wait gate gate gate 403 403 200": [
        "admin:journal",
        "admin:services_documenttype_formulaire",
        "admin:services_documenttype_telecharger",
        "admin:wallet_directdebitrun_file",
        "admin:wallet_directdebitrun_download",
        "admin:wallet_directdebit_report",
        "admin:wallet_directdebit_reject",
        "admin:wallet_bankrefundbatch_make",
        "admin:wallet_bankrefundbatch_download",
        "admin:wallet_bankrefund_pay",
        "admin:wallet_cardpayment_refund",
        "admin:wallet_cardpayment_verify",
        "admin:wallet_stripeevent_look",
        "admin:wallet_bankrefund_reject",
        "admin:reservations_transmission_send_again",
        "admin:reservations_transmission_download",
        "admin:reservations_transmission_answer",
        "admin:reservations_transmission_verify",
        "admin:accounting_journal",
        "admin:accounting_journal_csv",
        "admin:accounting_stripe",
    ],
    "login wait gate gate gate 403 403 405": [
        "admin:accounting_stripe_resume",
    ],
}
PAGES = {
    name: dict(
        zip(VISITORS, words.split(), strict=False)
    )  # what the last two are answered elsewhere: access_cesu, access_aid
    for answers in (ANSWERS, access_cesu.ANSWERS, access_aid.ANSWERS)
    for words, names in answers.items()
    for name in names
}

# What agents may do in the admin's tables, and what those who manage the portal may; nobody deletes.
TABLES = (
    access_cesu.TABLES
    | access_aid.TABLES
    | {
        "accounts_agent": ("", "list add"),
        "accounts_commune": ("", "list add"),
        "accounts_user": ("list", "list"),
        "families_family": ("list", "list"),
        "families_healthfile": ("list", "list"),
        "families_identitychange": ("list", "list"),
        "families_school": ("list", "list add"),
        "families_sepamandate": ("list", "list"),
        "families_schoolclass": ("list add", "list add"),
        "families_schooling": ("list", "list"),
        "lib_authority": ("", "list"),
        "lib_jobrun": ("", "list"),
        "lib_outgoingemail": ("", "list"),
        "portal_contactmessage": ("list", "list"),
        "portal_kitchen": ("list add", "list add"),
        "portal_review": ("list", "list"),
        "portal_listexport": ("", "list"),
        "portal_news": ("list add", "list add"),
        "reservations_absence": ("list", "list"),
        "reservations_activity": ("list add", "list add"),
        "reservations_backoffice": ("", "list add"),
        "reservations_booking": ("list", "list"),
        "reservations_change": ("list", "list"),
        "reservations_order": ("list", "list"),
        "reservations_schoolcalendar": ("", "list add"),
        "reservations_session": ("list", "list"),
        "reservations_waitlistentry": ("list", "list"),
        "reservations_transmission": ("", "list"),
        "services_service": ("list add", "list add"),
        "services_documenttype": ("", "list add"),
        "services_requestline": ("list", "list"),
        "services_supportingdocument": ("list", "list"),
        "wallet_bankrefund": ("list", "list"),
        "wallet_cardpayment": ("list", "list"),
        "wallet_stripeevent": ("", "list"),
        "wallet_bankrefundbatch": ("", "list"),
        "wallet_counterpayment": ("list add", "list add"),
        "wallet_directdebit": ("list", "list"),
        "wallet_directdebitrun": ("", "list"),
        "wallet_operation": ("list", "list"),
        "wallet_purse": ("", "list add"),
        "wallet_wallet": ("list", "list"),
    }
)
TABLE_PAGES = ("changelist", "add", "change", "history", "delete")
SHUT = "no"  # in the admin's tables: 403, 404, or Django's way back to the first page for a row that is not there

# A POST to what belongs to another family, or to families of another commune.
FOREIGN = {
    "other": dict.fromkeys(
        [
            "families:edit",
            "families:school_class",
            "families:remove",
            "families:restore",
            "families:withdraw_invitation",
            "families:health_edit",
            "families:contact_add",
            "families:contact_edit",
            "families:contact_remove",
            "families:consents",
            "reservations:cancel",
            "reservations:absence",
            "reservations:waiting_place",
            "wallet:resume_payment",
            "wallet:abandon_payment",
            "services:pieces",
            "services:replace",
        ],
        "404",
    ),
    "stranger": dict.fromkeys(
        [
            *ANSWERS["login wait gate gate gate 200 404 200"],
            "admin:attendance_send",
            "admin:headcount_children",
            "admin:reservations_absence_proof",
        ],
        "404",
    ),
}


def paths_of(world: World) -> dict[str, str]:
    """The address of every page, with the parent's own objects in it."""
    held = world.objects
    named = {
        "account_message": {"pk": held["message"].pk},
        "answer_question": dict(zip(("uid", "token"), link_parts(world.people["parent"]), strict=True)),
        "account_reset_password_from_key": {"uidb36": "x", "key": "y-z"},
        "admin:app_list": {"app_label": "families"},
        "admin:families_roll_over": {"pk": held["school"].pk, "year": 2026},
        "admin:desk_family": {"pk": held["family"].pk},
        "admin:family_file": {"pk": held["family"].pk},
        "admin:family_note_end": {"pk": held["family"].pk},
        "admin:desk_book": {"pk": held["family"].pk},
        "admin:desk_cancel": {"pk": held["booking"].pk},
        "admin:attendance": {"pk": held["today"].pk},
        "admin:attendance_add": {"pk": held["today"].pk},
        "admin:attendance_send": {"pk": held["today"].pk},
        "admin:headcount_children": {"pk": held["today"].pk},
        "admin:wallet_cancel_credit": {"payment_id": held["payment"].pk},
        "admin:wallet_credit": {"family_id": held["family"].pk},
        "admin:wallet_exemption": {"wallet_id": held["wallet"].pk},
        "admin:families_sepamandate_arreter": {"pk": held["sepamandate"].pk},
        "admin:families_identitychange_decision": {"pk": held["identitychange"].pk},
        "admin:wallet_directdebitrun_file": {"pk": held["directdebitrun"].pk},
        "admin:wallet_directdebitrun_download": {"pk": held["directdebitrun"].pk},
        "admin:wallet_directdebit_reject": {"pk": held["directdebit"].pk},
        "admin:wallet_bankrefundbatch_download": {"pk": held["bankrefundbatch"].pk},
        "admin:wallet_bankrefund_pay": {"pk": held["wallet"].pk},
        "admin:wallet_cardpayment_refund": {"pk": held["card"].pk},
        "admin:wallet_cardpayment_verify": {"pk": held["card"].pk},
        "admin:wallet_stripeevent_look": {"pk": "evt_1"},
        "admin:wallet_bankrefund_reject": {"pk": held["bankrefund"].pk},
        "admin:reservations_change_handle": {"pk": held["change"].pk},
        **{f"admin:reservations_transmission_{page}": {"pk": held["transmission"].pk} for page in OF_A_BATCH},
        "families:accept": {"token": world.token},
        "families:restore": {"pk": held["withdrawn"].pk},
        "families:withdraw_invitation": {"pk": held["invitation"].pk},
        "inbox_letter": {"name": "x"},
        "kitchen": {"pk": held["kitchen"].pk},
        "reviews": {"pk": held["service"].pk},
        "reviews_withdraw": {"pk": held["service"].pk},
        "admin:portal_kitchen_menus": {"pk": held["kitchen"].pk},
        "admin:portal_kitchen_copy": {"pk": held["kitchen"].pk},
        "legal": {"slug": "mentions-legales"},
        "mfa_edit_webauthn": {"pk": 1},
        "mfa_remove_webauthn": {"pk": 1},
        "reservations:calendar": {"slug": "cantine-aiguilhe"},
        "reservations:cancel": {"pk": held["booking"].pk},
        "reservations:absence": {"pk": held["absence"].booking_id},
        "reservations:certificate": {"year": 2026},
        "reservations:feed": {"token": held["calendaraddress"].token},
        "reservations:history_file": {"kind": "reglements", "form": "csv"},
        "reservations:offer_payment": {"pk": held["deferred"].pk},
        "reservations:waiting_place": {"pk": held["waitlistentry"].pk},
        "reservations:order": {"pk": held["order"].pk},
        "reservations:week_done": {"pk": held["order"].pk},
        "reservations:receipt": {"source": "guichet", "pk": held["payment"].pk},
        "reservations:products": {"kind": "cantine"},
        "reservations:typical_week": {"slug": "cantine-aiguilhe"},
        "signup_remove_member": {"pk": held["member"].pk},
        "wallet:abandon_payment": {"reference": held["card"].reference},
        "wallet:payment": {"reference": held["card"].reference},
        "wallet:resume_payment": {"reference": held["card"].reference},
        "wallet:purse_statement": {"code": held["purse"].code},
    }
    named |= {name: {"pk": held["member"].pk} for name in OF_A_CHILD}
    contact = {"pk": held["member"].pk, "contact": held["contact"].pk}
    named |= {"families:contact_edit": contact, "families:contact_remove": contact}
    named |= {name: {"pk": held["ondemand"].pk} for name in ("services:ask", "services:pieces", "signup_situations")}
    named |= {name: {"pk": held["supportingdocument"].pk} for name in ("services:download", "services:replace")}
    named |= {"services:blank": {"pk": held["documenttype"].pk}}
    named |= {name: {"pk": held[name.split("_")[1]].pk} for name in PAGES if OF_A_ROW.fullmatch(name)}
    named |= access_cesu.paths(world) | access_aid.paths(world)
    return {name: reverse(name, kwargs=named.get(name)) for name in PAGES}


OF_A_BATCH = ("send_again", "download", "answer", "verify")
OF_A_CHILD = [
    "families:edit",
    "families:school_class",
    "families:remove",
    "families:health",
    "families:health_edit",
    "families:contact_add",
    "families:consents",
]
OF_A_ROW = re.compile(r"admin:(accounts_user_(?!courriers)|families_family_|services_|reservations_absence_)\w+")


def table_paths(world: World) -> dict[str, str]:
    """The addresses of the admin's tables, with rows of the parent's commune."""
    found = {}
    for table in TABLES:
        row = [world.objects[table.split("_")[1]].pk]
        for page in TABLE_PAGES:
            found[f"admin:{table}_{page}"] = reverse(
                f"admin:{table}_{page}", args=row if page in TABLE_PAGES[2:] else None
            )
    return found


def expected(visitor: str) -> dict[str, str]:
    """What every address answers to a visitor."""
    pages = {name: answer_to(visitor, name) for name in PAGES}
    pages = {name: SHORT.get(answer, answer) for name, answer in pages.items()}
    return pages | {
        f"admin:{table}_{page}": _of_table(table, page, visitor) for table in TABLES for page in TABLE_PAGES
    }


def answer_to(visitor: str, name: str) -> str:
    """The word of a page's row for a visitor."""
    row = PAGES[name]
    if visitor in row:
        return row[visitor]
    return (access_aid if visitor == "beneficiary" else access_cesu).elsewhere(name, row)


def _of_table(table: str, page: str, visitor: str) -> str:
    gates = {"anonymous": ">account_login", "pending": ">waiting"}
    if visitor not in ("agent", "stranger", "manager"):
        return gates.get(visitor, ">admin:login")
    if table in ("lib_authority", "cesu_issuer") and (page, visitor) == ("changelist", "manager"):
        return f">admin:{table}_change"  # one row: its list leads to it
    may = TABLES[table][visitor == "manager"].split()
    if page == "delete" or (page in ("change", "history") and visitor == "stranger"):
        return SHUT
    if ("add" if page == "add" else "list") not in may:
        return SHUT
    return ">admin:journal" if page == "history" and table.replace("_", ".", 1) in histories() else "200"
