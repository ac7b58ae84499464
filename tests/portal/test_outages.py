"""While PostgreSQL restarts, pages say so calmly and are there again with it."""

import pytest

from tests import served

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
