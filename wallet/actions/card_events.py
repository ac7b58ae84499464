"""What Stripe tells: stored once, answered at once, done afterwards by asking Stripe itself how things stand."""

import logging
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions import cards
from wallet.actions.card_returns import sync
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment, StripeEvent

log = logging.getLogger(__name__)
MAX_TRIES = 500  # every ten minutes: more than three days
REST = timedelta(minutes=1)  # a fresh event has its own task
FOLLOWED = ("checkout.session.", "charge.refund", "charge.dispute.", "refund.")


def store(event: gateway.Event) -> bool:
    """Keep an event, once; return whether it is new and asks for something. What makes no sense is set aside."""
    known = {"type": event.type, "target": event.target, "intent": event.intent}
    if event.flaw:
        log.error("event %s of Stripe is set aside: %s", event.id, event.flaw)
        StripeEvent.objects.get_or_create(pk=event.id, defaults=known | {"is_set_aside": True, "error": event.flaw})
        return False
    return event.type.startswith(FOLLOWED) and StripeEvent.objects.get_or_create(pk=event.id, defaults=known)[1]


def handle(pk: str) -> None:
    """Do what a stored event asks for. Twice is once: nothing in it is believed, Stripe is asked anew."""
    event = StripeEvent.objects.filter(pk=pk, handled_at=None, is_set_aside=False).first()
    if event is None:
        return
    try:
        done, error = _follow(event), ""
    except gateway.CardsUnavailable:
        done, error = False, "Stripe ne répond pas"
    except Exception as fault:  # whatever this one meets, it is owed still, and the others too
        log.exception("event %s of Stripe cannot be handled", pk)
        done, error = False, repr(fault)[:200]
    StripeEvent.objects.filter(pk=pk).update(
        tries=F("tries") + 1,
        error=error or ("" if done else "Son paiement n’est pas du portail"),
        handled_at=timezone.now() if done else None,
        is_set_aside=not done and event.tries + 1 >= MAX_TRIES,
    )


def _follow(event: StripeEvent) -> bool:
    """Return whether the event found its payment: a refund may be told before the payment it gives back."""
    payment = _payment(event)
    if payment is None:
        return False
    if event.type.startswith("checkout.session."):
        cards.fulfil(payment)
    else:
        sync(payment)
    return True


def _payment(event: StripeEvent) -> CardPayment | None:
    if event.type.startswith("checkout.session."):
        return CardPayment.objects.filter(session=event.target).first()
    return CardPayment.objects.filter(intent=event.intent).first() if event.intent else None


def looking(event: StripeEvent) -> str:
    """The purpose of the key that says that an event was looked at."""
    return f"stripe-event:{event.pk}"


@outermost
def looked_at(*, agent: User, event: StripeEvent, key: str) -> StripeEvent:
    """Note that an agent looked at an event that was set aside; a second click changes nothing. Raise StalePage."""
    once = claim_key(key, agent.owner, looking(event))
    if once.answer is None:
        StripeEvent.objects.to_check().filter(pk=event.pk).update(handled_at=timezone.now())
        once.remember({"event": event.pk})
    return event


def handle_owed() -> int:
    """Take again the events that were stored but not done; return how many."""
    owed = StripeEvent.objects.filter(
        handled_at=None, received_at__lt=timezone.now() - REST, is_set_aside=False
    ).values_list("pk", flat=True)[:1000]
    for pk in owed:
        handle(pk)
    return len(owed)
