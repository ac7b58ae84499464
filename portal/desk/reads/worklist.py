"""« À traiter »: what waits for an agent, on the first page of the agents; read in a handful of queries, nothing written."""

from dataclasses import dataclass

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.backends import is_agent
from accounts.models import User
from cesu.worklist import waiting
from families.models import IdentityChange
from portal.models import ContactMessage, Review
from reservations.models import Absence, Change, Transmission
from services.models import RequestLine, SupportingDocument
from services.reads.desk import expiring
from wallet.models import BankRefund, CardDispute, CardPayment, DirectDebit, DirectDebitRun, StripeEvent

ACCOUNTS = "admin:accounts_user_changelist"
REQUESTS = "admin:services_requestline_changelist"
IDENTITIES = "admin:families_identitychange_changelist"
ABSENCES = "admin:reservations_absence_changelist"
PIECES = "admin:services_supportingdocument_changelist"
MESSAGES = "admin:portal_contactmessage_changelist"
REVIEWS = "admin:portal_review_changelist"
RUNS = "admin:wallet_directdebitrun_changelist"
LINES = "admin:reservations_change_changelist"
TRANSMISSIONS = "admin:reservations_transmission_changelist"
CARDS = "admin:wallet_cardpayment_changelist"
EVENTS = "admin:wallet_stripeevent_changelist"
BATCHES = "admin:wallet_bankrefundbatch_make"


@dataclass(frozen=True)
class Task:
    """Something that waits: how many, where they are listed, since when the oldest waits (in days)."""

    label: str
    count: int
    address: str
    days: int = 0


def worklist(agent: User) -> list[Task]:
    """What waits for an agent, of their communes, services and groups only; nothing that counts zero."""
    found = _of_communes(agent) if is_agent(agent) else []
    found += [Task(*each) for each in waiting(agent)]
    return [task for task in found if task.count]


def _of_communes(agent: User) -> list[Task]:
    """The work of an agent's communes."""
    pieces = SupportingDocument.objects.of_agent(agent).current()
    pending = pieces.filter(status=SupportingDocument.Status.PENDING).count()
    soon = expiring(pieces.filter(status=SupportingDocument.Status.VALIDATED)).count()
    return [
        Task("Comptes à valider", _accounts(agent), f"{reverse(ACCOUNTS)}?statut=a-valider"),
        *_requests(agent),
        Task("Pièces à valider", pending, reverse(PIECES)),
        Task("Pièces qui expirent dans les 30 jours", soon, f"{reverse(PIECES)}?statut=validated&echeance=30"),
        *_from_families(agent),
        *_cards(agent),
        *_payments(agent),
        *_transmissions(agent),
    ]


def _accounts(agent: User) -> int:
    return User.objects.of_agent(agent).pending().filter(signed_up_at__isnull=False).count()


def _requests(agent: User) -> list[Task]:
    """The lines to decide, service by service."""
    waiting = RequestLine.objects.of_agent(agent).to_decide().order_by()
    found = (
        waiting.values("request__service", "request__service__name", "request__service__commune__name")
        .annotate(number=Count("pk"), oldest=Min("asked_at"))
        .order_by("request__service__commune__name", "request__service__name")
    )
    return [
        Task(
            f"Demandes d’accès : {row['request__service__commune__name']} – {row['request__service__name']}",
            row["number"],
            f"{reverse(REQUESTS)}?service={row['request__service']}",
            (timezone.now() - row["oldest"]).days,
        )
        for row in found
    ]


def _from_families(agent: User) -> list[Task]:
    """What families ask and tell: new names and birth dates, late absences, messages, reviews not read yet."""
    identities = IdentityChange.objects.of_agent(agent).to_decide()
    absences = Absence.objects.of_agent(agent).to_decide()
    messages = ContactMessage.objects.of_agent(agent).to_handle()
    reviews = Review.objects.of_agent(agent).to_decide()
    to_decide = "status__exact=pending"
    return [
        _task("Changements d’identité à décider", identities, "asked_at", f"{reverse(IDENTITIES)}?{to_decide}"),
        _task("Absences à décider", absences, "created_at", f"{reverse(ABSENCES)}?etat=a-decider"),
        _task("Messages reçus", messages, "sent_at", f"{reverse(MESSAGES)}?etat=a-traiter"),
        _task("Avis à lire", reviews, "at", f"{reverse(REVIEWS)}?{to_decide}"),
    ]


def _cards(agent: User) -> list[Task]:
    """Payments and news of Stripe that an agent has to look at, for those who manage; disputes want an answer there."""
    if not agent.has_perm("wallet.add_cardrefund"):
        return []
    payments = CardPayment.objects if agent.is_superuser else CardPayment.objects.of_agent(agent)
    disputes = CardDispute.objects.filter(payment__in=payments.values("pk"), status=CardDispute.Status.OPEN)
    disputed = f"{reverse(CARDS)}?disputes__status__exact=open"
    events, odd = StripeEvent.objects.to_check(), f"{reverse(EVENTS)}?etat=a-verifier"
    checks = f"{reverse(CARDS)}?status__exact=to_check"
    return [
        _task("Paiements par carte à vérifier", payments.to_check(), "created_at", checks),
        _task("Paiements contestés : répondre dans Stripe", disputes, "created_at", disputed),
        _task("Événements de Stripe à vérifier", events, "received_at", odd),
    ]


def _payments(agent: User) -> list[Task]:
    """The files to give to the bank, for those who manage."""
    if not agent.has_perm("wallet.change_directdebitrun"):
        return []
    pending = DirectDebit.objects.pending().filter(run__file=None).values("run")
    runs = DirectDebitRun.objects.filter(pk__in=pending)
    refunds = BankRefund.objects.filter(status=BankRefund.Status.READY)
    return [
        _task("Fichiers de prélèvement à préparer", runs, "created_at", reverse(RUNS)),
        _task("Remboursements à virer", refunds, "created_at", reverse(BATCHES)),
    ]


def _transmissions(agent: User) -> list[Task]:
    """What back offices refused, and for those who manage the files that could not be handed over or read."""
    refused = Change.objects.of_agent(agent).to_handle()
    tasks = [_task("Refus du logiciel métier à régler", refused, "verdict_at", reverse(LINES))]
    if agent.has_perm("reservations.change_transmission"):
        found = Transmission.objects.to_check().count()
        tasks.append(Task("Transmissions à vérifier", found, f"{reverse(TRANSMISSIONS)}?etat=a-verifier"))
    return tasks


def _task(label: str, rows: QuerySet, since: str, address: str) -> Task:
    """What waits in these rows, the oldest by the field ``since``."""
    found = rows.aggregate(count=Count("pk"), oldest=Min(since))
    oldest = found["oldest"]
    return Task(label, found["count"], address, (timezone.now() - oldest).days if oldest else 0)
