"""How the pieces that a service asks for stand, for a family and each of its members."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils import timezone

from families.models import Family, Member
from services import rules
from services.models import RequestLine, RequiredDocument, Service, SupportingDocument


@dataclass(frozen=True)
class Slot:
    """A place for a piece: what is asked, for whom, and what stands there."""

    required: RequiredDocument
    member: Member | None
    document: SupportingDocument | None

    @property
    def piece(self) -> rules.Piece:
        if self.document:
            return replace(self.document.as_piece(self.required.is_mandatory), name=self.name)
        return rules.Piece(name=self.name, mandatory=self.required.is_mandatory)

    @property
    def name(self) -> str:
        """« Fiche sanitaire (Louane) »."""
        return f"{self.required.type.name} ({self.member.first_name})" if self.member else self.required.type.name

    @property
    def field(self) -> str:
        """The slot's name in a form."""
        return f"piece-{self.required.type_id}-{self.member.pk if self.member else 0}"

    @property
    def is_standing(self) -> bool:
        return rules.is_standing(self.piece, timezone.localdate())


def slots(service: Service, family: Family, members: Iterable[Member]) -> list[Slot]:
    """Every piece that the service asks of the family and of these members, in two queries."""
    required = list(service.required_documents.select_related("type"))
    given = _given([family.pk], [each.type_id for each in required])
    return [
        Slot(each, member, given.get((family.pk, member.pk if member else None, each.type_id)))
        for each in required
        for member in (members if each.type.per_member else [None])
    ]


def lacking_pieces(lines: Iterable[RequestLine]) -> dict[int, list[str]]:
    """For each line the names of the mandatory pieces that are missing, refused or expired, in two queries."""
    return _per_line(lines, rules.lacking)


def undecided_pieces(lines: Iterable[RequestLine]) -> dict[int, list[str]]:
    """For each line the names of the mandatory pieces that no agent has validated yet, in two queries."""
    return _per_line(lines, rules.undecided)


def _per_line(lines, question) -> dict[int, list[str]]:
    lines = list(lines)
    required = RequiredDocument.objects.select_related("type").filter(
        service__in={line.request.service_id for line in lines}
    )
    by_service = {}
    for each in required:
        by_service.setdefault(each.service_id, []).append(each)
    given = _given({line.request.family_id for line in lines}, [each.type_id for each in required])
    today = timezone.localdate()
    return {
        line.pk: question(
            [_slot(each, line, given).piece for each in by_service.get(line.request.service_id, [])], today
        )
        for line in lines
    }


def _slot(required: RequiredDocument, line: RequestLine, given: dict) -> Slot:
    member = line.member if required.type.per_member else None
    return Slot(required, member, given.get((line.request.family_id, member and member.pk, required.type_id)))


def _given(families: Iterable[int], types: Iterable[int]) -> dict[tuple, SupportingDocument]:
    rows = SupportingDocument.objects.current().filter(Q(family__in=families), Q(type__in=types))
    return {(row.family_id, row.member_id, row.type_id): row for row in rows.select_related("type")}
