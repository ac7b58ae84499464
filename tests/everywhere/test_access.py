"""Who may open what: every URL of the portal, each kind of visitor, one table (tests/access.py)."""

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from tests.access import (
    FOREIGN,
    PAGES,
    SHUT,
    TABLE_PAGES,
    TABLES,
    VISITORS,
    admin_tables,
    build_world,
    expected,
    paths_of,
    table_paths,
    urls,
    where,
)
from tests.client import PortalClient
from tests.journeys.town import NOW

COOKIES = {"sessionid", "csrftoken"}
BOOKKEEPING = {"django_session", "lib_ratecount"}


@pytest.fixture
def world(db, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(NOW, tick=True):
        yield build_world()


class Writes:
    """Notes the tables that are written to."""

    def __init__(self):
        self.tables = set()

    def __call__(self, execute, sql, params, many, context):
        words = sql.replace('"', "").split()
        if words[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            self.tables.add(words[1] if words[0].upper() == "UPDATE" else words[2])
        return execute(sql, params, many, context)


def open_all(world, visitor):
    """GET every page as ``visitor``: {name: (outcome, tables written, cookies set, headers)}."""
    answers = {}
    for name, path in (paths_of(world) | table_paths(world)).items():
        writes = Writes()
        client = world.client(visitor)
        with connection.execute_wrapper(writes):
            response = client.get(path)
        answers[name] = (
            answer_of(name, response),
            writes.tables - BOOKKEEPING,
            set(response.cookies),
            response.headers,
        )
    return answers


def answer_of(name, response):
    """The answer in a word; a row of the admin that is refused and one that is not there are both shut."""
    answer = where(response)
    return SHUT if answer in ("403", "404", ">admin:index") and name in table_names() else answer


def table_names():
    return {f"admin:{table}_{page}" for table in admin_tables() for page in TABLE_PAGES}


def test_every_url_has_its_row():
    """A new page is added to PAGES, a new table of the admin to TABLES, with what each visitor is answered."""
    names = {name for name, _ in urls() if not name.startswith("admin:") or "/" not in name}
    assert sorted(names - table_names()) == sorted(PAGES)
    assert sorted(admin_tables()) == sorted(TABLES)


@pytest.mark.parametrize("visitor", VISITORS)
def test_each_visitor_opens_what_is_theirs_and_a_get_writes_nothing(world, visitor):
    answers = open_all(world, visitor)
    assert {name: answer[0] for name, answer in answers.items()} == expected(visitor)
    assert {name: answer[1] for name, answer in answers.items() if answer[1]} == {}
    assert {name: answer[2] for name, answer in answers.items() if answer[2] - COOKIES} == {}
    assert [name for name, answer in answers.items() if "Content-Security-Policy" not in answer[3]] == []
    if visitor != "anonymous":
        kept = [name for name, answer in answers.items() if "no-store" not in answer[3].get("Cache-Control", "")]
        assert kept == ["authority_css", "security_txt", "aid:colours"]  # the same for everybody


def test_a_post_without_its_token_is_refused_everywhere(world):
    client = world.client("manager", enforce_csrf_checks=True)
    answers = {name: client.post(path).status_code for name, path in (paths_of(world) | table_paths(world)).items()}
    # Stripe has no token of ours: its signature is asked for instead.
    assert {name: status for name, status in answers.items() if status != 403} == {"stripe_events": 400}


@pytest.mark.parametrize("visitor", ["other", "stranger"])
def test_what_belongs_to_another_family_or_commune_cannot_be_posted_to(world, visitor):
    client, writes = world.client(visitor), Writes()
    with connection.execute_wrapper(writes):
        answers = {name: where(client.post(paths_of(world)[name], {"once_key": "x"})) for name in FOREIGN[visitor]}
    assert answers == FOREIGN[visitor]
    assert writes.tables - BOOKKEEPING == set()


def test_an_agent_without_the_second_factor_opens_no_page_of_the_agents(world):
    client = PortalClient()
    client.force_login(world.people["manager"])
    paths = {name: path for name, path in (paths_of(world) | table_paths(world)).items() if name.startswith("admin:")}
    answers = {name: where(client.get(path)) for name, path in paths.items()}
    led_away = {">admin:login", ">mfa_reauthenticate", ">admin:index"}
    assert {name: answer for name, answer in answers.items() if answer not in led_away} == {}
    assert where(client.get(reverse("admin:index"))) == ">admin:login"


@pytest.mark.parametrize("wrong", ["n-importe-quoi", "1/widgets.css", "999999999999999999999"])
def test_a_row_that_no_number_names_is_not_there(world, wrong):
    """The admin leads back to its home with a sentence, or says 404."""
    client = world.client("manager")
    addresses = [f"{reverse(f'admin:{table}_changelist')}{wrong}/change/" for table in TABLES]
    answers = {address: where(client.get(address)) for address in addresses}
    assert {address: answer for address, answer in answers.items() if answer not in ("404", ">admin:index")} == {}


def test_a_head_request_is_answered_as_a_get(world):
    client = world.client("parent")
    for name in ("home", "account", "wallet:statement", "reservations:cart"):
        path = paths_of(world)[name]
        assert client.head(path).status_code == client.get(path).status_code, name
