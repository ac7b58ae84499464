"""A family's SEPA mandate: opened when its signed paper is validated, ended by the next one, by the bank or on demand."""

from collections.abc import Iterable
from datetime import date

from django.utils import timezone

from families.actions.members import lock_family
from families.models import Family, SepaMandate

REPLACED = "Remplacé par un nouveau mandat"


def next_rum(family: Family) -> str:
    """The reference of the mandate that the family would sign now, such as D1042-M2: printed on the paper."""
    return f"{family.reference}-M{family.mandates.count() + 1}"


def open_mandate(family: Family, *, iban: str, bic: str, holder: str, signed_on: date) -> SepaMandate:
    """Record a signed mandate inside the caller's transaction; the one that stood ends."""
    lock_family(family.pk)
    rum = next_rum(family)
    end_mandates(family.mandates.values_list("pk", flat=True), REPLACED)
    return SepaMandate.objects.create(
        family=family, rum=rum, iban=iban, bic=bic, holder=holder[:70], signed_on=signed_on
    )


def end_mandates(pks: Iterable[int], note: str) -> list[SepaMandate]:
    """End those that stand, inside the caller's transaction: nothing more is debited by them. Return them."""
    standing = SepaMandate.objects.standing().filter(pk__in=list(pks)).order_by("pk").select_for_update(no_key=True)
    ended, now = list(standing), timezone.now()
    for mandate in ended:
        mandate.ended_at, mandate.end_note = now, note
    SepaMandate.objects.bulk_update(ended, ["ended_at", "end_note"])
    return ended
