"""A family asks for a service: one request, one line a member."""

from collections.abc import Mapping

from django.utils import timezone

from accounts.models import User
from families.models import Member
from portal.lib.once import claim_key
from portal.lib.refusals import Refusal
from portal.lib.states import move
from portal.lib.transactions import outermost
from services import emails
from services.models import AccessRequest, Audience, RequestLine, Service
from services.pieces import lacking_pieces

Status = RequestLine.Status


class NobodyChosen(Refusal):
    """No member was named."""

    sentence = "Choisissez au moins une personne et sa situation."


class NotAskable(Refusal):
    """The service, the situation or the person is not to be asked for; all reasons at once."""


@outermost
def ask_access(*, user: User, service: Service, choices: Mapping[int, int], key: str) -> dict:
    """Ask for a service for members of the user's family; ``choices`` maps member pk to audience pk.

    A line that was refused or has expired is asked again; one that waits or is accepted stays as it is. Lines whose
    mandatory pieces are missing wait as « Pièces à compléter ». Return {"request": pk}; a second click gets the first
    answer. Raise NobodyChosen, NotAskable, StalePage.
    """
    family = user.guardian.family
    once = claim_key(key, user.owner, f"ask:{service.pk}")
    if once.answer:
        return once.answer
    members = Member.objects.of(user).in_bulk(choices)
    audiences = {row.pk: row for row in service.audiences.all()}
    _check(service, choices, members, audiences)
    AccessRequest.objects.bulk_create(
        [AccessRequest(family=family, service=service, asked_by=user)], ignore_conflicts=True
    )
    request = AccessRequest.objects.select_for_update(no_key=True).get(family=family, service=service)
    lines = [_ask(request, member, audiences[choices[pk]]) for pk, member in members.items()]
    settle_pieces([line for line in lines if line.status in (Status.PENDING, Status.INCOMPLETE)])
    emails.access_asked(request, user, lines)
    return once.remember({"request": request.pk})


def _check(service: Service, choices, members, audiences) -> None:
    reasons = []
    if not choices:
        raise NobodyChosen
    if not service.is_open:
        reasons.append("Ce service n’est plus ouvert aux familles.")
    if set(choices) - members.keys():
        reasons.append("Une personne choisie ne figure pas dans vos filiations.")
    if set(choices.values()) - audiences.keys():
        reasons.append("Choisissez une situation proposée par ce service.")
    if reasons:
        raise NotAskable(*reasons)


def _ask(request: AccessRequest, member: Member, audience: Audience) -> RequestLine:
    line, made = RequestLine.objects.select_for_update(of=("self",), no_key=True).get_or_create(
        request=request, member=member, defaults={"audience": audience}
    )
    if not made and line.status in (Status.REFUSED, Status.EXPIRED):
        move(line, Status.PENDING, audience=audience, asked_at=timezone.now(), reason="")
    return line


def settle_pieces(lines: list[RequestLine]) -> None:
    """Say which lines wait for an agent and which for pieces; the caller holds the lines' locks."""
    missing = lacking_pieces(lines)
    for line in lines:
        wanted = Status.INCOMPLETE if missing[line.pk] else Status.PENDING
        reason = f"Il manque : {', '.join(missing[line.pk])}." if missing[line.pk] else ""
        if line.status != wanted:
            move(line, wanted, reason=reason)
        elif line.status == Status.INCOMPLETE and line.reason != reason:
            line.reason = reason
            line.save(update_fields=["reason"])
