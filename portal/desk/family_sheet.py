"""A spreadsheet of families, read and checked line by line; nothing is written here.

Columns: ``COLUMNS``. One line a beneficiary; lines of one family share « famille », or else the same adult.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from accounts.models import Commune, User
from common.files.sheet_rows import Limits, read_rows
from common.files.workbooks import UnreadableFile
from common.values.cells import WrongCell, birth
from common.values.phones import WrongPhone, phone
from common.values.words import name_key, unaccented
from families.models import Kinship
from families.rules import WrongPerson, check_person, clean_name

MAX_LINES = 1000
LIMITS = Limits(
    lines=MAX_LINES,
    too_long=f"Ce fichier compte plus de {MAX_LINES} lignes. Partagez-le en plusieurs.",
    too_long_a_book=f"Ce fichier compte plus de {MAX_LINES} lignes. Partagez-le en plusieurs.",
)
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
LENGTHS = {"nom": 80, "prenom": 80, "adresse": 200, "ville": 80, "email": 254}
NEEDED = ("nom", "prenom")


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
    """Read a CSV, XLSX or ODS and check every line for this agent. Raise UnreadableFile."""
    rows = read_rows(content, {name: (name,) for name in COLUMNS}, LIMITS)
    sentences = [f"La colonne « {name} » n’est pas connue." for name in rows.ignored]
    sentences += [f"La colonne « {name} » manque." for name in NEEDED if name not in rows.headings]
    if sentences:
        raise UnreadableFile(*sentences)
    reader, wrong = _Reader(agent), defaultdict(list)
    for fault in rows.faults:
        wrong[fault.line].append(f"« {fault.column} » : {fault.sentence}" if fault.column else fault.sentence)
    for number, cells in rows.lines:
        if number in wrong:
            reader.faults += [(number, sentence) for sentence in wrong[number]]
        else:
            reader.read(number, cells)
    return Sheet(list(reader.families.values()), reader.faults)


class _Reader:
    """Turns lines into families, and keeps the faults found on the way."""

    def __init__(self, agent: User):
        communes = Commune.objects.all() if agent.is_superuser else agent.communes.all()
        self.communes = {commune.insee_code: commune for commune in communes}
        self.families: dict[tuple, NewFamily] = {}
        self.faults: list[tuple[int, str]] = []
        self.emails: dict[str, int] = {}
        self.residents = Residents()

    def read(self, line: int, cells: dict) -> None:
        cells = {name: cells.get(name, "") for name in COLUMNS}
        faults = list(_cell_faults(cells))
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
        adult = (name_key(cells["nom"]), name_key(cells["prenom"]), cells["email"].lower())
        key = ("famille", unaccented(cells["famille"])) if cells["famille"] else adult
        known = self.families.get(key)
        if known is None:
            faults += self._email_faults(line, cells["email"].lower())
            if same := self.residents.homonym(person, self.communes[commune]):
                faults.append(f"Un compte existe déjà pour {same} à {same.commune} ({same.identifier}).")
            known = self.families[key] = NewFamily(line, commune, cells["email"].lower(), person)
        elif (name_key(known.person["last_name"]), name_key(known.person["first_name"]), known.email) != adult:
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
    return {
        "gender": genders.get(unaccented(cells["genre"]), ""),
        "first_name": clean_name(cells["prenom"]),
        "last_name": clean_name(cells["nom"]),
        "birth_date": birth_date and birth_date.isoformat(),
        "phone": _phone(cells["telephone"], faults),
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


def _phone(text: str, faults: list[str]) -> str:
    try:
        return phone(text)
    except WrongPhone as refusal:
        faults += [f"« telephone » : {sentence}" for sentence in refusal.sentences]
        return ""


def _date(text: str, name: str, faults: list[str]) -> date | None:
    try:
        return birth(text, timezone.localdate()) if text else None
    except WrongCell as wrong:
        faults.append(f"« {name} » : {wrong}")
        return None


class Residents:
    """The accounts of communes by name: each commune is read once."""

    def __init__(self):
        self._known: dict[int, dict[tuple, list[User]]] = {}

    def homonym(self, person: dict, commune: Commune) -> User | None:
        """Return the account of the same name in the same commune, unless the birth dates tell them apart."""
        if commune.pk not in self._known:
            self._known[commune.pk] = self._of(commune)
        same = self._known[commune.pk].get((name_key(person["last_name"]), name_key(person["first_name"])), [])
        born = str(person["birth_date"] or "")
        return next((user for user in same if not (born and user.birth_date and str(user.birth_date) != born)), None)

    def _of(self, commune: Commune) -> dict[tuple, list[User]]:
        found = defaultdict(list)
        for user in User.objects.residents().filter(commune=commune).select_related("commune"):
            found[name_key(user.last_name), name_key(user.first_name)].append(user)
        return found
