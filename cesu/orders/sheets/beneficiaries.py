"""A spreadsheet of beneficiaries, read and checked line by line; nothing is written here.

The headings of the issuers' usual files are known (``COLUMNS``). A line whose number is known changes that beneficiary,
and its empty cells change nothing; every other line is somebody new.
"""

from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from cesu.models import Beneficiary, CesuHolder, Employer
from cesu.models.people import Category, Form
from cesu.orders.actions.beneficiaries import FIELDS, bounds, changes_to_electronic, known_by_number, person_of
from cesu.rules.people import OLDEST, YOUNGEST, Namesakes, faults_of
from common.files.sheet_rows import Fault, read_rows
from common.files.workbooks import UnreadableFile
from common.values.cells import WrongCell, bare, birth, cents, day, lost_zeros, whole

COLUMNS = {
    "employee_number": ("matricule", "n° matricule", "matricule salarié", "code salarié"),
    "last_name": ("nom", "nom bénéficiaire", "nom du bénéficiaire", "nom salarié", "nom de famille"),
    "first_name": ("prénom", "prénom bénéficiaire", "prénom du bénéficiaire", "prénom salarié"),
    "birth_date": ("date de naissance", "naissance", "né le", "née le"),
    "email": ("email bénéficiaire", "email", "e-mail", "mail", "adresse e-mail", "adresse email", "courriel"),
    "address": ("adresse 1", "adresse", "adresse1"),
    "address_2": ("adresse 2", "adresse2", "complément d’adresse"),
    "address_3": ("adresse 3", "adresse3"),
    "postcode": ("code postal", "cp"),
    "city": ("ville", "commune"),
    "delivery_point": ("point de livraison", "code point de livraison"),
    "department": ("stat 1", "stat1", "code statistique", "service"),
    "category": ("catégorie", "catégorie d’utilisation", "catégorie d’utilisation du titre"),
    "form": ("dématérialisé", "type de CESU", "type de titre", "format"),
    "form_chosen_on": ("choix du salarié le", "date du choix"),
    "usual_vouchers": (
        "nombre de titres",
        "nb titres",
        "nb de titres",
        "titres par carnet",
        "nombre de titres par carnet",
    ),
    "usual_face_cents": ("valeur faciale", "valeur faciale habituelle", "vf"),
    "amount": ("montant attribué", "montant total"),
    "usual_share": ("part patronale", "part employeur", "taux part patronale"),
}
NEEDED = ("last_name", "first_name")
TEXTS = ("last_name", "first_name", "employee_number", "email", "city", "delivery_point", "department")
ADDRESS = ("address", "address_2", "address_3")
NUMBERS = {"usual_vouchers": whole, "usual_face_cents": cents, "usual_share": whole}
DAYS = ("birth_date", "form_chosen_on")
FORMS = {
    **dict.fromkeys(("oui", "o", "1", "x", "e cesu", "ecesu", "electronique", "dematerialise"), Form.ELECTRONIC.value),
    **dict.fromkeys(("non", "n", "0", "papier", "cheque"), Form.PAPER.value),
}
CATEGORIES = {bare(word): value for value, label in Category.choices for word in (value, label)} | {
    "tous": Category.ALL.value,
    "sap": Category.ALL.value,
    "garde d enfant": Category.CHILDCARE.value,
}
NOT_A_NUMBER = {
    "usual_vouchers": "Écrivez un nombre entier de titres, comme 10.",
    "usual_face_cents": "Écrivez un montant en euros, comme 15,00.",
    "usual_share": "Écrivez un pourcentage entier, comme 50.",
    "amount": "Écrivez un montant en euros, comme 150,00.",
}
MODEL = [aliases[0] for name, aliases in COLUMNS.items() if name != "amount"]
EXAMPLE = [
    "1024;Martin;Léa;12/04/1985;lea.martin@salarie.example;3 rue du Four;;;33610;Cestas;Mairie;RH;"
    "Tous services à la personne;non;;10;15,00;50",
    "1025;Benali;Karim;30/09/1990;karim.benali@salarie.example;8 place de la Mairie;;;33610;Cestas;École;Écoles;"
    "Garde d’enfants;oui;05/01/2026;20;12,50;100",
]


@dataclass
class Line:
    """A line that was read: the person as actions take them, the beneficiary whom it changes, if any."""

    number: int
    person: dict
    known: Beneficiary | None


@dataclass
class Sheet:
    """What was read, and every fault with its line and column. Nothing is written while there is one."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def new(self) -> int:
        """How many lines are somebody new."""
        return sum(line.known is None for line in self.lines)

    @property
    def updated(self) -> int:
        """How many lines change somebody."""
        return len(self.lines) - self.new

    @property
    def codes(self) -> int:
        """How many employees will be mailed their code."""
        return sum(changes_to_electronic(line.known or Beneficiary(), line.person) for line in self.lines)


def read_people(content: bytes, employer: Employer) -> Sheet:
    """Read and check a file for an employer. Raise UnreadableFile."""
    rows = read_rows(content, COLUMNS)
    missing = [f"La colonne « {COLUMNS[name][0]} » manque." for name in NEEDED if name not in rows.headings]
    if missing:
        raise UnreadableFile(*missing)
    reader = _Reader(employer, rows.headings, rows.faults)
    for number, cells in rows.lines:
        reader.read(number, cells)
    return Sheet(reader.lines, sorted(reader.faults, key=lambda fault: fault.line), rows.ignored)


def frozen(person: dict) -> dict:
    """A person whose dates are text, for a page to carry."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in person.items()}


def thawed(person: dict) -> dict:
    """The person again."""
    return person | {name: person[name] and date.fromisoformat(person[name]) for name in DAYS}


class _Reader:
    """Turns rows into people and keeps the faults found on the way."""

    def __init__(self, employer: Employer, headings: dict[str, str], faults: list[Fault]):
        self.headings, self.faults = headings, list(faults)
        self.bad = {(fault.line, fault.column) for fault in faults}  # cells of which enough was said
        self.lines: list[Line] = []
        self.known = known_by_number(employer)
        self.full = lost_zeros(self.known)
        current = Beneficiary.objects.current().filter(employer=employer).select_related("holder")
        self.there, self.here, self.numbers = Namesakes(map(person_of, current)), Namesakes(), {}
        self.today, self.bounds = timezone.localdate(), bounds()
        self.blank = person_of(Beneficiary(holder=CesuHolder()))

    def read(self, number: int, cells: dict[str, str]) -> None:
        typed = cells.get("employee_number", "")
        cells = cells | {"employee_number": self.full.get(typed, typed)}
        known = self.known.get(cells["employee_number"]) if typed else None
        base = person_of(known) if known else self.blank
        person = base | {"form_chosen_on": None} | self._said(number, cells)
        for name, sentence in faults_of(person, was=known.form if known else "", today=self.today, bounds=self.bounds):
            self._tell(number, name, sentence)
        self._check_once(number, person, known)
        self.lines.append(Line(number, {name: person[name] for name in FIELDS}, known))

    def _tell(self, number: int, name: str, sentence: str) -> None:
        heading = self.headings.get(name, COLUMNS[name][0])
        if (number, heading) not in self.bad:
            self.bad.add((number, heading))
            self.faults.append(Fault(number, heading, sentence))

    def _check_once(self, number: int, person: dict, known: Beneficiary | None) -> None:
        """Nobody is in the file twice, nobody new looks like somebody who is there."""
        earlier = self.numbers.setdefault(person["employee_number"], number) if person["employee_number"] else number
        if earlier != number:
            self._tell(number, "employee_number", f"Ce matricule figure déjà à la ligne {earlier}.")
        elif self.here.has(person):
            self._tell(number, "last_name", "Cette personne figure déjà dans le fichier.")
        elif known is None and self.there.has(person):
            self._tell(
                number,
                "last_name",
                "Un bénéficiaire du même nom, né le même jour, existe déjà : donnez son matricule pour le mettre à jour.",
            )
        self.here.add(person)

    def _said(self, number: int, cells: dict[str, str]) -> dict:
        """What the cells that are filled say, by field."""
        said = {name: cells[name] for name in TEXTS if cells.get(name)}
        said |= self._numbers(number, cells)
        if address := " ".join(cells[name] for name in ADDRESS if cells.get(name)):
            said["address"] = address
        if cells.get("postcode"):
            said["postcode"] = cells["postcode"].zfill(5)  # a spreadsheet drops the first zero
        said |= self._days(number, cells)
        for name, words in (("form", FORMS), ("category", CATEGORIES)):
            if cells.get(name):
                self._choice(number, name, cells[name], words, said)
        if "email" in said:
            self._check_email(number, said["email"])
        return said

    def _days(self, number: int, cells: dict[str, str]) -> dict[str, date | None]:
        said = {}
        if cells.get("form_chosen_on"):
            said["form_chosen_on"] = day(cells["form_chosen_on"])
            if said["form_chosen_on"] is None:
                self._tell(number, "form_chosen_on", "Écrivez une date comme 31/12/1985.")
        if cells.get("birth_date"):
            try:
                said["birth_date"] = birth(
                    cells["birth_date"], self.today, youngest=YOUNGEST, oldest=OLDEST, whose="Un salarié"
                )
            except WrongCell as wrong:
                self._tell(number, "birth_date", str(wrong))
        return said

    def _numbers(self, number: int, cells: dict[str, str]) -> dict[str, int]:
        said = {}
        for name, read in NUMBERS.items():
            if cells.get(name):
                value = read(cells[name])
                if value is None:
                    self._tell(number, name, NOT_A_NUMBER[name])
                else:
                    said[name] = value
        if cells.get("amount") and not cells.get("usual_face_cents"):
            self._share_out(number, cells["amount"], said)
        return said

    def _share_out(self, number: int, amount: str, said: dict) -> None:
        """« Montant attribué » is of all the titles: one is worth its share, in whole cents."""
        total, titles = cents(amount), said.get("usual_vouchers")
        if total is None:
            self._tell(number, "amount", NOT_A_NUMBER["amount"])
        elif not titles or titles < 1:
            self._tell(number, "usual_vouchers", "Le montant attribué demande le nombre de titres.")
        elif total % titles:
            self._tell(number, "amount", f"Ce montant ne se partage pas en {titles} titres égaux.")
        else:
            said["usual_face_cents"] = total // titles

    def _choice(self, number: int, name: str, text: str, words: dict[str, str], said: dict) -> None:
        value = words.get(bare(text))
        if value is None:
            known = "oui ou non, papier ou e-CESU" if name == "form" else ", ".join(Category.labels)
            self._tell(number, name, f"« {text} » n’est pas connu : {known}.")
        else:
            said[name] = value

    def _check_email(self, number: int, email: str) -> None:
        try:
            validate_email(email)
        except ValidationError:
            self._tell(number, "email", f"« {email} » n’est pas une adresse e-mail.")
