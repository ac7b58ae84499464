"""What waits for the issuer's staff, for the first page of the agents."""

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cesu.models import ActivationRequest, HelpRequest, VoucherOrder


def waiting(agent: User) -> list[tuple[str, int, str, int]]:
    """(label, how many, where, days since the oldest); nothing for who is not of the issuer's staff."""
    if not agent.has_perm("cesu.change_activationrequest"):
        return []
    requests = ActivationRequest.objects.filter(status=ActivationRequest.Status.PENDING)
    made = VoucherOrder.objects.filter(status=VoucherOrder.Status.MAKING, made_at__isnull=False)
    unanswered = HelpRequest.objects.filter(answered_at=None)
    return [
        _task("Inscriptions d’employeurs à vérifier", requests, "asked_at", "activationrequest"),
        _task("Demandes d’aide d’employeurs", unanswered, "asked_at", "helprequest"),
        _task("Commandes de CESU à expédier", made, "made_at", "voucherorder", "?etat=a-expedier"),
    ]


def _task(label: str, rows: QuerySet, since: str, table: str, query: str = "") -> tuple[str, int, str, int]:
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min(since))
    days = (timezone.now() - found["oldest"]).days if found["oldest"] else 0
    return label, found["count"], reverse(f"admin:cesu_{table}_changelist") + query, days
