"""A spreadsheet of an order, read and checked line by line against the employer's people; nothing is written here.

The headings of the issuers' usual files are known (``COLUMNS``). A cell that is empty means what is usual for the person;
several lines of a person are several lines of the order.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from cesu.models import Beneficiary, Employer
from cesu.models.people import Category, Form
from cesu.orders.actions.drafts import FIELDS
from cesu.orders.reads.drafts import bounds
from cesu.orders.sheets.beneficiaries import CATEGORIES, FORMS, NOT_A_NUMBER
from cesu.orders.sheets.beneficiaries import COLUMNS as OF_PEOPLE
from cesu.rules.orders import LINES_PER_PERSON, against
from cesu.rules.people import OLDEST, YOUNGEST
from common.files.sheet_rows import Fault, read_rows
from common.files.workbooks import UnreadableFile
from common.values.cells import WrongCell, bare, birth, cents, lost_zeros, whole
from common.values.money import euros
from common.values.words import name_key, same_name

COLUMNS = {
    "code": ("n° CESU", "numéro CESU", "code CESU"),
    **{name: OF_PEOPLE[name] for name in ("employee_number", "last_name", "first_name", "birth_date")},
    "category": OF_PEOPLE["category"],
    "form": OF_PEOPLE["form"],
    "booklets": ("nombre de carnets", "nombre de carnet(s)", "carnets", "nb carnets", "nb de carnets"),
    "vouchers": ("titres par carnet", "nombre de titres par carnet"),
    "titles": ("nombre de titres", "nb titres", "nb de titres", "quantité"),
    "face_cents": OF_PEOPLE["usual_face_cents"],
    "amount": OF_PEOPLE["amount"],
    "share": OF_PEOPLE["usual_share"],
}
WHO, HOW_MANY = ("code", "employee_number", "last_name"), ("booklets", "titles")
WHOLE = "Écrivez un nombre entier."
MODEL = ["N° CESU", "Matricule", "Nom", "Prénom", "Nombre de carnets", "Titres par carnet", "Valeur faciale"]
MODEL += ["Part patronale", "Catégorie d’utilisation", "Dématérialisé"]
EXAMPLE = ["", "1024", "Martin", "Léa", "2", "10", "15,00", "50", Category.ALL.label, "non"]


class CellFault(Exception):
    """A cell is wrong: the name of its column and the sentence."""


@dataclass(frozen=True)
class Line:
    """A line that was read: for whom, and what, as a draft holds it."""

    number: int
    beneficiary: Beneficiary
    values: dict

    @property
    def cents(self) -> int:
        return self.values["booklets"] * self.values["vouchers"] * self.values["face_cents"]

    def frozen(self) -> list:
        """The line for a page to carry."""
        return [self.beneficiary.pk, *(self.values[name] for name in FIELDS)]


@dataclass
class OrderSheet:
    """What was read, and every fault with its line and column. Nothing is written while there is one."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def people(self) -> int:
        return len({line.beneficiary.pk for line in self.lines})

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)


def read_order(content: bytes, employer: Employer) -> OrderSheet:
    """Read and check a file for an employer. Raise UnreadableFile."""
    rows = read_rows(content, COLUMNS)
    missing = []
    if not any(name in rows.headings for name in WHO):
        missing.append("Une colonne doit dire qui\u00a0: « n° CESU », « matricule » ou « nom ».")
    if not any(name in rows.headings for name in HOW_MANY):
        missing.append("Une colonne doit dire combien\u00a0: « nombre de carnets » ou « nombre de titres ».")
    if missing:
        raise UnreadableFile(*missing)
    reader = _Reader(employer, rows.headings, rows.faults)
    for number, cells in rows.lines:
        reader.read(number, defaultdict(str, cells))
    return OrderSheet(reader.lines, sorted(reader.faults, key=lambda fault: fault.line), rows.ignored)


class _Reader:
    """Turns rows into lines and keeps the faults found on the way."""

    def __init__(self, employer: Employer, headings: dict[str, str], faults: list[Fault]):
        self.headings, self.faults, self.limits = headings, list(faults), bounds()
        self.bad = {fault.line for fault in faults}
        self.lines: list[Line] = []
        self.seen: dict[tuple, int] = {}
        self.counts: dict[int, int] = defaultdict(int)
        self.by_code, self.by_number, self.by_name = {}, {}, defaultdict(list)
        for person in Beneficiary.objects.current().filter(employer=employer).select_related("holder"):
            self.by_code[person.holder.code] = person
            self.by_number[bare(person.employee_number)] = person
            for name in (str(person.holder), person.holder.last_name):
                self.by_name[name_key(name)].append(person)
        self.by_number.pop("", None)
        self.by_number |= {short: self.by_number[full] for short, full in lost_zeros(self.by_number).items()}

    def read(self, number: int, cells: Mapping[str, str]) -> None:
        if number in self.bad:
            return
        try:
            person = self._person(cells)
            values = self._values(cells, person)
            self._check_once(number, person, values)
        except CellFault as fault:
            name, sentence = fault.args
            self._tell(number, name, sentence)
            return
        faults = against(values, self.limits, person.form == Form.ELECTRONIC)
        for name, sentence in faults.items():
            self._tell(number, self._column_of(name), sentence)
        self.lines.append(Line(number, person, values))

    def _tell(self, number: int, name: str, sentence: str) -> None:
        self.faults.append(Fault(number, self.headings.get(name, COLUMNS[name][0]), sentence))

    def _column_of(self, name: str) -> str:
        """Where a fault of a field stands: the number of titles may have said it all."""
        known = {
            "booklets": ("booklets", "titles"),
            "vouchers": ("vouchers", "titles"),
            "face_cents": ("face_cents", "amount"),
        }
        return next((each for each in known.get(name, (name,)) if each in self.headings), name)

    # --- For whom ----------------------------------------------------------------------------------------------------
    def _person(self, cells: Mapping[str, str]) -> Beneficiary:
        if cells["code"]:
            person = self._known(self.by_code.get(cells["code"].zfill(8)), "code", "Ce n° CESU")
        elif cells["employee_number"]:
            person = self._known(self.by_number.get(bare(cells["employee_number"])), "employee_number", "Ce matricule")
        else:
            return self._named(cells)
        if cells["last_name"] and not same_name(cells["last_name"], person.holder.last_name):
            raise CellFault("last_name", f"Ce n’est pas le nom de {person}, que désigne cette ligne.")
        return person

    def _known(self, person: Beneficiary | None, name: str, what: str) -> Beneficiary:
        if person is None:
            raise CellFault(name, f"{what} n’est celui d’aucun de vos bénéficiaires.")
        return person

    def _named(self, cells: Mapping[str, str]) -> Beneficiary:
        if not cells["last_name"]:
            raise CellFault(next(name for name in WHO if name in self.headings), "Dites de qui il s’agit.")
        found = self.by_name.get(name_key(cells["last_name"], cells["first_name"]), [])
        if cells["birth_date"]:
            born = _born(cells["birth_date"])
            found = [person for person in found if person.holder.birth_date == born]
        if not found:
            raise CellFault("last_name", "Aucun de vos bénéficiaires ne porte ce nom.")
        if len(found) > 1:
            raise CellFault(
                "last_name", "Plusieurs bénéficiaires portent ce nom\u00a0: donnez le matricule ou le n° CESU."
            )
        return found[0]

    # --- What --------------------------------------------------------------------------------------------------------
    def _values(self, cells: Mapping[str, str], person: Beneficiary) -> dict:
        booklets, vouchers = self._quantities(cells, person)
        return {
            "category": self._choice(cells, "category", CATEGORIES) or person.category,
            "form": self._choice(cells, "form", FORMS) or person.form,
            "booklets": booklets,
            "vouchers": vouchers,
            "face_cents": self._face(cells, booklets * vouchers, person),
            "share": self._number(cells, "share", whole, person.usual_share),
        }

    def _number(self, cells: Mapping[str, str], name: str, read, usual: int | None = None) -> int | None:
        if not cells[name]:
            return usual
        value = read(cells[name])
        if value is None:
            raise CellFault(name, NOT_A_NUMBER.get(f"usual_{name}", NOT_A_NUMBER.get(name, WHOLE)))
        return value

    def _choice(self, cells: Mapping[str, str], name: str, words: dict[str, str]) -> str:
        if not cells[name]:
            return ""
        value = words.get(bare(cells[name]))
        if value is None:
            known = "oui ou non, papier ou e-CESU" if name == "form" else ", ".join(Category.labels)
            raise CellFault(name, f"« {cells[name]} » n’est pas connu\u00a0: {known}.")
        return value

    def _quantities(self, cells: Mapping[str, str], person: Beneficiary) -> tuple[int, int]:
        """(booklets, titles in each): as said, or the number of titles made into booklets."""
        booklets, vouchers, titles = (self._number(cells, name, whole) for name in ("booklets", "vouchers", "titles"))
        if booklets is None and titles is None:
            raise CellFault(self._column_of("booklets"), "Le nombre de carnets ou de titres manque.")
        if titles is None:
            return booklets, person.usual_vouchers if vouchers is None else vouchers
        if not 0 <= titles <= self.limits.max_booklets * self.limits.max_vouchers:
            most = self.limits.max_booklets * self.limits.max_vouchers
            raise CellFault("titles", f"Indiquez un nombre entier de 0 à {most}.")
        return self._bound(titles, booklets, vouchers or person.usual_vouchers)

    def _bound(self, titles: int, booklets: int | None, usual: int) -> tuple[int, int]:
        if titles == 0:
            return 0, usual
        if booklets and titles % booklets == 0:
            return booklets, titles // booklets
        if booklets is None and titles % usual == 0:
            return titles // usual, usual
        if booklets is None and titles <= self.limits.max_vouchers:
            return 1, titles
        raise CellFault("titles", f"{titles} titres ne se partagent pas en carnets égaux.")

    def _face(self, cells: Mapping[str, str], titles: int, person: Beneficiary) -> int:
        """The face value as said, or « montant attribué » shared out between the titles, in whole cents."""
        face = self._number(cells, "face_cents", cents)
        amount = self._number(cells, "amount", cents)
        if amount is None or titles <= 0:
            return person.usual_face_cents if face is None else face
        if amount % titles:
            raise CellFault("amount", f"Ce montant ne se partage pas en {titles} titres égaux.")
        if face not in (None, amount // titles):
            raise CellFault("amount", f"{titles} titres à {euros(face)} font {euros(titles * face)}.")
        return amount // titles

    def _check_once(self, number: int, person: Beneficiary, values: dict) -> None:
        earlier = self.seen.setdefault((person.pk, *values.values()), number)
        if earlier != number:
            raise CellFault(self._column_who(), f"Cette ligne répète la ligne {earlier}\u00a0: {person}.")
        self.counts[person.pk] += 1
        if self.counts[person.pk] > LINES_PER_PERSON:
            raise CellFault(
                self._column_who(), f"Un bénéficiaire a au plus {LINES_PER_PERSON} lignes dans une commande."
            )

    def _column_who(self) -> str:
        return next(name for name in WHO if name in self.headings)


def _born(text: str) -> date:
    try:
        return birth(text, timezone.localdate(), youngest=YOUNGEST, oldest=OLDEST, whose="Un salarié")
    except WrongCell as wrong:
        raise CellFault("birth_date", str(wrong)) from None
