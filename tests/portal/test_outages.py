"""While PostgreSQL restarts, pages say so calmly and are there again with it; who is idle or silent keeps nobody waiting."""

import contextlib
import socket
import time

import pytest

from tests import served
from wallet.gateways import stripe as gateway

pytestmark = pytest.mark.django_db(transaction=True)
CALM = "Le portail revient dans un instant"
PAGES = ["/", "/mon-compte/", "/comptes/login/", "/sante/", "/admin/", "/cesu/", "/aide/", "/reservations/panier/"]


def test_while_postgresql_is_away_every_page_is_a_calm_503_and_then_itself_again(tmp_path):
    gate = served.Gate()
    cookie = f"sessionid={'a' * 32}"
    with served.portal(tmp_path, DATABASE_URL=gate.url) as port:
        before = {path: served.get(port, path)[0].status for path in PAGES}
        gate.shut()
        for path in PAGES:
            for _ in range(2):  # the first meets a connection that was cut, the second none at all
                answer, page = served.get(port, path, Cookie=cookie)
                assert (path, answer.status, answer.headers["Retry-After"]) == (path, 503, "10")
                assert CALM in page
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Content-Security-Policy"]
        gate.open()
        assert {path: served.get(port, path)[0].status for path in PAGES} == before
    gate.shut()


def test_connections_that_say_nothing_or_half_a_word_keep_nobody_waiting(tmp_path):
    with served.portal(tmp_path) as port, contextlib.ExitStack() as idle:
        for word in [b"", b"", b"GET / HTTP/1.1\r\nHost: 127", b"POST / HTTP/1.1\r\nContent-Length: 9"]:
            idle.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(word)
        time.sleep(1)  # they are accepted
        for _ in range(4):
            assert served.get(port, "/sante/", timeout=15)[0].status == 200


def test_a_silent_stripe_is_given_up_within_ten_seconds(settings):
    with served.Silent() as stripe:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test", "whsec"
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{stripe.port}"
        start = time.monotonic()
        with pytest.raises(gateway.CardsUnavailable):
            gateway.read_checkout("cs_test_1")
        assert time.monotonic() - start < 10
        assert len(stripe.visitors) == 1
