"""The file of the municipal back office, as docs/transmission.md tells it column by column: the only module that knows it.

The same lines always make the same bytes; nothing is read but the lines themselves.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from common.files.sheets import is_formula
from common.refusals import Refusal
from reservations.models import BackOffice, Change

Format, Verdict = BackOffice.Format, Change.Verdict
COLUMNS = {  # of the file → of a line's payload
    "famille": "family",
    "beneficiaire": "member",
    "prenom": "first_name",
    "nom": "last_name",
    "naissance": "birth_date",
    "commune": "commune",
    "service": "service",
    "service_nom": "service_name",
    "activite": "activity",
    "activite_nom": "activity_name",
    "date": "date",
    "arrivee": "arrival",
    "depart": "departure",
    "quantite": "quantity",
    "prix_centimes": "cents",
    "paiement": "billing",
    "origine": "origin",
    "faite_le": "made_at",
}
HEAD = ["ligne", "nature", "reservation", *COLUMNS, "details"]
TEXTS = {"prenom", "nom", "service_nom", "activite_nom"}  # typed by people: a spreadsheet must not compute them
KINDS = {Change.Kind.BOOKING: "reservation", Change.Kind.CANCELLATION: "annulation", Change.Kind.FAMILY: "famille"}
DETAILS = {  # of a family
    "name": "nom",
    "guardians": "responsables",
    "members": "beneficiaires",
    "member": "beneficiaire",
    "first_name": "prenom",
    "last_name": "nom",
    "birth_date": "naissance",
    "kinship": "lien",
    "school": "ecole",
    "school_class": "classe",
    "email": "courriel",
    "phone": "telephone",
    "address": "adresse",
    "postcode": "code_postal",
    "city": "ville",
}
VERDICTS = {"accepte": Verdict.ACCEPTED, "refuse": Verdict.REFUSED}
NUMBER = re.compile(r"[0-9]{1,18}")
LARGEST_ANSWER = 200_000_000  # bytes
MAX_REASON = 200
PIECE = 4_000_000  # characters
TOO_LARGE = "Ce fichier dépasse 200 Mo."


class BadAnswer(Refusal):
    """An acknowledgement that is not one; nothing of it is taken."""

    sentence = "Ce fichier n’est pas une réponse du logiciel métier."
    status = 400


@dataclass(frozen=True)
class Line:
    """What a file says of one change; ``payload`` as ``reservations.actions.places.changes`` froze it."""

    pk: int
    kind: str
    booking: int | None
    payload: dict


@dataclass(frozen=True, slots=True)
class Said:
    """What the back office answers to a line."""

    verdict: str
    reason: str = ""


ACCEPTED = Said(Verdict.ACCEPTED)  # one for all: a file may hold millions


@dataclass(frozen=True)
class Answer:
    """An acknowledgement: what is ``said`` of each line; lines ``repeated`` in it, or ``contradicted``: said nothing of."""

    said: dict[int, Said]
    repeated: set[int]
    contradicted: set[int]


def file_name(number: int, format: str) -> str:
    """« parvis-000012.csv »."""
    return f"parvis-{number:06}.{format}"


def answer_name(number: int, format: str) -> str:
    """« parvis-000012.reponse.csv »."""
    return f"parvis-{number:06}.reponse.{format}"


def content_type(format: str) -> str:
    """As HTTP says it."""
    return "application/json" if format == Format.JSON else "text/csv; charset=utf-8"


# --- The file -------------------------------------------------------------------------------------------------------
def write(format: str, number: int, night: date, lines: Iterable[Line]) -> bytes:
    """The bytes of a transmission."""
    return b"".join(pieces(format, number, night, lines))


def pieces(format: str, number: int, night: date, lines: Iterable[Line]) -> Iterator[bytes]:
    """The same, a few megabytes at a time: a large night takes no more memory than a small one."""
    texts = _json_texts(number, night, lines) if format == Format.JSON else _csv_texts(lines)
    piece = io.StringIO(newline="")
    for text in texts:
        if piece.write(text) and piece.tell() > PIECE:
            yield piece.getvalue().encode()
            piece = io.StringIO(newline="")
    yield piece.getvalue().encode()


def _csv_texts(lines: Iterable[Line]) -> Iterator[str]:
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow(HEAD)
    for line in lines:
        rows.writerow(_row(line))
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _json_texts(number: int, night: date, lines: Iterable[Line]) -> Iterator[str]:
    yield f'{{"numero":{number},"nuit":"{night}","lignes":['
    for rank, line in enumerate(lines):
        yield ",\n" if rank else "\n"
        yield _dumps(_thing(line))
    yield "\n]}\n"


def _thing(line: Line) -> dict:
    known = {column: line.payload[key] for column, key in COLUMNS.items() if key in line.payload}
    return {"ligne": line.pk, "nature": KINDS[line.kind], "reservation": line.booking, **known, **_details(line)}


def _row(line: Line) -> list:
    thing = _thing(line)
    details = thing.get("details")
    cells = [thing["ligne"], thing["nature"], "" if line.booking is None else line.booking]
    cells += [_plain(column, thing.get(column, "")) for column in COLUMNS]
    return [*cells, _dumps(details) if details else ""]


def _plain(column: str, cell):
    return f"'{cell}" if column in TEXTS and is_formula(cell) else cell


def _details(line: Line) -> dict:
    if line.kind != Change.Kind.FAMILY:
        return {}
    kept = {key: line.payload[key] for key in ("name", "guardians", "members")}
    return {"details": _french(kept)}


def _french(thing):
    if isinstance(thing, list):
        return [_french(each) for each in thing]
    if isinstance(thing, dict):
        return {DETAILS[key]: _french(value) for key, value in thing.items()}
    return thing


def _dumps(thing) -> str:
    return json.dumps(thing, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# --- The answer -----------------------------------------------------------------------------------------------------
def read_answer(number: int, data: bytes) -> Answer:
    """What is said of each line, in CSV or JSON; raise BadAnswer for anything but an answer to this transmission."""
    if len(data) > LARGEST_ANSWER:
        raise BadAnswer(TOO_LARGE)
    try:
        text = data.decode("utf-8-sig")
        rows = _json_rows(text, number) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text)
        return _answer(rows)
    except UnicodeDecodeError:
        raise BadAnswer("Ce fichier n’est pas en UTF-8.") from None
    except (ValueError, TypeError, KeyError, csv.Error, RecursionError):
        raise BadAnswer from None


def _answer(rows: Iterable[tuple]) -> Answer:
    said, repeated, contradicted = {}, set(), set()
    for line, verdict, reason in rows:
        line, each = _number(line), _said(line, verdict, reason)
        if line not in said:
            said[line] = each
        else:
            (repeated if said[line].verdict == each.verdict else contradicted).add(line)
    for line in contradicted:
        del said[line]
    return Answer(said, repeated - contradicted, contradicted)


def _number(line) -> int:
    if not NUMBER.fullmatch(str(line)):
        raise BadAnswer(f"« {str(line)[:40]} » n’est pas un numéro de ligne.")
    return int(line)


def _said(line: int, verdict, reason) -> Said:
    if verdict not in VERDICTS:
        raise BadAnswer(f"Ligne {line} : le verdict doit être « accepte » ou « refuse ».")
    return ACCEPTED if verdict == "accepte" else Said(VERDICTS[verdict], _reason(reason))


def _reason(text) -> str:
    return " ".join(str(text or "").replace("\x00", "").split())[:MAX_REASON]


def _csv_rows(text: str) -> Iterator[tuple]:
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    if not {"ligne", "verdict"} <= set(rows.fieldnames or ()):
        raise BadAnswer("Il manque les colonnes « ligne » et « verdict ».")
    for row in rows:
        yield row["ligne"], row["verdict"], row.get("motif")


def _json_rows(text: str, number: int) -> Iterator[tuple]:
    answer = json.loads(text)
    if answer["numero"] != number:
        raise BadAnswer(f"Cette réponse ne concerne pas la transmission n° {number}.")
    for row in answer["lignes"]:
        yield row["ligne"], row["verdict"], row.get("motif")
