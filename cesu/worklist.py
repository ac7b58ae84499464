"""What waits for the issuer's staff, for the first page of the agents."""

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.rights.plans import awaiting
from cesu.aid.reads.access import to_confirm
from cesu.models import ActivationRequest, AidAccount, Employer, HelpRequest, VoucherOrder, issuer
from cesu.rules.aid import month_of


def waiting(agent: User) -> list[tuple[str, int, str, int]]:
    """(label, how many, where, days since the oldest); nothing for who is neither of the issuer's staff nor of a funder's."""
    return [*_of_the_issuer(agent), *_of_funders(agent)]


def _of_funders(agent: User) -> list[tuple[str, int, str, int]]:
    """Who signed up and waits to be heard; the plans of which this month's right was not given yet."""
    if not agent.has_perm("cesu.change_aidaccount"):
        return []
    mine = AidAccount.objects.of_agent(agent)
    waiting = to_confirm().filter(holder__in=mine.values("holder"))
    late = awaiting(month_of(timezone.localdate())).filter(pk__in=mine.values("pk")).count()
    accounts = reverse("admin:cesu_aidaccount_changelist")
    return [
        _task("Accès de bénéficiaires à confirmer", waiting, "created_at", "aidaccount", "?acces=a-confirmer"),
        ("Droits du mois pas encore donnés", late, f"{accounts}?mois=sans", 0),
    ]


def _of_the_issuer(agent: User) -> list[tuple[str, int, str, int]]:
    if not agent.has_perm("cesu.change_activationrequest"):
        return []
    requests = ActivationRequest.objects.filter(status=ActivationRequest.Status.PENDING)
    made = VoucherOrder.objects.filter(status=VoucherOrder.Status.MAKING, made_at__isnull=False)
    unanswered = HelpRequest.objects.filter(answered_at=None)
    missing = issuer().missing if Employer.objects.exists() else []  # a town without employers issues nothing
    return [
        (
            f"Fiche de l’émetteur à compléter ({', '.join(missing)})",
            len(missing),
            reverse("admin:cesu_issuer_change", args=[1]),
            0,
        ),
        _task("Inscriptions d’employeurs à vérifier", requests, "asked_at", "activationrequest"),
        _task("Demandes d’aide d’employeurs", unanswered, "asked_at", "helprequest"),
        _task("Commandes de CESU à expédier", made, "made_at", "voucherorder", "?etat=a-expedier"),
    ]


def _task(label: str, rows: QuerySet, since: str, table: str, query: str = "") -> tuple[str, int, str, int]:
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min(since))
    days = (timezone.now() - found["oldest"]).days if found["oldest"] else 0
    return label, found["count"], reverse(f"admin:cesu_{table}_changelist") + query, days
