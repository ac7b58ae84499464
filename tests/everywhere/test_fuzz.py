"""No address, field or cookie makes the portal fail: what it does not understand is a 400, a 404 or a sentence."""

from collections import Counter
from itertools import islice
from random import Random

import pytest
import time_machine
from django.db import DataError, transaction
from django.test import Client

from portal.middleware import TextMiddleware
from tests import fuzz
from tests.access import VISITORS, build_world
from tests.journeys.town import NOW

pytestmark = pytest.mark.django_db
SHORT, FULL = 400, 40_000


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(NOW, tick=True):
        yield build_world()


@pytest.fixture
def ask(world):
    """Have a visitor ask, in a transaction that is taken back: each request meets the same portal."""
    cookies = {visitor: world.client(visitor).cookies for visitor in VISITORS}

    def answer(asked):
        client = Client(raise_request_exception=False)
        client.cookies.load({name: morsel.value for name, morsel in cookies[asked.visitor].items()})
        with _taken_back():
            return fuzz.answer(client, asked)

    return answer


class _taken_back(transaction.Atomic):
    """A savepoint of the test's own, so that what is durable may run in it; nothing stays."""

    def __init__(self):
        super().__init__(using=None, savepoint=True, durable=False)
        self._from_testcase = True

    def __exit__(self, *error):
        transaction.set_rollback(True)
        super().__exit__(*error)


def run(world, ask, count: int) -> Counter:
    answers, failed = Counter(), []
    for asked in islice(fuzz.requests(world, VISITORS, Random(20261201)), count):
        status = ask(asked).status_code
        answers[status] += 1
        failed += [asked] if status >= 500 else []
    assert failed == []
    assert answers[200] > count / 20  # it does reach the pages
    return answers


def test_hundreds_of_absurd_requests_are_answered(world, ask):
    run(world, ask, SHORT)


@pytest.mark.proof
def test_forty_thousand_absurd_requests_are_answered(world, ask):
    print(sorted(run(world, ask, FULL).items()))


NUMBERS = ["²", "9" * 19, "9" * 40, "9" * 5000, "-1", "१"]


def test_every_part_of_every_address_may_be_what_no_row_is_named_by(world, ask):
    failed = {}
    for name, path in (pair for wrong in NUMBERS for pair in fuzz.replaced(world, wrong)):
        status = ask(fuzz.Asked(fuzz.at_home(name), "GET", path, {}, "")).status_code
        failed |= {path: status} if status >= 500 else {}
    assert failed == {}


def test_a_nul_in_any_part_of_any_address_is_not_understood(world, ask):
    asked = [fuzz.Asked(fuzz.at_home(name), "GET", path, {}, "") for name, path in fuzz.replaced(world, "a\0b")]
    assert {ask(each).status_code for each in asked} == {400}


def test_a_filter_that_no_list_knows_leads_back_to_the_whole_list(ask):
    """Django sends it round once, with ``e``, then calls it a fault of the database on a page without a request."""
    answer = ask(fuzz.Asked("manager", "GET", "/admin/families/family/?e=1&nonsense=1", {}, ""))
    assert "Ces filtres n’ont pas été compris" in answer.content.decode()


def test_a_cookie_that_is_no_text_is_not_understood(ask):
    asked = fuzz.Asked("anonymous", "GET", "/mon-compte/", {}, "abcdefgh\0ij")
    assert ask(asked).status_code == 400


def test_a_field_that_is_no_text_is_told_beside_it(ask):
    asked = fuzz.Asked("anonymous", "POST", "/inscription/", {"last_name": "a\0b", "a\0b": "a\0b"}, "")
    answer = ask(asked)
    assert (answer.status_code, "Le caractère nul n’est pas autorisé" in answer.content.decode()) == (200, True)


@pytest.mark.parametrize(("typed", "status"), [("a\0b", 400), ("ab", None)])
def test_a_field_that_the_database_refuses_is_not_understood(rf, typed, status):
    """Where no form tells it; a fault that has nothing to do with NUL stays a fault."""
    answer = TextMiddleware(lambda request: None).process_exception(rf.get("/", {"q": typed}), DataError())
    assert (answer and answer.status_code) == status
