"""The issuer's CSV of affiliated caregivers, read and checked line by line; nothing is written here."""

from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from schwifty import BIC

from cesu.models import Caregiver
from cesu.rules.aid import nan_of
from cesu.rules.people import OLDEST, YOUNGEST
from common.files.sheet_rows import Fault, read_rows
from common.files.workbooks import UnreadableFile
from common.values.cells import WrongCell, bare, birth
from common.values.sepa import account_fault, compact

COLUMNS = {
    "kind": ("type", "type d’intervenant"),
    "nan": ("NAN", "code NAN", "numéro d’affiliation"),
    "last_name": ("nom", "nom ou raison sociale", "raison sociale"),
    "first_name": ("prénom",),
    "birth_date": ("date de naissance", "né le", "née le"),
    "email": ("e-mail", "email", "mail", "courriel", "adresse e-mail"),
    "account_holder": ("titulaire du compte", "titulaire du compte bancaire", "titulaire"),
    "iban": ("IBAN",),
    "bic": ("BIC",),
}
NEEDED = ("kind", "nan", "last_name", "account_holder", "iban")
MODEL = ["Type", "NAN", "Nom", "Prénom", "Date de naissance", "E-mail", "Titulaire du compte", "IBAN", "BIC"]
EXAMPLE = [
    [
        "personne",
        "0012345*1",
        "Besson",
        "Fatima",
        "03/02/1979",
        "",
        "Mme Fatima BESSON",
        "FR7630006000011234567890189",
        "",
    ],
    [
        "organisme",
        "0054321*2",
        "Aide 31",
        "",
        "",
        "contact@aide31.example",
        "AIDE 31",
        "FR1420041010050500013M02606",
        "",
    ],
]
KINDS = {
    **dict.fromkeys(("personne", "personne physique", "physique"), Caregiver.Kind.PERSON.value),
    **dict.fromkeys(("organisme", "personne morale", "morale", "organisation"), Caregiver.Kind.ORGANISATION.value),
}
LONGEST = {"last_name": 120, "first_name": 80, "account_holder": 70}


@dataclass
class Register:
    """What was read, and every fault with its line. Nothing is written while there is one."""

    lines: list[dict] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_register(content: bytes) -> Register:
    """The caregivers of a file. Raise UnreadableFile."""
    rows = read_rows(content, COLUMNS)
    missing = [f"La colonne « {COLUMNS[name][0]} » manque." for name in NEEDED if name not in rows.headings]
    if missing:
        raise UnreadableFile(*missing)
    register, seen = Register(faults=list(rows.faults)), {}
    for number, cells in rows.lines:
        said, wrong = _read(dict.fromkeys(COLUMNS, "") | cells)
        earlier = seen.setdefault(said["nan"] or number, number)
        if earlier != number:
            wrong.append(("nan", f"Ce NAN figure déjà à la ligne {earlier}."))
        register.lines.append(said)
        register.faults += [Fault(number, rows.headings.get(name, COLUMNS[name][0]), text) for name, text in wrong]
    register.faults.sort(key=lambda fault: fault.line)
    return register


def _read(cells: dict[str, str]) -> tuple[dict, list[tuple[str, str]]]:
    """A caregiver, and what is wrong: (name of the column, sentence)."""
    born, fault = _born(cells["birth_date"])
    said = cells | {
        "kind": KINDS.get(bare(cells["kind"]), ""),
        "nan": nan_of(cells["nan"]) or "",
        "birth_date": born,
        "iban": compact(cells["iban"]),
        "bic": compact(cells["bic"]),
    }
    wrong = list(_of_the_account(said)) + list(_of_the_person(said, fault))
    if not said["kind"]:
        wrong.append(("kind", "Écrivez « personne » ou « organisme »."))
    if not said["nan"]:
        wrong.append(("nan", "Un NAN s’écrit comme 0012345*1."))
    wrong += [(name, f"{most} caractères au plus.") for name, most in LONGEST.items() if len(said[name]) > most]
    return said, wrong


def _born(text: str) -> tuple[date | None, str]:
    """The date of birth that a cell says, or why it is none."""
    try:
        return (
            birth(text, timezone.localdate(), youngest=YOUNGEST, oldest=OLDEST, whose="Un intervenant")
            if text
            else None
        ), ""
    except WrongCell as wrong:
        return None, str(wrong)


def _of_the_person(said: dict, birth_fault: str):
    if not said["last_name"]:
        yield "last_name", "Le nom manque."
    is_person = said["kind"] == Caregiver.Kind.PERSON
    if is_person and not said["first_name"]:
        yield "first_name", "Une personne a un prénom."
    if is_person and said["birth_date"] is None:
        yield "birth_date", birth_fault or "Écrivez la date de naissance comme 31/12/1979."
    if said["kind"] == Caregiver.Kind.ORGANISATION and (said["first_name"] or said["birth_date"] or birth_fault):
        yield "first_name", "Un organisme n’a ni prénom ni date de naissance."
    if said["email"] and not _is_fine(validate_email, said["email"]):
        yield "email", f"« {said['email']} » n’est pas une adresse e-mail."


def _of_the_account(said: dict):
    if not said["account_holder"]:
        yield (
            "account_holder",
            "Le titulaire du compte manque : recopiez-le tel qu’il est sur le relevé d’identité bancaire.",
        )
    if fault := account_fault(said["iban"]):
        yield "iban", fault
    if said["bic"] and not BIC(said["bic"], allow_invalid=True).is_valid:
        yield "bic", "Ce BIC n’est pas valable : recopiez-le, ou laissez-le vide."


def _is_fine(validate, text: str) -> bool:
    try:
        validate(text)
    except ValidationError:
        return False
    return True
