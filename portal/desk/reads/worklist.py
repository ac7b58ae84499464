"""« À traiter »: what waits for an agent, on the first page of the agents; read in a handful of queries, nothing written."""

from dataclasses import dataclass

from django.db.models import Count, Min
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
        _identities(agent),
        _absences(agent),
        _messages(agent),
        _reviews(agent),
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


def _identities(agent: User) -> Task:
    """New names and birth dates that families ask for."""
    asked = IdentityChange.objects.of_agent(agent).to_decide().aggregate(count=Count("pk"), oldest=Min("asked_at"))
    address = f"{reverse(IDENTITIES)}?status__exact=pending"
    return Task("Changements d’identité à décider", asked["count"], address, _days(asked["oldest"]))


def _absences(agent: User) -> Task:
    """What families told past the deadline."""
    waiting = Absence.objects.of_agent(agent).to_decide().aggregate(count=Count("pk"), oldest=Min("created_at"))
    return Task("Absences à décider", waiting["count"], f"{reverse(ABSENCES)}?etat=a-decider", _days(waiting["oldest"]))


def _messages(agent: User) -> Task:
    """What the contact page received."""
    heard = ContactMessage.objects.of_agent(agent).to_handle().aggregate(count=Count("pk"), oldest=Min("sent_at"))
    address = f"{reverse(MESSAGES)}?etat=a-traiter"
    return Task("Messages reçus", heard["count"], address, _days(heard["oldest"]))


def _reviews(agent: User) -> Task:
    """What families say of the services, not read yet."""
    said = Review.objects.of_agent(agent).to_decide().aggregate(count=Count("pk"), oldest=Min("at"))
    return Task("Avis à lire", said["count"], f"{reverse(REVIEWS)}?status__exact=pending", _days(said["oldest"]))


def _cards(agent: User) -> list[Task]:
    """Payments and news of Stripe that an agent has to look at, for those who manage; disputes want an answer there."""
    if not agent.has_perm("wallet.add_cardrefund"):
        return []
    payments = CardPayment.objects if agent.is_superuser else CardPayment.objects.of_agent(agent)
    checks = payments.to_check().aggregate(count=Count("pk"), oldest=Min("created_at"))
    disputes = CardDispute.objects.filter(payment__in=payments.values("pk"), status=CardDispute.Status.OPEN)
    disputes = disputes.aggregate(count=Count("pk"), oldest=Min("created_at"))
    events = StripeEvent.objects.to_check().aggregate(count=Count("pk"), oldest=Min("received_at"))
    cards = reverse(CARDS)
    return [
        Task(
            "Paiements par carte à vérifier",
            checks["count"],
            f"{cards}?status__exact=to_check",
            _days(checks["oldest"]),
        ),
        Task(
            "Paiements contestés : répondre dans Stripe",
            disputes["count"],
            f"{cards}?disputes__status__exact=open",
            _days(disputes["oldest"]),
        ),
        Task(
            "Événements de Stripe à vérifier",
            events["count"],
            f"{reverse(EVENTS)}?etat=a-verifier",
            _days(events["oldest"]),
        ),
    ]


def _payments(agent: User) -> list[Task]:
    """The files to give to the bank, for those who manage."""
    if not agent.has_perm("wallet.change_directdebitrun"):
        return []
    pending = DirectDebit.objects.pending().filter(run__file=None).values("run")
    runs = DirectDebitRun.objects.filter(pk__in=pending).aggregate(count=Count("pk"), oldest=Min("created_at"))
    refunds = BankRefund.objects.filter(status=BankRefund.Status.READY)
    refunds = refunds.aggregate(count=Count("pk"), oldest=Min("created_at"))
    return [
        Task("Fichiers de prélèvement à préparer", runs["count"], reverse(RUNS), _days(runs["oldest"])),
        Task("Remboursements à virer", refunds["count"], reverse(BATCHES), _days(refunds["oldest"])),
    ]


def _transmissions(agent: User) -> list[Task]:
    """What back offices refused, and for those who manage the files that could not be handed over or read."""
    refused = Change.objects.of_agent(agent).to_handle().aggregate(count=Count("pk"), oldest=Min("verdict_at"))
    tasks = [
        Task(
            "Refus du logiciel métier à régler",
            refused["count"],
            f"{reverse(LINES)}",
            _days(refused["oldest"]),
        )
    ]
    if agent.has_perm("reservations.change_transmission"):
        tasks.append(
            Task(
                "Transmissions à vérifier",
                Transmission.objects.to_check().count(),
                f"{reverse(TRANSMISSIONS)}?etat=a-verifier",
            )
        )
    return tasks


def _days(since) -> int:
    return (timezone.now() - since).days if since else 0
