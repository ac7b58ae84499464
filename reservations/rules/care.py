"""What the yearly childcare certificate holds: article 200 quater B of the code général des impôts, as pure functions.

« Les contribuables […] peuvent bénéficier d’un crédit d’impôt égal à 50 % des sommes effectivement supportées pour la
garde des enfants qu’ils ont à charge, âgés de moins de six ans au 1er janvier de l’année d’imposition. » Only the care
counts, never the meals; an authority bills it apart or says its share of the price (``Activity.care_percent``).
"""

from datetime import date

from reservations.rules.eligibility import age_on

AGE_LIMIT = 6  # years, not reached on 1 January


def is_young_enough(birth: date, year: int) -> bool:
    """Whether a child is under six on 1 January of the civil year; one born that year is."""
    return age_on(birth, date(year, 1, 1)) < AGE_LIMIT


def care_share(cents: int, percent: int) -> int:
    """The care in the price of one booking, rounded to the cent, half a cent upwards."""
    return (cents * percent + 50) // 100
