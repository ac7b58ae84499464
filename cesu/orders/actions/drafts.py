"""The order that a manager fills: begun, saved at every move, recalled from the last one, given up."""

from collections import Counter

from django.db import connection
from django.db.models import Max

from accounts.models import User
from cesu.access import manager_of
from cesu.models import Beneficiary, VoucherLine, VoucherOrder
from cesu.models.people import Form
from cesu.rules.orders import LINES_PER_PERSON, ChangedSince, NoDraft, TooManyLines
from common.writing.once import claim_key
from common.writing.transactions import outermost

IMPORT = "import-voucher-lines"  # the purpose of an import's key
FIELDS = ("category", "form", "booklets", "vouchers", "face_cents", "share")


def lock_draft(user: User) -> VoucherOrder:
    """The manager's draft, locked; raise NoDraft when there is none."""
    draft = VoucherOrder.objects.draft_of(user).locked().first()
    if draft is None:
        raise NoDraft
    return draft


@outermost
def start_draft(*, user: User) -> VoucherOrder:
    """Begin an order, or go on with the one begun: a line for each current beneficiary, none for those archived."""
    employer = manager_of(user).employer
    VoucherOrder.objects.bulk_create([VoucherOrder(employer=employer, by=user)], ignore_conflicts=True)
    draft = lock_draft(user)
    _complete(draft)
    return draft


@outermost
def save_draft(*, user: User, lines: dict[int, dict], delivery: dict) -> None:
    """Write what was typed: ``lines`` by pk with the fields of ``FIELDS``, ``delivery``: transport, delivery_on.

    A line that is not the draft's own any more is passed over. Raise NoDraft.
    """
    draft = lock_draft(user)
    rows = list(VoucherLine.objects.filter(order=draft, pk__in=lines))
    for row in rows:
        for name, value in lines[row.pk].items():
            setattr(row, name, value)
    VoucherLine.objects.bulk_update(rows, FIELDS)
    for name, value in delivery.items():
        setattr(draft, name, value)
    draft.save(update_fields=delivery.keys())


@outermost
def add_line(*, user: User, pk: int) -> VoucherLine:
    """« + »: one more line for the beneficiary of a line, like it but without booklets (S0-57)."""
    draft = lock_draft(user)
    line = VoucherLine.objects.get(order=draft, pk=pk)
    others = VoucherLine.objects.filter(order=draft, beneficiary=line.beneficiary_id)
    if others.count() >= LINES_PER_PERSON:
        raise TooManyLines
    same = {name: getattr(line, name) for name in FIELDS if name != "booklets"}
    rank = others.aggregate(last=Max("rank"))["last"] + 1
    return VoucherLine.objects.create(order=draft, beneficiary_id=line.beneficiary_id, rank=rank, **same)


@outermost
def remove_line(*, user: User, pk: int) -> None:
    """« − »: take away a line that was added; a beneficiary's first one stays."""
    VoucherLine.objects.filter(order=lock_draft(user), pk=pk, rank__gt=1).delete()


@outermost
def recall_last(*, user: User) -> bool:
    """« rappeler votre dernière commande »: its quantities and characteristics, whoever placed it; False without one.

    What was typed gives way to them. Nobody who chose paper since gets e-CESU.
    """
    draft = lock_draft(user)
    last = VoucherOrder.objects.counted().filter(employer=draft.employer_id).order_by("-placed_at", "-pk").first()
    if last is None:
        return False
    _run("DELETE FROM cesu_voucherline WHERE order_id = %s", draft.pk)
    _run(_COPY, draft.pk, Form.PAPER, last.pk)
    _complete(draft)
    draft.transport = last.transport if last.transport and last.transport.is_active else None
    draft.save(update_fields=["transport"])
    return True


@outermost
def import_lines(*, user: User, lines: list[list], key: str) -> dict:
    """Put the lines of a file into the draft: a pk of a beneficiary, then ``FIELDS``; return {"lines": how many}.

    They replace all lines of their people, the others stay. All or nothing, once a key. Raise NoDraft, ChangedSince and
    StalePage.
    """
    once = claim_key(key, user.owner, IMPORT)
    if once.answer:
        return once.answer
    draft, ranks = lock_draft(user), Counter()
    people = Beneficiary.objects.current().filter(employer=draft.employer_id, pk__in={line[0] for line in lines})
    forms = dict(people.values_list("pk", "form"))
    rows = []
    for pk, *values in lines:
        ranks[pk] += 1
        rows.append(
            VoucherLine(order=draft, beneficiary_id=pk, rank=ranks[pk], **dict(zip(FIELDS, values, strict=True)))
        )
        if pk not in forms or (rows[-1].form == Form.ELECTRONIC != forms[pk]):
            raise ChangedSince
    _run("DELETE FROM cesu_voucherline WHERE order_id = %s AND beneficiary_id = ANY(%s)", draft.pk, list(forms))
    VoucherLine.objects.bulk_create(rows, batch_size=1000)
    return once.remember({"lines": len(rows)})


@outermost
def abandon_draft(*, user: User) -> None:
    """« Abandonner le brouillon »: it is gone with its lines. Nothing happens when it is gone already."""
    for draft in VoucherOrder.objects.draft_of(user).select_for_update(of=("self",)):
        _run("DELETE FROM cesu_voucherline WHERE order_id = %s", draft.pk)
        draft.delete()


def hold_people(order: VoucherOrder) -> None:
    """Keep those for whom the order asks something as they are until the transaction ends: who archives them waits."""
    _run(_HOLD, order.pk)


def drop_empty(order: VoucherOrder) -> None:
    """Leave the lines that order something for people who are still there. The caller's transaction."""
    _run(_EMPTY, order.pk)


def _complete(draft: VoucherOrder) -> None:
    _run(_LEFT, draft.pk)
    _run(_FILL, draft.pk, draft.employer_id, draft.pk)


def _run(statement: str, *parameters) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


_LEFT = """
    DELETE FROM cesu_voucherline line USING cesu_beneficiary person
    WHERE line.order_id = %s AND person.id = line.beneficiary_id AND person.archived_at IS NOT NULL
"""
_HOLD = """
    SELECT FROM cesu_beneficiary
    WHERE id IN (SELECT beneficiary_id FROM cesu_voucherline WHERE order_id = %s AND booklets > 0)
    ORDER BY id FOR SHARE
"""
_EMPTY = """
    DELETE FROM cesu_voucherline line USING cesu_beneficiary person
    WHERE line.order_id = %s AND person.id = line.beneficiary_id
        AND (line.booklets = 0 OR person.archived_at IS NOT NULL)
"""
_FILL = """
    INSERT INTO cesu_voucherline
        (order_id, beneficiary_id, rank, category, form, booklets, vouchers, face_cents, share)
    SELECT %s, person.id, 1, person.category, person.form, 0,
        person.usual_vouchers, person.usual_face_cents, person.usual_share
    FROM cesu_beneficiary person
    WHERE person.employer_id = %s AND person.archived_at IS NULL AND NOT EXISTS (
        SELECT FROM cesu_voucherline line WHERE line.order_id = %s AND line.beneficiary_id = person.id
    )
"""
_COPY = """
    INSERT INTO cesu_voucherline
        (order_id, beneficiary_id, rank, category, form, booklets, vouchers, face_cents, share)
    SELECT %s, line.beneficiary_id, row_number() OVER (PARTITION BY line.beneficiary_id ORDER BY line.rank),
        line.category, CASE WHEN person.form = 'paper' THEN %s ELSE line.form END,
        line.booklets, line.vouchers, line.face_cents, line.share
    FROM cesu_voucherline line JOIN cesu_beneficiary person ON person.id = line.beneficiary_id
    WHERE line.order_id = %s AND person.archived_at IS NULL
"""
