"""The double over HTTP."""

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.doubles.stripe import pages
from tests.doubles.stripe.answers import Answer
from tests.doubles.stripe.api import Api, encode
from tests.doubles.stripe.bank import Bank
from tests.doubles.stripe.chaos import Chaos
from tests.doubles.stripe.clock import Clock
from tests.doubles.stripe.control import Control
from tests.doubles.stripe.errors import ApiError
from tests.doubles.stripe.store import Store, Thing
from tests.doubles.stripe.webhooks import DELAYS, Courier, Endpoint

LONGEST_BODY = 1_000_000  # bytes
BROKEN = {"error": {"message": "An unknown error occurred.", "type": "api_error"}}
TOO_MANY = {
    "error": {
        "code": "rate_limit",
        "message": "Too many requests hit the API too quickly.",
        "type": "invalid_request_error",
    }
}


class Double:
    """Stripe on 127.0.0.1, in threads of this process. Use it as a context: it listens inside."""

    def __init__(
        self,
        port: int = 0,
        db: str = ":memory:",
        webhook: str = "",
        secret: str = "whsec_double",
        delays: tuple[float, ...] = DELAYS,
        talkative: bool = False,
    ):
        self.talkative = talkative
        self.server = Server(("127.0.0.1", port), Handler, self)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.clock, self.chaos, self.store = Clock(), Chaos(), Store(db)
        self.courier = Courier(self.clock, self.chaos, Endpoint(webhook, secret), self._delivered, delays)
        self.bank = Bank(self.store, self.clock, self.address, self.courier.send)
        self.api, self.control = Api(self.bank), Control(self.bank, self.courier, self.chaos)

    def _delivered(self, event_id: str) -> None:
        with self.store.transaction():
            event = self.store.find("event", event_id)
            if event:
                self.store.put(event | {"pending_webhooks": 0})

    def __enter__(self) -> "Double":
        # What a stopped double had not delivered
        self.courier.send([event for event in self.store.newest("event")[::-1] if event["pending_webhooks"]])
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.courier.close()
        self.store.close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type, double: Double):
        self.double = double
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who hangs up is no fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection; the path says who answers: the API, the control or the payment page."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    server: Server

    def do_GET(self) -> None:
        self._route()

    do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_GET

    def _route(self) -> None:
        parts = urlsplit(self.path)
        body = self._body()
        if parts.path.startswith("/v1/"):
            self._api(parts.path, body if self.command == "POST" else parts.query)
        elif parts.path == "/_control":
            self._control(body)
        else:
            self._send(pages.answer(self.server.double.bank, self.command, parts, body))

    def _body(self) -> str:
        length = min(int(self.headers.get("Content-Length") or 0), LONGEST_BODY)
        return self.rfile.read(length).decode(errors="replace")

    def _api(self, path: str, raw: str) -> None:
        double = self.server.double
        faults = double.chaos.of_call(f"{self.command} {path}")
        pause = faults["slow"].seconds if "slow" in faults else 0.0
        if "cut_before" in faults:
            self._cut()
        elif "error_500" in faults:
            self._send(Answer(500, encode(BROKEN), {}))
        elif "error_429" in faults:
            self._send(Answer(429, encode(TOO_MANY), {}))
        else:
            answer = double.api.answer(self.command, path, raw, self.headers, pause)
            self._cut() if "cut_after" in faults else self._send(answer)

    def _cut(self) -> None:
        """Hang up without a word."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _control(self, body: str) -> None:
        control = self.server.double.control
        try:
            self._json(200, control.state() if self.command == "GET" else control.obey(self._order(body)))
        except ApiError as error:
            self._json(error.status, error.body)
        except (ValueError, TypeError) as error:
            self._json(400, {"error": {"message": str(error)}})

    def _order(self, body: str) -> dict[str, Any]:
        """An order in JSON, said to be so: no page of another site can send it."""
        if not (self.headers.get("Content-Type") or "").startswith("application/json"):
            raise ValueError("An order is application/json.")
        order = json.loads(body)
        if not isinstance(order, dict):
            raise ValueError("An order is an object.")
        return order

    def _json(self, status: int, thing: Thing | list[Thing] | int | bool | None) -> None:
        self._send(Answer(status, json.dumps(thing).encode(), {}))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.double.talkative:
            super().log_message(format, *args)
