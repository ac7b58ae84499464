"""Rules of access: what a request still lacks, until when a document holds."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def expiry(given_on: date, validity_months: int | None) -> date | None:
    """The last day on which a document holds (S2-36: « Validité : 12 mois »); None when it always does."""
    return add_months(given_on, validity_months) if validity_months else None


def suits(people: str, birth: date, today: date) -> bool:
    """Whether a situation for « children », « adults » or « any » is one for a person born on this day; adult at 18."""
    adult = add_months(birth, 18 * 12) <= today
    return {"children": not adult, "adults": adult, "any": True}[people]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece that a service asks for, and how the one given stands; ``status`` None when none was given."""

    name: str
    mandatory: bool
    status: str | None = None
    expires_on: date | None = None


def is_standing(piece: Piece, today: date) -> bool:
    """Given, not refused, not past its last day: it may be decided upon."""
    return piece.status in ("pending", "validated") and (piece.expires_on is None or today <= piece.expires_on)


def lacking(pieces: Iterable[Piece], today: date) -> list[str]:
    """The names of the mandatory pieces that are missing, refused or expired."""
    return [piece.name for piece in pieces if piece.mandatory and not is_standing(piece, today)]


def undecided(pieces: Iterable[Piece], today: date) -> list[str]:
    """The names of the mandatory pieces that an agent has not validated yet."""
    return [
        piece.name for piece in pieces if piece.mandatory and is_standing(piece, today) and piece.status == "pending"
    ]


def reason_without_access(service: str, status: str | None, may_ask: bool = True) -> str:
    """Why a member with a line of this status (None: no line) may not book the service, and what to do; "" if they may.

    ``may_ask`` False: none of its situations suits the member, so that nobody is told to ask for it.
    """
    if status is None and not may_ask:
        return f"le service « {service} » n’a pas de situation pour une personne de cet âge."
    what = f"l’accès au service « {service} »"
    return {
        "accepted": "",
        "pending": f"{what} n’est pas encore accepté : votre demande est à l’étude, un e-mail vous préviendra.",
        "incomplete": f"{what} n’est pas encore accepté : complétez vos pièces dans « Mes services ».",
        "refused": f"{what} est refusé : lisez le motif dans « Mes services », où vous pouvez refaire la demande.",
        "expired": f"{what} a expiré : renouvelez vos pièces dans « Mes services ».",
        None: f"{what} n’est pas encore accepté : faites la demande dans « Mes services ».",
    }[status]
