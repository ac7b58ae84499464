"""Employers, their managers and beneficiaries."""

import itertools
from datetime import date, timedelta
from importlib import import_module

from django.apps import apps
from django.utils import timezone

from accounts.models import User
from cesu.models import (
    Beneficiary,
    CesuHolder,
    Employer,
    Invoice,
    Issuer,
    Manager,
    Terms,
    Transport,
    VoucherLine,
    VoucherOrder,
)
from cesu.orders.actions.drafts import start_draft
from cesu.orders.actions.employers import open_employer
from cesu.orders.actions.orders import PURPOSE, place_order
from cesu.orders.actions.payments import credit_employer, crediting
from cesu.orders.reads.delivery import holidays_ahead
from cesu.orders.reads.recaps import Recap
from cesu.rules.delivery import first_delivery
from common.writing.once import make_key
from common.writing.states import move
from tests.factories.accounts import ManagerFactory

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


ISSUER = {"siren": "732829320", "vat_number": "FR44732829320", "iban": "FR1420041010050500013M02606"}


def issuing() -> Issuer:
    """An issuer that can write invoices: what a test did not fill in is filled in."""
    it = Issuer.objects.first() or Issuer()
    for name, value in ISSUER.items():
        setattr(it, name, getattr(it, name) or value)
    it.save()
    return it


def placed(employer: Employer, *lines: dict, by: User | None = None, **fields) -> VoucherOrder:
    """An order taken in charge, each line for a beneficiary of its own unless it names one; 2 × 10 titles of 15 € each."""
    issuing()
    number, today = next(numbers), timezone.localdate()
    usual = {"category": "all", "form": "paper", "booklets": 2, "vouchers": 10, "face_cents": 1500, "share": 100}
    wanted = [usual | line for line in lines or ({},)]
    face = sum(line["booklets"] * line["vouchers"] * line["face_cents"] for line in wanted)
    amounts = {"face_cents": face, "fee_cents": 1000, "shipping_cents": 1200, "vat_cents": 440}
    amounts["total_cents"] = sum(amounts.values())
    order = VoucherOrder.objects.create(
        employer=employer,
        by=by or manager_of(employer, primary=False),
        number=f"C{today.year}-{number:06d}",
        status=VoucherOrder.Status.TAKEN,
        placed_at=timezone.now(),
        transport=transport(),
        terms=terms(),
        invoice=invoice_of(employer, cents=amounts["total_cents"]),
        **{"delivery_on": today + timedelta(7)} | amounts | fields,
    )
    for line in wanted:
        form = {"form": "e", "form_chosen_on": today, "email": f"salarie{next(numbers)}@example.org"}
        beneficiary = line.pop("beneficiary", None) or beneficiary_of(employer, **form if line["form"] == "e" else {})
        VoucherLine.objects.create(order=order, beneficiary=beneficiary, **line)
    return order


def pay_in(employer: Employer, cents: int) -> None:
    """Money on an employer's account, as a transfer brings it."""
    agent = ManagerFactory()
    key = make_key(agent.owner, crediting(employer))
    received = {"received_on": timezone.localdate(), "reference": f"VIR{next(numbers)}"}
    credit_employer(agent=agent, employer=employer, cents=cents, key=key, **received)


def ceilings() -> None:
    """The ceilings as the migration writes them; a test that empties tables leaves none to the next."""
    import_module("cesu.migrations.0003_ceilings").write(apps, None)


def placed_by(user: User, *lines: dict, cancelled: bool = False) -> VoucherOrder:
    """The same by one of the employer's managers; cancelled since, or not."""
    order = placed(user.manager.employer, *lines, by=user)
    if cancelled:
        move(order, VoucherOrder.Status.CANCELLED, cancelled_at=timezone.now(), cancel_reason="Erreur")
    return order


def ready_draft(user: User, **fields) -> VoucherOrder:
    """A draft in which 2 booklets of 10 titles are asked for everybody, with a delivery; ``fields`` of every line."""
    draft, means, today = start_draft(user=user), transport(), timezone.localdate()
    terms()
    issuing()
    VoucherLine.objects.filter(order=draft).update(booklets=2, **fields)
    day = first_delivery(today, means.business_days, holidays_ahead(today))
    VoucherOrder.objects.filter(pk=draft.pk).update(transport=means, delivery_on=day)
    return VoucherOrder.objects.draft_of(user).get()


def place_args(user: User, **given) -> dict:
    """What the summary of a manager's draft sends."""
    recap = Recap(VoucherOrder.objects.draft_of(user).get(), timezone.localdate())
    version = recap.terms.version if recap.terms else ""
    key = make_key(user.owner, PURPOSE, recap.detail())
    return {"user": user, "terms_version": version, "means": "transfer", "key": key} | given


def place(user: User, **given) -> VoucherOrder:
    """Validate the manager's draft."""
    return VoucherOrder.objects.get(number=place_order(**place_args(user, **given))["order"])


def status(order: VoucherOrder) -> str:
    """How far the database says an order is."""
    return VoucherOrder.objects.get(pk=order.pk).status
