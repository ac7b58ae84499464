"""What the demo is made of: communes with their INSEE codes, prices of the guides, names of families."""

from datetime import date, time
from functools import cache

from django.contrib.auth.hashers import make_password

from reservations.rules import Counting, DeadlineKind, DeadlineRule

PASSWORD = "Cantine-Facile-2026"


@cache
def encoded() -> str:
    """The password as accounts keep it, hashed once: a hash is slow on purpose, and the demo has fifty accounts."""
    return make_password(PASSWORD)


# A known second factor, for the demo's agents only; /demo/codes/ shows the code of the moment.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

COMMUNES = [
    ("01028", "Baneins"),
    ("01371", "Saint-Marcel"),
    ("43002", "Aiguilhe"),
    ("43032", "Blavozy"),
    ("43041", "Brives-Charensac"),
    ("43078", "Coubon"),
    ("43080", "Craponne-sur-Arzon"),
    ("43152", "Polignac"),
    ("43165", "Rosières"),
    ("43181", "Saint-Étienne-Lardeyrol"),
    ("33122", "Cestas"),
]
CESTAS = "33122"  # its leisure centres are debited on the day
SAINT_MARCEL = "01371"
OWING = 6  # the number of a family of Cestas that owes what guide 004 shows
SCHOOLS = {
    "01028": "École de Baneins",
    "01371": "École Les Étangs",
    "43002": "École du Rocher",
    "43078": "École des Bords de Loire",
    "33122": "École du Bourg",
}

# (INSEE code, service, access, situations as (name, residence, people)); those of guides 002 and 003
RESIDENTS, OUTSIDERS = ("Résident commune", "inside", "children"), ("Hors commune", "outside", "children")
EVERYBODY = [("Adultes", "any", "adults"), ("Enfants", "any", "children")]
SERVICES = [
    ("01028", "Service cantine", "request", [RESIDENTS, OUTSIDERS]),
    ("01371", "Service cantine", "request", [RESIDENTS, OUTSIDERS]),
    ("43002", "Cantine scolaire", "request", [RESIDENTS, OUTSIDERS]),
    ("43002", "Garderie", "request", [("Réservation tardive garderie", "any", "children")]),
    (
        "43032",
        "Cantine scolaire",
        "request",
        [
            ("Commune 3 enfants", "inside", "children"),
            ("Hors commune 3 enfants", "outside", "children"),
            ("Résidents commune", "inside", "children"),
            ("Résidents hors commune", "outside", "children"),
        ],
    ),
    (
        "43041",
        "Cantine scolaire",
        "request",
        [
            ("1 parent travaillant à Brives", "outside", "children"),
            OUTSIDERS,
            RESIDENTS,
            ("Tarif réduit", "any", "children"),
        ],
    ),
    (
        "43078",
        "Cantine scolaire",
        "request",
        [
            ("Adulte", "any", "adults"),
            ("Enfant commune", "inside", "children"),
            ("Enfant hors commune", "outside", "children"),
        ],
    ),
    ("43080", "Cantine scolaire", "request", EVERYBODY),
    ("43152", "Cantine scolaire", "request", EVERYBODY),
    ("43165", "Cantine scolaire", "request", EVERYBODY),
    ("43181", "Cantine scolaire", "request", [("Adultes", "any", "adults")]),
    # Open to all, but debited on the day: who is not let in by Cestas asks first.
    ("33122", "Centres de loisirs", "open", [RESIDENTS, OUTSIDERS]),
]
# What Saint-Marcel's canteen asks for (guide 002): (name, mandatory, fields)
MONTHLY = "Si vous souhaitez payer par prélèvement automatique mensuel, merci de saisir"
HEALTH_SHEET = "Fiche de renseignements relative à la santé de l’enfant"
REQUIRED = [
    (
        HEALTH_SHEET,
        True,
        {
            "per_member": True,
            "is_health": True,
            "help_text": "Saisir ici la fiche de renseignements relative à la santé de l’enfant complétée. "
            "1 fiche par enfant.\n\nMerci de nous signaler tout changement en cours d’année scolaire.",
        },
    ),
    ("IBAN", False, {"kind": "iban", "help_text": f"{MONTHLY} votre IBAN."}),
    ("BIC", False, {"kind": "bic", "help_text": f"{MONTHLY} votre BIC."}),
    (
        "Mandat de prélèvement",
        False,
        {"kind": "mandate", "help_text": f"{MONTHLY} ici le mandat de prélèvement SEPA complété."},
    ),
]

# Rulebooks: Thursday 10:00 for Monday … two working days at noon; Friday noon for the next week; the eve at 10:00.
TWO_WORKING_DAYS = DeadlineRule(kind=DeadlineKind.DAYS, days=2, counting=Counting.WORKING, at=time(12))
EVE = DeadlineRule(kind=DeadlineKind.DAYS, days=1, counting=Counting.WORKING, at=time(10))
FRIDAY_BEFORE = DeadlineRule(kind=DeadlineKind.WEEK, weekday=4, weeks=1, at=time(12))
TUESDAY_BEFORE = DeadlineRule(kind=DeadlineKind.WEEK, weekday=1, weeks=1)

SCHOOL_DAYS, WEDNESDAY, WORKDAYS = [0, 1, 3, 4], [2], [0, 1, 2, 3, 4]

# (INSEE code, service, activities); cents of one unit inside the commune and outside: a day costs ``quantity`` times that.
CANTEEN = {
    "kind": "cantine",
    "billing": "prepaid",
    "unit": "repas",
    "units": "repas",
    "arrival": time(11, 30),
    "departure": time(13, 30),
}
LEISURE = {"kind": "loisirs", "billing": "deferred", "unit": "journée", "units": "journées", "care_percent": 100}
HALF_DAY = LEISURE | {"unit": "demi-journée", "units": "demi-journées"}
MORNING, AFTERNOON = {"arrival": time(9), "departure": time(13, 30)}, {"arrival": time(12), "departure": time(17, 30)}
WHOLE_DAY = {"arrival": time(9), "departure": time(17, 30)}
WAITING = {"waiting_capacity": 12, "last_places": 5, "offer_hours": 48}

SMALL, BIG = {"age_min": 3, "age_max": 6, "capacity": 24}, {"age_min": 6, "age_max": 12, "capacity": 36}


def _centre(name: str, slug: str, shape: dict, inside: int, outside: int, more: dict) -> tuple:
    """An activity of the leisure centres of Cestas."""
    service = ("33122", "Centres de loisirs")
    return (*service, f"ALSH {name}", f"alsh-{slug}", shape, inside, outside, EVE, EVE, more)


ACTIVITIES = [
    (
        "01371",
        "Service cantine",
        "Réservation repas cantine",
        "cantine-saint-marcel",
        CANTEEN,
        380,
        475,
        TWO_WORKING_DAYS,
        EVE,
        {},
    ),
    (
        "01028",
        "Service cantine",
        "Réservation repas cantine",
        "cantine-baneins",
        CANTEEN,
        380,
        475,
        FRIDAY_BEFORE,
        EVE,
        {},
    ),
    (
        "43002",
        "Cantine scolaire",
        "Réservation de repas Cantines Aiguilhe",
        "cantine-aiguilhe",
        CANTEEN,
        380,
        475,
        TUESDAY_BEFORE,
        TUESDAY_BEFORE,
        {},
    ),
    (
        "43078",
        "Cantine scolaire",
        "Réservation repas cantine",
        "cantine-coubon",
        CANTEEN,
        380,
        665,
        TWO_WORKING_DAYS,
        TWO_WORKING_DAYS,
        {},
    ),
    (
        "43078",
        "Cantine scolaire",
        "Repas adulte",
        "repas-adulte-coubon",
        CANTEEN,
        665,
        665,
        TWO_WORKING_DAYS,
        TWO_WORKING_DAYS,
        {"age_min": 18},
    ),
    _centre("3-6 ans Matin", "3-6-matin", HALF_DAY | MORNING, 475, 665, SMALL),
    _centre("3-6 ans Après Midi", "3-6-apres-midi", HALF_DAY | AFTERNOON, 475, 665, SMALL),
    # twice a day: 13,30 as in guide 004
    _centre("3-6 ans Journée", "3-6-journee", LEISURE | WHOLE_DAY, 665, 1035, SMALL | {"quantity": 2} | WAITING),
    _centre("6-12 ans Matin", "6-12-matin", HALF_DAY | MORNING, 1035, 1485, BIG),
    _centre(
        "6-12 ans Journée", "6-12-journee", LEISURE | WHOLE_DAY, 1485, 1990, BIG | {"offer_only_days": 60} | WAITING
    ),
]

# What a day costs that was booked late, or not at all, in percent of the dearest price
OTHERWISE = [("late", 150), ("unbooked", 200)]

# (first name, last name, gender, INSEE code, children as (first name, birth date), cents in the wallet)
FAMILIES = [
    ("Claire", "Dupont", "Mme", "01371", [("Louane", date(2018, 5, 10)), ("Théo", date(2013, 7, 12))], 10260),
    ("Jean-Paul", "Dupont", "M", "33122", [("Antoine", date(2021, 3, 4)), ("Liou", date(2017, 9, 21))], 14000),
]
FIRST_NAMES = [
    "Amina",
    "Bruno",
    "Chloé",
    "David",
    "Élodie",
    "Fatou",
    "Guillaume",
    "Hélène",
    "Ibrahim",
    "Julie",
    "Karim",
    "Léa",
]
LAST_NAMES = [
    "Bernard",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Moreau",
    "Laurent",
    "Simon",
    "Michel",
    "Garcia",
    "Roux",
    "Fontaine",
]
CHILD_NAMES = ["Adam", "Alice", "Enzo", "Inès", "Jules", "Lina", "Malo", "Nora", "Oscar", "Rose", "Sacha", "Zoé"]


def more_families(number: int) -> list[tuple]:
    """Some dozens of families more, always the same."""
    codes = list(SCHOOLS)
    rows = []
    for n in range(number):
        children = [
            (
                CHILD_NAMES[(n + k * 5) % len(CHILD_NAMES)],
                date(2014 + (n + 3 * k) % 9, 1 + (n + k) % 12, 1 + (n * 7) % 28),
            )
            for k in range(1 + n % 3)
        ]
        first, last = FIRST_NAMES[n % len(FIRST_NAMES)], LAST_NAMES[(n * 5 + n // 12) % len(LAST_NAMES)]
        rows.append((first, last, "Mme" if n % 2 else "M", codes[n % len(codes)], children, 1500 + 350 * (n % 12)))
    return rows
