"""Invoices of CESU and their credit notes: the PDF that the employer downloads."""

from decimal import Decimal

from django.urls import reverse

from cesu.orders.actions.dispatch import cancel_order, deciding
from common.writing.once import make_key
from tests.client import PortalClient
from tests.crossed.readers import Readers
from tests.crossed.table import Row, differences, unequal
from tests.factories.accounts import ManagerFactory
from tests.factories.cesu import employer_with, placed

BUYER = {"siret": "21330122500018", "address": "2 avenue du Baron Haussmann", "postcode": "33610", "city": "Cestas"}

# Rules of the French reform (BR-FR) that our invoices do not keep yet, and no other.
OPEN = {"BR-FR-05_BT-22_PMT", "BR-FR-05_BT-22_PMD", "BR-FR-05_BT-22_AAB"}  # notes on late payment and discount
OPEN |= {"BR-FR-08_BT-23"}  # the kind of process
OPEN |= {"BR-FR-12_BT-49", "BR-FR-13_BT-34"}  # electronic addresses
FRENCH = f"every French rule (BR-FR) but {len(OPEN)} that are open: {', '.join(sorted(OPEN))}"


def rows(readers: Readers) -> list[Row]:
    """An invoice, and its credit note."""
    order = placed(employer_with(name="Mairie de Cestas – « Écoles & Accueils »", **BUYER))
    invoice = order.invoice
    path, client = reverse("cesu:invoice", args=[order.number]), PortalClient()
    client.force_login(order.by)
    made = [("Invoice", invoice.number, client.get(path).content)]
    agent = ManagerFactory()
    cancel_order(agent=agent, order=order, reason="Erreur", key=make_key(agent.owner, deciding(order, "cancel")))
    invoice.refresh_from_db()
    made.append(("Credit note", invoice.credit_note.number, client.get(path, {"avoir": ""}).content))
    total = Decimal(order.total_cents).scaleb(-2)
    return [row for each in made for row in _of(*each, total, readers)]


def _of(title: str, number: str, pdf: bytes, total: Decimal, readers: Readers) -> list[Row]:
    read = readers.python("invoice.py", readers.write(f"{number}.pdf", pdf))
    output = f"{title} of CESU, Factur-X in its PDF/A-3"
    facts = unequal(
        file=("factur-x.xml", read["name"]),
        flavor=("factur-x", read["flavor"]),
        level=("en16931", read["level"]),
        number=(number, read["number"]),
        total=(total, Decimal(read["total"])),
    )
    library, saxon = (f"{name} {readers.versions[name]}" for name in ("factur-x", "saxonche"))
    return [
        Row(
            output,
            library,
            "found in the PDF, level EN 16931, number, total; valid for its schema",
            facts + read["xsd"],
        ),
        Row(output, f"{saxon}, schematron of {library}", "every rule of EN 16931", read["en16931"]),
        Row(output, f"{saxon}, schematron of {library}", FRENCH, differences(OPEN, map(_name, read["fr_ctc"]))),
    ]


def _name(fault: str) -> str:
    return fault.partition(":")[0]
