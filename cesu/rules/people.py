"""Who may enter an employer's space, whom it may pay: regulations as pure functions, and the sentences of their refusals."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from common.refusals import Refusal
from common.values.money import euros
from common.values.words import name_key

LINK_DAYS = 7
NEUTRAL = (
    "Si ces informations correspondent à l’un de nos clients, un e-mail vous parviendra sous 12 heures ouvrées "
    "à l’adresse indiquée, avec un lien pour choisir votre mot de passe."
)
NEUTRAL_LINK = (
    "Si ces informations correspondent à un gestionnaire, un e-mail lui parvient dans quelques minutes, "
    "avec un lien pour choisir un nouveau mot de passe."
)


class DeadLink(Refusal):
    sentence = f"Ce lien n’est plus valable : il a déjà servi, ou il date de plus de {LINK_DAYS} jours."


class PrimaryThere(Refusal):
    """An employer has one primary manager at a time."""

    sentence = "Cet employeur a déjà un gestionnaire principal : retirez-le d’abord."


class ReferenceTaken(Refusal):
    """The client reference is somebody's identifier already."""

    sentence = "Cette référence client sert déjà d’identifiant à un autre compte."


class NotPrimary(Refusal):
    sentence = "Seul le gestionnaire principal ajoute ou retire des gestionnaires."
    status = 404


class PrimaryStays(Refusal):
    sentence = "Le gestionnaire principal ne se retire pas lui-même : contactez votre Service Clients."


class NoLonger(Refusal):
    """Whose account is closed gets no link."""

    sentence = "Cette personne n’est plus gestionnaire : elle ne reçoit plus de lien."


class AlreadyManager(Refusal):
    """Two managers of one employer never share an address: each has a link of their own."""

    sentence = "Un gestionnaire de votre espace a déjà cette adresse e-mail."


def bare(typed: str) -> str:
    """Return a client reference or an invoice number as it is compared: no spaces, capitals."""
    return "".join(typed.split()).upper()


# --- Beneficiaries ---------------------------------------------------------------------------------------------------
YOUNGEST, OLDEST = 14, 100  # years: who works
OLDEST_BIRTH = date(1900, 1, 1)
LENGTHS = {
    "last_name": 80,
    "first_name": 80,
    "employee_number": 40,
    "email": 254,
    "address": 200,
    "city": 80,
    "delivery_point": 80,
    "department": 40,
}
POSTCODE = re.compile(r"[0-9]{5}", re.ASCII)


@dataclass(frozen=True)
class Bounds:
    """What the issuer allows in a booklet; face values in cents."""

    min_face_cents: int
    max_face_cents: int
    max_vouchers: int


class WrongBeneficiary(Refusal):
    """What is wrong with a beneficiary: all at once."""


class NumberTaken(Refusal):
    sentence = "Un autre bénéficiaire a déjà ce matricule."


class Namesake(Refusal):
    sentence = (
        "Un bénéficiaire du même nom, né le même jour, existe déjà. "
        "Si c’est une autre personne, cochez la case en bas du formulaire."
    )


class ChangedMeanwhile(Refusal):
    sentence = "Les bénéficiaires ont changé depuis la lecture du fichier : rien n’a été enregistré. Recommencez."


def faults_of(person: dict, *, was: str, today: date, bounds: Bounds) -> Iterator[tuple[str, str]]:
    """Yield (field, sentence) for everything wrong with a beneficiary; ``was`` is the form so far, "" for somebody new.

    ``person`` has the fields of a beneficiary; ``form_chosen_on`` is the date of a choice made now, or None.
    """
    yield from _identity_faults(person, today)
    yield from _form_faults(person, was, today)
    if not 1 <= person["usual_vouchers"] <= bounds.max_vouchers:
        yield "usual_vouchers", f"Un carnet compte de 1 à {bounds.max_vouchers} titres."
    if not bounds.min_face_cents <= person["usual_face_cents"] <= bounds.max_face_cents:
        least, most = euros(bounds.min_face_cents), euros(bounds.max_face_cents)
        yield "usual_face_cents", f"La valeur faciale va de {least} à {most}."
    if not 1 <= person["usual_share"] <= 100:
        yield "usual_share", "La part patronale va de 1 à 100 %."


def _identity_faults(person: dict, today: date) -> Iterator[tuple[str, str]]:
    for name, needed in (("last_name", "Le nom manque."), ("first_name", "Le prénom manque.")):
        if not person[name]:
            yield name, needed
    for name, length in LENGTHS.items():
        if len(person[name]) > length:
            yield name, f"Au plus {length} caractères."
    if person["postcode"] and not POSTCODE.fullmatch(person["postcode"]):
        yield "postcode", "Un code postal a 5 chiffres, comme 33610."
    born = person["birth_date"]
    if born and not OLDEST_BIRTH <= born <= years_before(today, YOUNGEST):
        yield "birth_date", f"Un salarié est né après 1900 et a au moins {YOUNGEST} ans."


def _form_faults(person: dict, was: str, today: date) -> Iterator[tuple[str, str]]:
    """The form is the employee's choice: no change of it without the day on which they chose."""
    chosen = person["form_chosen_on"]
    is_electronic = person["form"] == "e"
    if chosen and chosen > today:
        yield "form_chosen_on", "Le salarié n’a pas pu choisir dans le futur."
    if not chosen and person["form"] != (was or "paper"):
        yield "form_chosen_on", "Le type de CESU est le choix du salarié : indiquez quand il l’a fait."
    if is_electronic and not person["birth_date"]:
        yield "birth_date", "L’e-CESU demande la date de naissance du salarié."
    if is_electronic and not person["email"]:
        yield "email", "L’e-CESU demande l’adresse e-mail du salarié : son code lui est envoyé, à lui seul."


def years_before(day: date, years: int) -> date:
    """The same day so many years before; 28 February for a 29th that is not there."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


class Namesakes:
    """People already there, to find somebody who looks like one of them: same name and birth date.

    Without a birth date, two numbers that differ tell two people apart.
    """

    def __init__(self, people: Iterable[dict] = ()):
        self.numbers: dict[tuple, set[str]] = {}
        for person in people:
            self.add(person)

    def add(self, person: dict) -> None:
        """Know one more person."""
        self.numbers.setdefault(self._key(person), set()).add(person["employee_number"])

    def has(self, person: dict) -> bool:
        """Whether somebody known looks like this person."""
        numbers, number = self.numbers.get(self._key(person)), person["employee_number"]
        return bool(numbers) and (person["birth_date"] is not None or not number or bool({"", number} & numbers))

    def _key(self, person: dict) -> tuple:
        return name_key(person["last_name"]), name_key(person["first_name"]), person["birth_date"]
