"""Holders are told 60, 30 and 7 days ahead that what they have ends, once each."""

from datetime import date

from django.db import connection, transaction
from django.utils import timezone

from cesu.models import Beneficiary
from cesu.orders.emails import people as emails
from cesu.rules.vouchers import ends_on, first_number, tier_of


def warn_holders(today: date) -> dict[str, int]:
    """Tell those whose titles or e-CESU of the vintage that ends next are near their end; return how many.

    A missed night is made up for the next; the row of each warning makes it single. Who has no email is not told.
    """
    vintage = today.year - 1 if today <= ends_on(today.year - 1) else today.year
    end = ends_on(vintage)
    tier = tier_of((end - today).days)
    return {"told": _warn(vintage, end, tier) if tier else 0}


@transaction.atomic
def _warn(vintage: int, end: date, tier: int) -> int:
    first = first_number(vintage)
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "vintage": vintage,
                "days": tier,
                "now": timezone.now(),
                "first": first,
                "last": first_number(vintage + 1),
                "end": end,
            },
        )
        told = [pk for (pk,) in cursor.fetchall()]
    emails.titles_ending(Beneficiary.objects.filter(pk__in=told).select_related("holder", "employer"), end)
    return len(told)


# Who has paper of the vintage that was not stopped, or e-CESU left that end that day.
_NOTE = """
    INSERT INTO cesu_expirynotice (beneficiary_id, vintage, days, at)
    SELECT beneficiary.id, %(vintage)s, %(days)s, %(now)s
    FROM cesu_beneficiary beneficiary
    WHERE email <> '' AND (
        EXISTS (
            SELECT FROM cesu_voucherline line JOIN cesu_voucher voucher ON voucher.line_id = line.id
            WHERE line.beneficiary_id = beneficiary.id AND voucher.opposition_id IS NULL
              AND voucher.number > %(first)s AND voucher.number <= %(last)s
        ) OR EXISTS (
            SELECT FROM cesu_aidaccount aid
            JOIN cesu_monthlyright owed ON owed.aid_account_id = aid.id AND owed.expires_on = %(end)s
            JOIN wallet_balance balance ON balance.account_id = owed.account_id AND balance.cents > 0
            WHERE aid.holder_id = beneficiary.holder_id AND aid.kind = 'ecesu'
        )
    )
    ORDER BY beneficiary.id
    ON CONFLICT DO NOTHING
    RETURNING beneficiary_id
"""
