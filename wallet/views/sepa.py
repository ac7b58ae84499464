"""« Prélèvement automatique »: how to pay by direct debit, and what is coming."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from families.access import family_required
from wallet.models import DirectDebit
from wallet.reads.direct_debits import DirectDebitFacts

PAST = 12  # a year of debits; older ones are in the statement


@require_safe
@family_required
def direct_debit(request):
    """The mandate, the debits to come and the last ones, or how to sign a mandate (S2-48)."""
    past = DirectDebit.objects.of(request.user).exclude(status=DirectDebit.Status.PENDING)
    rows = past.select_related("run", "mandate", "wallet__purse").defer("run__file").order_by("-run__collected_on")
    return render(
        request,
        "wallet/direct_debit.html",
        {"direct_debit": DirectDebitFacts(request.user), "past": dress(rows[:PAST])},
    )


def dress(debits) -> list[DirectDebit]:
    """Give each debit its colour."""
    rows = list(debits)
    for debit in rows:
        debit.tone = "ok" if debit.status == DirectDebit.Status.SETTLED else "danger"
    return rows
