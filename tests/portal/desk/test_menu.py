"""The agents' menu: plain words, each entry where it says, none that the agent may not open; the first page tells today's work."""

import re

import pytest
from django.contrib.admin import site
from django.urls import reverse

from portal.desk import menu
from tests.accounts.pages import words
from tests.factories.accounts import AgentFactory, ManagerFactory
from tests.factories.families import FamilyFactory
from tests.factories.reservations import TUESDAY, ActivityFactory, book, household, instant, sessions

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a href="(/admin/[^"?#]*)')


def links(client, page: str) -> set[str]:
    html = client.get(page).content.decode()
    return set(LINK.findall(html[html.index("<main") :]))


@pytest.mark.parametrize("is_manager", [False, True])
def test_each_entry_opens(visitor, is_manager):
    client = visitor(ManagerFactory() if is_manager else AgentFactory(communes=[FamilyFactory().commune]))
    found = links(client, reverse("admin:index")) | links(client, reverse("admin:settings"))
    assert len(found) > 20
    wrong = {address for address in found if client.get(address, follow=True).status_code != 200}
    assert wrong == set()


def test_no_table_has_two_entries():
    named = [entry.table for groups in (menu.TASKS, menu.SETTINGS) for group in groups.values() for entry in group]
    tables = [table for table in named if table]
    assert len(tables) == len(set(tables))
    assert set(tables) <= {model._meta.label_lower for model in site._registry}


def test_the_page_that_is_open_is_marked_in_the_menu(visitor):
    client = visitor(AgentFactory(communes=[FamilyFactory().commune]))
    html = client.get(reverse("admin:families_family_changelist")).content.decode()
    assert re.findall(r'aria-current="page">([^<]+)', html) == ["Familles"]


def test_the_first_page_tells_whom_to_serve_today(visitor, time_machine):
    time_machine.move_to(instant(TUESDAY, "08:00"))
    home = household(5000)
    activity = ActivityFactory(service__commune=home.family.commune, name="Cantine")
    [today] = sessions(activity, TUESDAY)
    time_machine.move_to(instant(TUESDAY.replace(day=2), "08:00"))
    book(home, today)
    time_machine.move_to(instant(TUESDAY, "08:00"))
    client = visitor(AgentFactory(communes=[home.family.commune]))
    assert "À servir aujourd’hui 1 Cantine" in words(client.get(reverse("admin:index")))


def test_a_long_list_counts_no_more_rows_than_it_says(visitor, monkeypatch):
    monkeypatch.setattr("portal.desk.plain_words.COUNTED", 2)
    commune = FamilyFactory().commune
    for _ in range(4):
        FamilyFactory(commune=commune)
    client = visitor(AgentFactory(communes=[commune]))
    assert "Plus de 2 000 cellules familiales : cherchez ou filtrez" in words(
        client.get(reverse("admin:families_family_changelist"))
    )
