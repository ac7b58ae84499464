"""What the pages of services show, read in a constant number of queries."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from django.utils import timezone

from accounts.models import Commune, User
from families.models import Family, Member
from services.hooks import booking_addresses
from services.models import AccessRequest, Audience, DocumentType, RequestLine, Service, SupportingDocument
from services.reads.pieces import Slot, slots
from services.rules import is_standing, suits

Status = RequestLine.Status
TONES = {
    Status.ACCEPTED: ("ok", "check-lg"),
    Status.PENDING: ("info", "hourglass-split"),
    Status.INCOMPLETE: ("warn", "paperclip"),
    Status.REFUSED: ("danger", "x-lg"),
    Status.EXPIRED: ("danger", "calendar-x"),
}
DOCUMENT_TONES = {
    SupportingDocument.Status.VALIDATED: ("ok", "check-lg"),
    SupportingDocument.Status.PENDING: ("info", "hourglass-split"),
    SupportingDocument.Status.REFUSED: ("danger", "x-lg"),
    SupportingDocument.Status.EXPIRED: ("danger", "calendar-x"),
}


@dataclass
class Group:
    """A service that the family asked for, one line a member."""

    service: Service
    lines: list[RequestLine]


def asked_services(user: User) -> list[Group]:
    """The family's lines by service, for the members it has today; two queries."""
    lines = (
        RequestLine.objects.of(user)
        .filter(member__in=Member.objects.of(user).order_by().values("pk"))
        .select_related("request__service__commune", "member", "audience")
        .order_by("request__service__commune__name", "request__service__name", "member__birth_date", "pk")
    )
    groups = [Group(service, list(rows)) for service, rows in groupby(lines, key=lambda line: line.request.service)]
    for line in lines:
        line.tone, line.mark = TONES[line.status]
        line.situation = f"{line.request.service.commune} / {line.audience.name}"
    _address([group.service for group in groups])
    return groups


def _address(services: Collection[Service]) -> None:
    """Give each service its ``address``, where it is booked, "" when nowhere: one query."""
    pks = {service.pk for service in services}
    known = booking_addresses(services=pks) if pks else []
    for service in services:
        service.address = next((found[service.pk] for found in known if service.pk in found), "")


@dataclass
class CommuneServices:
    """A commune of « Ajouter un service »; the family's own stands first, unfolded."""

    commune: Commune
    services: list[Service]
    unfolded: bool = False


def catalogue(family: Family | None, asked: Iterable[Group] = ()) -> list[CommuneServices]:
    """The open services by commune, each with ``situations`` to ask for: none where no request is needed.

    ``asked_for`` names those for whom the family asked already.
    """
    names = {group.service.pk: ", ".join(line.member.first_name for line in group.lines) for group in asked}
    services = Service.objects.filter(is_open=True).select_related("commune").prefetch_related("audiences")
    rows, on_demand = [], set(Service.objects.on_demand().values_list("pk", flat=True))
    for commune, found in groupby(services.order_by("commune__name", "commune_id", "name"), lambda row: row.commune):
        rows.append(CommuneServices(commune, list(found), bool(family) and commune.pk == family.commune_id))
    for service in (service for row in rows for service in row.services):
        service.situations = list(service.audiences.all()) if service.pk in on_demand else []
        service.asked_for, service.address = names.get(service.pk, ""), ""
    _address([each for row in rows for each in row.services if not each.situations])
    if len(rows) == 1:
        rows[0].unfolded = True
    return sorted(rows, key=lambda row: not row.unfolded)


@dataclass
class Candidate:
    """A member on the page of a service: the situations that suit them, or the line that stands already."""

    member: Member
    audiences: list[Audience]
    line: RequestLine | None = None


def candidates(user: User, service: Service) -> list[Candidate]:
    """The family's members, eldest first, with what may be asked for each of them; three queries."""
    lines = {line.member_id: line for line in RequestLine.objects.of(user).filter(request__service=service)}
    standing = {pk: line for pk, line in lines.items() if line.status not in (Status.REFUSED, Status.EXPIRED)}
    for line in standing.values():
        line.tone, line.mark = TONES[line.status]
    audiences, today = list(service.audiences.all()), timezone.localdate()
    return [
        Candidate(
            member,
            [each for each in audiences if suits(each.people, member.birth_date, today)],
            standing.get(member.pk),
        )
        for member in Member.objects.of(user)
    ]


@dataclass
class PiecesPage:
    """The document step of a request: pieces that stand already, pieces to give."""

    request: AccessRequest
    members: list[Member] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    has_iban: bool = False  # then the mandate can be printed

    @property
    def given(self) -> list[Slot]:
        return _with_tone(slot for slot in self.slots if slot.is_standing)

    @property
    def wanted(self) -> list[Slot]:
        return [slot for slot in self.slots if not slot.is_standing]

    @property
    def lacks_mandatory(self) -> bool:
        return any(slot.required.is_mandatory for slot in self.wanted)

    @property
    def service(self) -> Service:
        return self.request.service


def pieces_page(user: User, request: AccessRequest) -> PiecesPage:
    """Read the slots of a request for the members whom it names and who are in the family today."""
    members = list(Member.objects.of(user).filter(request_lines__request=request))
    ibans = SupportingDocument.objects.current().filter(family=request.family_id, type__kind=DocumentType.Kind.IBAN)
    has_iban = ibans.filter(status__in=("pending", "validated")).exists()
    return PiecesPage(request, members, slots(request.service, request.family, members), has_iban)


def wants_pieces(user: User, service: Service) -> bool:
    """Whether the family's request for a service has a piece to give, be it optional."""
    return bool(pieces_page(user, AccessRequest.objects.of(user).get(service=service)).wanted)


def _with_tone(found: Iterable[Slot]) -> list[Slot]:
    rows = list(found)
    for slot in rows:
        dress(slot.document)
    return rows


def dress(document: SupportingDocument) -> SupportingDocument:
    """Give a document its words and colours; past its last day it counts as expired whatever the night has noted."""
    status = SupportingDocument.Status(document.status)
    if document.status in ("pending", "validated") and not is_standing(document.as_piece(True), timezone.localdate()):
        status = SupportingDocument.Status.EXPIRED
    document.word = status.label
    document.tone, document.mark = DOCUMENT_TONES[status]
    return document


def vault_of(user: User) -> list[SupportingDocument]:
    """« Mes documents »: the current pieces of the family, by type then beneficiary."""
    rows = SupportingDocument.objects.of(user).current().select_related("type", "member")
    return [dress(row) for row in rows.order_by("type__name", "member__birth_date", "pk")]
