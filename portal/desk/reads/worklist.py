"""« À traiter »: what waits for an agent, on the first page of the agents; counted in one query, nothing written."""

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone

from accounts.backends import is_agent
from accounts.models import User
from cesu.worklist import waiting
from common.worklist import Kind, Task, Waiting, counted
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
PENDING = "status__exact=pending"


def worklist(agent: User) -> list[Task]:
    """What waits for an agent, of their communes, services, groups and rights only; nothing that counts zero."""
    waits = _of_communes(agent) if is_agent(agent) else []
    return [task for task in counted([*waits, *waiting(agent)]) if task.count]


def _of_communes(agent: User) -> list[Waiting | Task]:
    """The work of an agent's communes; each right brings its part of it."""
    parts = {
        "accounts.change_user": _accounts,
        "services.change_requestline": _requests,
        "services.change_supportingdocument": _pieces,
        "families.change_identitychange": _identities,
        "reservations.change_absence": _absences,
        "portal.change_contactmessage": _messages,
        "portal.change_review": _reviews,
        "wallet.add_cardrefund": _cards,
        "wallet.change_directdebitrun": _payments,
        "reservations.change_change": _refused,
        "reservations.change_transmission": _transmissions,
    }
    return [wait for right, part in parts.items() if agent.has_perm(right) for wait in part(agent)]


def _accounts(agent: User) -> list[Waiting]:
    pending = User.objects.of_agent(agent).pending().filter(signed_up_at__isnull=False)
    return [Waiting("Comptes à valider", pending, f"{reverse(ACCOUNTS)}?statut=a-valider")]


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


def _pieces(agent: User) -> list[Waiting]:
    pieces, page = SupportingDocument.objects.of_agent(agent).current(), reverse(PIECES)
    pending = pieces.filter(status=SupportingDocument.Status.PENDING)
    soon = expiring(pieces.filter(status=SupportingDocument.Status.VALIDATED))
    ending = "Pièces qui expirent dans les 30 jours"
    return [
        Waiting("Pièces à valider", pending, page),
        Waiting(ending, soon, f"{page}?statut=validated&echeance=30", kind=Kind.WATCH),
    ]


def _identities(agent: User) -> list[Waiting]:
    changes = IdentityChange.objects.of_agent(agent).to_decide()
    return [Waiting("Changements d’identité à décider", changes, f"{reverse(IDENTITIES)}?{PENDING}", "asked_at")]


def _absences(agent: User) -> list[Waiting]:
    late = Absence.objects.of_agent(agent).to_decide()
    return [Waiting("Absences à décider", late, f"{reverse(ABSENCES)}?etat=a-decider", "created_at")]


def _messages(agent: User) -> list[Waiting]:
    unread = ContactMessage.objects.of_agent(agent).to_handle()
    return [Waiting("Messages reçus", unread, f"{reverse(MESSAGES)}?etat=a-traiter", "sent_at")]


def _reviews(agent: User) -> list[Waiting]:
    unread = Review.objects.of_agent(agent).to_decide()
    return [Waiting("Avis à lire", unread, f"{reverse(REVIEWS)}?{PENDING}", "at")]


def _cards(agent: User) -> list[Waiting]:
    """Payments and news of Stripe that an agent has to look at, for those who manage; disputes want an answer there."""
    payments = CardPayment.objects if agent.is_superuser else CardPayment.objects.of_agent(agent)
    disputes = CardDispute.objects.filter(payment__in=payments.values("pk"), status=CardDispute.Status.OPEN)
    disputed = f"{reverse(CARDS)}?disputes__status__exact=open"
    events, odd = StripeEvent.objects.to_check(), f"{reverse(EVENTS)}?etat=a-verifier"
    checks = f"{reverse(CARDS)}?status__exact=to_check"
    return [
        Waiting("Paiements par carte à vérifier", payments.to_check(), checks, "created_at", Kind.WATCH),
        Waiting("Paiements contestés : répondre dans Stripe", disputes, disputed, "created_at", Kind.WATCH),
        Waiting("Événements de Stripe à vérifier", events, odd, "received_at", Kind.WATCH),
    ]


def _payments(agent: User) -> list[Waiting]:
    """The files to give to the bank, for those who manage."""
    pending = DirectDebit.objects.pending().filter(run__file=None).values("run")
    runs = DirectDebitRun.objects.filter(pk__in=pending)
    refunds = BankRefund.objects.filter(status=BankRefund.Status.READY)
    return [
        Waiting("Fichiers de prélèvement à préparer", runs, reverse(RUNS), "created_at", Kind.BANK),
        Waiting("Remboursements à virer", refunds, reverse(BATCHES), "created_at", Kind.BANK),
    ]


def _refused(agent: User) -> list[Waiting]:
    """What back offices refused."""
    refused = Change.objects.of_agent(agent).to_handle()
    return [Waiting("Refus du logiciel métier à régler", refused, reverse(LINES), "verdict_at", Kind.WATCH)]


def _transmissions(agent: User) -> list[Waiting]:
    """For those who manage, the files that could not be handed over or read."""
    address = f"{reverse(TRANSMISSIONS)}?etat=a-verifier"
    return [Waiting("Transmissions à vérifier", Transmission.objects.to_check(), address, kind=Kind.WATCH)]
