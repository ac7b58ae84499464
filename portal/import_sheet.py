"""A spreadsheet of families, read and checked line by line; nothing is written here.

Columns: ``COLUMNS``. One line a beneficiary; lines of one family share « famille », or else the same adult.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from accounts.models import Commune, User
from accounts.rules import birth_fault
from families.models import Kinship
from families.rules import WrongPerson, check_person, clean_name
from portal.lib.refusals import Refusal
from portal.lib.words import unaccented

MAX_LINES = 1000
MAX_BYTES = 1_000_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
COLUMNS = {
    "famille": "Facultatif. Le même mot sur toutes les lignes d’une même famille, par exemple 12.",
    "nom": "Obligatoire. Nom du responsable.",
    "prenom": "Obligatoire. Prénom du responsable.",
    "genre": "Facultatif. M ou Mme.",
    "naissance": "Facultatif. Date de naissance du responsable, comme 31/12/1985.",
    "email": "Facultatif. Sans adresse e-mail, la personne se connecte avec son identifiant.",
    "telephone": "Facultatif.",
    "adresse": "Facultatif. Numéro et rue, pour le courrier.",
    "code_postal": "Facultatif. 5 chiffres.",
    "ville": "Facultatif.",
    "code_insee": "Code INSEE de la commune, comme 01371. Facultatif si vous n’avez qu’une commune.",
    "enfant_nom": "Nom du bénéficiaire. Vide : le nom du responsable.",
    "enfant_prenom": "Prénom du bénéficiaire. Vide : la ligne n’ajoute personne.",
    "enfant_naissance": "Obligatoire avec un prénom. Comme 10/05/2018.",
    "filiation": "Facultatif. " + ", ".join(Kinship.labels) + ".",
}
LENGTHS = {"nom": 80, "prenom": 80, "telephone": 30, "adresse": 200, "ville": 80, "email": 254}
NEEDED = ("nom", "prenom")
TOO_MANY = "…"  # what stands beyond the last column


class UnreadableFile(Refusal):
    """The file as a whole cannot be read."""


@dataclass
class NewFamily:
    """A family to create: an adult and the beneficiaries; dates as ISO text, so that a page can carry it."""

    line: int
    commune: str  # INSEE code
    email: str
    person: dict
    members: list[dict] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.person['first_name']} {self.person['last_name']}"


@dataclass
class Sheet:
    """What was read: the families, and every fault with its line. Nothing is written while there is one."""

    families: list[NewFamily]
    faults: list[tuple[int, str]]

    def as_rows(self) -> list[dict]:
        return [asdict(family) for family in self.families]


def read_sheet(content: bytes, agent: User) -> Sheet:
    """Read a CSV file (UTF-8 or cp1252; semicolons or commas) and check every line for this agent."""
    lines = list(_lines(_decode(content)))
    reader = _Reader(agent)
    for number, cells in lines:
        reader.read(number, cells)
    return Sheet(list(reader.families.values()), reader.faults)


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise UnreadableFile("Ce fichier est trop lourd : 1 Mo au plus. Partagez-le en plusieurs.")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile("Ce fichier n’est pas un CSV. Dans le tableur, enregistrez-le au format CSV.")


def _lines(text: str) -> Iterator[tuple[int, dict]]:
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") >= first.count(",") else ",", strict=True)
    try:
        header = [unaccented(name.strip()).replace(" ", "_") for name in next(reader, [])]
        _check_header(header)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if reader.line_num > MAX_LINES + 1:
                    raise UnreadableFile(f"Ce fichier compte plus de {MAX_LINES} lignes. Partagez-le en plusieurs.")
                yield (
                    reader.line_num,
                    {
                        **dict(zip(header, (cell.strip() for cell in cells), strict=False)),
                        TOO_MANY: "".join(cells[len(header) :]).strip(),
                    },
                )
    except csv.Error as error:
        raise UnreadableFile(f"Ligne {reader.line_num} : les guillemets ne sont pas bien fermés.") from error


def _check_header(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in header]
    sentences = [f"La colonne « {name} » n’est pas connue." for name in unknown]
    sentences += [f"La colonne « {name} » manque." for name in missing]
    sentences += ["Une colonne figure deux fois."] if len(set(header)) < len(header) else []
    if sentences:
        raise UnreadableFile(*sentences)


class _Reader:
    """Turns lines into families, and keeps the faults found on the way."""

    def __init__(self, agent: User):
        communes = Commune.objects.all() if agent.is_superuser else agent.communes.all()
        self.communes = {commune.insee_code: commune for commune in communes}
        self.families: dict[tuple, NewFamily] = {}
        self.faults: list[tuple[int, str]] = []
        self.emails: dict[str, int] = {}

    def read(self, line: int, cells: dict) -> None:
        faults = ["La ligne a plus de cellules que l’en-tête n’a de colonnes."] if cells[TOO_MANY] else []
        cells = {name: cells.get(name, "") for name in COLUMNS}
        faults += _cell_faults(cells)
        commune = self._commune(cells, faults)
        person = _person(cells, faults)
        if not faults:
            family = self._family(line, cells, commune, person, faults)
            self._add_member(family, cells, faults)
        self.faults += [(line, fault) for fault in faults]

    def _commune(self, cells: dict, faults: list[str]) -> str:
        code = cells["code_insee"] or (next(iter(self.communes)) if len(self.communes) == 1 else "")
        code = code.zfill(5) if code else ""  # a spreadsheet drops the first zero
        if not code:
            faults.append("Le code INSEE de la commune manque.")
        elif code not in self.communes:
            faults.append(f"La commune {code} n’est pas une de vos communes.")
        return code

    def _family(self, line: int, cells: dict, commune: str, person: dict, faults: list[str]) -> NewFamily:
        adult = (unaccented(cells["nom"]), unaccented(cells["prenom"]), cells["email"].lower())
        key = ("famille", unaccented(cells["famille"])) if cells["famille"] else adult
        known = self.families.get(key)
        if known is None:
            faults += self._email_faults(line, cells["email"].lower())
            if same := homonym(person, self.communes[commune]):
                faults.append(f"Un compte existe déjà pour {same} à {same.commune} ({same.identifier}).")
            known = self.families[key] = NewFamily(line, commune, cells["email"].lower(), person)
        elif (unaccented(known.person["last_name"]), unaccented(known.person["first_name"]), known.email) != adult:
            faults.append(f"Le responsable n’est pas le même qu’à la ligne {known.line} de cette famille.")
        return known

    def _email_faults(self, line: int, email: str) -> list[str]:
        if not email:
            return []
        if email in self.emails:
            return [f"L’adresse {email} figure déjà à la ligne {self.emails[email]}."]
        self.emails[email] = line
        return [f"Un compte existe déjà avec l’adresse {email}."] if User.objects.filter(email=email).exists() else []

    def _add_member(self, family: NewFamily, cells: dict, faults: list[str]) -> None:
        if not cells["enfant_prenom"]:
            if cells["enfant_nom"] or cells["enfant_naissance"]:
                faults.append("Le prénom du bénéficiaire manque.")
            return
        member = _member(cells, faults)
        if member and member in family.members:
            faults.append("Ce bénéficiaire figure déjà dans cette famille.")
        elif member:
            family.members.append(member)


def _cell_faults(cells: dict) -> Iterator[str]:
    for name, value in cells.items():
        if value.startswith(FORMULA) and not (name == "telephone" and value[1:].replace(" ", "").isdigit()):
            yield f"« {name} » commence par « {value[0].strip() or 'tabulation'} » : un tableur y verrait une formule."
        if len(value) > LENGTHS.get(name, 200):
            yield f"« {name} » compte plus de {LENGTHS.get(name, 200)} caractères."
    for name in NEEDED:
        if not cells[name]:
            yield f"« {name} » est vide."
    if cells["code_postal"] and not (cells["code_postal"].isdecimal() and len(cells["code_postal"]) in (4, 5)):
        yield "Le code postal a 5 chiffres."


def _person(cells: dict, faults: list[str]) -> dict:
    genders = {unaccented(label): value for value, label in User.Gender.choices}
    if cells["genre"] and unaccented(cells["genre"]) not in genders:
        faults.append("Le genre est M ou Mme.")
    if cells["email"]:
        try:
            validate_email(cells["email"])
        except ValidationError:
            faults.append(f"« {cells['email']} » n’est pas une adresse e-mail.")
    birth_date = _date(cells["naissance"], "naissance", faults)
    if fault := birth_fault(birth_date, timezone.localdate()):
        faults.append(fault)
    return {
        "gender": genders.get(unaccented(cells["genre"]), ""),
        "first_name": clean_name(cells["prenom"]),
        "last_name": clean_name(cells["nom"]),
        "birth_date": birth_date and birth_date.isoformat(),
        "phone": cells["telephone"],
        "address": cells["adresse"],
        "postcode": cells["code_postal"].zfill(5) if cells["code_postal"] else "",
        "city": cells["ville"],
    }


def _member(cells: dict, faults: list[str]) -> dict | None:
    kinships = {unaccented(label): value for value, label in Kinship.choices}
    kinship = kinships.get(unaccented(cells["filiation"])) if cells["filiation"] else Kinship.OTHER.value
    if kinship is None:
        faults.append(f"La filiation « {cells['filiation']} » n’est pas connue.")
    if not cells["enfant_naissance"]:
        faults.append("La date de naissance du bénéficiaire manque.")
    born = _date(cells["enfant_naissance"], "enfant_naissance", faults)
    if not born or not kinship:
        return None
    first_name, last_name = clean_name(cells["enfant_prenom"]), clean_name(cells["enfant_nom"] or cells["nom"])
    try:
        check_person(first_name, last_name, born, timezone.localdate())
    except WrongPerson as refusal:
        faults += refusal.sentences
    return {"first_name": first_name, "last_name": last_name, "birth_date": born.isoformat(), "kinship": kinship}


def _date(text: str, name: str, faults: list[str]) -> date | None:
    for pattern in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    if text:
        faults.append(f"« {name} » n’est pas une date comme 10/05/2018 : {text}.")
    return None


def homonym(person: dict, commune: Commune) -> User | None:
    """Return the account of the same name in the same commune, unless the birth dates tell them apart."""
    same = User.objects.residents().filter(
        commune=commune, last_name__iexact=person["last_name"], first_name__iexact=person["first_name"]
    )
    birth = str(person["birth_date"] or "")
    return next((user for user in same if not (birth and user.birth_date and str(user.birth_date) != birth)), None)
