"""The opening: 500 parents confirm carts of ten days over HTTP, on two cores that also run the database and the parents."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.crypto import get_random_string

from common.writing.once import make_key
from reservations.actions import choose_days
from reservations.actions.places.baskets import read_basket
from reservations.models import Billing, Booking, Cart, Session
from tests.bench import databases
from tests.bench.people import CART, Person, families, parent_of

PARENTS, DAYS = 500, 10
AT_ONCE = 32  # confirmations under way at any moment: who waits longer than a second does not wait for the portal
WORKERS = 4  # two per core, as docs/operations.md says
LIMITS = {"p99": 1.0, "days": 1200}  # seconds, day-bookings a second
BIN = Path(sys.executable).parent


def report(town: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break, on a fresh copy of the town of so many families."""
    databases.copy_of(town)
    carts = [_cart(person) for person in _parents()]
    before = Booking.objects.count()
    with _portal() as port, ThreadPoolExecutor(AT_ONCE) as parents:
        for _ in range(WORKERS * 4):
            _ask(port, b"GET /sante/ HTTP/1.1\r\nHost: testserver\r\nConnection: close\r\n\r\n")  # workers warm up
        start = time.perf_counter()
        seconds = list(parents.map(lambda cart: _confirm(port, cart), carts))
        whole = time.perf_counter() - start
    booked = Booking.objects.count() - before
    if booked != PARENTS * DAYS:
        raise SystemExit(f"The rush booked {booked} days of {PARENTS * DAYS}.")
    databases.require_exact_ledger()
    p99, rate = quantiles(seconds, n=100)[98], booked / whole
    told = (
        f"\n{PARENTS} parents confirm {DAYS} days each over HTTP, {AT_ONCE} at once: {rate:.0f} day-bookings a second,"
        f" median {median(seconds) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"
    )
    broken = [f"Rush: p99 {p99:.2f} s, at most {LIMITS['p99']}"] if p99 > LIMITS["p99"] else []
    broken += [f"Rush: {rate:.0f} day-bookings a second, at least {LIMITS['days']}"] if rate < LIMITS["days"] else []
    return told, broken


def _parents() -> Iterator[Person]:
    for family in families().filter(children__gt=0).order_by("coming", "pk")[:PARENTS]:
        yield parent_of(family)


def _cart(person: Person) -> bytes:
    """Fill a parent's cart; return the request that confirms it, as the browser sends it from the cart's page."""
    child = person.user.guardian.family.members.earliest("pk")
    free = Session.objects.filter(activity=person.canteen, bookable_until__gt=timezone.now()).order_by("date")
    taken = Booking.objects.active().filter(member=child).values("session__date")
    days = list(free.exclude(date__in=taken).values_list("date", flat=True)[:DAYS])
    choice = choose_days(user=person.user, activity=person.canteen, members=[child.pk], days=days)
    basket = read_basket(Cart.objects.get(family=person.user.guardian.family_id, billing=Billing.PREPAID))
    if len(basket.lines) != DAYS or basket.reasons:
        raise SystemExit(f"The cart of {person.user} is not ready: {choice.reasons or basket.reasons}")
    token = get_random_string(32)
    key = make_key(person.user.owner, f"confirm:{Billing.PREPAID}", basket.purpose)
    form = urlencode({"once_key": key, "csrfmiddlewaretoken": token})
    session = person.client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    head = f"POST {CART} HTTP/1.1\r\nHost: testserver\r\nConnection: close\r\nCookie: {cookies}\r\n"
    kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    return f"{head}{kind}{form}".encode()


def _confirm(port: int, request: bytes) -> float:
    """Seconds until the answer, which leads to the order."""
    start = time.perf_counter()
    answer = _ask(port, request)
    if b" 302 " not in answer[:20] or b"/commandes/" not in answer:
        raise SystemExit(f"A cart was refused: {answer[:300]!r}")
    return time.perf_counter() - start


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        link.sendall(request)
        return b"".join(iter(lambda: link.recv(65536), b""))


class _portal:
    """The portal behind gunicorn on a free port of loopback, on the bench's database; its port."""

    def __enter__(self) -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        database = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"
        settled = {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
        command = [BIN / "gunicorn", "portal.wsgi:application", f"--bind=127.0.0.1:{port}", f"--workers={WORKERS}"]
        self.process = subprocess.Popen(
            [*command, "--no-control-socket", "--log-level=error"], env=os.environ | settled
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return port
            except OSError:
                time.sleep(0.1)
        raise SystemExit("gunicorn did not start.")

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(15)
