"""A family's SEPA mandate: opened when its signed paper is validated, ended by the next one or on demand."""

from datetime import date

from django.utils import timezone

from families.actions.members import lock_family
from families.models import Family, SepaMandate


def next_rum(family: Family) -> str:
    """The reference of the mandate that the family would sign now, such as D1042-M2: printed on the paper."""
    return f"{family.reference}-M{family.mandates.count() + 1}"


def open_mandate(family: Family, *, iban: str, bic: str, holder: str, signed_on: date) -> SepaMandate:
    """Record a signed mandate inside the caller's transaction; the one that stood ends."""
    lock_family(family.pk)
    rum = next_rum(family)
    family.mandates.filter(ended_at=None).update(ended_at=timezone.now())
    return SepaMandate.objects.create(
        family=family, rum=rum, iban=iban, bic=bic, holder=holder[:70], signed_on=signed_on
    )
