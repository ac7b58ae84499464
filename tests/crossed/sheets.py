"""Exports as a French LibreOffice opens them: amounts are numbers, dates are dates, and nothing else loses a character."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from xml.etree import ElementTree

import time_machine
from django.urls import reverse

from cesu.aid.actions.rights.expiry import return_expired
from common.values.dates import month_title
from portal.desk.family_sheet import read_sheet
from reservations.rules import PARIS
from tests.client import PortalClient
from tests.crossed.readers import Readers, run
from tests.crossed.table import Row, unequal
from tests.factories.accounts import CommuneFactory, ManagerFactory
from tests.factories.aid import aid_account_of, funder_with, holder_with, right_with
from tests.factories.cesu import employer_with, manager_of, pay_in, placed
from tests.factories.money import paid_at_counter
from tests.factories.reservations import LOUANE, THEO, TUESDAY, ActivityFactory, book, household, sessions

NOW = datetime(2026, 11, 10, 9, tzinfo=PARIS)
READ = "amounts are numbers, dates dates, all else (identifiers, telephones, names, references) to the character"
SAVED = "opened, saved as ODS and XLSX: the portal reads the same families (first zeros and telephones included)"
# How a CSV is opened: « ; » between cells, quotes, UTF-8, from the first row, in French, dates and numbers looked for.
FRENCH = "CSV:59,34,76,1,,1036,false,true"
AMOUNT = re.compile(r"-?[0-9]+,[0-9]{2}")
MOMENT = re.compile(r"([0-9]{2})[/-]([0-9]{2})[/-]([0-9]{4})(?: ([0-9]{2}:[0-9]{2}))?")
OFFICE, TABLE, TEXT = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "text"))


def rows(readers: Readers) -> list[Row]:
    """Every export of the portal, by LibreOffice."""
    with time_machine.travel(NOW, tick=False):
        exports = dict(_exports())
        saved = _saved_again(readers)
    reader = f"LibreOffice {readers.versions['LibreOffice']}, in French"
    made = [Row(f"{name} (CSV)", reader, READ, _faults(content, readers)) for name, content in exports.items()]
    return [*made, Row("Model of the import of families (CSV)", f"{reader}, then the portal", SAVED, unequal(**saved))]


def _exports() -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the exports, with people whose names and numbers a spreadsheet likes to change."""
    home = household(10_000, LOUANE, THEO, last_name="Lefèvre ; « D’Hérouville »", first_name="=Zoé")
    canteen = ActivityFactory(name="Cantine 3-6 ; goûter", slug="cantine")
    book(home, *sessions(canteen, TUESDAY, bookable_until=NOW + timedelta(1)))
    paid_at_counter(home.wallet, 4605, NOW.date(), number="0012345", payer="Zoé Lefèvre", bank="La Banque – 3/4")
    client, agent = PortalClient(), PortalClient()
    client.force_login(home.user)
    agent.login_agent(ManagerFactory())
    yield from _read(agent, "Journal of a day", reverse("admin:accounting_journal_csv"), jour="2026-11-10")
    yield from _read(agent, "Summary of a month", reverse("admin:accounting_month_csv"), mois="2026-11")
    yield from _read(client, "What a family consumed", "/reservations/historiques/consommations.csv", mois="2026-11")
    yield from _read(client, "What a family paid", "/reservations/historiques/reglements.csv", mois="2026-11")
    yield from _of_aid(agent)
    employer = employer_with(name="Mairie")
    order = placed(employer, by=manager_of(employer))
    pay_in(employer, order.total_cents)
    manager = PortalClient()
    manager.force_login(order.by)
    yield from _read(manager, "Statement of an employer", reverse("cesu:statement"), csv="")


def _of_aid(agent: PortalClient) -> Iterator[tuple[str, bytes]]:
    account = aid_account_of(holder_with(), funder_with())
    right_with(account, 600, month=date(2026, 8, 1))
    return_expired(date(2026, 11, 1))
    address = reverse("admin:cesu_funder_returns_file", args=[account.funder_id])
    yield from _read(agent, "Rights that came back to a funder", address, mois="2026-11")


def _read(client: PortalClient, name: str, address: str, **asked) -> Iterator[tuple[str, bytes]]:
    answer = client.get(f"{address}?{urlencode(asked)}")
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/csv"):
        raise AssertionError(f"{address}: {answer.status_code}")
    yield name, answer.content


def _faults(content: bytes, readers: Readers) -> list[str]:
    ours = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    if len(ours) < 2:
        return ["the export holds no line"]
    theirs = opened(readers.write("export.csv", content), readers)
    return [
        f"row {line}, column {column}: {cell!r} {fault}"
        for line, row in enumerate(ours)
        for column, cell in enumerate(row)
        if (fault := _fault(cell, theirs.get((line, column), Cell("", "", ""))))
    ]


class Cell(NamedTuple):
    """What LibreOffice holds in a cell: its kind (string, float, date, formula), its value, what it shows."""

    kind: str
    value: str
    shown: str


def _fault(cell: str, found: Cell) -> str:
    """What LibreOffice made of a cell that it should not have; "" when it reads what we meant."""
    if AMOUNT.fullmatch(cell):
        is_same = found.kind == "float" and Decimal(found.value) == Decimal(cell.replace(",", "."))
    elif day := MOMENT.fullmatch(cell):
        is_same = found.kind == "date" and found.value == _iso(*day.groups())
    elif found.kind == "date":  # « Novembre 2026 »
        is_same = month_title(date.fromisoformat(found.value)) == cell
    else:
        is_same = found.kind != "formula" and found.shown == cell
    return "" if is_same else f"became {found}"


def _iso(day: str, month: str, year: str, clock: str | None) -> str:
    return f"{year}-{month}-{day}" + (f"T{clock}:00" if clock else "")


def _saved_again(readers: Readers) -> dict[str, tuple]:
    """What the portal reads of its own model, and of the same saved as ODS and XLSX by LibreOffice."""
    CommuneFactory(insee_code="01371")
    agent = ManagerFactory()
    client = PortalClient()
    client.login_agent(agent)
    model = client.get(reverse("admin:family_import_model")).content
    file, ours = readers.write("modele.csv", model), _families(model, agent)
    return {kind: (ours, _families(converted(file, kind, readers).read_bytes(), agent)) for kind in ("ods", "xlsx")}


def _families(content: bytes, agent) -> list:
    sheet = read_sheet(content, agent)
    return [*sheet.as_rows(), *sheet.faults]


def opened(file: Path, readers: Readers) -> dict[tuple[int, int], Cell]:
    """The cells of a CSV by (row, column) as LibreOffice opens it."""
    tree = ElementTree.parse(converted(file, "fods", readers))
    found, line = {}, 0
    for row in tree.iter(f"{TABLE}table-row"):
        column = 0
        for cell in row.iter(f"{TABLE}table-cell"):
            for _ in range(min(int(cell.get(f"{TABLE}number-columns-repeated", 1)), 100)):
                found[line, column] = _cell(cell)
                column += 1
        line += int(row.get(f"{TABLE}number-rows-repeated", 1))
    return found


def _cell(cell) -> Cell:
    kind = "formula" if cell.get(f"{TABLE}formula") else cell.get(f"{OFFICE}value-type", "")
    value = cell.get(f"{OFFICE}date-value") or cell.get(f"{OFFICE}value") or ""
    return Cell(kind, value, "\n".join("".join(text.itertext()) for text in cell.iter(f"{TEXT}p")))


def converted(file: Path, kind: str, readers: Readers) -> Path:
    """The file that LibreOffice saves after it opened a CSV."""
    profile = f"-env:UserInstallation={(readers.folder / 'office').as_uri()}"
    run(["soffice", profile, "--headless", "--convert-to", kind, f"--infilter={FRENCH}", file], readers.folder)
    return file.with_suffix(f".{kind}")
