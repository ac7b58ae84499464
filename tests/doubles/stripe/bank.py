"""What happens at Stripe: pages are opened, paid, closed; money goes back, payments are contested. Each is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.doubles.stripe import cards, shapes
from tests.doubles.stripe.clock import Clock
from tests.doubles.stripe.errors import ApiError
from tests.doubles.stripe.orders import Order
from tests.doubles.stripe.store import Store, Thing

DISPUTE_FEE = 2000  # cents
CLOSED = ("won", "lost", "warning_closed", "prevented")
AUTOMATIC = {"id": None, "idempotency_key": None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try with a card ended: « paid », « refused », « confirm » (the bank asks) or « closed »."""

    end: str
    sentence: str = ""


class Bank:
    """Everything that changes something. ``tell`` receives the events once what they tell of is written."""

    def __init__(self, store: Store, clock: Clock, pages: str, tell: Callable[[list[Thing]], None]):
        self.store, self.clock, self.pages, self.tell = store, clock, pages, tell
        self._events: list[Thing] = []
        self._request: Thing = AUTOMATIC

    @contextmanager
    def act(self, request: Thing | None = None) -> Iterator[None]:
        """All or nothing, one at a time; ``request``: the call that causes it, told in its events."""
        with self.store.lock:
            outermost = self.store.depth == 0
            if outermost:
                self._events, self._request = [], request or AUTOMATIC
            with self.store.transaction():
                yield
            if outermost:
                self.tell(self._events)

    def _say(self, type: str, thing: Thing, before: Thing | None = None) -> None:
        event = shapes.event(type, thing, before, self._request, self.clock.now())
        self._events.append(self.store.put(event))

    # --- Payment pages

    def open(self, order: Order) -> Thing:
        with self.act():
            session = shapes.session(order, self.clock.now(), self.pages)
            return self.store.put(
                session, label=order.label, metadata=order.intent_metadata, description=order.description
            )

    def session(self, id: str) -> Thing:
        """The page as it stands now: one whose time is over is closed."""
        with self.act():
            session = self.store.get("checkout.session", id, "session")
            over = session["expires_at"] <= self.clock.now()
            return self.close(id) if over and session["status"] == "open" else session

    def close(self, id: str) -> Thing:
        """The time of a page is over; one that ended already stays as it is."""
        with self.act():
            session = self.store.get("checkout.session", id, "session")
            if session["status"] != "open":
                return session
            session = self.store.put(session | {"status": "expired", "url": None})
            if session["payment_intent"]:
                intent = self.store.get("payment_intent", session["payment_intent"])
                ended = {"status": "canceled", "cancellation_reason": "automatic", "canceled_at": self.clock.now()}
                self._say("payment_intent.canceled", self.store.put(intent | ended | {"next_action": None}))
            self._say("checkout.session.expired", session)
            return session

    def expire(self, id: str) -> Thing:
        """Close a page that waits; raise the error of Stripe for any other."""
        with self.act():
            session = self.session(id)
            if session["status"] != "open":
                raise ApiError(
                    400,
                    'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a'
                    f" status of `{session['status']}`.",
                    begun=True,
                )
            return self.close(id)

    def sweep(self) -> None:
        """Close every page whose time is over."""
        over = "json_extract(body, '$.status') = 'open' and json_extract(body, '$.expires_at') <= ?"
        for session in self.store.matching("checkout.session", over, self.clock.now()):
            self.close(session["id"])

    # --- Cards

    def pay(self, session_id: str, number: str, confirmed: bool | None = None) -> Outcome:
        """Try a card, its number in digits; ``confirmed``: what the holder answered to their bank, if it asked."""
        card = cards.of(number)
        if card.code == "incorrect_number":
            return Outcome("refused", card.sentence)
        with self.act():
            session = self.session(session_id)
            if session["status"] != "open":
                return Outcome("closed")
            intent = self._intent(session)
            if card.challenge and confirmed is None:
                self._ask_bank(intent)
                return Outcome("confirm")
            if card.challenge and not confirmed:
                return self._fail(intent, "payment_intent_authentication_failure", "", NOT_CONFIRMED)
            charge = shapes.charge(intent, number, session["customer_email"], self.clock.now(), card.challenge)
            if card.code:
                return self._decline(intent, charge, card)
            self._take(session, intent, charge, card)
            return Outcome("paid")

    def _intent(self, session: Thing) -> Thing:
        """The payment of this page, born at the first try."""
        if session["payment_intent"]:
            return self.store.get("payment_intent", session["payment_intent"])
        hidden = self.store.hidden(session["id"])
        intent = shapes.intent(session, hidden["metadata"], hidden["description"], self.clock.now())
        self.store.put(session | {"payment_intent": intent["id"]})
        self._say("payment_intent.created", self.store.put(intent))
        return intent

    def _ask_bank(self, intent: Thing) -> None:
        asked = {"status": "requires_action", "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}}}
        self._say("payment_intent.requires_action", self.store.put(intent | asked))

    def _decline(self, intent: Thing, charge: Thing, card: cards.Card) -> Outcome:
        refused = {
            "amount_captured": 0,
            "balance_transaction": None,
            "captured": False,
            "failure_code": card.code,
            "failure_message": card.sentence,
            "outcome": shapes.outcome("issuer_declined", "declined_by_network", card.reason or card.code),
            "paid": False,
            "status": "failed",
        }
        charge = self.store.put(charge | refused)
        self._say("charge.failed", charge)
        return self._fail(intent | {"latest_charge": charge["id"]}, card.code, card.reason, card.sentence)

    def _fail(self, intent: Thing, code: str, reason: str, sentence: str) -> Outcome:
        error = shapes.card_error(code, reason, sentence, intent["latest_charge"])
        failed = {"status": "requires_payment_method", "next_action": None, "last_payment_error": error}
        self._say("payment_intent.payment_failed", self.store.put(intent | failed))
        return Outcome("refused", sentence)

    def _take(self, session: Thing, intent: Thing, charge: Thing, card: cards.Card) -> None:
        self.store.put(charge, card=card.number)
        self._say("charge.succeeded", charge)
        paid = {
            "amount_received": intent["amount"],
            "last_payment_error": None,
            "latest_charge": charge["id"],
            "next_action": None,
            "payment_method": charge["payment_method"],
            "status": "succeeded",
        }
        intent = self.store.put(intent | paid)
        self._say("payment_intent.succeeded", intent)
        done = {
            "customer_details": shapes.customer_details(session["customer_email"]),
            "payment_intent": intent["id"],
            "payment_status": "paid",
            "status": "complete",
            "url": None,
        }
        self._say("checkout.session.completed", self.store.put(session | done))
        if card.dispute:
            self.dispute(intent["id"], status=card.dispute)

    # --- Refunds

    def charge_of(self, intent_id: str) -> Thing:
        """The charge that took the money of a payment; raise the error of Stripe when none did."""
        intent = self.store.get("payment_intent", intent_id, "payment_intent")
        if intent["status"] != "succeeded":
            raise ApiError(
                400,
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
                code="payment_intent_unexpected_state",
                param="payment_intent",
                begun=True,
            )
        return self.store.get("charge", intent["latest_charge"])

    def refund(
        self, intent_id: str, cents: int | None = None, metadata: Thing | None = None, reason: str | None = None
    ) -> Thing:
        """Give money back, all that is left without ``cents``."""
        with self.act():
            charge = self.charge_of(intent_id)
            cents = self._refundable(charge, cents)
            status, *later = cards.of(self.store.hidden(charge["id"])["card"]).refund
            refund = shapes.refund(charge, cents, metadata or {}, reason, status, self.clock.now())
            self.store.put(refund, later=later)
            self._say("refund.created", refund)
            self._give_back(charge, cents)
            return refund

    def _refundable(self, charge: Thing, cents: int | None) -> int:
        left = charge["amount"] - charge["amount_refunded"]
        if left == 0:
            said = f"Charge {charge['id']} has already been refunded."
            raise ApiError(400, said, code="charge_already_refunded", begun=True)
        if charge["disputed"]:
            said = f"Charge {charge['id']} has been charged back; cannot issue a refund."
            raise ApiError(400, said, code="charge_disputed", begun=True)
        if cents is None:
            return left
        if cents < 1:
            raise ApiError(400, "Invalid positive integer", code="parameter_invalid_integer", param="amount")
        if cents > left:
            said = f"Refund amount (€{cents / 100:.2f}) is greater than unrefunded amount on charge (€{left / 100:.2f})"
            raise ApiError(400, said, param="amount", begun=True)
        return cents

    def _give_back(self, charge: Thing, cents: int) -> None:
        """Count what was refunded of a charge; negative when a refund failed."""
        before = {name: charge[name] for name in ("amount_refunded", "refunded")}
        total = charge["amount_refunded"] + cents
        charge = self.store.put(charge | {"amount_refunded": total, "refunded": total == charge["amount"]})
        self._say("charge.refunded" if cents > 0 else "charge.updated", charge, before)

    def settle(self, refund_id: str, status: str) -> Thing:
        """End a refund: « succeeded » or « failed »; a refund may fail after it succeeded."""
        with self.act():
            refund = self.store.get("refund", refund_id, "refund")
            allowed = {"pending": ("succeeded", "failed"), "succeeded": ("failed",)}
            if status not in allowed.get(refund["status"], ()):
                raise ApiError(400, f"A refund that is {refund['status']} cannot become {status}.")
            before = {"status": refund["status"]}
            refund = self.store.put(shapes.ended(refund, status))
            self.store.hide(refund_id, later=[])
            for type in ("refund.updated", "charge.refund.updated"):
                self._say(type, refund, before)
            if status == "failed":
                self._say("refund.failed", refund)
                self._give_back(self.store.get("charge", refund["charge"]), -refund["amount"])
            return refund

    def ripen(self, seconds: float) -> None:
        """Let time pass over the refunds that were made this long ago and have not ended."""
        due = "json_extract(hidden, '$.later') != '[]' and created <= ?"
        for refund in self.store.matching("refund", due, self.clock.now() - seconds):
            for status in self.store.hidden(refund["id"])["later"]:
                self.settle(refund["id"], status)

    # --- Disputes

    def dispute(
        self, intent_id: str, cents: int | None = None, reason: str = "fraudulent", status: str = "needs_response"
    ) -> Thing:
        """The holder contests a payment at their bank, which takes the money back at once unless it only asks."""
        with self.act():
            charge = self.charge_of(intent_id)
            dispute = shapes.dispute(charge, cents or charge["amount"], reason, status, self.clock.now())
            self.store.put(charge | {"disputed": not status.startswith("warning")})
            self._say("charge.dispute.created", self.store.put(dispute))
            if not status.startswith("warning"):
                dispute = self._move_money(dispute, -dispute["amount"])
            return dispute

    def move_dispute(self, dispute_id: str, status: str) -> Thing:
        """The bank goes on with a dispute: under review, won, lost, an inquiry that becomes a dispute or closes."""
        with self.act():
            dispute = self.store.get("dispute", dispute_id, "dispute")
            before = {"status": dispute["status"]}
            if dispute["status"] in CLOSED:
                raise ApiError(400, "This dispute is already closed.", code="dispute_closed")
            dispute = self.store.put(dispute | {"status": status})
            taken = -sum(move["amount"] for move in dispute["balance_transactions"])
            if status == "won" and taken:
                dispute = self._move_money(dispute, taken)
            elif status in ("needs_response", "under_review", "lost") and not taken:
                self._contest(dispute)
                dispute = self._move_money(dispute, -dispute["amount"])
            self._say("charge.dispute.closed" if status in CLOSED else "charge.dispute.updated", dispute, before)
            return dispute

    def _contest(self, dispute: Thing) -> None:
        charge = self.store.get("charge", dispute["charge"])
        self.store.put(charge | {"disputed": True})

    def _move_money(self, dispute: Thing, cents: int) -> Thing:
        fee = DISPUTE_FEE if cents < 0 else 0
        move = shapes.balance_transaction(dispute, cents, fee, self.clock.now())
        moves = [*dispute["balance_transactions"], move]
        dispute = self.store.put(dispute | {"balance_transactions": moves, "is_charge_refundable": False})
        self._say(f"charge.dispute.funds_{'withdrawn' if cents < 0 else 'reinstated'}", dispute)
        return dispute


NOT_CONFIRMED = "Votre banque n’a pas confirmé le paiement. Rien n’a été débité : réessayez ou prenez une autre carte."
