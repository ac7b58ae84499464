"""A municipal back office over HTTP, as docs/transmission.md asks for one, with chaos.

It keeps the number of each line and ignores those it knows; it never takes a number again with other bytes. What it was
handed, how often, and what it refused is there to be read by tests.
"""

import csv
import hashlib
import io
import json
import re
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.doubles.stripe.chaos import Chaos

PARCEL = re.compile(r"/api/transmissions/(\d+)(/reponse)?")
ACCEPT = {"verdict": "accepte"}


class BackOfficeDouble:
    """The receiver. ``lines``: what it holds by number; ``handed``: each file's bytes, as often as they came."""

    def __init__(self):
        self.lock, self.chaos, self.key = threading.Lock(), Chaos(), "cle-du-metier"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.reset()

    def reset(self) -> None:
        """As new."""
        with self.lock:
            self.chaos.calm()
            self.handed, self.lines, self.taken = defaultdict(list), {}, Counter()
            self.answers, self.refusals, self.remembers = {}, {}, True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/api"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # What a test asks and says

    def held_once(self) -> dict[str, int]:
        """How often each line was taken."""
        with self.lock:
            return dict(self.taken)

    def copies(self) -> dict[int, int]:
        """How many different files came under each number: one, or the sender has lied."""
        with self.lock:
            return {number: len(set(files)) for number, files in self.handed.items()}

    def answer(self, number: int, refuse: dict[str, str] | None = None) -> None:
        """Let it answer a transmission: all lines accepted but those refused, with their reasons."""
        with self.lock:
            rows = [row for row in self.lines.values() if row["transmission"] == number]
            self.answers[number] = [self._verdict(row["ligne"], refuse or {}) for row in rows]

    def _verdict(self, line: str, refuse: dict[str, str]) -> dict:
        said = {"verdict": "refuse", "motif": refuse[line]} if line in refuse else ACCEPT
        return {"ligne": int(line), **said}

    # What it does

    def receive(self, number: int, body: bytes, digest: str) -> int:
        """Take a file; 409 for a number that came with other bytes, 422 for bytes that are not those announced."""
        with self.lock:
            self.handed[number].append(body)
            if hashlib.sha256(body).hexdigest() != digest:
                return 422
            if body != self.handed[number][0]:
                return 409
            for row in csv.DictReader(io.StringIO(body.decode(), newline=""), delimiter=";"):
                if row["ligne"] not in self.lines or not self.remembers:
                    self.taken[row["ligne"]] += 1
                    self.lines[row["ligne"]] = row | {"transmission": number}
            return 201

    def reply(self, number: int) -> bytes | None:
        """Its answer to a transmission, None while there is none."""
        with self.lock:
            rows = self.answers.get(number)
        return None if rows is None else json.dumps({"numero": number, "lignes": rows}).encode()


def _handler(double: BackOfficeDouble):
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            self._serve(lambda number: (double.receive(number, self.body, self.headers["X-Parvis-SHA256"]), b""))

        def do_GET(self):
            self._serve(lambda number: (200, said) if (said := double.reply(number)) is not None else (404, b""))

        def _serve(self, work):
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = PARCEL.fullmatch(self.path)
            faults = double.chaos.of_call(f"{self.command} {self.path}")
            if "slow" in faults:
                time.sleep(faults["slow"].seconds)
            if "cut_before" in faults:
                return self._cut()
            if "error_500" in faults:
                return self._say(500, b"")
            if self.headers["Authorization"] != f"Bearer {double.key}" or not asked:
                return self._say(401 if asked else 404, b"")
            status, said = work(int(asked[1]))
            return self._cut() if "cut_after" in faults else self._say(status, said)

        def _cut(self):
            self.close_connection = True

        def _say(self, status: int, body: bytes):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Quiet."""

    return Handler
