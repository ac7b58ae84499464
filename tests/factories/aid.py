"""Funders, people who receive aid, their caregivers and rights."""

import itertools
import uuid
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.funders import fee_account, hold_account, open_funder, payable_account
from cesu.aid.actions.rights.grants import Grant, set_rights
from cesu.models import (
    AidAccess,
    AidAccount,
    AidLogin,
    AidPayment,
    AidRule,
    Caregiver,
    CesuHolder,
    Funder,
    KnownCaregiver,
    MonthlyRight,
)
from cesu.rules.aid import cents_of, cents_used, credited_by, fee, last_day
from wallet.actions import Move, post, system_account
from wallet.actions.cards import new_payment
from wallet.models import AccountKind, CardPayment, Operation

numbers = itertools.count(1)
RATE = Decimal("4.8081")  # 42 h for 201,94 € (S1-54)
BORN = date(1938, 5, 14)


def funder_with(**fields) -> Funder:
    """A Département with its bank account and a rule for APA and PCH, from long ago."""
    number = next(numbers)
    given = {
        "slug": f"departement-{number}",
        "name": f"Département n° {number}",
        "account_name": "Compte Solidarité 31",
        "paper_name": "Chèque Solidarité 31",
        "operator": "Domiserve",
        "controller": "Domiserve, l’émetteur de CESU mandaté par le Département de la Haute-Garonne",
        "phone": "0 805 530 020",
        "phone_price": "Service & appel gratuits",
        "account_holder": "DEPARTEMENT DE LA HAUTE-GARONNE",
        "iban": "FR1420041010050500013M02606",
        "bic": "PSSTFRPPXXX",
    }
    funder = open_funder(**given | fields)
    for kind, label in ((AidAccount.Kind.APA, "APA EMPLOI DIRECT"), (AidAccount.Kind.PCH, "PCH EMPLOI DIRECT")):
        AidRule.objects.create(funder=funder, kind=kind, label=label, since=date(2019, 1, 1), hourly_rate=RATE)
    return funder


def holder_with(last_name: str = "Lacoste", first_name: str = "Odette", **fields) -> CesuHolder:
    """A person with a CESU code."""
    return CesuHolder.objects.create(last_name=last_name, first_name=first_name, **{"birth_date": BORN} | fields)


def aid_account_of(holder: CesuHolder, funder: Funder, kind: str = AidAccount.Kind.APA) -> AidAccount:
    return AidAccount.objects.create(holder=holder, funder=funder, kind=kind)


def right_with(
    account: AidAccount, minutes: int = 42 * 60, month: date | None = None, cents: int | None = None, months: int = 3
) -> MonthlyRight:
    """A month's right, credited by its funder; the current month unless told."""
    month = month or timezone.localdate().replace(day=1)
    cents = cents_of(minutes, RATE) if cents is None else cents
    set_rights(account.funder, [Grant(account.pk, month, minutes, cents, last_day(month, months))])
    return MonthlyRight.objects.get(aid_account=account, month=month)


def aid_user(
    holder: CesuHolder | None = None,
    *,
    role: str = AidAccess.Role.BENEFICIARY,
    confirmed: bool = True,
    may_pay: bool = True,
    password: str | None = None,
    **fields,
) -> User:
    """A person of the beneficiaries' space; with ``holder``, authorised for them."""
    number = next(numbers)
    identifier = holder.code if holder and role == AidAccess.Role.BENEFICIARY else f"AIDE-{number}"
    given = {"first_name": "Odette", "last_name": "Lacoste"} | fields
    now = timezone.now()
    user = User.objects.create_user(identifier, None, password, status=User.Status.VALIDATED, decided_at=now, **given)
    AidLogin.objects.create(user=user, email=f"odette{number}@famille.example")
    if holder:
        AidAccess.objects.create(
            holder=holder, user=user, role=role, may_pay=may_pay, confirmed_at=now if confirmed else None
        )
    return User.objects.select_related("aid_login").get(pk=user.pk)


def caregiver_with(*known_to: CesuHolder, **fields) -> Caregiver:
    """An affiliated person, found before by these holders."""
    number = next(numbers)
    given = {
        "kind": Caregiver.Kind.PERSON,
        "nan": f"{number:07d}*1",
        "last_name": "Besson",
        "first_name": "Fatima",
        "birth_date": date(1979, 2, 3),
        "email": f"intervenante{number}@exemple.example",
        "account_holder": "Mme Fatima BESSON",
        "iban": "FR7630006000011234567890189",
        "bic": "AGRIFRPPXXX",
    }
    caregiver = Caregiver.objects.create(**given | fields)
    for holder in known_to:
        KnownCaregiver.objects.create(holder=holder, caregiver=caregiver)
    return caregiver


def organisation_with(*known_to: CesuHolder, **fields) -> Caregiver:
    """An affiliated organisation."""
    given = {"kind": Caregiver.Kind.ORGANISATION, "last_name": "Aide 31", "first_name": "", "birth_date": None}
    return caregiver_with(*known_to, **given | {"account_holder": "AIDE 31"} | fields)


def left(right: MonthlyRight) -> tuple[int | None, int]:
    """The minutes and cents left of a right."""
    balance = MonthlyRight.objects.select_related("account__balance").get(pk=right.pk).account.balance
    return balance.minutes, balance.cents


@transaction.atomic
def payment_of(*uses: tuple[MonthlyRight, int], caregiver: Caregiver, by: User | None = None, complement: int = 0):
    """A payment of so many minutes of rights that was confirmed; with a complement in cents, paid by card."""
    account, reference = uses[0][0].aid_account, uuid.uuid4()
    by = by or aid_user()
    lines = [(right, minutes, cents_used(minutes, *left(right))) for right, minutes in uses]
    extra = fee(complement, 100_00, 70) if complement else 0
    card = _paid_card(by, reference, complement + extra) if complement else None
    owed, at = payable_account(caregiver).pk, timezone.now()
    target = hold_account(str(reference)).pk if complement else owed
    moves = [
        Move(right.account_id, target, cents, f"aid:{reference}:{right.pk}", minutes=minutes)
        for right, minutes, cents in lines
    ]
    kind = Operation.Kind.HOLD if complement else Operation.Kind.AID_PAYMENT
    first = post(kind, moves, actor=by, label="Paiement d’un intervenant", at=at)
    minutes, cents = sum(minutes for _, minutes, _ in lines), sum(cents for _, _, cents in lines)
    operation = first
    if complement:
        moves = [
            Move(target, owed, cents, f"aid:{reference}:rights", minutes=minutes),
            Move(target, owed, complement, f"aid:{reference}:complement"),
            Move(target, fee_account().pk, extra, f"aid:{reference}:fee"),
        ]
        operation = post(Operation.Kind.AID_PAYMENT, moves, actor=by, label="Paiement d’un intervenant", at=at)
    payment = AidPayment.objects.create(
        reference=reference,
        aid_account=account,
        caregiver=caregiver,
        by=by,
        status=AidPayment.Status.CONFIRMED,
        minutes=minutes,
        cents=cents,
        complement_cents=complement,
        fee_cents=extra,
        created_at=at,
        confirmed_at=at,
        credited_by=credited_by(timezone.localtime(at)),
        hold=first if complement else None,
        operation=operation,
        card_payment=card,
    )
    for right, used, worth in lines:
        payment.lines.create(right=right, minutes=used, cents=worth)
    return payment


def _paid_card(by: User, reference: uuid.UUID, cents: int) -> CardPayment:
    """A card payment that is paid, its money on the hold of the payment."""
    held, now = hold_account(str(reference)), timezone.now()
    card = new_payment(
        user=by, family=None, purpose=f"aid:{reference}", label="Complément", lines={held.pk: cents}, email=""
    )
    move = Move(system_account(AccountKind.CARD).pk, held.pk, cents, f"topup:{card.pk}:{held.pk}")
    operation = post(Operation.Kind.CARD_CREDIT, [move], actor=by, label="Paiement par carte")
    paid = {"status": "paid", "paid_at": now, "settled_at": now, "operation": operation}
    CardPayment.objects.filter(pk=card.pk).update(intent=f"pi_{reference.hex}", session=f"cs_{reference.hex}", **paid)
    return CardPayment.objects.get(pk=card.pk)
