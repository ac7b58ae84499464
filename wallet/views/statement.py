"""« Mon porte-monnaie »: what is in it, what happened."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wallet.models import Wallet
from wallet.reads.direct_debits import DirectDebitFacts, dues
from wallet.reads.statements import statement

PAGE = 20


@require_safe
def wallet_statement(request, code=None):
    """The balance and the statement of one of the family's wallets, the default one without ``code``."""
    if getattr(request.user, "guardian", None) is None:
        raise Http404
    wallets = list(Wallet.objects.of(request.user))
    wallet = next((each for each in wallets if code in (None, each.purse.code)), None)
    if code and wallet is None:
        raise Http404
    lines = Paginator(statement(wallet.account_id) if wallet else [], PAGE).get_page(request.GET.get("page"))
    asked = dues(wallets)
    for each in wallets:
        each.asked = asked.get(each.pk, 0)
        each.by_debit = each.owed - each.asked
    context = {"wallets": wallets, "wallet": wallet, "lines": lines}
    return render(request, "wallet/statement.html", context | {"direct_debit": DirectDebitFacts(request.user)})
