"""Employers who order CESU: what the issuer says, two employers with their managers and beneficiaries, one to sign up."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from text_unidecode import unidecode

from accounts.models import User
from cesu.models import Beneficiary, Employer, Invoice, Issuer, Manager, SpaceNews, Terms, Transport, VoucherOrder
from cesu.orders.actions.beneficiaries import ADDING, add_beneficiary
from cesu.orders.actions.drafts import save_draft, start_draft
from cesu.orders.actions.employers import open_employer
from cesu.orders.actions.orders import PURPOSE, place_order
from cesu.orders.reads.delivery import holidays_ahead
from cesu.orders.reads.recaps import Recap
from cesu.rules.delivery import first_delivery
from common.writing.once import make_key
from portal.demo import data

ISSUER = {
    "name": "CESU Domalin",
    "legal_name": "Domalin Titres",
    "address": "12 rue de la Paix\n75002 Paris",
    "siren": "732829320",
    "vat_number": "FR44732829320",
    "iban": "FR1420041010050500013M02606",
    "bic": "PSSTFRPPPAR",
    "phone": "N° Indigo 0 820 20 20 01",
    "phone_price": "0,09 € TTC / mn",
    "phone_hours": "Du lundi au vendredi de 8h30 à 18h",
    "email": "service.clients@domalin.example",
}
NEWS = [
    (
        "vintage",
        "Le nouveau millésime arrive",
        "Les titres commandés à partir du 1er décembre sont du nouveau millésime.",
    ),
    (
        "regulation",
        "Plafond d’exonération",
        "L’aide aux services à la personne est exonérée jusqu’au plafond de l’année.",
    ),
    ("options", "Importez vos bénéficiaires", "Un fichier CSV ou XLSX suffit, avec les colonnes que vous connaissez."),
]
TERMS = "Conditions Générales de Vente de la démonstration : les titres sont fictifs."
# reference, name, SIRET, address, postcode, city, credit in cents, managers, number of beneficiaries
EMPLOYERS = [
    (
        "D100200",
        "Mairie de Cestas",
        "21330122700019",
        "2 avenue du Baron Haussmann",
        "33610",
        "Cestas",
        5_000_000,
        [("Nadia", "Roux"), ("Karim", "Benali")],
        14,
    ),
    ("D100300", "Menuiserie Lacanau", "", "5 zone du Pot au Pin", "33610", "Cestas", 0, [("Hélène", "Lacanau")], 3),
    ("D100400", "Association Les Cigales", "", "1 place du Marché", "01330", "Villars-les-Dombes", 0, [], 0),
]
NAMES = [
    ("Aubert", "Camille"),
    ("Barreau", "Élodie"),
    ("Castaing", "Michel"),
    ("Darrigade", "Sylvie"),
    ("Étienne", "Marc"),
    ("Faure", "Inès"),
    ("Gauthier", "Olivier"),
    ("Huguet", "Nathalie"),
    ("Labat", "Thomas"),
    ("Marchand", "Léa"),
    ("Noguès", "Philippe"),
    ("Petit", "Samira"),
    ("Rivière", "Julie"),
    ("Vidal", "Antoine"),
]


def employ() -> None:
    """Write what is missing; a second run changes nothing."""
    if not Issuer.objects.exists():
        Issuer(**ISSUER).save()
    Terms.objects.get_or_create(version="1", defaults={"text": TERMS})
    for days, cents in ((4, 1500), (5, 1200)):
        Transport.objects.get_or_create(
            name=f"Colis sécurisé en {days} jours", defaults={"business_days": days, "cents": cents}
        )
    if not SpaceNews.objects.exists():
        for kind, title, text in NEWS:
            SpaceNews.objects.create(kind=kind, title=title, text=text)
    for row in EMPLOYERS:
        _employer(*row)


def _employer(reference, name, siret, address, postcode, city, credit, managers, beneficiaries) -> None:
    place = {"siret": siret, "address": address, "postcode": postcode, "city": city}
    with transaction.atomic():
        if not Employer.objects.filter(client_reference=reference).exists():
            employer = open_employer(client_reference=reference, name=name, credit_cents=credit, **place)
            _invoices(employer)
            for number, person in enumerate(managers, start=1):
                _manager(employer, number, *person)
    employer = Employer.objects.get(client_reference=reference)
    first = User.objects.filter(manager__employer=employer, manager__is_primary=True).first()
    if first and beneficiaries and not employer.beneficiaries.exists():
        for number, person in enumerate(NAMES[:beneficiaries]):
            _beneficiary(first, number, *person)
        _order(first)


def _invoices(employer: Employer) -> None:
    for number in range(1, 4):
        day = timezone.localdate() - timedelta(30 * number)
        name = f"FA-{employer.client_reference[1:]}-{number}"
        Invoice.objects.create(number=name, employer=employer, issued_on=day, cents=150_000)


def _order(manager: User) -> None:
    """A booklet for everybody, delivered as soon as may be; it is made where the contract allows it before payment."""
    draft, means, today = start_draft(user=manager), Transport.objects.first(), timezone.localdate()
    day = first_delivery(today, means.business_days, holidays_ahead(today))
    lines = {pk: {"booklets": 1} for pk in draft.lines.values_list("pk", flat=True)}
    save_draft(user=manager, lines=lines, delivery={"transport": means, "delivery_on": day})
    recap = Recap(VoucherOrder.objects.draft_of(manager).get(), today)
    key = make_key(manager.owner, PURPOSE, recap.detail())
    place_order(user=manager, terms_version=recap.terms.version, means="transfer", key=key)


def _manager(employer: Employer, number: int, first_name: str, last_name: str) -> User:
    now = timezone.now()
    reference = employer.client_reference
    user = User.objects.create(
        identifier=reference if number == 1 else f"{reference}-{number}",
        password=data.encoded(),
        first_name=first_name,
        last_name=last_name,
        status=User.Status.VALIDATED,
        decided_at=now,
        signed_up_at=now,
    )
    email = f"{unidecode(f'{first_name}.{last_name}').lower()}@demo.example"
    Manager.objects.create(user=user, employer=employer, email=email, is_primary=number == 1, activated_at=now)
    return user


def _beneficiary(manager: User, number: int, last_name: str, first_name: str) -> Beneficiary:
    is_electronic = number % 5 == 2
    person = {
        "last_name": last_name,
        "first_name": first_name,
        "birth_date": date(1970 + number, 1 + number % 12, 1 + number),
        "employee_number": str(1000 + number),
        "email": f"salarie{number:02}@demo.example" if is_electronic else "",
        "address": f"{number + 1} rue des Pins",
        "postcode": "33610",
        "city": "Cestas",
        "delivery_point": "Mairie" if number % 2 else "Ateliers",
        "department": "",
        "category": "childcare" if number % 3 == 0 else "all",
        "form": "e" if is_electronic else "paper",
        "form_chosen_on": timezone.localdate() - timedelta(60) if is_electronic else None,
        "usual_vouchers": 10 if number % 2 else 20,
        "usual_face_cents": 1500 if number % 4 else 1250,
        "usual_share": 50 if number % 2 else 80,
    }
    return add_beneficiary(by=manager, person=person, key=make_key(manager.owner, ADDING))
