"""A family's SEPA mandate: opened when its signed paper is validated, ended by the next one, by the bank or on demand."""

from collections.abc import Iterable
from datetime import date

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families import emails
from families.actions.members import lock_family
from families.models import Family, SepaMandate

REPLACED = "Remplacé par un nouveau mandat"


class AlreadyEnded(Refusal):
    """A mandate ends once."""

    sentence = "Ce mandat est déjà terminé."


class SignedInTheFuture(Refusal):
    """A signature is a thing of the past."""

    sentence = "La date de signature est dans le futur : recopiez celle du mandat, au plus tard aujourd’hui."


def next_rum(family: Family) -> str:
    """The reference of the mandate that the family would sign now, such as D1042-M2: printed on the paper."""
    return f"{family.reference}-M{family.mandates.count() + 1}"


def open_mandate(family: Family, *, iban: str, bic: str, holder: str, signed_on: date) -> SepaMandate:
    """Record a signed mandate inside the caller's transaction; the one that stood ends. Raise SignedInTheFuture."""
    if signed_on > timezone.localdate():
        raise SignedInTheFuture
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


@outermost
def end_mandate(*, agent: User, mandate: SepaMandate, note: str, key: str) -> SepaMandate:
    """End a mandate for an agent, and tell the family; debits already announced stay. A second click changes nothing.

    ``key`` was made for (agent.owner, ``end-mandate:<mandate pk>``). Raise AlreadyEnded, StalePage.
    """
    once = claim_key(key, agent.owner, f"end-mandate:{mandate.pk}")
    if once.answer is None:
        ended = end_mandates([mandate.pk], note.strip())
        if not ended:
            raise AlreadyEnded
        emails.mandate_ended(ended[0])
        once.remember({"mandate": mandate.pk})
    return SepaMandate.objects.get(pk=mandate.pk)
