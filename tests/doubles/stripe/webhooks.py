"""Events on their way to the portal: signed, sent again until they are received."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.doubles.stripe.chaos import Chaos
from tests.doubles.stripe.clock import Clock
from tests.doubles.stripe.store import Thing

DELAYS = (0.0, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)  # seconds before each try
CARRIERS = 4  # events sent at a time: as with Stripe, nothing promises their order
PATIENCE = 10  # seconds for the portal to answer
AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


def sign(body: bytes, secret: str, at: int) -> str:
    """The header that proves who sent a body, and when."""
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mark}"


@dataclass(slots=True, eq=False)
class Parcel:
    """An event to be sent; its body never changes, its signature is of the instant it leaves."""

    event: str
    type: str
    body: bytes
    due: float = 0.0
    tries: int = 0


@dataclass(slots=True)
class Endpoint:
    """Where events go. Without address, or while ``hold``, they are kept until they are released or taken."""

    address: str = ""
    secret: str = "whsec_double"
    hold: bool = False

    @property
    def is_open(self) -> bool:
        return bool(self.address) and not self.hold


@dataclass
class Courier:
    """Carries events in the background. ``delivered`` is told the id of each event that was received."""

    clock: Clock
    chaos: Chaos
    endpoint: Endpoint
    delivered: Callable[[str], None] = lambda event: None
    delays: Sequence[float] = DELAYS
    held: list[Parcel] = field(default_factory=list)
    log: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting: list[Parcel] = []
        self._queue: list[Parcel] = []  # those that leave one after the other
        self._moving = 0
        self._changed = threading.Condition()
        self._closing = False
        self._carriers = [threading.Thread(target=self._carry, daemon=True) for _ in range(CARRIERS)]
        for carrier in self._carriers:
            carrier.start()

    def send(self, events: Sequence[Thing]) -> None:
        for event in events:
            body = json.dumps(event, indent=2).encode()
            for _ in range(self.chaos.copies()):
                self._take(Parcel(event["id"], event["type"], body))

    def _take(self, parcel: Parcel) -> None:
        with self._changed:
            if self.endpoint.is_open:
                self._let_go(parcel)
            else:
                self.held.append(parcel)

    def _let_go(self, parcel: Parcel) -> None:
        parcel.due = time.monotonic() + self.chaos.wait()
        self._waiting.append(parcel)
        self._changed.notify_all()

    def release(self, order: str | Sequence[str] = "") -> int:
        """Send what is held, one after the other: as it came, « reverse », « shuffle », or only events that are named.

        Return how many.
        """
        with self._changed:
            chosen, self.held = self._ordered(order), []
            self._queue += chosen
            self.endpoint.hold = False
            for parcel in chosen:
                self._let_go(parcel)
            return len(chosen)

    def _ordered(self, order: str | Sequence[str]) -> list[Parcel]:
        if order == "reverse":
            return self.held[::-1]
        if order == "shuffle":
            return self.chaos.random.sample(self.held, len(self.held))
        if isinstance(order, str):
            return list(self.held)
        return [parcel for event in order for parcel in self.held if parcel.event == event]

    def take(self) -> list[Parcel]:
        """Hand over what is held, and keep nothing of it."""
        with self._changed:
            taken, self.held = self.held, []
            return taken

    def drain(self, seconds: float) -> bool:
        """Wait until nothing is on its way; False when it still is after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._moving, seconds)

    def forget(self) -> None:
        """Drop everything, and wait for what is being sent right now."""
        with self._changed:
            self._waiting = []
            self._changed.wait_for(lambda: not self._moving, PATIENCE + 1)
            self._waiting, self._queue, self.held, self.log = [], [], [], []

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for carrier in self._carriers:
            carrier.join(PATIENCE + 1)

    def _carry(self) -> None:
        while True:
            parcel = self._next()
            if parcel is None:
                return
            status = self._try(parcel)
            with self._changed:
                self._note(parcel, status)
                self._moving -= 1
                self._changed.notify_all()

    def _next(self) -> Parcel | None:
        """The next event whose time has come; None at the end."""
        with self._changed:
            while not self._closing:
                behind = {id(parcel) for parcel in self._queue[1:]}
                free = [parcel for parcel in self._waiting if id(parcel) not in behind]
                first = min(free, key=lambda parcel: parcel.due, default=None)
                left = first.due - time.monotonic() if first else None
                if first and left <= 0:
                    self._waiting.remove(first)
                    self._moving += 1
                    return first
                self._changed.wait(left)
            return None

    def _try(self, parcel: Parcel) -> str:
        try:
            status = post(self.endpoint, parcel.body, self.clock.now())
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        if 200 <= status < 300:
            self.delivered(parcel.event)
        return str(status)

    def _note(self, parcel: Parcel, status: str) -> None:
        """Remember the try; one that failed is made again later."""
        self.log.append({"event": parcel.event, "type": parcel.type, "try": parcel.tries, "status": status})
        parcel.tries += 1
        if parcel in self._queue:
            self._queue.remove(parcel)
        if not status.startswith("2") and parcel.tries < len(self.delays) and not self._closing:
            parcel.due = time.monotonic() + self.delays[parcel.tries]
            self._waiting.append(parcel)


def post(endpoint: Endpoint, body: bytes, at: int) -> int:
    """Send a body once; a redirection is not followed, and is no success."""
    target = urlsplit(endpoint.address)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.netloc, timeout=PATIENCE)
    try:
        path = target.path + (f"?{target.query}" if target.query else "")
        connection.request("POST", path or "/", body, headers(body, endpoint.secret, at))
        return connection.getresponse().status
    finally:
        connection.close()


def headers(body: bytes, secret: str, at: int) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": sign(body, secret, at),
        "User-Agent": AGENT,
    }
