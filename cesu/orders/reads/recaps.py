"""« récapitulatif »: what an order comes to, line by line alike, with fees and VAT, as it is shown and as it is placed."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256

from django.db.models import Count, Q, Sum

from cesu.models import Contract, Terms, VoucherOrder, issuer
from cesu.models.orders import LINE_CENTS, SHARE_CENTS
from cesu.models.people import Category, Form
from cesu.orders.reads.contracts import contract_of
from cesu.orders.reads.delivery import delivery_fault
from cesu.orders.reads.drafts import Excess, Totals, bounds, excesses, lines_of, totals_of
from cesu.rules.orders import Price, against, price_of
from common.values.money import euros

NAMED = 20  # people named in a refusal
ALIKE = ("form", "category", "vouchers", "face_cents", "share")


@dataclass(frozen=True)
class Group:
    """Lines of an order that are alike."""

    form: str
    category: str
    vouchers: int
    face_cents: int
    share: int
    people: int
    count: int
    cents: int
    share_cents: int

    def __str__(self):
        made = f"{self.count} carnet{'s' if self.count > 1 else ''} de {self.vouchers} titre{'s' if self.vouchers > 1 else ''}"
        worth = f"{made} de {euros(self.face_cents)}, part patronale {self.share} %"
        return f"{worth} ({self.form_label}, {self.category_label})\u00a0: {euros(self.cents)}"

    @property
    def form_label(self) -> str:
        return Form(self.form).label

    @property
    def category_label(self) -> str:
        return Category(self.category).label


@dataclass(frozen=True)
class Steps:
    """The life of an order as people read it; ``current`` counts from 1, past the last one when all is done."""

    names: list[str]
    current: int


def steps_of(order: VoucherOrder) -> Steps:
    """prise en charge → en fabrication → expédiée → livrée; e-CESU alone are not shipped."""
    it = VoucherOrder.Status
    states = [it.TAKEN, it.MAKING, *([it.SHIPPED] if order.transport_id else []), it.DELIVERED]
    reached = states.index(order.status) + 1 if order.status in states else 1
    return Steps([state.label for state in states], reached + (order.status == it.DELIVERED))


def groups_of(order: VoucherOrder) -> list[Group]:
    """The lines of an order, those alike together."""
    rows = lines_of(order).asked().values(*ALIKE).order_by(*ALIKE)
    rows = rows.annotate(
        people=Count("beneficiary", distinct=True),
        count=Sum("booklets"),
        cents=Sum(LINE_CENTS),
        share_cents=Sum(SHARE_CENTS),
    )
    return [Group(**row) for row in rows]


def current_terms(today: date) -> Terms | None:
    """The terms of sale that an order placed today accepts."""
    return Terms.objects.filter(published_on__lte=today).first()


@dataclass
class Recap:
    """A draft as it would be placed today; all amounts in cents."""

    order: VoucherOrder
    today: date

    @cached_property
    def totals(self) -> Totals:
        return totals_of(self.order)

    @cached_property
    def groups(self) -> list[Group]:
        return groups_of(self.order)

    @cached_property
    def excesses(self) -> list[Excess]:
        return excesses(self.order, self.today)

    @cached_property
    def contract(self) -> Contract:
        return contract_of(self.order.employer)

    @cached_property
    def terms(self) -> Terms | None:
        return current_terms(self.today)

    @property
    def travels(self) -> bool:
        """Whether something is delivered: e-CESU alone are not."""
        return bool(self.totals.paper_lines)

    @cached_property
    def price(self) -> Price:
        """The price by the employer's contract in force."""
        return price_of(
            self.totals.cents,
            fee_rate=self.contract.fee_rate,
            min_fee=self.contract.min_fee_cents,
            shipping=self.order.transport.cents if self.travels and self.order.transport else 0,
            vat_rate=issuer().vat_rate,
        )

    def reasons(self) -> list[str]:
        """Why it cannot be placed as it is, all at once."""
        return self._against_lines() + (self._against_delivery() if self.travels else [])

    def _against_lines(self) -> list[str]:
        limits = bounds()
        fits = Q(booklets__lte=limits.max_booklets, vouchers__lte=limits.max_vouchers)
        fits &= Q(face_cents__gte=limits.min_face, face_cents__lte=limits.max_face)
        fits &= Q(form=Form.PAPER) | Q(beneficiary__form=Form.ELECTRONIC)
        wrong = lines_of(self.order).asked().exclude(fits).alphabetical()[:NAMED]
        return [
            f"{line.beneficiary}\u00a0: {sentence}"
            for line in wrong
            for sentence in against(vars(line), limits, line.beneficiary.form == Form.ELECTRONIC).values()
        ]

    def _against_delivery(self) -> list[str]:
        transport, day = self.order.transport, self.order.delivery_on
        if transport is None or not transport.is_active:
            return ["Choisissez un mode de transport."]
        if day is None:
            return ["Choisissez la date de livraison dans le calendrier."]
        fault = delivery_fault(day, self.today, transport)
        return [fault] if fault else []

    def detail(self) -> str:
        """Names this very content, its price and terms: what a page showed is what is placed."""
        rows = lines_of(self.order).asked().order_by("beneficiary", "rank")
        lines = list(rows.values_list("beneficiary", "rank", "booklets", *ALIKE))
        delivery = (self.order.transport_id, self.order.delivery_on) if self.travels else ()
        version = self.terms and self.terms.version
        return sha256(repr((lines, delivery, self.price, version)).encode()).hexdigest()[:32]
