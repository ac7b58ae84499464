"""What a family's lines of requests let it do, told to who says where an account stands."""

from django.utils import timezone

from accounts.models import User
from common.writing.rows import Rows
from families.models import Member
from services import hooks
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
    """« open » once a service let somebody of the family in, or the commune has one that asks for none; else what is awaited."""
    found = {status for (status,) in _STATES(user.pk)}
    best = next((word for status, word in BEST_FIRST.items() if status in found), "none")
    return "open" if best != "open" and _enters_freely(user) else best


_STATES = Rows(
    """
    SELECT DISTINCT line.status
    FROM families_guardian guardian
    JOIN services_accessrequest request ON request.family_id = guardian.family_id
    JOIN services_requestline line ON line.request_id = request.id
    JOIN families_membership own ON own.member_id = line.member_id AND own.family_id = request.family_id
    WHERE guardian.user_id = %s AND own.withdrawn_at IS NULL
    """
)


def _enters_freely(user: User) -> bool:
    """Whether a service of the person's commune takes bookings of all, and there is somebody to book."""
    mine = Service.objects.filter(commune=user.commune_id, is_open=True)
    free = any(mine.filter(pk__in=pks).exists() for pks in hooks.services_free_to_book())
    return free and Member.objects.of(user).exists()


def may_ask(service: Service, member: Member) -> bool:
    """Whether a service on demand may be asked for a member: it has a situation for people of their age."""
    today = timezone.localdate()
    return not service.people or any(suits(people, member.birth_date, today) for people in service.people)
