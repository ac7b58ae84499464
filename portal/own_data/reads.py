"""What is known of a person: their account and, for a parent, their family; nothing that is another adult's own."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Model, QuerySet
from django.utils.text import capfirst

from accounts.models import Consent, User
from common.background.mailing import subject_of
from common.models import OutgoingEmail
from common.values.dates import date_short, moment_short
from common.values.money import euros
from families.actions.alerts import content_of
from families.models import (
    Certification,
    Contact,
    Family,
    FamilyNote,
    HealthReading,
    HealthSheet,
    Member,
    MemberConsent,
    Membership,
    Quotient,
    Schooling,
    SepaMandate,
)
from reservations.models import Absence, Booking, Order, WaitlistEntry
from services.models import RequestLine, SupportingDocument
from wallet.models import BankRefund, CardPayment, CounterPayment, DirectDebit, Wallet
from wallet.reads.statements import Line, statement

HIDDEN = {
    "password",
    "wallet",
    "operation",
    "sealed",
    "blob_key",
    "is_staff",
    "is_superuser",
    "is_active",
    "roles",
    "iban",
    "bic",
}

SEEN = ("booking__session__activity__service__commune", "booking__member")


@dataclass(frozen=True)
class Part:
    """A table of what is known: its title and its rows, each a list of (label, text)."""

    title: str
    rows: list[list[tuple[str, str]]]


def own_data(user: User) -> list[Part]:
    """All parts, the empty ones left out; a query a table, whatever the years."""
    parts = [Part("Mon compte", [_row(user)]), _table("Mes choix", Consent.objects.of(user))]
    family = Family.objects.filter(guardians__user=user).first()
    if family:
        parts += _of_family(user, family)
    return [part for part in [*parts, _messages(user, family)] if part.rows]


def _of_family(user: User, family: Family) -> Iterable[Part]:
    members = Member.objects.filter(memberships__family=family)
    adults = [str(guardian.user) for guardian in family.guardians.select_related("user")]
    yield Part(
        "Ma famille", [[("Référence", family.reference), ("Nom", family.name), ("Responsables", ", ".join(adults))]]
    )
    yield _table("Bénéficiaires", Membership.objects.filter(family=family).select_related("member"), "member")
    for title, rows in _tables(family, members):
        yield _table(title, rows)
    yield Part("Fiches santé", [_health(sheet) for sheet in HealthSheet.objects.filter(member__in=members)])
    for wallet in Wallet.objects.filter(family=family).with_balance():
        yield Part(f"{wallet.purse} : {euros(wallet.balance)}", [_line(line) for line in statement(wallet.account_id)])


def _line(line: Line) -> list[tuple[str, str]]:
    return [
        ("Date", moment_short(line.at)),
        ("Opération", line.label),
        ("Montant", euros(line.amount)),
        ("Solde", euros(line.balance)),
    ]


def _tables(family: Family, members: QuerySet) -> list[tuple[str, QuerySet]]:
    """What is kept of a family, a table after the other."""
    of_family, of_wallets = {"family": family}, {"wallet__family": family}
    return [
        ("Scolarité", Schooling.objects.filter(member__in=members).select_related("school_class__school")),
        ("Quotient familial", Quotient.objects.filter(**of_family)),
        ("Certifications", Certification.objects.filter(**of_family)),
        ("Contacts", Contact.objects.filter(member__in=members)),
        ("Autorisations", MemberConsent.objects.filter(member__in=members)),
        ("Lectures des fiches santé", HealthReading.objects.filter(member__in=members)),
        (
            "Accès aux services",
            RequestLine.objects.filter(request__family=family).select_related("request__service__commune"),
        ),
        ("Pièces justificatives", SupportingDocument.objects.filter(**of_family).select_related("type")),
        ("Réservations", Booking.objects.filter(**of_family).select_related("session__activity__service__commune")),
        (
            "Listes d’attente",
            WaitlistEntry.objects.filter(**of_family).select_related("session__activity__service__commune"),
        ),
        ("Absences signalées", Absence.objects.filter(booking__family=family).select_related(*SEEN)),
        ("Commandes", Order.objects.filter(**of_family)),
        ("Paiements par carte", CardPayment.objects.filter(**of_family)),
        ("Règlements au guichet", CounterPayment.objects.filter(**of_wallets)),
        ("Mandats de prélèvement", SepaMandate.objects.filter(**of_family)),
        ("Prélèvements", DirectDebit.objects.filter(**of_wallets)),
        ("Remboursements", BankRefund.objects.filter(**of_wallets)),
        ("Notes des agents", FamilyNote.objects.filter(**of_family)),
    ]


def _table(title: str, rows: QuerySet, *beside: str) -> Part:
    """Rows with their own fields, and those of the rows ``beside`` them; foreign keys as they are called."""
    links = [field.name for field in rows.model._meta.fields if field.is_relation]
    named = rows.select_related(*{*links, *beside} & {field.name for field in rows.model._meta.fields})
    return Part(title, [_row(row, *beside) for row in named])


def _row(row: Model, *beside: str) -> list[tuple[str, str]]:
    cells = []
    for field in row._meta.fields:
        if field.name in HIDDEN or field.primary_key or field.name == "family":
            continue
        if field.name in beside:
            cells += _row(getattr(row, field.name))
        elif text := _said(row, field):
            cells.append((capfirst(str(field.verbose_name)).removesuffix(", en centimes"), text))
    return cells


def _said(row: Model, field) -> str:
    value = getattr(row, field.name)
    if value is None or value == "" or isinstance(value, bytes | memoryview):
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if "cents" in field.name:
        return euros(value)
    if field.get_internal_type() == "DateTimeField":
        return moment_short(value)
    return date_short(value) if field.get_internal_type() == "DateField" else str(value)


def _health(sheet: HealthSheet) -> list[tuple[str, str]]:
    content = content_of(sheet)
    if content is None:
        return [("Enfant", str(sheet.member)), ("Fiche", "illisible")]
    return [
        ("Enfant", str(sheet.member)),
        ("PAI", "oui" if content.has_pai else "non"),
        ("Allergènes", ", ".join(content.allergen_names())),
        ("Allergies", content.allergies),
        ("Traitements", content.treatments),
        ("Régimes", ", ".join(content.diet_names())),
        ("Médecin", f"{content.doctor} {content.doctor_phone}".strip()),
    ]


def _messages(user: User, family: Family | None) -> Part:
    owners = [user.owner, *([family.owner] if family else [])]
    sent = OutgoingEmail.objects.filter(owner__in=owners).order_by("-created_at")
    return Part(
        "Messages reçus", [[("Date", moment_short(one.created_at)), ("Objet", subject_of(one))] for one in sent]
    )
