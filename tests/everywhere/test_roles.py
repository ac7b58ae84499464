"""Which role opens which page of the agents, page by page and table by table; the menu shows no other."""

import re
from itertools import chain

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from accounts.backends import is_agent
from accounts.roles import LETS_DO, Role, granted
from tests.access import build_world, paths_of, table_paths
from tests.access_roles import OPENED
from tests.factories.accounts import AgentFactory
from tests.journeys.town import NOW

pytestmark = pytest.mark.django_db
SHUT = {403, 404}
LINK = re.compile(r'<a href="(/admin/[^"?#]*)')


@pytest.fixture
def world(time_machine, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    time_machine.move_to(NOW)
    return build_world()


def client_of(world, visitor, *roles):
    return visitor(AgentFactory(communes=[world.town.aiguilhe], roles=list(roles)))


def opens(client, path: str) -> bool:
    answer = client.get(path)
    return answer.status_code not in SHUT and answer.headers.get("Location") != reverse("admin:index")


def test_each_role_opens_its_pages_and_no_other(world, visitor):
    pages = {name: path for name, path in (paths_of(world) | table_paths(world)).items() if name.startswith("admin:")}
    found = {}
    for role in Role:
        client = client_of(world, visitor, role)
        for name, path in pages.items():
            if opens(client, path):
                found.setdefault(name, []).append(role.value)
    expected = {f"admin:{name}": roles.split() for roles, names in OPENED.items() for name in names.split()}
    assert {name: " ".join(roles) for name, roles in found.items() if expected.get(name) != roles} == {}
    assert sorted(expected) == sorted(found)


def test_what_only_a_post_opens_has_its_right_too(world, visitor):
    names = (
        "reservations_absence_proof",
        "services_supportingdocument_ouvrir",
        "accounts_user_valider",
        "attendance_send",
    )
    client, paths = client_of(world, visitor, "consultation"), paths_of(world)
    assert {client.post(paths[f"admin:{name}"]).status_code for name in names} <= SHUT


@pytest.mark.parametrize("role", Role)
def test_each_entry_of_the_menu_opens_and_a_desk_s_menu_is_short(world, visitor, role):
    client = client_of(world, visitor, role)
    first = client.get(reverse("admin:index")).content.decode()
    entries = set(LINK.findall(first[first.index("<nav aria-labelledby") :]))
    inside = set(LINK.findall(client.get(reverse("admin:settings")).content.decode()))
    assert {address for address in entries | inside if not opens(client, address)} - {reverse("admin:index")} == set()
    if role in (Role.ANIMATEUR, Role.GUICHET):
        assert len(entries) <= 12


def test_a_new_agent_has_no_right_and_is_told_whom_to_ask(world, visitor):
    page = client_of(world, visitor).get(reverse("admin:index")).content.decode()
    assert "Aucun rôle ne vous est encore donné" in page
    assert granted([]) == frozenset()


def test_a_right_taken_away_while_the_page_is_open_ends_with_it(world, visitor):
    agent = AgentFactory(communes=[world.town.aiguilhe], roles=["guichet"])
    client, page = visitor(agent), reverse("admin:family_file", args=[world.objects["family"].pk])
    assert client.get(page).status_code == 200
    type(agent).objects.filter(pk=agent.pk).update(roles=["consultation"])
    assert client.post(page, {"text": "Une note", "once_key": "x"}).status_code == 403
    assert not world.objects["family"].notes.exists()


def test_agents_of_before_keep_together_what_every_agent_could_do():
    four = granted(list(Role)[:4])
    assert granted([Role.GESTIONNAIRE]) - four == {f"accounts.{verb}_agent" for verb in ("view", "add", "change")}
    assert set(LETS_DO) == set(Role)
    assert not is_agent(AnonymousUser())


# --- Giving roles
LIST = "/admin/accounts/agent/"


@pytest.fixture
def giver(world):
    return AgentFactory(communes=[world.town.aiguilhe], roles=["gestionnaire"])


def given(**fields):
    return {"first_name": "Nina", "last_name": "Roy", "email": "nina@example.org", "is_active": "on"} | fields


def test_a_gestionnaire_gives_roles_in_their_communes(world, visitor, giver):
    aiguilhe, elsewhere = world.town.aiguilhe, world.people["stranger"].communes.get()
    client = visitor(giver)
    asked = given(communes=[aiguilhe.pk], roles=["animateur", "guichet"])
    assert client.post(f"{LIST}add/", asked).status_code == 302
    nina = type(giver).objects.get(email="nina@example.org")
    assert (nina.roles, list(nina.communes.all()), nina.is_staff) == (["animateur", "guichet"], [aiguilhe], True)
    for wrong in ({"communes": [elsewhere.pk]}, {"communes": []}, {"communes": [aiguilhe.pk], "roles": ["maire"]}):
        answer = client.post(f"{LIST}add/", given(email="x@example.org") | wrong)
        assert (answer.status_code, type(giver).objects.filter(email="x@example.org").exists()) == (200, False)


def test_a_gestionnaire_neither_changes_themselves_nor_who_manages_nor_agents_of_elsewhere(world, visitor, giver):
    client = visitor(giver)
    both = AgentFactory(communes=[world.town.aiguilhe, world.people["stranger"].communes.get()])
    for person in (giver, world.people["manager"], world.people["stranger"], both):
        assert not opens(client, f"{LIST}{person.pk}/change/"), person
    nina = AgentFactory(communes=[world.town.aiguilhe], roles=[])
    asked = given(communes=[world.town.aiguilhe.pk], is_superuser="on", groups=["1"])
    client.post(f"{LIST}{nina.pk}/change/", asked)
    nina.refresh_from_db()
    assert (nina.is_superuser, nina.first_name) == (False, "Nina")


def test_every_page_has_its_right():
    from portal.desk.pages import RIGHTS, addresses

    assert set(RIGHTS) == {page.name for page in addresses()} | {"settings"}
    rights = set(chain(RIGHTS.values())) - {""}
    every = granted([Role.GESTIONNAIRE])
    assert rights - every == {"wallet.change_directdebitrun"}  # the files for the bank: who manages the portal
