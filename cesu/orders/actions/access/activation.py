"""« S’inscrire en ligne »: right data open an employer's space at once, everything else waits for the issuer's staff.

Whatever was typed, the visitor reads the same sentence. Locks: the key, the request, the employer, then people.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.rules import check_reason
from cesu.models import ActivationRequest, Employer, Invoice, Manager
from cesu.orders.actions.access.links import link_path
from cesu.orders.emails import people as emails
from cesu.rules.people import PrimaryThere, ReferenceTaken, bare
from common.writing import states
from common.writing.history import unguarded
from common.writing.once import claim_key
from common.writing.transactions import outermost

VISITOR, SIGN_UP = "visitor", "employer-sign-up"  # whose key, for what
PATIENCE = timedelta(hours=24)
MAX_TRIES = 5  # requests for one reference that failed within PATIENCE: then right data wait for the staff too
MAX_REASON = 200  # characters
MAX_WAITING = 20  # requests for one reference that wait within PATIENCE: no more are written
Status = ActivationRequest.Status
EVENTS = ActivationRequest.events.rel.related_model


@outermost
def ask_for_space(*, client_reference: str, invoice_number: str, person: dict, key: str) -> None:
    """Take a sign-up in; ``person`` has first_name, last_name, email, phone. Nothing tells whether the data are right."""
    once = claim_key(key, VISITOR, SIGN_UP)
    if once.answer:
        return
    employer = Employer.objects.locked().filter(client_reference__iexact=bare(client_reference)).first()
    request = ActivationRequest(client_reference=client_reference, invoice_number=invoice_number, **person)
    waiting = ActivationRequest.objects.filter(
        client_reference__iexact=client_reference, status=Status.PENDING, asked_at__gt=timezone.now() - PATIENCE
    )
    tries = waiting.count()
    if _is_right(employer, invoice_number) and tries < MAX_TRIES:
        _accept(request, employer)
    elif tries < MAX_WAITING and not waiting.filter(invoice_number=invoice_number, **person).exists():
        request.save()
        emails.sign_up_to_check(request)
    once.remember({"taken": True})


def _is_right(employer: Employer | None, invoice_number: str) -> bool:
    """Whether one of the three last invoices of an employer that never had a manager was named (S0-10).

    As many queries for an employer that is not there as for one that is.
    """
    pk, reference = (employer.pk, employer.client_reference) if employer else (0, "")
    numbers = {bare(invoice.number) for invoice in Invoice.objects.last_of(pk)}
    has_manager = Manager.objects.filter(employer=pk, is_primary=True).exists()
    return not _is_taken(reference) and not has_manager and bare(invoice_number) in numbers


def _is_taken(reference: str) -> bool:
    return User.objects.filter(identifier__iexact=reference).exists()


def _accept(request: ActivationRequest, employer: Employer, agent: User | None = None) -> None:
    request.employer, request.status = employer, Status.ACCEPTED
    request.decided_at, request.decided_by = timezone.now(), agent
    request.save()
    _open_space(request, employer)


def _open_space(request: ActivationRequest, employer: Employer) -> None:
    """Create the primary manager under the client reference; the employer is locked by the caller."""
    now = timezone.now()
    details = {name: getattr(request, name) for name in ("first_name", "last_name", "phone")}
    user = User.objects.create_user(
        employer.client_reference,
        status=User.Status.VALIDATED,
        decided_at=now,
        decided_by=request.decided_by,
        signed_up_at=now,
        **details,
    )
    manager = Manager.objects.create(user=user, employer=employer, email=request.email, is_primary=True)
    emails.space_opened(manager, link_path(user))


# --- What the issuer's staff decides ---------------------------------------------------------------------------------
def decision(request: ActivationRequest) -> str:
    """The purpose of a decision's key."""
    return f"activation:{request.pk}"


@outermost
def accept_activation(*, agent: User, request: ActivationRequest, employer: Employer, key: str) -> None:
    """Open the space of an employer for who asked; twice is once. Raise PrimaryThere, ReferenceTaken, WrongState."""
    once = claim_key(key, agent.owner, decision(request))
    if once.answer:
        return
    request = _waiting(request)
    employer = Employer.objects.locked().get(pk=employer.pk)
    if Manager.objects.current().filter(employer=employer, is_primary=True).exists():
        raise PrimaryThere
    if _is_taken(employer.client_reference):
        raise ReferenceTaken
    _accept(request, employer, agent)
    once.remember({"accepted": True})


@outermost
def refuse_activation(*, agent: User, request: ActivationRequest, reason: str, key: str) -> None:
    """Refuse a sign-up with a reason that the person reads; twice is once. Raise WrongState."""
    reason, once = check_reason(reason, MAX_REASON), claim_key(key, agent.owner, decision(request))
    if once.answer:
        return
    request = _waiting(request)
    states.move(request, Status.REFUSED, decided_at=timezone.now(), decided_by=agent, reason=reason)
    emails.sign_up_refused(request)
    once.remember({"refused": True})


def _waiting(request: ActivationRequest) -> ActivationRequest:
    locked = ActivationRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
    if locked.status != Status.PENDING:
        raise states.WrongState
    return locked


# --- What the clock does ---------------------------------------------------------------------------------------------
@outermost
def forget_sign_ups(before: datetime) -> int:
    """Delete with their history the sign-ups asked before an instant that opened no space; return how many."""
    old = ActivationRequest.objects.exclude(status=Status.ACCEPTED).filter(asked_at__lt=before)
    forgotten = list(old.values_list("pk", flat=True))
    with unguarded(EVENTS):
        EVENTS.objects.filter(pgh_obj__in=forgotten).delete()
    return ActivationRequest.objects.filter(pk__in=forgotten).delete()[0]
