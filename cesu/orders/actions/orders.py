"""« Valider la commande »: what was shown is checked again, numbered, frozen and taken in charge."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cesu.models import Invoice, VoucherOrder, issuer
from cesu.orders.actions.drafts import drop_empty, hold_people, lock_draft
from cesu.orders.actions.fabrication import wake_fabrication
from cesu.orders.actions.numbering import new_invoice_number, new_order_number
from cesu.orders.emails.orders import order_taken
from cesu.orders.reads.recaps import Recap
from cesu.rules.orders import NoTerms, NothingOrdered, NotInvoiced, OrderChanged, OrderRefused, TermsNotAccepted
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost

PURPOSE = "place-voucher-order"


@outermost
def place_order(*, user: User, terms_version: str, means: str, key: str) -> dict:
    """Place the manager's draft; return {"order": number}. A second click gets the first answer.

    Raise NoDraft, NothingOrdered, NotInvoiced, NoTerms, TermsNotAccepted, OrderRefused (a line or the delivery is not possible any
    more), OrderChanged (not what the page showed) and StalePage: nothing is changed then. Afterwards only the Service
    Clients changes it (S0-71).
    """
    once = claim_key(key, user.owner, PURPOSE)
    if once.answer:
        return once.answer
    order = lock_draft(user)
    hold_people(order)
    recap = Recap(order, timezone.localdate())
    _check(recap, once.detail, terms_version)
    _take(recap, means)
    order_taken(order, map(str, recap.groups))
    transaction.on_commit(wake_fabrication, robust=True)
    return once.remember({"order": order.number})


def _check(recap: Recap, shown: str, terms_version: str) -> None:
    if not recap.totals.cents:
        raise NothingOrdered
    if reasons := recap.reasons():
        raise OrderRefused(*reasons)
    if issuer().missing:
        raise NotInvoiced
    if recap.terms is None:
        raise NoTerms
    if recap.detail() != shown:
        raise OrderChanged
    if terms_version != recap.terms.version:
        raise TermsNotAccepted


def _take(recap: Recap, means: str) -> None:
    order, price = recap.order, recap.price
    frozen = {"face_cents": price.face, "fee_cents": price.fee, "shipping_cents": price.shipping}
    frozen |= {"vat_cents": price.vat, "total_cents": price.total, "terms": recap.terms, "means": means}
    if not recap.travels:
        frozen |= {"transport": None, "delivery_on": None}
    drop_empty(order)
    frozen |= {"number": new_order_number(recap.today), "invoice": _invoice(recap)}
    move(order, VoucherOrder.Status.TAKEN, placed_at=timezone.now(), **frozen)


def _invoice(recap: Recap) -> Invoice:
    return Invoice.objects.create(
        number=new_invoice_number(recap.today),
        employer_id=recap.order.employer_id,
        issued_on=recap.today,
        cents=recap.price.total,
        due_on=recap.today + timedelta(recap.contract.payment_days),
    )
