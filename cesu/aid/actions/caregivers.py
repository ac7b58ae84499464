"""Whom a holder pays: caregivers found by their NAN, and the list of those already known."""

from datetime import date, timedelta
from itertools import accumulate

from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.paying import require_paying
from cesu.models import AidPayment, Caregiver, CesuHolder, KnownCaregiver
from cesu.rules.aid import nan_of
from common.brakes.tries import return_try, take_try
from common.refusals import Refusal
from common.values.words import name_key, unaccented
from common.writing.transactions import outermost

MOST, PERIOD = 10, timedelta(hours=1)  # searches that find nobody, for a person
PAID = (AidPayment.Status.CONFIRMED, AidPayment.Status.SENT, AidPayment.Status.REJECTED)


class NobodyFound(Refusal):
    sentence = (
        "Aucun intervenant affilié ne correspond à ce que vous avez écrit. Vérifiez avec votre intervenant, "
        "ou donnez-lui le formulaire d’affiliation."
    )


class TooManySearches(Refusal):
    sentence = "Trop de recherches n’ont rien donné. Attendez une heure avant de recommencer, ou appelez-nous."
    status = 429


def find_caregiver(
    *, user: User, holder: CesuHolder, kind: str, nan: str, birth_date: date | None = None, name: str = ""
) -> Caregiver:
    """Find a person by NAN and birth date, an organisation by NAN and name; from then on the holder knows them.

    Raise LookOnly, NobodyFound (whatever is wrong: it is not said), TooManySearches after 10 failures within an hour.
    """
    subject = f"aid-search:{user.pk}"
    if not take_try(subject, MOST, PERIOD):
        raise TooManySearches
    try:
        found = _find(user, holder, kind, nan, birth_date, name)
    except NobodyFound:
        raise
    except BaseException:
        return_try(subject)
        raise
    return_try(subject)
    return found


@outermost
def _find(user: User, holder: CesuHolder, kind: str, nan: str, birth_date: date | None, name: str) -> Caregiver:
    require_paying(user, holder)
    found = Caregiver.objects.payable().filter(kind=kind, nan=nan_of(nan) or "").first()
    if found is None or not _is_named(found, birth_date, name):
        raise NobodyFound
    KnownCaregiver.objects.bulk_create(
        [KnownCaregiver(holder=holder, caregiver=found, found_at=timezone.now())], ignore_conflicts=True
    )
    KnownCaregiver.objects.filter(holder=holder, caregiver=found).update(hidden_at=None)
    return found


def _is_named(caregiver: Caregiver, birth_date: date | None, name: str) -> bool:
    if caregiver.kind == Caregiver.Kind.PERSON:
        return caregiver.birth_date == birth_date
    return begins_name(caregiver.last_name, name)


def begins_name(known: str, typed: str) -> bool:
    """Whether what is typed names an organisation: its first words, compared as all names are."""
    beginnings, typed = list(accumulate(_words(known))), name_key(typed)
    return typed in beginnings and len(typed) >= min(3, len(beginnings[-1]))


def _words(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in unaccented(text)).split()


def favourites(holder: CesuHolder) -> QuerySet[KnownCaregiver]:
    """The caregivers on a holder's list who may be paid, each with ``last_paid`` (None: never), the latest paid first."""
    known = KnownCaregiver.objects.filter(holder=holder, hidden_at=None, caregiver__ended_on=None)
    return known.select_related("caregiver").order_by("-found_at", "-pk")


def last_paid(holder: CesuHolder) -> dict[int, date]:
    """When each caregiver (by pk) was last paid for a holder."""
    paid = AidPayment.objects.filter(aid_account__holder=holder, status__in=PAID)
    rows = paid.order_by().values_list("caregiver").annotate(last=Max("confirmed_at"))
    return {pk: timezone.localdate(last) for pk, last in rows}


@outermost
def hide_caregiver(*, user: User, holder: CesuHolder, caregiver: Caregiver) -> None:
    """Take a caregiver off the list; found again, they are back on it. Raise LookOnly."""
    require_paying(user, holder)
    KnownCaregiver.objects.filter(holder=holder, caregiver=caregiver, hidden_at=None).update(hidden_at=timezone.now())
