"""e-CESU: the value of an order's electronic lines goes to the holders' rights of the month."""

from django.db import connection
from django.utils import timezone

from cesu.models import AidAccount, Fabrication, Form, MonthlyRight, VoucherLine, VoucherOrder
from cesu.orders.actions.employers import titles_account
from cesu.orders.emails import people as emails
from cesu.rules.vouchers import ends_on
from common.values.money import euros
from wallet.actions import Move, post
from wallet.models import Account, AccountKind, Operation


def credit_lines(order: VoucherOrder, fabrication: Fabrication, limit: int) -> bool:
    """Credit some electronic lines of an order that its maker has locked; False when none is left.

    One operation for each round, a move for each line (``ecesu:<line>``): the ledger takes each once.
    """
    lines = list(
        VoucherLine.objects.filter(order=order, made_at=None, form=Form.ELECTRONIC)
        .select_related("beneficiary__holder", "beneficiary__employer")
        .order_by("pk")[:limit]
    )
    if not lines:
        return False
    now, source = timezone.now(), titles_account(order.employer).pk
    rights = _rights({line.beneficiary.holder_id for line in lines}, fabrication)
    moves = [Move(source, rights[line.beneficiary.holder_id], line.cents, f"ecesu:{line.pk}") for line in lines]
    post(Operation.Kind.ECESU_CREDIT, moves, actor=None, label=f"e-CESU de la commande {order.number}", at=now)
    VoucherLine.objects.filter(pk__in=[line.pk for line in lines]).update(made_at=now)
    emails.ecesu_credited([(line.beneficiary, euros(line.cents)) for line in lines], ends_on(fabrication.vintage))
    return True


def _rights(holders: set[int], fabrication: Fabrication) -> dict[int, int]:
    """The ledger accounts of the holders' rights of this month, by pk of holder; those that lack are opened together."""
    month, end = timezone.localdate(fabrication.started_at).replace(day=1), ends_on(fabrication.vintage)
    AidAccount.objects.bulk_create(
        [AidAccount(holder_id=pk, kind=AidAccount.Kind.ECESU) for pk in sorted(holders)], ignore_conflicts=True
    )
    rights = MonthlyRight.objects.filter(
        aid_account__kind=AidAccount.Kind.ECESU, aid_account__holder__in=holders, month=month, expires_on=end
    )
    found = dict(rights.values_list("aid_account__holder", "account"))
    missing = holders - found.keys()
    if missing:
        _open(sorted(missing), month, end)
        found = dict(rights.values_list("aid_account__holder", "account"))
    return found


def _open(holders: list[int], month, end) -> None:
    codes = {pk: f"ecesu:{pk}:{month:%Y-%m}:{end:%Y}" for pk in holders}
    Account.objects.bulk_create(
        [Account(kind=AccountKind.AID_RIGHT, code=code, floor=0) for code in codes.values()], ignore_conflicts=True
    )
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [month, end, list(codes), list(codes.values())])


_OPEN = """
    INSERT INTO cesu_monthlyright (aid_account_id, month, expires_on, account_id, revision)
    SELECT aid.id, %s::date, %s::date, account.id, 0
    FROM unnest(%s::bigint[], %s::text[]) AS wanted (holder_id, code)
    JOIN cesu_aidaccount aid ON aid.holder_id = wanted.holder_id AND aid.kind = 'ecesu'
    JOIN wallet_account account ON account.kind = 'aid_right' AND account.code = wanted.code
    ORDER BY aid.id
    ON CONFLICT DO NOTHING
"""
