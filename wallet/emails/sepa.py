"""What families are told of direct debits and bank refunds: templates in ``emails/wallet/``."""

from collections.abc import Iterable
from datetime import date

from common.models import authority
from common.values.dates import date_long
from common.values.money import euros
from families.emails import tell_families
from families.models import SepaMandate
from wallet.models import Balance, BankRefund, DirectDebit
from wallet.rules.sepa import CANCELLED, reason_of


def debits_announced(debits: Iterable[DirectDebit], today: date, moved: bool = False) -> None:
    """The legal notice of direct debits: amount, day, mandate, creditor, account, how to oppose; or their new day."""
    it, told = authority(), []
    for debit in debits:
        mandate = debit.mandate
        context = _of_debit(debit, today) | {
            "moved": moved,
            "rum": mandate.rum,
            "iban": mandate.masked_iban,
            "creditor": it.creditor_name or it.subtitle or it.name,
            "ics": it.creditor_id,
            "contact": ", ".join(filter(None, [it.email, it.phone])),
        }
        told.append((debit.wallet.family_id, context))
    tell_families("wallet/debit_announced", told)


def debits_rejected(debits: Iterable[DirectDebit], ended: set[int], today: date) -> None:
    """Why a debit was sent back, and what is owed now; ``ended``: pks of the mandates that it ended."""
    debits = list(debits)
    balances = dict(
        Balance.objects.filter(account__in=[each.wallet.account_id for each in debits]).values_list("account", "cents")
    )
    announced = DirectDebit.objects.pending().cents_by_wallet([each.wallet_id for each in debits])
    told = []
    for debit in debits:
        asked = -balances[debit.wallet.account_id] - announced.get(debit.wallet_id, 0)
        context = _of_debit(debit, today) | {
            "cancelled": debit.reject_code == CANCELLED,
            "reason": reason_of(debit.reject_code).words,
            "owed": euros(asked) if asked > 0 else "",
            "top_up": debit.wallet.purse.top_up_address,
            "mandate_ended": debit.mandate_id in ended,
        }
        told.append((debit.wallet.family_id, context))
    tell_families("wallet/debit_rejected", told)


def mandates_lapsed(mandates: Iterable[SepaMandate]) -> None:
    """A mandate unused for three years has ended."""
    tell_families("wallet/mandate_lapsed", [(each.family_id, {"rum": each.rum}) for each in mandates])


def refund_decided(refund: BankRefund, balance: int) -> None:
    """Money leaves a wallet for the family's account; ``balance`` in cents, after it."""
    tell_families("wallet/bank_refund", [(refund.wallet.family_id, _of_refund(refund) | {"balance": euros(balance)})])


def refunds_rejected(refunds: Iterable[BankRefund], codes: dict[str, str]) -> None:
    """A transfer came back: its money is in the wallet again; ``codes`` by reference."""
    told = [
        (
            each.wallet.family_id,
            _of_refund(each)
            | {
                "why": reason_of(codes[each.end_to_end]).words,
                "cancelled": codes[each.end_to_end] == CANCELLED,
            },
        )
        for each in refunds
    ]
    tell_families("wallet/bank_refund_rejected", told)


def _of_debit(debit: DirectDebit, today: date) -> dict:
    return {
        "amount": euros(debit.cents),
        "day": date_long(debit.run.collected_on, today),
        "purse": debit.wallet.purse.name,
        "family": debit.wallet.family.name,
    }


def _of_refund(refund: BankRefund) -> dict:
    return {
        "amount": euros(refund.cents),
        "iban": refund.masked_iban,
        "holder": refund.holder,
        "reason": refund.reason,
        "purse": refund.wallet.purse.name,
        "family": refund.wallet.family.name,
    }
