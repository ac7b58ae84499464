"""A funder's month: 50,000 rights credited, then a file of 50,000 transfers, each in a process of its own."""

import time
from datetime import date
from multiprocessing import get_context

from django.db import connection
from django.utils import timezone

from tests.bench import jobs

RIGHTS, CHUNK = 50_000, 5000
SECONDS, MEGABYTES = 30, 400
MINUTES, CENTS = 600, 4808


def report(hamlet: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break, on a copy of the hamlet."""
    from cesu.models import AidTransferBatch, MonthlyRight
    from tests.bench import databases

    databases.copy_of(hamlet)
    _people()
    done = {"monthly credit": _alone(_credit)}
    if (rights := MonthlyRight.objects.filter(granted_minutes=MINUTES).count()) != RIGHTS:
        raise SystemExit(f"{rights} rights were credited, of {RIGHTS}.")
    databases.require_exact_ledger()
    _payments()
    done["file of transfers"] = _alone(_transfer)
    if (sent := AidTransferBatch.objects.get().count) != RIGHTS:
        raise SystemExit(f"{sent} transfers were sent, of {RIGHTS}.")
    databases.require_exact_ledger()
    lines = [f"{what} of {RIGHTS:,}: {seconds:.1f} s, {size:.0f} MB" for what, (seconds, size) in done.items()]
    found = [
        (what, is_, limit, unit)
        for what, (seconds, size) in done.items()
        for is_, limit, unit in ((seconds, SECONDS, "s"), (size, MEGABYTES, "MB"))
    ]
    broken = [f"{what}: {is_:.1f} {unit}, at most {limit}" for what, is_, limit, unit in found if is_ > limit]
    return "\n".join(["\nThe aid of a funder:", *lines]), broken


def _alone(work) -> tuple[float, float]:
    with get_context("spawn").Pool(1, initializer=jobs.set_up) as pool:
        return pool.apply(_measured, (work.__name__,))


def _measured(work: str) -> tuple[float, float]:
    """(seconds, peak of memory in MB) of a job of this module."""
    from tests.bench import databases

    databases.use(databases.COPY)
    start = time.perf_counter()
    globals()[work]()
    return time.perf_counter() - start, jobs.peak()


def _credit() -> None:
    from cesu.aid.actions.rights.plans import credit_month

    credit_month(timezone.localdate())


def _transfer() -> None:
    from cesu.aid.actions.transfers import prepare_transfers

    prepare_transfers(timezone.localdate())


def _people() -> None:
    """As many people with a plan as rights, and a caregiver each."""
    from tests.factories.aid import funder_with

    funder = funder_with()
    with connection.cursor() as cursor:
        for first in range(0, RIGHTS, CHUNK):
            cursor.execute(_PEOPLE, [first, first + CHUNK - 1, funder.pk, date(2020, 1, 1), MINUTES])
            cursor.execute(_CAREGIVERS, [date(1980, 1, 1), date(2020, 1, 1), first, first + CHUNK - 1])
            cursor.execute("ANALYZE")  # a foreign key checked as in an empty table reads all of it


_PEOPLE = """
    WITH holder AS (
        INSERT INTO cesu_cesuholder (code, first_name, last_name, birth_date, contact_email, contact_phone)
        SELECT lpad((90000000 - n)::text, 8, '0'), 'Odette', 'Lacoste' || n, '1938-05-14', '', ''
        FROM generate_series(%s, %s) AS n RETURNING id
    ), account AS (
        INSERT INTO cesu_aidaccount (holder_id, kind, funder_id, end_reason)
        SELECT id, 'apa', %s, '' FROM holder RETURNING id
    )
    INSERT INTO cesu_aidplan (aid_account_id, since, minutes, created_at) SELECT id, %s, %s, now() FROM account
"""
_CAREGIVERS = """
    WITH caregiver AS (
        INSERT INTO cesu_caregiver
            (kind, nan, last_name, first_name, birth_date, email, account_holder, iban, bic, affiliated_on)
        SELECT 'person', lpad(n::text, 7, '0') || '*1', 'Besson' || n, 'Fatima', %s, '', 'Mme Fatima BESSON ' || n,
               'FR7630006000011234567890189', 'AGRIFRPPXXX', %s
        FROM generate_series(%s, %s) AS n RETURNING id
    )
    INSERT INTO wallet_account (kind, code) SELECT 'caregiver', 'caregiver:' || id FROM caregiver
"""


def _payments() -> None:
    """Each person has paid all the month's hours to their caregiver."""
    from tests.factories.aid import aid_user

    by = aid_user().pk
    with connection.cursor() as cursor:
        for first in range(0, RIGHTS, CHUNK):
            cursor.execute(_PAYMENTS, [first, first + CHUNK, by, timezone.localdate()])
            cursor.execute("ANALYZE")


# One operation for each payment, as the pages post them.
_PAYMENTS = """
    WITH due AS MATERIALIZED (
        SELECT monthly.id AS monthly, monthly.account_id, monthly.aid_account_id, caregiver.id AS caregiver, owed.id AS owed,
               granted_minutes AS minutes, granted_cents::int AS cents, gen_random_uuid() AS reference,
               nextval(pg_get_serial_sequence('wallet_operation', 'id')) AS operation
        FROM (SELECT *, row_number() OVER (ORDER BY id) AS rank FROM cesu_monthlyright) AS monthly
        JOIN (SELECT *, row_number() OVER (ORDER BY id) AS rank FROM cesu_caregiver) AS caregiver USING (rank)
        JOIN wallet_account owed ON owed.kind = 'caregiver' AND owed.code = 'caregiver:' || caregiver.id
        WHERE rank > %s AND rank <= %s
    ), operation AS (
        INSERT INTO wallet_operation (id, kind, label, at, created_at)
        SELECT operation, 'aid_payment', 'Paiement d’un intervenant', now(), now() FROM due
    ), transfer AS (
        INSERT INTO wallet_transfer (operation_id, source_id, target_id, cents, minutes, reference, label)
        SELECT operation, account_id, owed, cents, minutes, 'aid:' || reference, '' FROM due
    ), payment AS (
        INSERT INTO cesu_aidpayment (reference, aid_account_id, caregiver_id, by_id, status, minutes, cents, complement_cents,
            fee_cents, created_at, confirmed_at, credited_by, operation_id, account_holder, iban, bic, reject_code)
        SELECT reference, aid_account_id, caregiver, %s, 'confirmed', minutes, cents, 0, 0, now(), now(), %s, operation,
               '', '', '', '' FROM due
        RETURNING id, operation_id
    )
    INSERT INTO cesu_aidpaymentline (payment_id, right_id, minutes, cents)
    SELECT payment.id, monthly, minutes, cents FROM payment JOIN due ON due.operation = payment.operation_id
"""
