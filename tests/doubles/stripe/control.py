"""The switches of the double: what happens at Stripe without the portal, and what goes wrong on the way."""

from collections.abc import Callable
from typing import Any

from tests.doubles.stripe import cards
from tests.doubles.stripe.bank import Bank
from tests.doubles.stripe.chaos import Chaos, Fault
from tests.doubles.stripe.errors import unsound
from tests.doubles.stripe.orders import Order
from tests.doubles.stripe.store import Thing
from tests.doubles.stripe.webhooks import Courier, Parcel


def shown(parcel: Parcel) -> Thing:
    return {"event": parcel.event, "type": parcel.type, "body": parcel.body.decode()}


class Control:
    """Each public method is an order that ``POST /_control`` takes: ``{"do": "pay", "session": "cs_…"}``."""

    def __init__(self, bank: Bank, courier: Courier, chaos: Chaos):
        self._bank, self._courier, self._chaos = bank, courier, chaos

    def obey(self, order: dict[str, Any]) -> Any:
        """Do what is said; raise ValueError for an order that does not exist."""
        name = order.pop("do", "")
        call: Callable[..., Any] | None = None if name.startswith("_") else getattr(self, str(name), None)
        if call is None or name == "obey":
            raise ValueError(f"There is no order « {name} ».")
        return call(**order)

    # --- Made at Stripe

    def open(self, cents: int, reference: str | None = None, label: str = "Paiement saisi chez Stripe") -> Thing:
        """A page that the portal did not ask for."""
        return self._bank.open(Order(cents, label, "https://example.org/", reference=reference))

    def pay(self, session: str, card: str = cards.ACCEPTED, confirmed: bool | None = True) -> Thing:
        """Pay without the page."""
        outcome = self._bank.pay(session, card.replace(" ", ""), confirmed)
        return {"end": outcome.end, "sentence": outcome.sentence}

    def expire(self, session: str) -> Thing:
        """The page's time is over."""
        return self._bank.close(session)

    def refund(self, payment: str, cents: int | None = None) -> Thing:
        return self._bank.refund(self._intent(payment), cents)

    def settle(self, refund: str, status: str) -> Thing:
        return self._bank.settle(refund, status)

    def dispute(self, payment: str, cents: int | None = None, status: str = "needs_response") -> Thing:
        return self._bank.dispute(self._intent(payment), cents, status=status)

    def move_dispute(self, dispute: str, status: str) -> Thing:
        return self._bank.move_dispute(dispute, status)

    def ripen(self, seconds: float = 0) -> None:
        self._bank.sweep()
        self._bank.ripen(seconds)

    def objects(self, kind: str) -> list[Thing]:
        """All objects of a kind, oldest first."""
        return self._bank.store.newest(kind)[::-1]

    # --- Time and faults

    def clock(self, offset: float) -> None:
        """Seconds that Stripe's clock is ahead of the machine's."""
        self._bank.clock.offset = offset

    def chaos(self, **switches: float) -> None:
        self._chaos.set(**switches)

    def fault(self, **fault: Any) -> None:
        self._chaos.faults.append(Fault(**fault))

    def calm(self) -> None:
        self._chaos.calm()

    def reset(self) -> None:
        """As new: nothing known, nothing wrong, nothing on its way."""
        self._chaos.calm()
        self._courier.endpoint.address, self._courier.endpoint.hold = "", False
        self._bank.clock.offset = 0
        self._courier.forget()
        self._bank.store.forget()

    # --- Webhooks

    def endpoint(self, address: str | None = None, hold: bool | None = None) -> None:
        """Where events go, and whether they wait to be released."""
        if address is not None:
            self._courier.endpoint.address = address
        if hold is not None:
            self._courier.endpoint.hold = hold

    def held(self) -> list[Thing]:
        return [shown(parcel) for parcel in self._courier.held]

    def take(self) -> list[Thing]:
        return [shown(parcel) for parcel in self._courier.take()]

    def release(self, order: Any = "") -> int:
        return self._courier.release(order)

    def drain(self, seconds: float = 10) -> bool:
        return self._courier.drain(seconds)

    def tries(self) -> list[Thing]:
        """Every try to deliver an event, in the order they ended."""
        return self._courier.log.copy()

    def state(self) -> Thing:
        kinds = ("checkout.session", "payment_intent", "refund", "dispute", "event")
        endpoint = self._courier.endpoint
        return {
            "objects": {kind: self._bank.store.count(kind) for kind in kinds},
            "endpoint": {"address": endpoint.address, "hold": endpoint.hold},
            "held": len(self._courier.held),
            "tries": len(self._courier.log),
            "clock": {"now": self._bank.clock.now(), "offset": self._bank.clock.offset},
            "chaos": self._chaos.state(),
        }

    def _intent(self, payment: str) -> str:
        """The payment of this id, or of this page."""
        if not payment.startswith("cs_"):
            return payment
        intent = self._bank.session(payment)["payment_intent"]
        if intent is None:
            raise unsound("payment", "This page was not paid.")
        return intent
