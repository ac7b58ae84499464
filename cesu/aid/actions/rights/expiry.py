"""What was not used in time goes back to its funder; who may pay is warned 30 and 7 days before.

A right of hours may be used until it expires, or until it was reopened for after a rejected transfer; nothing after its
account has closed. Locks: aid accounts by pk, then accounts of the ledger by pk.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from cesu.aid.emails import rights as emails
from cesu.models import AidAccess, AidAccount, Funder, MonthlyRight
from cesu.rules.aid import hours
from common.background.mailing import queue_all
from common.models import OutgoingEmail
from common.values.dates import date_long, month_title
from common.writing.transactions import outermost
from wallet.actions import post
from wallet.actions.ledger import Move
from wallet.models import Operation, Transfer

CHUNK = 1000  # accounts locked together
SOON, NEAR = 7, 30  # days before the end


# --- Back to the funder -------------------------------------------------------------------------------------------------
@dataclass
class _Back:
    """What a run gave back to a funder so far."""

    people: int = 0
    rights: int = 0
    minutes: int = 0
    cents: int = 0

    def add(self, rights: list[MonthlyRight]) -> None:
        self.people += len({right.aid_account_id for right in rights})
        self.rights += len(rights)
        self.minutes += sum(right.account.balance.minutes for right in rights)
        self.cents += sum(right.account.balance.cents for right in rights)


def return_expired(today: date) -> dict[str, int]:
    """Give back what is left of the rights that ended before ``today``; each funder concerned is told by email.

    Again, or by two workers at once, changes nothing: the balance of a right goes back whole, under lock.
    """
    done = {"rights": 0, "cents": 0}
    for funder in Funder.objects.order_by("pk"):
        back = _return_to(funder, today)
        done = {"rights": done["rights"] + back.rights, "cents": done["cents"] + back.cents}
    return done


def _return_to(funder: Funder, today: date) -> _Back:
    back = _Back()
    held = _expired(today).filter(aid_account__funder=funder).order_by("aid_account")
    pks = list(held.values_list("aid_account", flat=True).distinct())
    for first in range(0, len(pks), CHUNK):
        _return_chunk(funder, pks[first : first + CHUNK], today, back, is_last=first + CHUNK >= len(pks))
    return back


@outermost
def _return_chunk(funder: Funder, pks: list[int], today: date, back: _Back, *, is_last: bool) -> None:
    list(AidAccount.objects.locked().filter(pk__in=pks).order_by("pk"))
    rights = list(_expired(today).filter(aid_account__in=pks).select_related("account__balance").order_by("pk"))
    if rights:
        before = _returned_before(rights)
        moves = [_back(funder, right, before.get(right.account_id, 0)) for right in rights]
        post(Operation.Kind.AID_RETURN, moves, actor=None, label="Droits expirés")
    back.add(rights)
    if is_last and back.rights and funder.email:
        emails.rights_returned(funder, back.people, back.minutes, back.cents)


def _expired(today: date):
    """The rights in hours that may no longer be used and still have something."""
    return MonthlyRight.objects.until_when().filter(
        until__lt=today, granted_minutes__isnull=False, account__balance__cents__gt=0
    )


def _returned_before(rights: list[MonthlyRight]) -> dict[int, int]:
    """How often each went back already: a rejected transfer may have filled it again."""
    moves = Transfer.objects.filter(
        source__in=[right.account_id for right in rights], operation__kind=Operation.Kind.AID_RETURN
    )
    return dict(moves.order_by().values_list("source").annotate(times=Count("pk")))


def _back(funder: Funder, right: MonthlyRight, times: int) -> Move:
    left = right.account.balance
    reference, label = f"return:{right.pk}:{times}", month_title(right.month)
    return Move(right.account_id, funder.account_id, left.cents, reference, label, minutes=left.minutes)


def returns_of(funder: Funder, month: date):
    """What came back to a funder in a month, as transfers, with whose and which month's; the order of their names."""
    moves = Transfer.objects.filter(
        operation__kind=Operation.Kind.AID_RETURN,
        target=funder.account_id,
        operation__at__year=month.year,
        operation__at__month=month.month,
    )
    right = "source__monthly_right"
    return moves.select_related("operation", f"{right}__aid_account__holder").order_by(
        f"{right}__aid_account__holder__last_name", f"{right}__aid_account__holder__first_name", f"{right}__month", "pk"
    )


# --- Warned before --------------------------------------------------------------------------------------------------------
def warn_of_expiry(today: date) -> dict[str, int]:
    """Tell those who may pay what ends within 30, then 7 days, once each; a right of this month only in its last week.

    A missed night is made up for by the next.
    """
    with transaction.atomic():
        told = _noted(today)
        letters = [letter for chunk in _chunks(told) for letter in _letters(chunk, today)]
        for first in range(0, len(letters), CHUNK):
            queue_all(letters[first : first + CHUNK])
    return {"told": len(letters)}


def _noted(today: date) -> list[int]:
    """The rights to tell of now, noted so that it is once."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"today": today, "soon": SOON, "near": NEAR, "now": timezone.now()})
        return [pk for (pk,) in cursor.fetchall()]


_NOTE = """
    INSERT INTO cesu_rightnotice (right_id, until, days, at)
    SELECT id, until, CASE WHEN until - %(today)s::date <= %(soon)s THEN %(soon)s ELSE %(near)s END, %(now)s
    FROM (
        SELECT monthly.id, monthly.month, least(greatest(expires_on, reopened_until), closes_on) AS until
        FROM cesu_monthlyright monthly
        JOIN cesu_aidaccount aid ON aid.id = monthly.aid_account_id AND aid.funder_id IS NOT NULL
        JOIN wallet_balance balance ON balance.account_id = monthly.account_id AND balance.cents > 0
    ) AS usable
    WHERE until BETWEEN %(today)s::date AND %(today)s::date + %(near)s
      AND (until - %(today)s::date <= %(soon)s OR month < date_trunc('month', %(today)s::date))
    ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING right_id
"""


def _chunks(pks: list[int]) -> Iterator[list[int]]:
    return (pks[first : first + CHUNK] for first in range(0, len(pks), CHUNK))


def _letters(pks: list[int], today: date) -> list[OutgoingEmail]:
    rights = (
        MonthlyRight.objects.until_when()
        .filter(pk__in=pks)
        .select_related("account__balance", "aid_account__holder", "aid_account__funder")
    )
    by_account = defaultdict(list)
    for right in rights.order_by("aid_account", "month"):
        by_account[right.aid_account_id].append(right)
    payers = _payers({rights[0].aid_account.holder_id for rights in by_account.values()})
    letters = []
    for rights in by_account.values():
        account = rights[0].aid_account
        accesses = [each for each in payers[account.holder_id] if _is_told(account, each)]
        letters += emails.rights_ending(account, accesses, [_ending(right, today) for right in rights])
    return letters


def _payers(holders: set[int]) -> dict[int, list[AidAccess]]:
    """Who may pay for each holder."""
    standing = AidAccess.objects.standing().filter(holder__in=holders, may_pay=True, confirmed_at__isnull=False)
    found = defaultdict(list)
    for access in standing.filter(user__aid_login__isnull=False).select_related("user__aid_login").order_by("pk"):
        found[access.holder_id].append(access)
    return found


def _is_told(account: AidAccount, access: AidAccess) -> bool:
    """Nobody writes to who died."""
    return account.end_reason != AidAccount.End.DEATH or access.role != AidAccess.Role.BENEFICIARY


def _ending(right: MonthlyRight, today: date) -> str:
    left = hours(right.account.balance.minutes)
    return f"{month_title(right.month)} : {left}, à utiliser jusqu’au {date_long(right.until, today)} inclus."
