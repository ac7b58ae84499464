"""The double of Stripe in the hand of a test."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.doubles.stripe import cards, webhooks

WEBHOOK = "/paiements/stripe/evenements/"


class Delivery(NamedTuple):
    """An event as Stripe would send it: the exact bytes, and headers signed at the instant this was made."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.event["id"]

    @property
    def type(self) -> str:
        return self.event["type"]

    @property
    def signature(self) -> str:
        return self.headers["Stripe-Signature"]


class StripeDouble:
    """Says what happens at Stripe, and reads what it knows. Events wait to be taken until ``deliver_to`` is called."""

    def __init__(self, address: str, secret: str):
        self.address, self.secret = address, secret

    def order(self, do: str, **words: Any) -> Any:
        """An order of tests/doubles/stripe/control.py; raise AssertionError with its answer when it is refused."""
        body = json.dumps({"do": do} | words).encode()
        request = urllib.request.Request(f"{self.address}/_control", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{do}: {error.read().decode()}") from None

    # What payers, banks and the people of the dashboard do

    def pay(self, session: str, card: str = cards.ACCEPTED, confirmed: bool | None = True) -> str:
        """Try a card on a page, as if typed there: « paid », « refused », « confirm » or « closed »."""
        return self.order("pay", session=session, card=card, confirmed=confirmed)["end"]

    def expire(self, session: str) -> dict:
        """The time of a page is over."""
        return self.order("expire", session=session)

    def open(self, cents: int, **words: Any) -> dict:
        """A page made at Stripe, that the portal did not ask for."""
        return self.order("open", cents=cents, **words)

    def refund(self, payment: str, cents: int | None = None) -> dict:
        """A refund made at Stripe, of a page (cs_…) or a payment (pi_…)."""
        return self.order("refund", payment=payment, cents=cents)

    def settle(self, refund: str, status: str) -> dict:
        """A refund ends: « succeeded » or « failed »."""
        return self.order("settle", refund=refund, status=status)

    def dispute(self, payment: str, cents: int | None = None, status: str = "needs_response") -> dict:
        """The holder contests a payment; the status « warning_needs_response » is only an inquiry."""
        return self.order("dispute", payment=payment, cents=cents, status=status)

    def move_dispute(self, dispute: str, status: str) -> dict:
        """A dispute goes on: « under_review », « won », « lost », « warning_closed »…"""
        return self.order("move_dispute", dispute=dispute, status=status)

    # What Stripe knows, oldest first

    def sessions(self) -> list[dict]:
        return self.order("objects", kind="checkout.session")

    def intents(self) -> list[dict]:
        return self.order("objects", kind="payment_intent")

    def refunds(self) -> list[dict]:
        return self.order("objects", kind="refund")

    def disputes(self) -> list[dict]:
        return self.order("objects", kind="dispute")

    def events(self, type: str = "") -> list[dict]:
        return [event for event in self.order("objects", kind="event") if type in ("", event["type"])]

    # Webhooks

    @property
    def collected(self) -> list[Delivery]:
        """The events that wait to be sent, signed now, each time anew."""
        return list(map(self._signed, self.order("held")))

    def take(self) -> list[Delivery]:
        """Those that wait, which then wait no more."""
        return list(map(self._signed, self.order("take")))

    def _signed(self, held: dict) -> Delivery:
        body = held["body"].encode()
        return Delivery(body, webhooks.headers(body, self.secret, int(time.time())))

    def deliver(self, client: Any, deliveries: Sequence[Delivery] | None = None, path: str = WEBHOOK) -> list[int]:
        """Post events with Django's test client, by default all that wait; return the statuses of the answers."""
        sent = self.take() if deliveries is None else deliveries
        return [
            client.post(path, each.body, content_type="application/json", headers=each.headers).status_code
            for each in sent
        ]

    def deliver_to(self, address: str) -> None:
        """From now on events go to this address in the background (``live_server.url + WEBHOOK``), with retries."""
        self.order("endpoint", address=address)

    def hold(self) -> None:
        """From now on events wait again."""
        self.order("endpoint", hold=True)

    def release(self, order: str | Sequence[str] = "") -> int:
        """Send those that wait: as they came, « reverse », « shuffle », or the events named; return how many."""
        return self.order("release", order=order)

    def drain(self, seconds: float = 10) -> bool:
        """Wait until nothing is on its way to the address."""
        return self.order("drain", seconds=seconds)

    def tries(self) -> list[dict]:
        """Every try to deliver: event, type, try (from 0) and status."""
        return self.order("tries")

    # What goes wrong

    def chaos(self, **switches: float) -> None:
        """Of the webhooks: ``duplicate`` and ``drop`` (shares), ``delay`` and ``shuffle`` (seconds), ``seed``."""
        self.order("chaos", **switches)

    def fault(self, kind: str, **words: Any) -> None:
        """Of the API: « error_500 », « error_429 », « slow » (``seconds``), « cut_before », « cut_after »; for the
        ``next`` calls or a ``share`` of all, only those whose « METHOD /path » matches ``on``."""
        self.order("fault", kind=kind, **words)

    def calm(self) -> None:
        self.order("calm")

    def clock(self, offset: float) -> None:
        """Move Stripe's clock; it already follows time-machine, since it runs in the tests' process."""
        self.order("clock", offset=offset)

    def reset(self) -> None:
        self.order("reset")
