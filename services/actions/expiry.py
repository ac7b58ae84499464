"""Pieces end: families are warned before and told on the day; booking closes where a mandatory one has lapsed.

Done in chunks, each a transaction of its own: a night that crashed goes on where it stopped, and nothing is told
twice. Locks: families → lines → pieces, each by pk.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from common.writing.transactions import outermost
from families.models import Family, Membership
from services import emails
from services.models import RequestLine, RequiredDocument, SupportingDocument
from services.reads.pieces import lacking_pieces

CHUNK = 200
WARNED_BEFORE = (30, 7)  # days
Status = SupportingDocument.Status
Line = RequestLine.Status


# --- What is due -----------------------------------------------------------------------------------------------------
def expired(today: date) -> QuerySet:
    """Current pieces past their last day that nobody has marked yet."""
    documents = SupportingDocument.objects.current().filter(status__in=[Status.PENDING, Status.VALIDATED])
    return documents.filter(expires_on__lt=today)


def to_warn(today: date) -> QuerySet:
    """Pieces that end in 30 or 7 days at most and of which this was not said yet; only those a service still wants.

    ``warned_on`` is the last warning: older than the day on which one was due, that one is still owed.
    """
    owed = Q()
    for days in WARNED_BEFORE:
        owed |= Q(expires_on__lte=today + timedelta(days=days)) & (
            Q(warned_on=None) | Q(warned_on__lt=F("expires_on") - timedelta(days=days))
        )
    documents = SupportingDocument.objects.current().filter(status__in=[Status.PENDING, Status.VALIDATED])
    return documents.filter(_is_wanted(), owed, expires_on__gte=today)


def closing(today: date) -> QuerySet:
    """Accepted lines that have lost a mandatory piece: one has lapsed and none stands.

    A validated piece that was replaced too soon stands until its own last day, should the newer one be refused. A line
    that was accepted before its service asked for a piece lost nothing.
    """
    given = SupportingDocument.objects.filter(
        Q(type__per_member=False, member=None) | Q(type__per_member=True, member=OuterRef(OuterRef("member"))),
        family=OuterRef(OuterRef("request__family")),
        type=OuterRef("type"),
    )
    standing = given.filter(
        Q(expires_on=None) | Q(expires_on__gte=today),
        Q(status=Status.VALIDATED) | Q(status=Status.PENDING, replaced_at=None),
    )
    lapsed = given.filter(status__in=[Status.VALIDATED, Status.EXPIRED], expires_on__lt=today)
    required = RequiredDocument.objects.filter(service=OuterRef("request__service"), is_mandatory=True)
    lost = required.filter(~Exists(standing), Exists(lapsed))
    return RequestLine.objects.filter(Exists(lost), status=Line.ACCEPTED)


def _is_wanted() -> Exists:
    """Whether a service asks for the piece, for someone who is still in the family and was not refused."""
    lines = RequestLine.objects.exclude(status=Line.REFUSED).filter(
        request__family=OuterRef("family"),
        request__service__required_documents__type=OuterRef("type"),
        member__memberships__family=OuterRef("family"),
        member__memberships__withdrawn_at=None,
    )
    return Exists(
        lines.filter(
            Q(member=OuterRef("member"))
            | Q(request__family__documents=OuterRef("pk"), request__family__documents__member=None)
        )
    )


# --- The night -------------------------------------------------------------------------------------------------------
def expire(today: date) -> dict[str, int]:
    """Mark the pieces that have ended, close what they held open, warn of those that end soon; return how many."""
    done = Counter(expired=0, closed=0, incomplete=0, warned=0)
    for chunk in _chunks(expired(today).order_by("family_id", "pk").values_list("pk", "family_id")):
        done += _expire([pk for pk, _ in chunk], {family for _, family in chunk}, today)
    for families in _chunks(closing(today).order_by("request__family").values_list("request__family", flat=True)):
        done += _expire([], set(families), today)
    for pks in _chunks(to_warn(today).order_by("pk").values_list("pk", flat=True)):
        done["warned"] += _warn(pks, today)
    return {name: done[name] for name in ("expired", "closed", "incomplete", "warned")}


def _chunks(rows: QuerySet) -> Iterator[list]:
    found = list(rows)
    return (found[start : start + CHUNK] for start in range(0, len(found), CHUNK))


@outermost
def _expire(pks: list[int], families: Iterable[int], today: date) -> Counter:
    """One chunk of pieces, or none, with the lines of their families."""
    list(Family.objects.filter(pk__in=families).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    lines = _lock_lines(families, today)
    documents = list(
        expired(today)
        .filter(pk__in=pks)
        .annotate(is_wanted=_is_wanted())
        .select_related("type", "member", "family")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    SupportingDocument.objects.filter(pk__in=[each.pk for each in documents]).update(status=Status.EXPIRED)
    changed = _settle(lines)
    closed = [line for line in changed if line.status == Line.EXPIRED]
    names = _closed_services(documents, closed)
    emails.documents_expired([(each, names[each.pk]) for each in documents if each.is_wanted])
    emails.lines_decided([line for line in closed if line.is_current])
    return Counter(expired=len(documents), closed=len(closed), incomplete=len(changed) - len(closed))


def _lock_lines(families: Iterable[int], today: date) -> list[RequestLine]:
    """The families' lines that close, and those that wait for an agent and may now lack a piece."""
    current = Membership.objects.filter(
        family=OuterRef("request__family"), member=OuterRef("member"), withdrawn_at=None
    )
    due = Q(status=Line.PENDING) | Q(pk__in=closing(today).filter(request__family__in=families).values("pk"))
    return list(
        RequestLine.objects.filter(due, request__family__in=families)
        .annotate(is_current=Exists(current))
        .select_related("request__service__commune", "member", "audience")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )


def _settle(lines: list[RequestLine]) -> list[RequestLine]:
    """Close accepted lines and send back those that waited, when a mandatory piece is missing; return the changed."""
    missing, now = lacking_pieces(lines), timezone.now()
    changed = [line for line in lines if missing[line.pk]]
    for line in changed:
        line.reason = f"Il manque : {', '.join(missing[line.pk])}."
        if line.status == Line.ACCEPTED:
            line.status, line.decided_at, line.decided_by = Line.EXPIRED, now, None
        else:
            line.status = Line.INCOMPLETE
    RequestLine.objects.bulk_update(changed, ["status", "reason", "decided_at", "decided_by"])
    return changed


def _closed_services(documents: list[SupportingDocument], closed: list[RequestLine]) -> dict[int, list[str]]:
    """By piece, the services whose booking it closes."""
    asked = RequiredDocument.objects.filter(service__in={line.request.service_id for line in closed}, is_mandatory=True)
    types = set(asked.values_list("service_id", "type_id"))
    return {
        each.pk: sorted(
            {
                str(line.request.service)
                for line in closed
                if line.request.family_id == each.family_id
                and (line.request.service_id, each.type_id) in types
                and each.member_id in (None, line.member_id)
            }
        )
        for each in documents
    }


@outermost
def _warn(pks: list[int], today: date) -> int:
    """Tell the families of one chunk of pieces."""
    documents = list(
        to_warn(today)
        .filter(pk__in=pks)
        .select_related("type", "member", "family")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    SupportingDocument.objects.filter(pk__in=[each.pk for each in documents]).update(warned_on=today)
    emails.documents_expire(documents, today)
    return len(documents)
