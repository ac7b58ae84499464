"""Regulations of households as pure functions, and the sentences of their refusals."""

import unicodedata
from datetime import date

from portal.lib.refusals import Refusal

MAX_MEMBERS = 30  # « autant de bénéficiaires que souhaité » (S3-52); the limit only stops a runaway script
MAX_NAME = 80
OLDEST_BIRTH = date(1900, 1, 1)


class WrongPerson(Refusal):
    """A name or a birth date cannot be right; all reasons are told at once."""

    sentence = "Vérifiez le nom et la date de naissance."


class AlreadyInFamily(Refusal):
    """One entry per person and family (S2-17)."""

    sentence = "Cette personne figure déjà dans vos filiations."


class TooManyMembers(Refusal):
    sentence = f"Une famille compte au plus {MAX_MEMBERS} bénéficiaires. Pour en ajouter, contactez votre mairie."


class HasUpcomingBookings(Refusal):
    """A person is withdrawn only once what is still to come was cancelled."""

    sentence = "Des réservations à venir existent pour cette personne : annulez-les d’abord, puis recommencez."


class NotInFamily(Refusal):
    sentence = "Cette personne ne figure plus dans vos filiations. Rechargez la page."


def clean_name(name: str) -> str:
    """Return a name without spaces around or doubled."""
    return " ".join(name.split())


def identity(first_name: str, last_name: str, birth_date: date) -> tuple[str, str, date]:
    """Return what makes two entries the same person: names without case, accents or hyphens, and the birth date."""
    return _bare(first_name), _bare(last_name), birth_date


def _bare(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def check_person(first_name: str, last_name: str, birth_date: date, today: date) -> None:
    """Raise WrongPerson with every reason why these details cannot be right."""
    reasons = [
        *_name_faults("Le nom", last_name),
        *_name_faults("Le prénom", first_name),
        *_birth_faults(birth_date, today),
    ]
    if reasons:
        raise WrongPerson(*reasons)


def _name_faults(label: str, name: str) -> list[str]:
    if not name:
        return [f"{label} est obligatoire."]
    return [f"{label} compte au plus {MAX_NAME} caractères."] if len(name) > MAX_NAME else []


def _birth_faults(birth_date: date, today: date) -> list[str]:
    if birth_date > today:
        return ["La date de naissance ne peut pas être dans le futur."]
    return ["La date de naissance n’est pas plausible."] if birth_date < OLDEST_BIRTH else []
