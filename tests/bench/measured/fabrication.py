"""A million titles: the order of an employer for 10,000 people, ten booklets of ten each, and e-CESU for 1,000 more."""

import time
from multiprocessing import get_context

from django.db import transaction
from django.utils import timezone

from tests.bench import jobs

PAPER, ELECTRONIC, TITLES = 10_000, 1_000, 100
SECONDS, MEGABYTES = 60, 500


def report(hamlet: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break, on a copy of the hamlet."""
    from cesu.models import Voucher
    from tests.bench import databases

    databases.copy_of(hamlet)
    order = _order()
    with get_context("spawn").Pool(1, initializer=jobs.set_up) as pool:
        seconds, megabytes = pool.apply(_make, (order,))
    made = Voucher.objects.count()
    if made != PAPER * TITLES:
        raise SystemExit(f"{made} titles were made, of {PAPER * TITLES}.")
    databases.require_exact_ledger()
    told = f"\n{made:,} titles and {ELECTRONIC:,} e-CESU fabricated: {seconds:.1f} s, {megabytes:.0f} MB"
    found = [("s", seconds, SECONDS), ("MB", megabytes, MEGABYTES)]
    return told, [f"Fabrication: {is_:.1f} {what}, at most {limit}" for what, is_, limit in found if is_ > limit]


def _make(order: int) -> tuple[float, float]:
    """(seconds, peak of memory in MB) of the fabrication, in a process of its own."""
    from cesu.orders.actions.fabrication import make, start_order
    from tests.bench import databases

    databases.use(databases.COPY)
    start = time.perf_counter()
    if not (start_order(order) and make(order)):
        raise SystemExit("The order was not made.")
    return time.perf_counter() - start, jobs.peak()


@transaction.atomic
def _order() -> int:
    from cesu.models import Beneficiary, CesuHolder, VoucherLine, VoucherOrder
    from tests.factories.cesu import employer_with, placed

    employer, today = employer_with(10**12), timezone.localdate()
    order = placed(employer)
    order.lines.all().delete()
    everybody = range(PAPER + ELECTRONIC)
    holders = CesuHolder.objects.bulk_create(
        (CesuHolder(code=f"{n:08d}", first_name="Léa", last_name=f"Martin{n}") for n in everybody), batch_size=2000
    )
    people = Beneficiary.objects.bulk_create(
        (Beneficiary(employer=employer, holder=each, email=f"{each.code}@example.org") for each in holders),
        batch_size=2000,
    )
    usual = {"category": "all", "booklets": 10, "vouchers": TITLES // 10, "face_cents": 1500, "share": 100}
    VoucherLine.objects.bulk_create(
        (
            VoucherLine(order=order, beneficiary=each, form="paper" if n < PAPER else "e", **usual)
            for n, each in enumerate(people)
        ),
        batch_size=2000,
    )
    face = len(people) * TITLES * usual["face_cents"]
    total = face + order.fee_cents + order.shipping_cents + order.vat_cents
    VoucherOrder.objects.filter(pk=order.pk).update(face_cents=face, total_cents=total, delivery_on=today)
    return order.pk
