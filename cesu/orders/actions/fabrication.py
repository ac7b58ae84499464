"""Orders are made: debited, their titles numbered, e-CESU credited, the printer's file written.

Each step is a short transaction that a crash undoes whole and that the next run takes up again: two workers, a second
run or a kill at any statement change nothing but the time. Locks: order → numbering → accounts.
"""

import logging

from django.db import connection
from django.utils import timezone

from cesu.models import Fabrication, Numbering, VoucherLine, VoucherOrder
from cesu.orders.actions import numbering
from cesu.orders.actions.ecesu import credit_lines
from cesu.orders.actions.employers import fees_account, titles_account, vat_account
from cesu.orders.emails import people as emails
from cesu.orders.reads.delivery import overdue, postponed
from cesu.rules.vouchers import ends_on, first_number, vintage_of
from common.background.waking import wake
from common.values.dates import date_numeric
from common.writing.states import move
from common.writing.transactions import outermost
from wallet.actions import Move, NotEnough, post
from wallet.models import Operation

log = logging.getLogger(__name__)
CHUNK = 50_000  # titles a transaction
LINES = 2_000  # lines a transaction
Status = VoucherOrder.Status


def wake_fabrication() -> None:
    """Have what is due made soon; called after a commit."""
    wake("cesu.tasks.fabricate")


def make_due() -> dict[str, int]:
    """Start every order that can be paid for, the oldest first, and make those that were started; count both.

    One order's trouble never keeps the others waiting.
    """
    taken = VoucherOrder.objects.filter(status=Status.TAKEN).order_by("placed_at", "pk").values_list("pk", flat=True)
    started = sum(_tried(start_order, pk) for pk in list(taken))
    going = VoucherOrder.objects.filter(status=Status.MAKING, made_at=None).order_by("placed_at", "pk")
    made = sum(_tried(make, pk) for pk in list(going.values_list("pk", flat=True)))
    return {"started": started, "made": made}


def _tried(step, pk: int) -> bool:
    try:
        return step(pk)
    except Exception:  # whatever an order meets, the next ones are owed too
        log.exception("order %s: %s failed", pk, step.__name__)
        return False


def start_order(pk: int) -> bool:
    """Debit the employer's account and begin the fabrication; False when it is not to be started, or cannot be paid.

    Money that comes too late for the day of delivery puts it off to the first one possible.
    """
    try:
        return _start(pk)
    except NotEnough:
        return False


@outermost
def _start(pk: int) -> bool:
    order = _locked(pk)
    if order.status != Status.TAKEN:
        return False
    now = timezone.now()
    operation = post(
        Operation.Kind.CESU_ORDER, _debit(order), actor=order.by, label=f"Commande de CESU {order.number}", at=now
    )
    today = timezone.localdate()
    move(order, Status.MAKING, making_at=now, operation=operation, **postponed(order, today))
    Fabrication.objects.create(order=order, vintage=vintage_of(today), started_at=now)
    return True


def _debit(order: VoucherOrder) -> list[Move]:
    source, employer = order.employer.account_id, order.employer
    parts = {
        "titles": (titles_account(employer).pk, order.face_cents),
        "fees": (fees_account().pk, order.fee_cents + order.shipping_cents),
        "vat": (vat_account().pk, order.vat_cents),
    }
    return [
        Move(source, target, cents, f"cesu-order:{order.pk}:{part}") for part, (target, cents) in parts.items() if cents
    ]


def _locked(pk: int) -> VoucherOrder:
    orders = VoucherOrder.objects.select_related("employer", "by", "transport").locked()
    return orders.get(pk=pk)


def make(pk: int) -> bool:
    """Make all that is left of a started order; return whether this run finished it."""
    while _make_some(pk):
        pass
    return _finish(pk)


@outermost
def _make_some(pk: int) -> bool:
    """Make some lines more; False when none is left."""
    order = _locked(pk)
    fabrication = Fabrication.objects.get(order=order)
    return order.made_at is None and (_make_paper(order, fabrication) or credit_lines(order, fabrication, LINES))


def _make_paper(order: VoucherOrder, fabrication: Fabrication) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, {"order": order.pk, "lines": LINES, "chunk": CHUNK})
        lines, titles = cursor.fetchone()
        if not lines:
            return False
        taken = numbering.take(Numbering.Kind.VOUCHER, fabrication.vintage, titles)
        first = first_number(fabrication.vintage) + taken
        cursor.execute(_MAKE, {"lines": lines, "first": first})
        VoucherLine.objects.filter(pk__in=lines).update(made_at=timezone.now())
    fabrication.vouchers += titles
    fabrication.save(update_fields=["vouchers"])
    return True


# The next lines on paper, as many as a transaction takes: their pks in order, and how many titles they are.
_CHOSEN = """
    SELECT array_agg(id ORDER BY id), sum(titles) FROM (
        SELECT id, titles, sum(titles) OVER (ORDER BY id) - titles AS before
        FROM (
            SELECT id, booklets * vouchers AS titles FROM cesu_voucherline
            WHERE order_id = %(order)s AND made_at IS NULL AND form = 'paper' ORDER BY id LIMIT %(lines)s
        ) AS next
    ) AS numbered WHERE before < %(chunk)s
"""
# Numbers run on within a booklet, and from a booklet to the next.
_MAKE = """
    INSERT INTO cesu_voucher (number, line_id, booklet)
    SELECT %(first)s::bigint + before + (booklet - 1) * vouchers + rank, line.id, booklet
    FROM (
        SELECT id, booklets, vouchers, sum(booklets * vouchers) OVER (ORDER BY id) - booklets * vouchers AS before
        FROM cesu_voucherline WHERE id = ANY(%(lines)s::bigint[])
    ) AS line, generate_series(1, booklets) AS booklet, generate_series(1, vouchers) AS rank
"""


@outermost
def _finish(pk: int) -> bool:
    """Write the printer's file and tell the manager when the order arrives (S0-72), once."""
    order = _locked(pk)
    if order.made_at or order.lines.filter(made_at=None).exists():
        return False
    now, fabrication = timezone.now(), Fabrication.objects.get(order=order)
    if fabrication.vouchers:
        _write_file(fabrication)
    Fabrication.objects.filter(pk=fabrication.pk).update(finished_at=now)
    _update(order, made_at=now, **overdue(order, timezone.localdate()))
    if not fabrication.vouchers:
        move(order, Status.DELIVERED, delivered_at=now)
    emails.order_made(order)
    return True


def _update(order: VoucherOrder, **fields) -> None:
    for name, value in fields.items():
        setattr(order, name, value)
    order.save(update_fields=list(fields))


def _write_file(fabrication: Fabrication) -> None:
    """Join the file in the database, a line a booklet: its bytes never pass through this process."""
    header = "carnet;premier titre;dernier titre;valeur faciale;catégorie;nom;prénom;matricule;point de livraison;valable jusqu’au"
    end = date_numeric(ends_on(fabrication.vintage))
    with connection.cursor() as cursor:
        cursor.execute(_FILE, {"header": header, "end": end, "order": fabrication.order_id})


_FILE = r"""
    UPDATE cesu_fabrication SET file = convert_to(%(header)s::text || E'\r\n' || (
        SELECT string_agg(concat_ws(';',
            booklet, lpad(first::text, 12, '0'), lpad(last::text, 12, '0'), replace((face_cents / 100.0)::numeric(9, 2)::text, '.', ','),
            line.category, quote.last_name, quote.first_name, quote.employee_number, quote.delivery_point, %(end)s::text
        ) || E'\r\n', '' ORDER BY first)
        FROM (
            SELECT line_id, booklet, min(number) AS first, max(number) AS last
            FROM cesu_voucher WHERE line_id IN (SELECT id FROM cesu_voucherline WHERE order_id = %(order)s)
            GROUP BY line_id, booklet
        ) AS booklets
        JOIN cesu_voucherline line ON line.id = line_id
        JOIN cesu_beneficiary beneficiary ON beneficiary.id = line.beneficiary_id
        JOIN cesu_cesuholder holder ON holder.id = beneficiary.holder_id,
        LATERAL (SELECT
            '"' || replace(holder.last_name, '"', '""') || '"' AS last_name,
            '"' || replace(holder.first_name, '"', '""') || '"' AS first_name,
            '"' || replace(beneficiary.employee_number, '"', '""') || '"' AS employee_number,
            '"' || replace(beneficiary.delivery_point, '"', '""') || '"' AS delivery_point
        ) AS quote
    ), 'UTF8')
    WHERE order_id = %(order)s
"""
