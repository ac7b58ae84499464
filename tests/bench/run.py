"""The bench: the same pages in a hamlet and in a town, their limits, carts confirmed by many at once, the night, the books."""

import os
import sys
from datetime import timedelta

from django.core.management import call_command

from tests.bench import books, databases, decade
from tests.bench.measured import (
    agents,
    aid,
    aid_pages,
    attendance,
    direct_debits,
    fabrication,
    family_file,
    figures,
    night,
    order_table,
    rush,
    transmission,
)
from tests.bench.measured.cards import webhook
from tests.bench.measures import Measure, getting, measure, posting, table
from tests.bench.people import WEEK, Person, Regular, Shopper, fullest_month, large_family, only_child, second_family

ROUNDS = int(os.environ.get("PARVIS_BENCH_ROUNDS", "40"))
HAMLET, TOWN = 20, 2000


def main() -> None:
    """Measure, print, and exit non-zero when a limit is broken."""
    call_command("collectstatic", interactive=False, verbosity=0)
    few, broken = measured(HAMLET, pages)
    many, more = measured(TOWN, lambda: [*pages(), *carts(), webhook(), attendance.sheet()])
    broken += more + grown(few, many) + measured(TOWN, lambda: [*family_file.pages(), *agents.pages()])[1]
    databases.require_exact_ledger()
    for part, size in (
        (rush, TOWN),
        (night, HAMLET),
        (books, TOWN),
        (figures, TOWN),
        (direct_debits, HAMLET),
        (transmission, HAMLET),
        (fabrication, HAMLET),
        (order_table, HAMLET),
        (aid, HAMLET),
    ):
        told, slow = part.report(size)
        print(told, flush=True)
        broken += slow
    databases.drop_copy()
    print("\nThe ledger is exact after the run.", *(broken or ["All limits are kept."]), sep="\n")
    sys.exit(bool(broken))


def measured(families: int, plan) -> tuple[list[Measure], list[str]]:
    """The measures in a place of so many families, and the limits they break."""
    databases.copy_of(families)
    rows = plan()
    measure(rows, ROUNDS)
    unit = rows[0].ms
    print(f"\n{families} families, {ROUNDS} rounds\n{table(rows, unit)}", flush=True)
    return rows, [line for row in rows for line in row.broken(unit)]


def grown(few: list[Measure], many: list[Measure]) -> list[str]:
    """Pages that ask more of the database where more families live."""
    return [
        f"{one.name}: {one.seen_queries} queries with {HAMLET} families, {other.seen_queries} with {TOWN}"
        for one, other in zip(few, many, strict=False)
        if one.seen_queries != other.seen_queries
    ]


def pages() -> list[Measure]:
    """What parents look at, the empty page first."""
    free, busy, large, regular = only_child("coming"), only_child("-coming"), large_family(), Regular(2).person

    def of_large(name: str, address: str) -> Measure:
        return Measure(name, getting(large.client, address), ratio=5)

    return [
        Measure("Empty signed-in page", getting(free.client, "/vide/")),
        calendar("Calendar, one child, month free", free),
        calendar("Calendar, one child, month booked", busy),
        calendar("Calendar, three children", large),
        Measure("Recap of a ticked month (htmx)", recap(free), ratio=5),
        of_large("« Mes réservations »", "/reservations/mes-reservations/"),
        of_large("Statement", "/porte-monnaie/"),
        Measure("Account page", getting(large.client, "/mon-compte/"), ratio=5, kilobytes=40),
        Measure("Home, a week to book", getting(regular.client, "/mon-compte/"), ratio=5, kilobytes=40),
        Measure("« Réserver la semaine »", getting(regular.client, WEEK), ratio=5, kilobytes=40),
        of_large("Products", "/reservations/rubrique/cantine/"),
        of_large("Past orders", "/reservations/commandes/"),
        of_large("« Mes filiations »", "/mes-filiations/"),
        *after_ten_years(),
        *aid_pages.pages(),
    ]


def after_ten_years() -> list[Measure]:
    """What a family that has been there for ten years reads of its money."""
    old, (_, end) = decade.give(second_family()), decade.span()
    month = f"{end - timedelta(1):%Y-%m}"
    pages = {
        "« Soldes et paiements », ten years": "/reservations/soldes-et-paiements/",
        "« Paiement CB », ten years": "/reservations/soldes-et-paiements/paiement-cb/",
        "« Historiques », ten years": f"/reservations/historiques/?mois={month}",
        "« Règlements », ten years": f"/reservations/historiques/reglements/?mois={month}",
    }
    return [Measure(name, getting(old.client, address), ratio=5) for name, address in pages.items()]


def calendar(name: str, person: Person) -> Measure:
    address = f"/reservations/activite/{person.canteen.slug}/?mois={fullest_month():%Y-%m}"
    return Measure(name, getting(person.client, address), ratio=5, queries=8, kilobytes=40)


def recap(person: Person):
    """What the calendar asks when a whole month is ticked."""
    month, child = f"{fullest_month():%Y-%m}", person.user.guardian.family.members.get()
    return posting(
        person.client,
        f"/reservations/activite/{person.canteen.slug}/",
        {"enfant": child.pk, "mois_affiche": month, "mois": month},
        **{"HX-Request": "true", "HX-Target": "recap"},
    )


def carts() -> list[Measure]:
    """A cart of 20 days, looked at and confirmed."""
    looked_at, confirmed, regular = Shopper(), Shopper(1), Regular(3)
    looked_at.fill()
    return [
        Measure("Cart of 20 days", looked_at.show, ratio=5),
        Measure("Cart of 20 days, confirmed", confirmed.confirm, ratio=10, prepare=confirmed.fill),
        Measure("The usual week, confirmed", regular.confirm, ratio=8, prepare=regular.free),
    ]
