"""Personal data that have served are deleted: contents of pieces, health of children, readings. Rows of pieces stay.

What is kept how long: ``common.background.retention``. Rows are emptied and committed first, then the vault forgets the
contents: what a crash leaves behind is an orphan, which the sweep removes.
"""

from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from common.background.retention import KEPT, last_forgotten_day, months_before
from common.documents import vault
from common.writing.history import unguarded
from common.writing.transactions import outermost
from families.actions.health import forget_health, forget_readings
from families.models import Contact, HealthSheet, Member, MemberConsent
from services import hooks
from services.actions.expiry import CHUNK
from services.models import DocumentReading, DocumentType, RequestLine, SupportingDocument
from services.reads.health import let_in

ERASED = "Contenu effacé"
EVENTS = SupportingDocument.events.rel.related_model
Status = SupportingDocument.Status


def forget(today: date) -> dict[str, int]:
    """Delete what is past its time on this day; return how many of each."""
    health = _forget_children(today)
    return {
        "pieces": _empty_all(past_their_time(today)),
        **health,
        "readings": _forget_readings(today),
        "orphans": len(vault.sweep(known_blobs())),
    }


# --- Pieces ----------------------------------------------------------------------------------------------------------
def past_their_time(today: date) -> QuerySet:
    """Pieces whose content has served: expired, refused or replaced long ago, or given for a request since refused.

    Signed mandates prove the debits made under them: they are kept like payments.
    """
    expired = Q(type__is_health=False, expires_on__lt=months_before(today, KEPT.expired_piece_months))
    health = Q(type__is_health=True, expires_on__lte=last_forgotten_day(today))
    refused_before = _midnight(months_before(today, KEPT.refused_piece_months))
    refused = Q(status=Status.REFUSED, decided_at__lt=refused_before)
    replaced = Q(replaced_at__lt=_midnight(months_before(today, KEPT.replaced_piece_months)))
    documents = SupportingDocument.objects.exclude(blob_key="")
    past = documents.filter(expired | health | refused | replaced | _served_refused_requests_only(refused_before))
    return past.exclude(type__kind=DocumentType.Kind.MANDATE, status=Status.VALIDATED)


def _served_refused_requests_only(before: datetime) -> Q:
    lines = RequestLine.objects.filter(
        Q(member=OuterRef("member")) | Q(request__service__required_documents__type__per_member=False),
        request__family=OuterRef("family"),
        request__service__required_documents__type=OuterRef("type"),
    )
    refused = Q(status=RequestLine.Status.REFUSED, decided_at__lt=before)
    return Q(Exists(lines.filter(refused)), ~Exists(lines.exclude(refused)))


def _empty_all(documents: QuerySet) -> int:
    pks = list(documents.order_by("pk").values_list("pk", flat=True))
    return sum(_empty(pks[start : start + CHUNK]) for start in range(0, len(pks), CHUNK))


def _empty(pks: list[int]) -> int:
    keys = _erase_rows(pks)
    for key in keys:
        vault.delete(key)
    return len(keys)


@outermost
def _erase_rows(pks: list[int]) -> list[str]:
    """Take the content's name and every word of it out of the rows and of their history; return the names."""
    rows = SupportingDocument.objects.filter(pk__in=pks).exclude(blob_key="").order_by("pk")
    keys = dict(rows.select_for_update(no_key=True).values_list("pk", "blob_key"))
    erased = {"blob_key": "", "label": ERASED, "declared_value": None}
    SupportingDocument.objects.filter(pk__in=keys).update(**erased)
    standing = SupportingDocument.objects.current().filter(pk__in=keys, status__in=[Status.PENDING, Status.VALIDATED])
    standing.update(status=Status.EXPIRED)
    with unguarded(EVENTS):
        EVENTS.objects.filter(pgh_obj__in=keys).update(**erased)
    return list(keys.values())


def known_blobs() -> set[str]:
    """Every content that a row names; an app above says its own in ``hooks.kept_blobs``, or the sweep deletes them."""
    pieces = SupportingDocument.objects.exclude(blob_key="").values_list("blob_key", flat=True)
    blanks = DocumentType.objects.exclude(blank_key="").values_list("blank_key", flat=True)
    return {*pieces, *blanks}.union(*hooks.kept_blobs())


# --- Health ----------------------------------------------------------------------------------------------------------
def to_forget(today: date) -> QuerySet:
    """Children without an accepted request, about whom nothing was said or asked since the school year that is over."""
    since = _midnight(last_forgotten_day(today) + timedelta(days=1))
    child = {"member": OuterRef("pk")}
    pieces = SupportingDocument.objects.filter(type__is_health=True, expires_on=None, **child).exclude(blob_key="")
    told = [
        (HealthSheet.objects.filter(**child), Q(updated_at__gte=since)),
        (Contact.objects.filter(**child), Q(added_at__gte=since)),
        (MemberConsent.objects.filter(**child), Q(at__gte=since)),
        (pieces, Q(given_at__gte=since)),
    ]
    something = Q()
    lately = Exists(RequestLine.objects.filter(Q(asked_at__gte=since) | Q(decided_at__gte=since), **child))
    for rows, recent in told:
        something |= Exists(rows)
        lately |= Exists(rows.filter(recent))
    return Member.objects.filter(something).exclude(lately).exclude(Exists(let_in().filter(**child)))


def _forget_children(today: date) -> dict[str, int]:
    pks = list(to_forget(today).order_by("pk").values_list("pk", flat=True))
    done = {"children": 0, "health_pieces": 0}
    for start in range(0, len(pks), CHUNK):
        forgotten = _forget_chunk(pks[start : start + CHUNK], today)
        pieces = SupportingDocument.objects.filter(type__is_health=True, member__in=forgotten).exclude(blob_key="")
        done["health_pieces"] += _empty_all(pieces)
        done["children"] += len(forgotten)
    return done


@outermost
def _forget_chunk(pks: list[int], today: date) -> list[int]:
    """A parent who writes at this instant holds the child's row: what they say is read again once they are done."""
    list(Member.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    still = list(to_forget(today).filter(pk__in=pks).values_list("pk", flat=True))
    forget_health(still)
    return still


def _forget_readings(today: date) -> int:
    before = _midnight(months_before(today, KEPT.reading_months))
    return forget_readings(before) + DocumentReading.objects.filter(at__lt=before).delete()[0]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
