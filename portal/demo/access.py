"""The demo's services, what they ask for, and the requests of its families: asked, documented and decided as people do."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from common.files.pdf import PdfUnavailable, render_pdf
from common.models import authority
from common.writing.once import make_key
from families.models import Member
from portal.demo import data
from services.actions import accept_lines, ask_access, decide_document, give_file, keep_blank
from services.actions.documents import purpose
from services.models import Audience, DocumentType, RequestLine, RequiredDocument, Service
from services.reads.pieces import slots
from services.rules import suits

# The smallest picture that a family may send: what the demo's sheets look like does not matter.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f03000806"
    "02fe3b4ae9d50000000049454e44ae426082"
)


def services(communes, manager: User) -> None:
    """The services of the guides, their situations, and the documents of Saint-Marcel's canteen."""
    for code, name, access, audiences in data.SERVICES:
        service, _ = Service.objects.get_or_create(commune=communes[code], name=name, defaults={"access": access})
        for audience, residence, people in audiences:
            Audience.objects.get_or_create(
                service=service, name=audience, defaults={"residence": residence, "people": people}
            )
    canteen = Service.objects.get(commune=communes["01371"], name="Service cantine")
    for rank, (name, mandatory, fields) in enumerate(data.REQUIRED):
        type, _ = DocumentType.objects.get_or_create(name=name, defaults={"validity_months": 12} | fields)
        RequiredDocument.objects.get_or_create(
            service=canteen, type=type, defaults={"is_mandatory": mandatory, "rank": rank}
        )
    _blank_sheet(manager, DocumentType.objects.get(name=data.HEALTH_SHEET))


def _blank_sheet(manager: User, type: DocumentType) -> None:
    if type.blank_key:
        return
    try:
        pdf = render_pdf("pdf/health_sheet.html", {"authority": authority()})
    except PdfUnavailable:
        return
    keep_blank(manager, type, SimpleUploadedFile("Fiche de renseignements santé.pdf", pdf))


def let_in(user: User, agent: User, number: int) -> None:
    """Ask for the services of the family's commune; most requests are complete and accepted, some wait.

    A service that only lets in for what is debited later knows the families of its commune.
    """
    for service in Service.objects.on_demand().filter(commune=user.commune):
        choices = {
            member.pk: audience.pk for member in Member.objects.of(user) if (audience := _situation(service, member))
        }
        if not choices:
            continue
        ask_access(user=user, service=service, choices=choices, key=make_key(user.owner, f"ask:{service.pk}"))
        turn = number % 6 if service.access == Service.Access.REQUEST else 0
        if turn == 4:
            continue
        _give_mandatory(user, service, agent)
        if turn != 5:
            lines = RequestLine.objects.filter(request__family=user.guardian.family, request__service=service)
            accept_lines(agent=agent, lines=lines.values_list("pk", flat=True))


def _situation(service: Service, member: Member) -> Audience | None:
    """That of residents, where there is one."""
    today = timezone.localdate()
    fitting = [each for each in service.audiences.all() if suits(each.people, member.birth_date, today)]
    inside = [each for each in fitting if each.residence == Audience.Residence.INSIDE]
    return (inside[-1:] or fitting or [None])[0]


def _give_mandatory(user: User, service: Service, agent: User) -> None:
    for slot in slots(service, user.guardian.family, Member.objects.of(user)):
        if slot.required.is_mandatory and not slot.is_standing:
            document = give_file(
                user=user,
                type=slot.required.type,
                member=slot.member,
                file=SimpleUploadedFile(f"fiche {slot.member.first_name}.png", PICTURE),
                key=make_key(user.owner, purpose(slot.required.type, slot.member)),
            )
            decide_document(agent=agent, document=document, accept=True)
