"""The aid of a Département: three people with their rights, a daughter who helps two of them, caregivers, an agent."""

from datetime import date
from decimal import Decimal

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.signing_in.mfa import enrol_totp
from cesu.access import FUNDER_STAFF
from cesu.aid.actions.funders import open_funder
from cesu.aid.actions.payments import pay, paying, standings
from cesu.aid.actions.people.sign_up import create_person
from cesu.aid.actions.rights.grants import Grant, set_rights
from cesu.models import (
    AidAccess,
    AidAccount,
    AidLogin,
    AidPayment,
    AidPlan,
    AidRule,
    Caregiver,
    CesuHolder,
    Funder,
    KnownCaregiver,
)
from cesu.rules.aid import Use, cents_of, cents_used, last_day
from cesu.rules.aid_payments import digest
from common.values.dates import last_months
from common.writing.once import make_key
from portal.demo import data

FUNDER = {
    "slug": "haute-garonne",
    "name": "Département de la Haute-Garonne",
    "account_name": "Compte Solidarité 31",
    "paper_name": "Chèque Solidarité 31",
    "colour_primary": "#8a1538",
    "colour_accent": "#b5541b",
    "operator": "Domalin Titres",
    "controller": "Domalin Titres, l’émetteur de CESU mandaté par le Département de la Haute-Garonne",
    "phone": "0 805 530 020",
    "phone_price": "Service & appel gratuits",
    "email": "solidarite31@demo.example",
    "account_holder": "DEPARTEMENT DE LA HAUTE-GARONNE",
    "iban": "FR1420041010050500013M02606",
    "bic": "PSSTFRPPXXX",
}
RATE, HOURS = Decimal("4.8081"), 42  # 42 h are worth 201,94 €
# code, first name, last name, birth date
HOLDERS = [
    ("12345678", "Odette", "Lacoste", date(1938, 5, 14)),
    ("23456789", "Raymond", "Vidal", date(1941, 2, 28)),  # may still sign up
    ("34567890", "Marcel", "Lacoste", date(1936, 11, 3)),
]
# NAN, first name, last name, birth date, account holder, IBAN
CAREGIVERS = [
    ("0012345*1", "Fatima", "Besson", date(1979, 2, 3), "MME FATIMA BESSON", "FR7630006000011234567890189"),
    ("0023456*2", "", "Aide 31", None, "AIDE 31", "FR7630006000011234567890189"),
]


def help_at_home(agent: User) -> None:
    """Write what is missing; a second run changes nothing."""
    funder = _funder()
    _staff(agent, funder)
    accounts = [_account(funder, *row) for row in HOLDERS]
    set_rights(funder, [_grant(account, month) for account in accounts for month in _months()])
    odette, _, marcel = (account.holder for account in accounts)
    anne = _person("anne.lacoste@demo.example", "Anne", "Lacoste")
    own = _person("odette.lacoste@demo.example", "Odette", "Lacoste", odette.code)
    _access(odette, own, AidAccess.Role.BENEFICIARY)
    for holder, may_pay in ((odette, True), (marcel, False)):
        _access(holder, anne, AidAccess.Role.HELPER, may_pay=may_pay)
    for row in CAREGIVERS:
        KnownCaregiver.objects.get_or_create(holder=odette, caregiver=_caregiver(*row))
    _pay(accounts[0], own, Caregiver.objects.get(nan=CAREGIVERS[0][0]))


def _pay(account: AidAccount, user: User, caregiver: Caregiver) -> None:
    """What is on the history: twelve hours and a half of the oldest month."""
    if AidPayment.objects.filter(aid_account=account).exists():
        return
    oldest = standings(account, timezone.localdate())[0]
    uses = [Use(oldest.right, 750, cents_used(750, oldest.minutes, oldest.cents))]
    key = make_key(user.owner, paying(account.holder), digest(caregiver.pk, account.pk, uses, 0))
    said = {"uses": uses, "password": data.PASSWORD, "key": key}
    pay(user=user, holder=account.holder, aid_account=account, caregiver=caregiver, **said)


def _funder() -> Funder:
    funder = Funder.objects.filter(slug=FUNDER["slug"]).first()
    if funder is None:
        with transaction.atomic():
            funder = open_funder(**FUNDER)
            rule = {"label": "APA EMPLOI DIRECT", "since": date(2019, 1, 1), "hourly_rate": RATE}
            AidRule.objects.create(funder=funder, kind=AidAccount.Kind.APA, **rule)
    return funder


def _staff(agent: User, funder: Funder) -> None:
    agent.groups.add(Group.objects.get(name=FUNDER_STAFF))
    enrol_totp(agent, data.TOTP_SECRET)
    funder.staff.add(agent)


def _months() -> list[date]:
    """The last three months, this one included."""
    return last_months(timezone.localdate(), 3)[::-1]


def _account(funder: Funder, code: str, first_name: str, last_name: str, birth_date: date) -> AidAccount:
    """A holder with an APA account of 42 hours a month."""
    named = {"first_name": first_name, "last_name": last_name, "birth_date": birth_date}
    holder, _ = CesuHolder.objects.get_or_create(code=code, defaults=named)
    account, made = AidAccount.objects.get_or_create(
        holder=holder, kind=AidAccount.Kind.APA, defaults={"funder": funder}
    )
    if made:
        AidPlan.objects.create(aid_account=account, since=_months()[0], minutes=HOURS * 60)
    return account


def _grant(account: AidAccount, month: date) -> Grant:
    return Grant(account.pk, month, HOURS * 60, cents_of(HOURS * 60, RATE), last_day(month, 3))


def _person(email: str, first_name: str, last_name: str, identifier: str | None = None) -> User:
    login = AidLogin.objects.filter(email=email).select_related("user").first()
    if login:
        return login.user
    names = {"first_name": first_name, "last_name": last_name}
    with transaction.atomic():
        return create_person(email=email, password=data.PASSWORD, identifier=identifier, **names)


def _access(holder: CesuHolder, user: User, role: str, may_pay: bool = True) -> None:
    given = {"role": role, "may_pay": may_pay, "confirmed_at": timezone.now()}
    AidAccess.objects.get_or_create(holder=holder, user=user, revoked_at=None, defaults=given)


def _caregiver(nan: str, first_name: str, last_name: str, birth_date, account_holder: str, iban: str) -> Caregiver:
    kind = Caregiver.Kind.PERSON if birth_date else Caregiver.Kind.ORGANISATION
    named = {"first_name": first_name, "last_name": last_name, "birth_date": birth_date, "kind": kind}
    bank = {"account_holder": account_holder, "iban": iban, "bic": "AGRIFRPPXXX"}
    email = f"intervenant{nan[:7]}@demo.example"
    return Caregiver.objects.get_or_create(nan=nan, defaults=named | bank | {"email": email})[0]
