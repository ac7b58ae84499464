"""Bring in the communes of the authority, from the public file of communes."""

import json
from collections import Counter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Commune

# Departments by school zone, academy by academy: art. D. 521-1 ff. of the Code de l'éducation, the ministry's yearly
# calendar. Corsica and overseas have calendars of their own, decided by the recteur or by a government overseas;
# Saint-Barthélemy and Saint-Martin follow the academy of Guadeloupe.
ZONES = {
    "A": (
        "25 39 70 90 24 33 40 47 64 03 15 43 63 21 58 71 89 07 26 38 73 74 19 23 87 01 42 69 16 17 79 86"
    ),  # Besançon, Bordeaux, Clermont-Ferrand, Dijon, Grenoble, Limoges, Lyon, Poitiers
    "B": (
        "04 05 13 84 02 60 80 59 62 54 55 57 88 44 49 53 72 85 06 83 14 27 50 61 76 18 28 36 37 41 45 08 10 51 52 "
        "22 29 35 56 67 68"
    ),  # Aix-Marseille, Amiens, Lille, Nancy-Metz, Nantes, Nice, Normandie, Orléans-Tours, Reims, Rennes, Strasbourg
    "C": (
        "77 93 94 11 30 34 48 66 75 09 12 31 32 46 65 81 82 78 91 92 95"
    ),  # Créteil, Montpellier, Paris, Toulouse, Versailles
    "COR": "2A 2B",
    "971": "971 977 978",
    **{code: code for code in ("972", "973", "974", "975", "976", "986", "987", "988")},
}
ZONE_OF = {department: zone for zone, departments in ZONES.items() for department in departments.split()}
CURRENT = "commune-actuelle"  # neither delegated communes nor the districts of Paris, Lyon and Marseille
BATCH = 5000


class Command(BaseCommand):
    help = "Create or correct communes by INSEE code from communes.json of the npm package @etalab/decoupage-administratif."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="communes.json")
        parser.add_argument("--departement", nargs="+", default=[], metavar="01", help="these departments only")

    def handle(self, *, file, departement, **options):
        rows = wanted(read(file), set(departement))
        placed, outside = by_zone(rows)
        created, corrected = write(placed)
        for department, number in sorted(outside.items()):
            self.stdout.write(f"Department {department}: {number} commune(s) left out, it has no school calendar.")
        same = len(placed) - created - corrected
        self.stdout.write(f"{created} commune(s) created, {corrected} corrected, {same} unchanged.")


def read(file: Path) -> list[dict]:
    """The communes of today in the file; raise CommandError for anything else than that file."""
    try:
        rows = json.loads(file.read_bytes())
        found = [row for row in rows if row["type"] == CURRENT]
        if all(isinstance(row[name], str) for row in found for name in ("code", "nom", "departement")) and found:
            return found
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise CommandError(f"{file} is not communes.json of @etalab/decoupage-administratif.")


def wanted(rows: list[dict], departments: set[str]) -> list[dict]:
    """Keep the communes of these departments, all without any; raise CommandError for one that the file does not know."""
    unknown = departments - {row["departement"] for row in rows}
    if unknown:
        raise CommandError(f"No commune of department {', '.join(sorted(unknown))} in the file.")
    return [row for row in rows if row["departement"] in departments] if departments else rows


def by_zone(rows: list[dict]) -> tuple[list[Commune], Counter]:
    """The communes with their school zone, and how many by department have none."""
    outside = Counter(row["departement"] for row in rows if row["departement"] not in ZONE_OF)
    placed = [
        Commune(insee_code=row["code"], name=row["nom"], zone=ZONE_OF[row["departement"]])
        for row in rows
        if row["departement"] in ZONE_OF
    ]
    return placed, outside


def write(communes: list[Commune]) -> tuple[int, int]:
    """Insert what is new and correct what differs; return how many of each."""
    known = {code: (name, zone) for code, name, zone in Commune.objects.values_list("insee_code", "name", "zone")}
    changed = [each for each in communes if known.get(each.insee_code) != (each.name, each.zone)]
    Commune.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["insee_code"],
        update_fields=["name", "zone"],
    )
    corrected = sum(each.insee_code in known for each in changed)
    return len(changed) - corrected, corrected
