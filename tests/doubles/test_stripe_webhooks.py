"""Events on their way: signed as Stripe signs, sent again until they are received, in disorder when asked."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
import time_machine

from tests.doubles.stripe import webhooks
from tests.doubles.stripe.server import Double
from tests.doubles.test_stripe import BACK, a_paid_page, a_payment
from wallet.gateways import stripe as gateway

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


class Portal:
    """Receives events; ``answers`` are the statuses it gives in turn, then 200 for ever."""

    def __init__(self):
        self.received, self.answers = [], []
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                portal.received.append((body, self.headers["Stripe-Signature"]))
                self.send_response(portal.answers.pop(0) if portal.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/events/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def types(self):
        return [json.loads(body)["type"] for body, _ in self.received]

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def portal():
    portal = Portal()
    yield portal
    portal.close()


# --- Signatures
def test_the_portal_accepts_what_stripe_signed(stripe_double):
    page = a_paid_page(stripe_double)
    *_, last = stripe_double.take()
    told = gateway.read_event(last.body, last.signature)
    assert told == gateway.Event(last.id, "checkout.session.completed", page.id, page.intent)
    assert stripe_double.collected == []


def forgeries():
    """What a stranger may send: name → a change of (body, secret, instant, header)."""
    now = int(NOW.timestamp())
    return {
        "another amount": lambda body, secret: (
            body.replace(b"1520", b"9520"),
            webhooks.sign(body, secret, now),
        ),
        "one more byte": lambda body, secret: (body + b" ", webhooks.sign(body, secret, now)),
        "another secret": lambda body, secret: (body, webhooks.sign(body, "whsec_other", now)),
        "no secret": lambda body, secret: (body, webhooks.sign(body, "", now)),
        "six minutes old": lambda body, secret: (body, webhooks.sign(body, secret, now - 360)),
        "an old one with a new date": lambda body, secret: (
            body,
            webhooks.sign(body, secret, now - 360).replace(str(now - 360), str(now)),
        ),
        "no header": lambda body, secret: (body, ""),
        "no mark": lambda body, secret: (body, f"t={now}"),
        "no date": lambda body, secret: (body, webhooks.sign(body, secret, now).split(",")[1]),
        "a mark of the former scheme": lambda body, secret: (
            body,
            webhooks.sign(body, secret, now).replace("v1=", "v0="),
        ),
        "words for a date": lambda body, secret: (body, "t=now,v1=00"),
        "bytes that are no text": lambda body, secret: (b"\xff\xfe", webhooks.sign(b"\xff\xfe", secret, now)),
    }


@pytest.mark.parametrize("forgery", forgeries())
def test_what_stripe_did_not_sign_is_refused(stripe_double, forgery):
    with time_machine.travel(NOW, tick=False):
        a_paid_page(stripe_double)
        sent = stripe_double.collected[-1]
        assert gateway.read_event(sent.body, sent.signature).type == "checkout.session.completed"
        body, header = forgeries()[forgery](sent.body, stripe_double.secret)
        with pytest.raises(gateway.ForgedEvent):
            gateway.read_event(body, header)


def test_an_event_that_waited_three_days_is_signed_when_it_leaves(stripe_double):
    with time_machine.travel(NOW, tick=False) as clock:
        page = a_paid_page(stripe_double)
        old = stripe_double.collected[-1]
        clock.shift(timedelta(hours=72))
        with pytest.raises(gateway.ForgedEvent):
            gateway.read_event(old.body, old.signature)
        new = stripe_double.collected[-1]
        assert (new.body, gateway.read_event(new.body, new.signature).target) == (old.body, page.id)


# --- Deliveries
def test_events_are_brought_and_marked_as_received(stripe_double, portal):
    stripe_double.deliver_to(portal.address)
    a_paid_page(stripe_double)
    assert stripe_double.drain()
    assert sorted(portal.types) == sorted(event["type"] for event in stripe_double.events())
    assert {event["pending_webhooks"] for event in stripe_double.events()} == {0}
    assert [gateway.read_event(*sent).type for sent in portal.received] == portal.types


@pytest.mark.parametrize("failure", [500, 404, 302])
def test_an_event_that_is_not_received_comes_again_until_it_is(stripe_double, portal, failure):
    gateway.create_checkout(a_payment(), BACK)
    portal.answers = [failure, failure]
    stripe_double.deliver_to(portal.address)
    page = stripe_double.sessions()[0]
    stripe_double.expire(page["id"])
    assert stripe_double.drain()
    assert [body for body, _ in portal.received] == [portal.received[0][0]] * 3
    assert [each["status"] for each in stripe_double.tries()] == [str(failure), str(failure), "200"]


def test_each_try_is_signed_anew(stripe_double, portal, stripe_server, monkeypatch):
    instants = iter(range(int(NOW.timestamp()), 2**31, 7))
    monkeypatch.setattr(stripe_server.clock, "now", lambda: next(instants))
    page = stripe_double.open(500)
    portal.answers = [500, 500]
    stripe_double.deliver_to(portal.address)
    stripe_double.expire(page["id"])
    assert stripe_double.drain()
    signatures = [signature for _, signature in portal.received]
    assert len(set(signatures)) == 3
    for body, signature in portal.received:
        at = int(signature.split(",")[0].removeprefix("t="))
        assert signature == webhooks.sign(body, stripe_double.secret, at)


def test_a_portal_that_is_down_is_called_again_some_times_only(stripe_double, portal):
    portal.close()
    stripe_double.deliver_to(portal.address)
    stripe_double.expire(stripe_double.open(500)["id"])
    assert stripe_double.drain()
    assert [each["status"] for each in stripe_double.tries()] == ["ConnectionRefusedError"] * 5
    assert stripe_double.events()[0]["pending_webhooks"] == 1


def test_what_was_not_brought_is_brought_by_the_next_run(tmp_path, portal):
    with Double(db=str(tmp_path / "stripe.sqlite3"), secret="whsec_kept") as first:
        first.control.expire(first.control.open(500)["id"])
        assert [parcel.type for parcel in first.courier.held] == ["checkout.session.expired"]
    with Double(db=str(tmp_path / "stripe.sqlite3"), webhook=portal.address, secret="whsec_kept") as second:
        assert second.courier.drain(10)
        assert portal.types == ["checkout.session.expired"]
    with Double(db=str(tmp_path / "stripe.sqlite3"), webhook=portal.address, secret="whsec_kept") as third:
        assert third.courier.drain(10)
        assert len(portal.received) == 1


# --- Disorder
def expired_pages(double, count):
    for _ in range(count):
        double.expire(double.open(500)["id"])


def test_a_share_of_the_events_comes_twice_and_another_never(stripe_double):
    stripe_double.chaos(seed=1, duplicate=1)
    expired_pages(stripe_double, 3)
    ids = [each.id for each in stripe_double.take()]
    assert ids == [event["id"] for event in stripe_double.events() for _ in range(2)]
    stripe_double.chaos(duplicate=0, drop=1)
    expired_pages(stripe_double, 3)
    assert stripe_double.collected == []
    stripe_double.chaos(drop=0.3)
    expired_pages(stripe_double, 100)
    assert 55 < len(stripe_double.collected) < 85


@pytest.mark.parametrize(
    ("order", "expected"),
    [("", [0, 1, 2]), ("reverse", [2, 1, 0]), ([1, 0], [1, 0])],
)
def test_held_events_leave_in_the_order_that_is_said(stripe_double, portal, order, expected):
    expired_pages(stripe_double, 3)
    ids = [event["id"] for event in stripe_double.events()]
    stripe_double.order("endpoint", address=portal.address, hold=True)
    assert portal.received == []
    chosen = [ids[place] for place in order] if isinstance(order, list) else order
    assert stripe_double.release(chosen) == len(expected)
    assert stripe_double.drain()
    assert [json.loads(body)["id"] for body, _ in portal.received] == [ids[place] for place in expected]


def test_events_can_be_late_and_shuffled(stripe_double, portal):
    stripe_double.chaos(seed=3, delay=0.3, shuffle=0.3)
    stripe_double.deliver_to(portal.address)
    expired_pages(stripe_double, 12)
    assert not stripe_double.drain(0.1)
    assert stripe_double.drain()
    came = [json.loads(body)["id"] for body, _ in portal.received]
    made = [event["id"] for event in stripe_double.events()]
    assert sorted(came) == sorted(made)
    assert came != made


class Client:
    """Django's test client, as far as ``deliver`` knows it; the portal refuses every second event."""

    def __init__(self):
        self.posted = []

    def post(self, path, data, content_type, headers):
        self.posted.append((path, gateway.read_event(data, headers["Stripe-Signature"]).type, content_type))
        return SimpleNamespace(status_code=200 if len(self.posted) % 2 else 503)


def test_deliver_posts_with_the_test_client_and_returns_the_statuses(stripe_double):
    expired_pages(stripe_double, 3)
    client, again = Client(), stripe_double.collected[:1]
    assert stripe_double.deliver(client) == [200, 503, 200]
    assert client.posted == [("/paiements/stripe/evenements/", "checkout.session.expired", "application/json")] * 3
    assert stripe_double.collected == []
    assert stripe_double.deliver(client, again) == [503]
