"""Services of the communes, what they ask for, and what families asked and gave."""

import factory
from django.utils import timezone

from common.documents import vault
from families.models import Family, Member
from services.models import (
    AccessRequest,
    Audience,
    DocumentType,
    RequestLine,
    RequiredDocument,
    Service,
    SupportingDocument,
)
from tests.factories.accounts import CommuneFactory, UserFactory

IBAN, BIC = "FR1420041010050500013M02606", "PSSTFRPPPAR"
PDF = b"%PDF-1.7\n%minimal"


class ServiceFactory(factory.django.DjangoModelFactory):
    """A service that every family may book, on credit too; ``access="request"`` for one that agents open."""

    class Meta:
        model = Service

    commune = factory.SubFactory(CommuneFactory)
    name = factory.Sequence(lambda n: f"Service cantine {n}")
    access = Service.Access.OPEN
    credit_to_all = True


class AudienceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Audience

    service = factory.SubFactory(ServiceFactory)
    name = factory.Sequence(lambda n: f"Situation {n}")


class DocumentTypeFactory(factory.django.DjangoModelFactory):
    """A file that a family gives once for all: ``kind="iban"``, ``per_member=True`` for others."""

    class Meta:
        model = DocumentType

    name = factory.Sequence(lambda n: f"Justificatif {n}")
    validity_months = 12


def service_asking(*types: DocumentType, optional: tuple = (), audiences=("Enfants",), **fields) -> Service:
    """A service on demand that asks for these types, mandatory unless named in ``optional``."""
    service = ServiceFactory(**{"name": "Service cantine", "access": Service.Access.REQUEST} | fields)
    for name in audiences:
        AudienceFactory(service=service, name=name)
    for rank, each in enumerate([*types, *optional]):
        RequiredDocument.objects.create(service=service, type=each, rank=rank, is_mandatory=each not in optional)
    return service


def line(service: Service, family: Family, member: Member, status: str = "accepted", **fields) -> RequestLine:
    """A member's line in the family's request, as it became ``status``."""
    by = UserFactory()
    request, _ = AccessRequest.objects.get_or_create(family=family, service=service, defaults={"asked_by": by})
    decided = {"decided_at": timezone.now(), "decided_by": by} if status in ("accepted", "refused") else {}
    reason = {"refused": "Hors commune.", "incomplete": "Il manque : RIB."}.get(status, "")
    audience = fields.pop("audience", None) or service.audiences.first() or AudienceFactory(service=service)
    fields = {"status": status, "audience": audience, "reason": reason} | decided | fields
    return RequestLine.objects.create(request=request, member=member, **fields)


def document(family: Family, type: DocumentType, content: bytes = PDF, status: str = "pending", **fields):
    """A piece that the family gave, its content in the vault."""
    decided = {"decided_at": timezone.now()} if status in ("validated", "refused") else {}
    reason = {"refusal_reason": "Illisible."} if status == "refused" else {}
    media_type = "text/plain" if type.is_text else "application/pdf"
    fields = {"label": "fiche.pdf", "media_type": media_type, "given_by": UserFactory()} | decided | reason | fields
    key = vault.store(content, f"family:{family.pk}")
    return SupportingDocument.objects.create(family=family, type=type, blob_key=key, status=status, **fields)


def text(family: Family, kind: str, value: str, **fields):
    """A typed piece, such as the family's IBAN."""
    type = DocumentType.objects.filter(kind=kind).first() or DocumentTypeFactory(kind=kind, name=kind.upper())
    return document(family, type, value.encode(), **fields)
