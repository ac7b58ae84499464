"""The order table of an employer of 2,000 people: every page and every move of it, on a draft that asks for everybody."""

from django.db import connection
from django.test import Client

from cesu.models import Beneficiary, CesuHolder, VoucherLine, VoucherOrder
from cesu.models.people import new_code
from tests.bench import databases
from tests.bench.measures import Measure, getting, measure, posting, table
from tests.factories.cesu import employer_with, manager_of, place, ready_draft, terms, transport

PEOPLE = 2000
ROUNDS = 10
LIMIT = 300  # ms of the server
TABLE, RECAP = "/cesu/commandes/tableau/", "/cesu/commandes/recapitulatif/"


def report(families: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break; with an order of before, so that all pass the ceiling."""
    databases.copy_of(families)
    manager = _employer()
    ready_draft(manager, vouchers=100)
    place(manager)
    ready_draft(manager, vouchers=100)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(manager)
    rows = _plan(client, _page_of_fields(manager))
    measure(rows, ROUNDS)
    broken = [line for row in rows for line in row.broken(rows[0].ms)]
    return f"\nThe order table, {PEOPLE:,} beneficiaries:\n{table(rows, rows[0].ms)}", broken


def _plan(client: Client, fields: dict) -> list[Measure]:
    live = {"HX-Request": "true", "HX-Target": "total"}

    def of(name: str, act) -> Measure:
        return Measure(name, act, milliseconds=LIMIT)

    return [
        of("First page", getting(client, TABLE)),
        of("Last page", getting(client, f"{TABLE}?page=40")),
        of("Search", getting(client, f"{TABLE}?q=nom1999")),
        of("A cell changed (htmx)", posting(client, TABLE, fields, **live)),
        of("« Rafraîchir », a cell wrong", posting(client, TABLE, fields | {_first(fields): "x"})),
        of("Summary", getting(client, RECAP)),
    ]


def _first(fields: dict) -> str:
    return next(name for name in fields if name.startswith("carnets-"))


def _page_of_fields(manager) -> dict:
    """What the first page sends, with its first line changed."""
    draft = VoucherOrder.objects.draft_of(manager).get()
    fields = {"page": "1", "transport": draft.transport_id, "jour": draft.delivery_on.isoformat()}
    for line in VoucherLine.objects.filter(order=draft).alphabetical()[:50]:
        fields |= {f"carnets-{line.pk}": "3", f"titres-{line.pk}": line.vouchers, f"valeur-{line.pk}": "15,00"}
        fields |= {f"part-{line.pk}": line.share, f"type-{line.pk}": line.form, f"categorie-{line.pk}": line.category}
    return fields


def _employer():
    """A manager of an employer of 2,000 people."""
    employer = employer_with(client_reference="D900900", name="Mairie de la grande ville")
    codes = set()
    while len(codes) < PEOPLE:
        codes.add(new_code())
    holders = CesuHolder.objects.bulk_create(
        CesuHolder(code=code, last_name=f"Nom{number:04}", first_name="Camille")
        for number, code in enumerate(sorted(codes))
    )
    people = [Beneficiary(employer=employer, holder=it, employee_number=f"M{it.last_name}") for it in holders]
    Beneficiary.objects.bulk_create(people)
    transport(), terms()
    manager = manager_of(employer)
    return manager
