"""How long personal data are kept: every duration of the portal in one place, with its source.

Source: the authority's register of processing. French law fixes no length for these files (the CNIL's former NS-058
names none that we could read), so these are our proposals, to be confirmed by the authority's data protection officer
(docs/operations.md). They are constants: a change is a decision, reviewed and dated in the project's history.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from common.values.calendars import school_year_bounds, school_year_of


@dataclass(frozen=True)
class Durations:
    """Months or days kept after the event that the name says."""

    expired_piece_months: int = 12
    refused_piece_months: int = 3  # a refused piece, or one given for a request that was refused
    replaced_piece_months: int = 1
    health_months: int = 1  # after the end of the school year in which health data last served
    absence_proof_months: int = 3  # the proof of an absence, once it was told
    reading_months: int = 12  # who read a health sheet or a piece
    contact_months: int = 12  # a message of the contact page, answered or not
    sign_up_months: int = 12  # an employer's sign-up that opened no space
    rights_file_months: int = 3  # what a funder's file of rights says of people, once it was read
    unverified_account_days: int = 30  # an address that nobody confirmed


KEPT = Durations()


def months_before(day: date, months: int) -> date:
    """The same day some months earlier, or the last day of that month."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def last_forgotten_day(today: date) -> date:
    """The last day whose health data are forgotten on ``today``: 31 August of a school year, from 1 October on."""
    return school_year_bounds(school_year_of(months_before(today, KEPT.health_months)) - 1)[1]
