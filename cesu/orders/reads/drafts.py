"""The order that a manager fills, read: its lines page by page, its totals, who passes the ceiling."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Paginator
from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import Coalesce

from cesu.models import Ceiling, VoucherLine, VoucherOrder, issuer
from cesu.models.alphabet import bare, bare_sql
from cesu.models.orders import LINE_CENTS, LINE_TITLES, SHARE_CENTS
from cesu.models.people import Form
from cesu.rules.orders import Bounds
from common.values.money import euros

LINES_A_PAGE = 50
TOLD = 50  # people named in a warning


def bounds() -> Bounds:
    """What the issuer makes."""
    it = issuer()
    return Bounds(it.max_booklets, it.max_vouchers, it.min_face_cents, it.max_face_cents)


def lines_of(order: VoucherOrder) -> QuerySet[VoucherLine]:
    """The lines of an order; those of a draft without the people who left meanwhile."""
    lines = VoucherLine.objects.filter(order=order)
    return lines.current() if order.status == VoucherOrder.Status.DRAFT else lines


def found(lines: QuerySet[VoucherLine], words: str) -> QuerySet[VoucherLine]:
    """Those of people whose name or employee number holds every word, accents aside."""
    lines = lines.annotate(
        last=bare_sql("beneficiary__holder__last_name"), first=bare_sql("beneficiary__holder__first_name")
    )
    for word in bare(words).split()[:5]:
        number = Q(beneficiary__employee_number__icontains=word)
        lines = lines.filter(Q(last__contains=word) | Q(first__contains=word) | number)
    return lines


def page_of(lines: QuerySet[VoucherLine], number: str | int, words: str = ""):
    """A page of lines in alphabetical order, each with ``cents`` of its own and of its person's lines together."""
    whole = {"partition_by": F("beneficiary")}
    rows = lines.alphabetical().annotate(
        person_lines=Window(Count("pk"), **whole),
        person_cents=Window(Sum(LINE_CENTS), **whole),
    )
    return Paginator(found(rows, words) if words else rows, LINES_A_PAGE).get_page(number)


@dataclass(frozen=True)
class Totals:
    """What an order comes to; amounts in cents."""

    cents: int
    share_cents: int
    people: int
    booklet_count: int
    title_count: int
    paper_lines: int

    @property
    def own(self) -> int:
        """What is left to the employees."""
        return self.cents - self.share_cents


def totals_of(order: VoucherOrder) -> Totals:
    """The totals of an order's lines, computed by the database."""
    sums = lines_of(order).asked().aggregate(
        cents=Coalesce(Sum(LINE_CENTS), 0, output_field=BigIntegerField()),
        share_cents=Coalesce(Sum(SHARE_CENTS), 0, output_field=BigIntegerField()),
        people=Count("beneficiary", distinct=True),
        booklet_count=Coalesce(Sum("booklets"), 0),
        title_count=Coalesce(Sum(LINE_TITLES), 0, output_field=BigIntegerField()),
        paper_lines=Count("pk", filter=Q(form=Form.PAPER)),
    )  # fmt: skip
    return Totals(**sums)


@dataclass(frozen=True)
class Excess:
    """Somebody whose employer share of a year passes the ceiling; amounts in cents."""

    name: str
    year: int
    cents: int
    ceiling: int

    def __str__(self):
        given = f"{euros(self.cents)} de part patronale en {self.year}"
        return f"{self.name}\u00a0: {given}, plafond {euros(self.ceiling)}"


def excesses(order: VoucherOrder, day: date) -> list[Excess]:
    """Who passes the year's ceiling with this order: warned of, not forbidden. Counted by the date of the orders."""
    ceiling = Ceiling.objects.filter(year=day.year).first()
    if ceiling is None:
        return []
    before = VoucherOrder.objects.counted().filter(employer=order.employer_id, placed_at__year=day.year)
    lines = VoucherLine.objects.filter(Q(order=order) | Q(order__in=before)).current().asked()
    name = ("beneficiary__holder__last_name", "beneficiary__holder__first_name")
    rows = (
        lines.values("beneficiary", *name)
        .annotate(cents=Sum(SHARE_CENTS), here=Count("pk", filter=Q(order=order)))
        .filter(cents__gt=ceiling.cents, here__gt=0)
        .order_by(*map(bare_sql, name), "beneficiary")
    )
    return [Excess(" ".join(row[part] for part in name), day.year, row["cents"], ceiling.cents) for row in rows]
