"""What a family's lines of requests let it do, told to who says where an account stands."""

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from families.models import Member
from services.models import RequestLine, Service
from services.rules import suits

Status = RequestLine.Status
BEST_FIRST = {
    Status.ACCEPTED: "open",
    Status.PENDING: "asked",
    Status.INCOMPLETE: "lacking",
    Status.EXPIRED: "lacking",
    Status.REFUSED: "refused",
}


def access_of(*, user: User) -> str:
    """« open » once a service let somebody of the family in, or the commune has one open to all; else what is awaited."""
    lines = RequestLine.objects.of(user).filter(
        member__memberships__family=F("request__family"), member__memberships__withdrawn_at=None
    )
    found = set(lines.order_by().values_list("status", flat=True))
    best = next((word for status, word in BEST_FIRST.items() if status in found), "none")
    return "open" if best != "open" and _enters_freely(user) else best


def _enters_freely(user: User) -> bool:
    """Whether a service of the person's commune is open to all, and there is somebody to book."""
    free = Service.objects.filter(commune=user.commune_id, is_open=True, access=Service.Access.OPEN)
    return Member.objects.of(user).exists() and free.exists()


def may_ask(service: Service, member: Member) -> bool:
    """Whether a service on demand may be asked for a member: it has a situation for people of their age."""
    today = timezone.localdate()
    return not service.people or any(suits(people, member.birth_date, today) for people in service.people)
