"""What an agent reads before deciding a request: the family, its people, its pieces, in a constant number of queries."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Case, IntegerField, Prefetch, Q, Subquery, When
from django.utils import timezone

from accounts.models import User
from common.values.calendars import school_year_of
from families.models import Family, Schooling, quotient_on
from services import rules
from services.models import AccessRequest, RequestLine
from services.reads.catalogue import TONES, dress
from services.reads.pieces import Slot, slots

Status = RequestLine.Status
SOON = timedelta(days=30)
SINCE = "0008_documents_a_day"  # came with the version whose copies of forms keep every letter


def age(birth: date, today: date) -> str:
    """« 8 ans », « 11 mois »."""
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    return f"{months // 12} an{'s' if months >= 24 else ''}" if months >= 12 else f"{months} mois"


@dataclass
class Desk:
    """A request with its lines; each line has ``age``, ``tone``, ``lacking`` and ``undecided``."""

    request: AccessRequest
    lines: list[RequestLine]
    slots: list[Slot]
    quotient: int | None

    @property
    def waiting(self) -> list[RequestLine]:
        return [line for line in self.lines if line.status == Status.PENDING]

    @property
    def easy(self) -> list[RequestLine]:
        """The waiting lines whose mandatory pieces are all validated."""
        return [line for line in self.waiting if not line.lacking and not line.undecided]


def desk_of(line: RequestLine) -> Desk:
    """Read the whole request of a line, in six queries."""
    request, today = line.request, timezone.localdate()
    classes = Schooling.objects.filter(school_year=school_year_of(today)).select_related("school_class__school")
    lines = list(
        request.lines.select_related("member", "audience", "decided_by")
        .prefetch_related(Prefetch("member__schoolings", classes, to_attr="class_now"))
        .order_by("member__birth_date", "pk")
    )
    found = slots(request.service, request.family, [each.member for each in lines])
    for each in lines:
        _dress_line(each, found, today)
    for slot in found:
        if slot.document:
            slot.document.family, slot.document.member = request.family, slot.member
            dress(slot.document)
    return Desk(request, lines, found, quotient_on(request.family, today))


def _dress_line(line: RequestLine, found: list[Slot], today: date) -> None:
    pieces = [slot.piece for slot in found if slot.member in (None, line.member)]
    line.age = age(line.member.birth_date, today)
    line.tone = TONES[line.status][0]
    line.lacking, line.undecided = rules.lacking(pieces, today), rules.undecided(pieces, today)


def missing_text(lines: list[RequestLine]) -> str:
    """The text that asks for what these lines lack: « Merci d’envoyer : … »; a beginning when they lack nothing."""
    names = list(dict.fromkeys(name for line in lines for name in line.lacking))
    return f"Merci d’envoyer : {', '.join(names)}." if names else "Merci d’envoyer : "


def queue_of(agent: User, service: int | None = None):
    """The lines that wait for an agent, oldest first; of one service when it is named."""
    rows = RequestLine.objects.of_agent(agent).to_decide().order_by("asked_at", "pk")
    return rows.filter(request__service=service) if service else rows


def next_of(agent: User, line: RequestLine, service: int | None = None) -> RequestLine | None:
    """The line to decide after this one's request: the next that was asked, else the oldest."""
    others = queue_of(agent, service).exclude(request=line.request_id)
    later = Q(asked_at__gt=line.asked_at) | Q(asked_at=line.asked_at, pk__gt=line.pk)
    passed = Case(When(later, then=0), default=1, output_field=IntegerField())
    return others.alias(passed=passed).order_by("passed", "asked_at", "pk").first()


def recipients(family: Family) -> list[str]:
    """To whom an email about the family goes, in words."""
    return [
        f"{guardian.user} ({guardian.user.email or 'sans adresse : dans le portail'})"
        for guardian in family.guardians.select_related("user")
    ]


def expiring(documents):
    """Those whose last day comes within 30 days."""
    today = timezone.localdate()
    return documents.filter(expires_on__gte=today, expires_on__lte=today + SOON)


def drawn_the_old_way(documents):
    """PDFs kept before this version was installed: fields that their form asked to be drawn anew may have lost letters.

    Nothing in the kept copy tells which of them were forms, so all are listed.
    """
    installed = MigrationRecorder.Migration.objects.filter(app="lib", name=SINCE).values("applied")[:1]
    return documents.exclude(blob_key="").filter(media_type="application/pdf", given_at__lt=Subquery(installed))
