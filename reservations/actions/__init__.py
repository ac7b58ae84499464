"""Every write of reservations that has a rule; the families' own stand here, the others in their rooms."""

from reservations.actions.cancelling import cancel_booking, cancel_bookings
from reservations.actions.card_checkout import pay_by_card
from reservations.actions.carts import choose_days, empty_cart, remove_lines
from reservations.actions.checkout import confirm_cart
from reservations.actions.days.sessions import refresh_sessions
from reservations.actions.debits import debit_the_day
from reservations.actions.telling.reminders import remind_low_balances

__all__ = [
    "cancel_booking",
    "cancel_bookings",
    "choose_days",
    "confirm_cart",
    "debit_the_day",
    "empty_cart",
    "pay_by_card",
    "refresh_sessions",
    "remind_low_balances",
    "remove_lines",
]
