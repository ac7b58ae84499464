"""Employers, their managers and beneficiaries."""

import itertools
from datetime import date

from django.utils import timezone

from accounts.models import User
from cesu.actions.employers import open_employer
from cesu.models import Beneficiary, CesuHolder, Employer, Invoice, Manager, Terms, Transport

numbers = itertools.count(1)


def employer_with(credit_cents: int = 0, **fields) -> Employer:
    """An employer with its contract; it may owe so many cents."""
    number = next(numbers)
    given = {"client_reference": f"D{number:06d}", "name": "Mairie de Cestas"} | fields
    return open_employer(credit_cents=credit_cents, **given)


def manager_of(employer: Employer, *, primary: bool = True, password: str | None = None, **fields) -> User:
    """A person who orders for an employer: the primary one under the client reference."""
    number = next(numbers)
    identifier = employer.client_reference if primary else f"{employer.client_reference}-{number}"
    given = {"first_name": "Nadia", "last_name": "Roux"} | fields
    user = User.objects.create_user(
        identifier, None, password, status=User.Status.VALIDATED, decided_at=timezone.now(), **given
    )
    email = f"gestion{number}@employeur.example"
    Manager.objects.create(user=user, employer=employer, email=email, is_primary=primary, activated_at=timezone.now())
    return User.objects.select_related("manager__employer").get(pk=user.pk)


def beneficiary_of(employer: Employer, last_name: str = "Martin", first_name: str = "Léa", **fields) -> Beneficiary:
    """Somebody for whom an employer orders."""
    born = fields.pop("birth_date", date(1985, 4, 12))
    holder = CesuHolder.objects.create(last_name=last_name, first_name=first_name, birth_date=born)
    return Beneficiary.objects.create(employer=employer, holder=holder, **fields)


def invoice_of(employer: Employer, issued_on: date | None = None, **fields) -> Invoice:
    """An invoice of before the portal."""
    given = {"number": f"FA{next(numbers):06d}", "cents": 100000, "issued_on": issued_on or timezone.localdate()}
    return Invoice.objects.create(employer=employer, **given | fields)


def transport(business_days: int = 4, **fields) -> Transport:
    """A way for paper titles to travel."""
    given = {"name": f"Colis sécurisé {business_days} jours", "cents": 1200} | fields
    return Transport.objects.get_or_create(business_days=business_days, defaults=given)[0]


def terms(version: str = "1") -> Terms:
    """Terms of sale."""
    return Terms.objects.get_or_create(version=version, defaults={"text": "Conditions Générales de Vente."})[0]
