"""The beneficiaries of an employer: added, changed, archived, imported all or nothing.

Locks: the key, the employer, then beneficiaries by pk. A holder's code goes to the holder alone.
"""

from dataclasses import dataclass

from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from cesu.models import Beneficiary, CesuHolder, Employer, VoucherLine, VoucherOrder, issuer, new_code
from cesu.models.people import Form
from cesu.orders.emails import people as emails
from cesu.rules.people import (
    Bounds,
    ChangedMeanwhile,
    Namesake,
    Namesakes,
    NumberTaken,
    WrongBeneficiary,
    faults_of,
)
from common.refusals import Busy
from common.writing.once import claim_key
from common.writing.transactions import outermost

ADDING, IMPORT = "add-beneficiary", "import-beneficiaries"  # purposes of keys
OF_HOLDER = ("last_name", "first_name", "birth_date")
OWN = (
    "employee_number",
    "email",
    "address",
    "postcode",
    "city",
    "delivery_point",
    "department",
    "category",
    "form",
    "form_chosen_on",
    "usual_vouchers",
    "usual_face_cents",
    "usual_share",
)
FIELDS = (*OF_HOLDER, *OWN)
BATCH = 1000


def archiving(beneficiary: Beneficiary) -> str:
    """The purpose of the key that archives a beneficiary or brings them back."""
    return f"archive-beneficiary:{beneficiary.pk}"


def bounds() -> Bounds:
    """What the issuer allows today."""
    it = issuer()
    return Bounds(it.min_face_cents, it.max_face_cents, it.max_vouchers)


def person_of(beneficiary: Beneficiary) -> dict:
    """A beneficiary as the dictionary that actions take."""
    holder = {name: getattr(beneficiary.holder, name) for name in OF_HOLDER}
    return holder | {name: getattr(beneficiary, name) for name in OWN}


# --- One by one ------------------------------------------------------------------------------------------------------
def add_beneficiary(*, by: User, person: dict, twin: bool = False, key: str) -> Beneficiary:
    """Create a beneficiary for whom CESU can be ordered at once; ``person`` has FIELDS. Twice is once.

    Raise WrongBeneficiary, NumberTaken, or Namesake unless ``twin`` says that it is another person.
    """
    return _told(_add, by, person, twin, key)


@outermost
def _add(by: User, person: dict, twin: bool, key: str) -> Beneficiary:
    once = claim_key(key, by.owner, ADDING)
    if once.answer:
        return Beneficiary.objects.of(by).get(pk=once.answer["beneficiary"])
    employer = _lock_employer(by)
    _check(person, "")
    _check_known(employer, person, twin, None)
    [beneficiary] = _create(employer, [person])
    once.remember({"beneficiary": beneficiary.pk})
    return beneficiary


def update_beneficiary(*, by: User, beneficiary: Beneficiary, person: dict, twin: bool = False) -> None:
    """Correct a beneficiary; another form needs ``form_chosen_on``, the day on which the employee chose it.

    Raise WrongBeneficiary, NumberTaken, Namesake.
    """
    _told(_update, by, beneficiary, person, twin)


@outermost
def _update(by: User, beneficiary: Beneficiary, person: dict, twin: bool) -> None:
    employer = _lock_employer(by)
    beneficiary = _lock(employer, beneficiary)
    _check(person, beneficiary.form)
    renamed = any(person[name] != getattr(beneficiary.holder, name) for name in OF_HOLDER)
    _check_known(employer, person, twin or not renamed, beneficiary)
    if changes_to_electronic(beneficiary, person):
        emails.holder_codes([_set(beneficiary, person)])
    else:
        _set(beneficiary, person)
    beneficiary.holder.save(update_fields=OF_HOLDER)
    beneficiary.save(update_fields=OWN)


def changes_to_electronic(beneficiary: Beneficiary, person: dict) -> bool:
    """Whether a change makes e-CESU of paper."""
    return person["form"] == Form.ELECTRONIC != beneficiary.form


def _set(beneficiary: Beneficiary, person: dict) -> Beneficiary:
    """Write a person's fields on a beneficiary, not saved yet; no new choice keeps the date of the last one."""
    chosen = person["form_chosen_on"] or beneficiary.form_chosen_on
    for name in OF_HOLDER:
        setattr(beneficiary.holder, name, person[name])
    for name in OWN:
        setattr(beneficiary, name, person[name])
    beneficiary.form_chosen_on = chosen
    return beneficiary


@outermost
def archive(*, by: User, beneficiary: Beneficiary, key: str) -> None:
    """Order no more for someone: their lines leave the drafts, the history stays. Twice is once."""
    once = claim_key(key, by.owner, archiving(beneficiary))
    if once.answer:
        return
    beneficiary = _lock(_lock_employer(by), beneficiary)
    if beneficiary.archived_at is None:
        beneficiary.archived_at = timezone.now()
        beneficiary.save(update_fields=["archived_at"])
        drafts = VoucherOrder.objects.filter(employer=beneficiary.employer_id, status=VoucherOrder.Status.DRAFT)
        VoucherLine.objects.filter(order__in=drafts, beneficiary=beneficiary).delete()
    once.remember({"archived": True})


@outermost
def restore(*, by: User, beneficiary: Beneficiary, key: str) -> None:
    """Bring an archived beneficiary back. Twice is once. Raise NumberTaken."""
    once = claim_key(key, by.owner, archiving(beneficiary))
    if once.answer:
        return
    employer = _lock_employer(by)
    beneficiary = _lock(employer, beneficiary)
    _check_number(employer, beneficiary.employee_number, beneficiary)
    beneficiary.archived_at = None
    beneficiary.save(update_fields=["archived_at"])
    once.remember({"restored": True})


# --- A whole file ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Imported:
    """How many an import created and changed."""

    created: int
    updated: int


def import_beneficiaries(*, by: User, people: list[dict], key: str) -> Imported:
    """Write the people of a file, all or none: a known number changes its beneficiary. Twice is once.

    The key's detail says how many were new when the file was read; raise ChangedMeanwhile when that is not so any more.
    """
    return _told(_import, by, people, key)


@outermost
def _import(by: User, people: list[dict], key: str) -> Imported:
    once = claim_key(key, by.owner, IMPORT)
    if once.answer is None:
        employer = _lock_employer(by)
        known = known_by_number(employer, lock=True)
        new = [person for person in people if not _of(known, person)]
        changed = [(_of(known, person), person) for person in people if _of(known, person)]
        _check_import(employer, new, changed, once.detail)
        _create(employer, new)
        _change(changed)
        once.remember({"created": len(new), "updated": len(changed)})
    return Imported(**once.answer)


def known_by_number(employer: Employer, *, lock: bool = False) -> dict[str, Beneficiary]:
    """The current beneficiaries of an employer by their number, with their holders."""
    rows = Beneficiary.objects.current().filter(employer=employer).exclude(employee_number="")
    rows = rows.select_related("holder", "employer")
    if lock:
        rows = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    return {row.employee_number: row for row in rows}


def _of(known: dict[str, Beneficiary], person: dict) -> Beneficiary | None:
    return known.get(person["employee_number"]) if person["employee_number"] else None


def _check_import(employer: Employer, new: list[dict], changed: list[tuple], detail: str) -> None:
    """What the preview checked, again under lock: the people, that none is there twice, how many are new."""
    if detail != str(len(new)):
        raise ChangedMeanwhile
    for person in new:
        _check(person, "")
    for beneficiary, person in changed:
        _check(person, beneficiary.form)
    touched = {beneficiary.pk for beneficiary, _ in changed}
    there = Namesakes(person_of(row) for row in _current(employer) if row.pk not in touched)
    if any(there.has(person) for person in new):
        raise ChangedMeanwhile


def _change(changed: list[tuple[Beneficiary, dict]]) -> None:
    told = [beneficiary for beneficiary, person in changed if changes_to_electronic(beneficiary, person)]
    rows = [_set(beneficiary, person) for beneficiary, person in changed]
    CesuHolder.objects.bulk_update([row.holder for row in rows], OF_HOLDER, batch_size=BATCH)
    Beneficiary.objects.bulk_update(rows, OWN, batch_size=BATCH)
    emails.holder_codes(told)


# --- Checks, writes --------------------------------------------------------------------------------------------------
def _check(person: dict, was: str) -> None:
    faults = [sentence for _, sentence in faults_of(person, was=was, today=timezone.localdate(), bounds=bounds())]
    if faults:
        raise WrongBeneficiary(*faults)


def _check_known(employer: Employer, person: dict, twin: bool, itself: Beneficiary | None) -> None:
    """Nobody else has this number, and nobody looks like this person unless ``twin``."""
    _check_number(employer, person["employee_number"], itself)
    others = _current(employer).exclude(pk=itself.pk if itself else None)
    same = others.filter(holder__birth_date=person["birth_date"])
    if not twin and Namesakes(map(person_of, same)).has(person):
        raise Namesake


def _check_number(employer: Employer, number: str, itself: Beneficiary | None) -> None:
    others = _current(employer).exclude(pk=itself.pk if itself else None)
    if number and others.filter(employee_number=number).exists():
        raise NumberTaken


def _current(employer: Employer):
    return Beneficiary.objects.current().filter(employer=employer).select_related("holder")


def _create(employer: Employer, people: list[dict]) -> list[Beneficiary]:
    holders = [
        CesuHolder(code=code, **{name: person[name] for name in OF_HOLDER})
        for code, person in zip(_codes(len(people)), people, strict=True)
    ]
    CesuHolder.objects.bulk_create(holders, batch_size=BATCH)
    rows = [
        Beneficiary(employer=employer, holder=holder, **{name: person[name] for name in OWN})
        for holder, person in zip(holders, people, strict=True)
    ]
    Beneficiary.objects.bulk_create(rows, batch_size=BATCH)
    emails.holder_codes([row for row in rows if row.form == Form.ELECTRONIC])
    return rows


def _codes(count: int) -> list[str]:
    """So many codes that nobody has."""
    codes = set()
    while len(codes) < count:
        drawn = {new_code() for _ in range(count - len(codes))}
        codes |= drawn - set(CesuHolder.objects.filter(code__in=drawn).values_list("code", flat=True))
    return list(codes)


def _told(action, *arguments):
    """Run an action; what the database refuses in the end is told in a sentence."""
    try:
        return action(*arguments)
    except IntegrityError as error:
        name = getattr(error.__cause__.diag, "constraint_name", "")
        raise (NumberTaken if name == "employee_number_per_employer" else Busy) from error


def _lock_employer(user: User) -> Employer:
    """The employer for which a person orders, locked; DoesNotExist for anybody else."""
    return Employer.objects.locked().of(user).get()


def _lock(employer: Employer, beneficiary: Beneficiary) -> Beneficiary:
    rows = Beneficiary.objects.select_for_update(of=("self",), no_key=True).select_related("holder", "employer")
    return rows.get(pk=beneficiary.pk, employer=employer)
