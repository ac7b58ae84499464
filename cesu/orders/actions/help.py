"""« Besoin d’aide »: what a manager asks of the Service Clients, once a form; its answer, once, by email."""

from datetime import datetime

from django.utils import timezone

from accounts.models import User
from cesu.models import Employer, HelpRequest
from cesu.orders.emails import people as emails
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost

ASKING = "employer-help"  # the purpose of the form's key


class AlreadyAnswered(Refusal):
    sentence = "Cette demande a déjà sa réponse."


def answering(request: HelpRequest) -> str:
    """The purpose of the key of an answer."""
    return f"employer-help:{request.pk}"


@outermost
def ask_help(*, user: User, employer: Employer, subject: str, message: str, phone: str, key: str) -> HelpRequest:
    """Keep a manager's request and mail it to the issuer. Twice is once."""
    once = claim_key(key, user.owner, ASKING)
    if once.answer:
        return HelpRequest.objects.get(pk=once.answer["request"])
    request = HelpRequest.objects.create(employer=employer, by=user, subject=subject, message=message, phone=phone)
    emails.help_asked(request)
    once.remember({"request": request.pk})
    return request


def forget_requests(before: datetime) -> int:
    """Delete what was asked before an instant, with its answer; return how many."""
    return HelpRequest.objects.filter(asked_at__lt=before).delete()[0]


@outermost
def answer_help(*, agent: User, request: HelpRequest, answer: str, key: str) -> HelpRequest:
    """Write the answer to who asked. Twice is once. Raise AlreadyAnswered."""
    once = claim_key(key, agent.owner, answering(request))
    locked = HelpRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)
    if once.answer:
        return locked
    if locked.answered_at:
        raise AlreadyAnswered
    locked.answer, locked.answered_at, locked.answered_by = answer, timezone.now(), agent
    locked.save(update_fields=["answer", "answered_at", "answered_by"])
    emails.help_answered(locked)
    once.remember({"answered": True})
    return locked
