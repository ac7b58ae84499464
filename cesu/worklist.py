"""What waits for the issuer's staff and the funders', for the first page of the agents."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.rights.plans import awaiting
from cesu.aid.reads.access import to_confirm
from cesu.models import ActivationRequest, AidAccount, Employer, HelpRequest, VoucherOrder, issuer
from cesu.rules.aid import month_of
from common.worklist import Task, Waiting


def waiting(agent: User) -> list[Waiting | Task]:
    """What is to be counted; nothing for who is neither of the issuer's staff nor of a funder's."""
    return [*_of_the_issuer(agent), *_of_funders(agent)]


def _of_funders(agent: User) -> list[Waiting | Task]:
    """Who signed up and waits to be heard; the plans of which this month's right was not given yet."""
    if not agent.has_perm("cesu.change_aidaccount"):
        return []
    mine = AidAccount.objects.of_agent(agent)
    unheard = to_confirm().filter(holder__in=mine.values("holder"))
    late = awaiting(month_of(timezone.localdate())).filter(pk__in=mine.values("pk"))
    return [
        _waiting("Accès de bénéficiaires à confirmer", unheard, "created_at", "aidaccount", "?acces=a-confirmer"),
        _waiting("Droits du mois pas encore donnés", late, "", "aidaccount", "?mois=sans"),
    ]


def _of_the_issuer(agent: User) -> list[Waiting | Task]:
    if not agent.has_perm("cesu.change_activationrequest"):
        return []
    requests = ActivationRequest.objects.filter(status=ActivationRequest.Status.PENDING)
    made = VoucherOrder.objects.filter(status=VoucherOrder.Status.MAKING, made_at__isnull=False)
    unanswered = HelpRequest.objects.filter(answered_at=None)
    missing = issuer().missing if Employer.objects.exists() else []  # a town without employers issues nothing
    sheet = f"Fiche de l’émetteur à compléter ({', '.join(missing)})"
    return [
        Task(sheet, len(missing), reverse("admin:cesu_issuer_change", args=[1])),
        _waiting("Inscriptions d’employeurs à vérifier", requests, "asked_at", "activationrequest"),
        _waiting("Demandes d’aide d’employeurs", unanswered, "asked_at", "helprequest"),
        _waiting("Commandes de CESU à expédier", made, "made_at", "voucherorder", "?etat=a-expedier"),
    ]


def _waiting(label: str, rows: QuerySet, since: str, table: str, query: str = "") -> Waiting:
    return Waiting(label, rows, reverse(f"admin:cesu_{table}_changelist") + query, since)
