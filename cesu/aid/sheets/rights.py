"""A funder's CSV of monthly rights, read and checked line by line; nothing is written here."""

import re
from collections import defaultdict
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from cesu.aid.actions.rights.imports import Line
from cesu.models import AidAccount
from cesu.rules.aid import YOUNGEST_HOLDER, minutes_of
from common.files.sheet_rows import Limits, read_rows
from common.files.workbooks import UnreadableFile
from common.values.cells import WrongCell, bare, birth, cents, month
from common.values.phones import WrongPhone, phone

COLUMNS = {
    "code": ("code CESU", "n° CESU", "numéro CESU", "code"),
    "last_name": ("nom", "nom de famille", "nom du bénéficiaire", "nom bénéficiaire"),
    "first_name": ("prénom", "prénom du bénéficiaire", "prénom bénéficiaire"),
    "birth_date": ("date de naissance", "naissance", "né le", "née le", "né(e) le"),
    "kind": ("compte", "nature", "aide", "type d’aide", "type de compte"),
    "month": ("mois", "mois d’attribution", "période"),
    "hours": ("heures", "nombre d’heures", "nb heures", "heures accordées", "volume horaire"),
    "amount": ("montant", "montant en euros", "montant accordé"),
    "email": ("e-mail", "email", "mail", "courriel", "adresse e-mail", "adresse email"),
    "phone": ("téléphone", "tél", "tel", "n° de téléphone", "portable"),
}
NEEDED = ("last_name", "first_name", "birth_date", "kind", "month", "hours")
MODEL = [
    "Code CESU",
    "Nom",
    "Prénom",
    "Date de naissance",
    "Compte",
    "Mois",
    "Heures",
    "Montant",
    "E-mail",
    "Téléphone",
]
EXAMPLE = [
    ["12345678", "Lacoste", "Odette", "14/05/1938", "APA", "11/2026", "42:00", "", "", ""],
    ["", "Vidal", "Henri", "02/09/1941", "PCH", "11/2026", "30,5", "", "henri.vidal@exemple.example", "05 61 00 00 00"],
]
LIMITS = Limits(
    size=10_000_000,
    lines=50_000,
    too_heavy="Ce fichier est trop lourd : 10 Mo au plus. Partagez-le en plusieurs.",
    too_long="Ce fichier compte plus de 50 000 lignes. Partagez-le en plusieurs.",
    too_long_a_book="Ce classeur est trop grand. Dans le tableur, enregistrez-le en CSV, puis choisissez-le de nouveau.",
)
KINDS = {bare(word): kind for kind, label in AidAccount.OF_FUNDERS for word in (kind, label, f"{label} emploi direct")}
LONGEST = {"last_name": 80, "first_name": 80}


def read_rights(content: bytes) -> tuple[list[Line], dict[int, list[str]]]:
    """The lines of a file, and what is wrong with some of them, by line number. Raise UnreadableFile."""
    rows = read_rows(content, COLUMNS, LIMITS)
    missing = [f"La colonne « {COLUMNS[name][0]} » manque." for name in NEEDED if name not in rows.headings]
    if missing:
        raise UnreadableFile(*missing)
    faults = defaultdict(list)
    for fault in rows.faults:
        faults[fault.line].append(f"{fault.column} : {fault.sentence}" if fault.column else fault.sentence)
    reader, today, seen = _Reader(faults), timezone.localdate(), {}
    lines = [reader.read(number, cells, today) for number, cells in rows.lines]
    for line in lines:
        if line.number not in faults:
            _check_once(line, seen, faults)
    return lines, dict(faults)


def _check_once(line: Line, seen: dict[tuple, int], faults: dict[int, list[str]]) -> None:
    """A person, an account and a month are on one line."""
    for who in filter(None, (line.code, line.person)):
        earlier = seen.setdefault((who, line.kind, line.month), line.number)
        if earlier != line.number:
            faults[line.number].append(
                f"Cette ligne répète la ligne {earlier} : même personne, même compte, même mois."
            )
            return


class _Reader:
    """Turns cells into a line and keeps what is wrong."""

    def __init__(self, faults: dict[int, list[str]]):
        self.faults = faults

    def read(self, number: int, cells: dict[str, str], today: date) -> Line:
        code = cells.get("code", "")
        code = code.zfill(8) if code.isascii() and code.isdecimal() else code
        if code and not re.fullmatch(r"[0-9]{8}", code):
            self._tell(number, "Un code CESU est constitué de 8 chiffres.")
        for name, label in (("last_name", "Le nom"), ("first_name", "Le prénom")):
            if not cells[name]:
                self._tell(number, f"{label} manque.")
        for name, most in LONGEST.items():
            if len(cells.get(name, "")) > most:
                self._tell(number, f"« {cells[name][:20]}… » est trop long : {most} caractères au plus.")
        minutes = self._read(number, cells["hours"], minutes_of, "Écrivez des heures comme 42:00, 42h30 ou 42,5.")
        return Line(
            number=number,
            code=code,
            last_name=cells["last_name"],
            first_name=cells["first_name"],
            birth_date=self._born(number, cells["birth_date"], today),
            kind=self._read(number, bare(cells["kind"]), KINDS.get, "Le compte est APA ou PCH.") or "",
            month=str(self._read(number, cells["month"], month, "Écrivez un mois comme 11/2026 ou 2026-11.") or ""),
            minutes=minutes or 0,
            cents=self._amount(number, cells.get("amount", "")),
            email=self._email(number, cells.get("email", "")),
            phone=self._phone(number, cells.get("phone", "")),
        )

    def _tell(self, number: int, *sentences: str) -> None:
        self.faults[number].extend(sentences)

    def _read(self, number: int, text: str, read, sentence: str):
        value = read(text)
        if value is None:
            self._tell(number, sentence)
        return value

    def _born(self, number: int, text: str, today: date) -> str:
        try:
            return str(birth(text, today, youngest=YOUNGEST_HOLDER, whose="Un bénéficiaire"))
        except WrongCell as wrong:
            self._tell(number, str(wrong))
            return ""

    def _phone(self, number: int, text: str) -> str:
        try:
            return phone(text)
        except WrongPhone as refusal:
            self._tell(number, *refusal.sentences)
            return ""

    def _amount(self, number: int, text: str) -> int | None:
        value = self._read(number, text, cents, "Écrivez un montant en euros, comme 201,94.") if text else None
        if value is not None and not 0 <= value <= 10**7:
            self._tell(number, "Un montant va de 0 à 100 000 €.")
        return value

    def _email(self, number: int, text: str) -> str:
        try:
            if text:
                validate_email(text)
        except ValidationError:
            self._tell(number, f"« {text} » n’est pas une adresse e-mail.")
        return text
