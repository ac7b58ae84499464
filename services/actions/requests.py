"""A family asks for a service: one request, one line a member. Locks: key → family → request → lines by pk."""

from collections.abc import Iterable, Mapping

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from families.actions.members import lock_family
from families.models import Member
from services import emails
from services.models import AccessRequest, Audience, RequestLine, Service
from services.reads.pieces import lacking_pieces
from services.rules import suits

Status = RequestLine.Status
RENEWED = "Nouvelle pièce reçue : un agent va la vérifier."


class NobodyChosen(Refusal):
    """No member was named."""

    sentence = "Choisissez au moins une personne et sa situation."


class NotAskable(Refusal):
    """The service, the situation or the person is not to be asked for; all reasons at once."""


@outermost
def ask_access(*, user: User, service: Service, choices: Mapping[int, int], key: str) -> dict:
    """Ask for a service for members of the user's family; ``choices`` maps member pk to audience pk.

    Return {"request": pk}; a second click gets the first answer. Raise NobodyChosen, NotAskable, StalePage.
    """
    once = claim_key(key, user.owner, f"ask:{service.pk}")
    if once.answer:
        return once.answer
    return once.remember({"request": ask(user, service, choices).pk})


def ask(user: User, service: Service, choices: Mapping[int, int], tell: bool = True) -> AccessRequest:
    """The same inside the caller's transaction (the sign-up's, which tells it in its own email: ``tell`` False).

    A line that was refused or has expired is asked again; one that waits or is accepted stays as it is. Lines whose
    mandatory pieces are missing wait as « Pièces à compléter ». The person is mailed when something was asked.
    """
    family = lock_family(user.guardian.family_id)
    members = Member.objects.of(user).in_bulk(choices)
    audiences = {row.pk: row for row in service.audiences.all()}
    _check(service, choices, members, audiences)
    AccessRequest.objects.bulk_create(
        [AccessRequest(family=family, service=service, asked_by=user)], ignore_conflicts=True
    )
    request = AccessRequest.objects.get(family=family, service=service)
    wanted = {member: audiences[choices[pk]] for pk, member in members.items()}
    lines = [line for member, audience in wanted.items() if (line := _ask(request, member, audience))]
    settle_pieces(lines)
    if lines and tell:
        emails.access_asked(request, user, lines)
    return request


def _check(service: Service, choices, members, audiences) -> None:
    if not choices:
        raise NobodyChosen
    reasons = []
    if not service.is_open:
        reasons.append("Ce service n’est plus ouvert aux familles.")
    if not Service.objects.deciding().filter(pk=service.pk).exists():
        reasons.append("Ce service est ouvert à toutes les familles : réservez sans faire de demande.")
    if set(choices) - members.keys():
        reasons.append("Une personne choisie ne figure pas dans vos filiations.")
    if set(choices.values()) - audiences.keys():
        reasons.append("Choisissez une situation proposée par ce service.")
    reasons += [_unfit(member, audiences[choices[pk]]) for pk, member in members.items() if choices[pk] in audiences]
    if any(reasons):
        raise NotAskable(*filter(None, reasons))


def _unfit(member: Member, audience: Audience) -> str:
    if suits(audience.people, member.birth_date, timezone.localdate()):
        return ""
    return f"{member} : la situation « {audience.name} » est réservée aux {audience.get_people_display().lower()}."


def _ask(request: AccessRequest, member: Member, audience: Audience) -> RequestLine | None:
    """Return the member's line when it is asked now, None when it waits or is accepted already."""
    line = request.lines.filter(member=member).select_for_update(no_key=True).first()
    if line is None:
        return RequestLine.objects.create(request=request, member=member, audience=audience)
    if line.status not in (Status.REFUSED, Status.EXPIRED):
        return None
    line.request, line.member = request, member
    move(line, Status.PENDING, audience=audience, asked_at=timezone.now(), reason="", decided_at=None, decided_by=None)
    return line


def settle_pieces(lines: Iterable[RequestLine]) -> list[RequestLine]:
    """Say which lines wait for an agent and which for pieces; the caller holds their locks.

    Return those that begin to wait for an agent: their pieces are all there now.
    """
    lines = list(lines)
    missing = lacking_pieces(lines)
    return [line for line in lines if _settle(line, missing[line.pk])]


def _settle(line: RequestLine, missing: list[str]) -> bool:
    """An expired line opens again when an agent validates its new piece: until then it only says where it stands."""
    reason = f"Il manque : {', '.join(missing)}." if missing else ""
    if line.status == Status.EXPIRED:
        _explain(line, reason or RENEWED)
    elif not missing and line.status != Status.PENDING:
        move(line, Status.PENDING, reason="")
        return True
    elif missing and line.status == Status.PENDING:
        move(line, Status.INCOMPLETE, reason=reason)
    else:
        _explain(line, reason)
    return False


def _explain(line: RequestLine, reason: str) -> None:
    if line.reason != reason:
        line.reason = reason
        line.save(update_fields=["reason"])
