"""Background work on card payments: what an event asks for, and what no event told."""

from celery import shared_task

from wallet.actions import card_events, card_returns, cards


@shared_task(time_limit=120)
def handle_event(event: str):
    """Do what an event of Stripe asks for; what fails is taken again by ``reconcile_cards``."""
    card_events.handle(event)


@shared_task(soft_time_limit=None, time_limit=590)
def reconcile_cards():
    """Ask Stripe about everything whose end is not known, every ten minutes."""
    card_events.handle_owed()
    cards.reconcile()
    card_returns.send_owed()
