"""What a manager types into the order table: cells by line, read one by one; a wrong one stays as typed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django import forms

from cesu.models import Transport, VoucherLine, VoucherOrder
from cesu.models.people import Category, Form
from cesu.orders.reads.delivery import delivery_fault
from cesu.rules.orders import Bounds, against
from common.values.money import bare_euros, parse_euros

NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
LONGEST = 20  # characters of a cell that are shown again


def _whole(text: str) -> int:
    return int(text) if NUMBER.fullmatch(text) else -1


def _share(text: str) -> int:
    return _whole(text.removesuffix("%").strip())


def _euros(text: str) -> int:
    try:
        return parse_euros(text)
    except ValueError:
        return -1


@dataclass(frozen=True)
class Column:
    """A field of a line: its name in the form, its label, how a text is read (a number out of bounds for nonsense)."""

    name: str
    field: str
    label: str
    read: Callable[[str], int | str]


COLUMNS = (
    Column("categorie", "category", "Catégorie d’utilisation", str),
    Column("type", "form", "Type de CESU", str),
    Column("carnets", "booklets", "Nombre de carnet(s)", lambda text: _whole(text or "0")),
    Column("titres", "vouchers", "Nombre de titres par carnet", _whole),
    Column("valeur", "face_cents", "Valeur faciale", _euros),
    Column("part", "share", "Part patronale (%)", _share),
)


@dataclass
class Row:
    """A line of the table: as it stands, or as it was typed with the sentences against it, by field."""

    line: VoucherLine
    texts: dict[str, str]
    values: dict[str, int | str]
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(value != getattr(self.line, name) for name, value in self.values.items())

    @property
    def may_be_electronic(self) -> bool:
        return self.line.beneficiary.form == Form.ELECTRONIC

    @property
    def name(self) -> str:
        return str(self.line.beneficiary)


def row_of(line: VoucherLine) -> Row:
    """A line as it stands."""
    values = {column.field: getattr(line, column.field) for column in COLUMNS}
    texts = {name: str(value) for name, value in values.items()} | {"face_cents": bare_euros(line.face_cents)}
    return Row(line, texts | {"booklets": str(line.booklets or "")}, values)


def read_row(line: VoucherLine, data: Mapping[str, str], bounds: Bounds) -> Row:
    """A line as it was typed; a cell that was not sent stands as it is, a line nobody touched is not checked."""
    row = row_of(line)
    for column in COLUMNS:
        text = data.get(f"{column.name}-{line.pk}")
        if text is not None:
            row.texts[column.field] = text.strip()[:LONGEST]
            row.values[column.field] = column.read(text.strip())
    if row.changed or row.values["booklets"]:
        row.faults = against(row.values, bounds, row.may_be_electronic)
        row.faults |= _choice_faults(row.values)
    return row


def _choice_faults(values: dict) -> dict[str, str]:
    known = {"category": Category.values, "form": Form.values}
    return {name: "Choisissez dans la liste." for name, choices in known.items() if values[name] not in choices}


def errors_of(rows: list[Row]) -> list[dict]:
    """The faults of a page for the summary on top, each with the id of its cell."""
    return [
        {
            "text": row.faults[column.field],
            "label": f"{row.name}, {column.label.lower()}",
            "target": f"{column.name}-{row.line.pk}",
        }
        for row in rows
        for column in COLUMNS
        if column.field in row.faults
    ]


@dataclass
class Delivery:
    """How and when paper titles are wanted: what was chosen, the sentences against it, by field."""

    transport: Transport | None
    day: date | None
    faults: dict[str, str] = field(default_factory=dict)

    def chosen(self) -> dict:
        """What may be written of it."""
        found = {"transport": self.transport} if "transport" not in self.faults else {}
        return found | ({"delivery_on": self.day} if "jour" not in self.faults else {})

    def require(self) -> None:
        """Refuse what is missing: paper titles travel."""
        if self.transport is None:
            self.faults.setdefault("transport", "Choisissez un mode de transport.")
        if self.day is None:
            self.faults.setdefault("jour", "Choisissez la date de livraison dans le calendrier.")

    def errors(self) -> list[dict]:
        """The faults for the summary on top."""
        labels = {"transport": ("Mode de transport", "transport"), "jour": ("Date de livraison", "livraison")}
        return [
            {"text": text, "label": labels[name][0], "target": labels[name][1]} for name, text in self.faults.items()
        ]


def read_delivery(data: Mapping[str, str], transports: list[Transport], today: date) -> Delivery:
    """The delivery as it was chosen; a day is checked against the transport, else against the quickest."""
    asked = data.get("transport", "")
    transport = next((each for each in transports if str(each.pk) == asked), None)
    read = Delivery(transport, None)
    if asked and transport is None:
        read.faults["transport"] = "Choisissez dans la liste."
    if text := data.get("jour", ""):
        read.day, fault = _day(text, today, transport or next(iter(transports), None))
        if fault:
            read.faults["jour"] = fault
    return read


def _day(text: str, today: date, transport: Transport | None) -> tuple[date | None, str]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "Cette date n’existe pas\u00a0: choisissez dans le calendrier."
    return day, delivery_fault(day, today, transport)


class PlaceForm(forms.Form):
    """How an order will be paid, and the terms of sale that were read and ticked (S0-39)."""

    means = forms.ChoiceField(label="Mode de paiement", choices=VoucherOrder.Means.choices, widget=forms.RadioSelect)
    terms = forms.CharField(
        label="J’ai lu et j’accepte les Conditions Générales de Vente",
        error_messages={"required": "Lisez et cochez les Conditions Générales de Vente pour valider la commande."},
    )
