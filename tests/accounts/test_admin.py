"""What agents see and decide in admin: their communes, and nothing else."""

import pytest

from accounts.models import Agent, User
from tests.accounts.pages import emails_to, words
from tests.factories.accounts import (
    AgentFactory,
    CommuneFactory,
    ManagerFactory,
    PendingUserFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"
LIST_QUERIES = 7


@pytest.fixture
def commune():
    return CommuneFactory(name="Saint-Marcel")


@pytest.fixture
def agent(visitor, commune):
    return visitor(AgentFactory(communes=[commune]))


@pytest.fixture
def stranger():
    return PendingUserFactory(last_name="Étranger", commune=CommuneFactory())


def names(response):
    """The people in a list, in order."""
    return [user.last_name for user in response.context["cl"].result_list]


def test_the_list_shows_the_agents_communes_and_those_who_wait_first(agent, commune, stranger):
    UserFactory(last_name="Validé", commune=commune)
    PendingUserFactory(last_name="Attend", commune=commune)
    UserFactory(last_name="Refusé", commune=commune, status="refused", refusal_reason="Non.")
    AgentFactory(last_name="Collègue", commune=commune)
    assert names(agent.get(LIST)) == ["Attend", "Refusé", "Validé"]


def test_the_filter_shows_what_waits(visitor, commune):
    """Who has named no commune yet is a matter of the « gestionnaire »."""
    agent = visitor(AgentFactory(communes=[commune], roles=["gestionnaire"]))
    PendingUserFactory(last_name="Attend", commune=commune)
    PendingUserFactory(last_name="Inachevé", commune=None, signed_up_at=None)
    UserFactory(last_name="Validé", commune=commune)
    found = {value: names(agent.get(f"{LIST}?statut={value}")) for value in ("a-valider", "inacheve", "validated")}
    assert found == {"a-valider": ["Attend"], "inacheve": ["Inachevé"], "validated": ["Validé"]}


@pytest.mark.parametrize("page", ["change/", "history/", "valider/", "refuser/", "fermer/"])
def test_every_page_of_a_stranger_does_not_exist(agent, stranger, page):
    assert agent.get(f"{LIST}{stranger.pk}/{page}").status_code == 404


@pytest.mark.parametrize("page", ["valider", "refuser", "fermer"])
def test_deciding_about_a_stranger_is_not_possible(agent, stranger, page):
    assert agent.post(f"{LIST}{stranger.pk}/{page}/", {"reason": "Non."}).status_code == 404
    assert User.objects.get(pk=stranger.pk).status == "pending"


def test_a_forged_bulk_choice_leaves_strangers_out(agent, stranger):
    agent.post(LIST, {"action": "validate_selected", "_selected_action": [stranger.pk], "confirmed": "1"})
    assert User.objects.get(pk=stranger.pk).status == "pending"


def test_autocomplete_offers_no_stranger(agent, commune, stranger):
    PendingUserFactory(last_name="Voisin", commune=commune)
    answer = agent.get(
        "/admin/autocomplete/", {"app_label": "families", "model_name": "guardian", "field_name": "user", "term": ""}
    )
    assert [row["text"] for row in answer.json()["results"]] == ["Claire Voisin"]


def test_the_page_that_validates_shows_the_email_then_sends_it(agent, commune):
    user = PendingUserFactory(commune=commune, email="claire@example.org", first_name="Claire")
    page = agent.get(f"{LIST}{user.pk}/valider/")
    assert "Votre compte est validé Bonjour Claire, Votre compte usager est validé." in words(page)
    assert emails_to("claire@example.org") == []
    assert agent.post(f"{LIST}{user.pk}/valider/").url == LIST
    assert emails_to("claire@example.org") == ["accounts/account_validated"]
    assert "Compte validé" in words(agent.get(f"{LIST}{user.pk}/history/", follow=True))


def test_the_page_that_refuses_asks_for_the_reason(agent, commune):
    user = PendingUserFactory(commune=commune, email="claire@example.org")
    assert "(votre motif)" in words(agent.get(f"{LIST}{user.pk}/refuser/"))
    assert agent.post(f"{LIST}{user.pk}/refuser/", {"reason": " "}).status_code == 200
    assert agent.post(f"{LIST}{user.pk}/refuser/", {"reason": "Hors du territoire."}).url == LIST
    user.refresh_from_db()
    assert (user.status, user.refusal_reason) == ("refused", "Hors du territoire.")


def test_a_decision_taken_meanwhile_is_told_and_changes_nothing(agent, commune):
    user = PendingUserFactory(commune=commune)
    agent.get(f"{LIST}{user.pk}/refuser/")
    User.objects.filter(pk=user.pk).update(status="validated", decided_at=user.date_joined)
    answer = agent.post(f"{LIST}{user.pk}/refuser/", {"reason": "Non."}, follow=True)
    assert "l’état a changé entre-temps" in words(answer)
    user.refresh_from_db()
    assert user.status == "validated"


def test_several_accounts_are_validated_after_a_page_that_names_them(agent, commune):
    people = [PendingUserFactory(last_name=name, commune=commune) for name in ("Un", "Deux")]
    done = UserFactory(commune=commune)
    chosen = [user.pk for user in [*people, done]]
    page = agent.post(LIST, {"action": "validate_selected", "_selected_action": chosen})
    assert "1 compte choisi n’attend pas de validation et ne change pas." in words(page)
    assert [User.objects.get(pk=user.pk).status for user in people] == ["pending", "pending"]
    agent.post(LIST, {"action": "validate_selected", "_selected_action": chosen, "confirmed": "1"})
    assert [User.objects.get(pk=user.pk).status for user in people] == ["validated", "validated"]


def test_the_status_is_never_a_field_of_a_form(agent, commune):
    user = PendingUserFactory(commune=commune)
    details = {"first_name": "Claire", "last_name": "Durand", "commune": commune.pk, "gender": "Mme"}
    agent.post(f"{LIST}{user.pk}/change/", details | {"status": "validated", "is_staff": "on", "is_superuser": "on"})
    user.refresh_from_db()
    assert (user.last_name, user.status, user.is_staff, user.is_superuser) == ("Durand", "pending", False, False)


def test_an_agent_moves_an_account_to_their_own_communes_only(agent, commune):
    user, elsewhere = PendingUserFactory(commune=commune), CommuneFactory()
    agent.post(f"{LIST}{user.pk}/change/", {"first_name": "Claire", "last_name": "Dupont", "commune": elsewhere.pk})
    user.refresh_from_db()
    assert user.commune == commune


@pytest.mark.parametrize("url", ["/admin/accounts/agent/", "/admin/accounts/commune/add/", f"{LIST}add/"])
def test_agents_and_communes_are_the_managers_matter(agent, url):
    assert agent.get(url).status_code == 403


@pytest.mark.parametrize("url", ["/admin/account/emailaddress/", "/admin/auth/group/", "/admin/mfa/authenticator/"])
def test_the_libraries_own_tables_have_no_page_in_admin(visitor, url):
    assert visitor(ManagerFactory()).get(url).status_code == 404


def test_a_manager_adds_an_agent_who_chooses_the_password_alone(visitor, commune):
    manager = visitor(ManagerFactory())
    details = {"first_name": "Agnès", "last_name": "Martin", "email": "Agnes@example.org", "is_active": "on"}
    answer = manager.post("/admin/accounts/agent/add/", details | {"communes": [commune.pk]})
    assert answer.status_code == 302
    agent = Agent.objects.get(email="agnes@example.org")
    assert (agent.is_staff, agent.has_usable_password(), list(agent.communes.all())) == (True, False, [commune])


def test_two_accounts_never_share_an_address(visitor):
    UserFactory(email="agnes@example.org")
    details = {"first_name": "Agnès", "last_name": "Martin", "email": "Agnes@example.org", "is_active": "on"}
    answer = visitor(ManagerFactory()).post("/admin/accounts/agent/add/", details)
    assert "Un compte existe déjà avec cette adresse e-mail." in words(answer)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_whatever_its_length(agent, commune, count, django_assert_num_queries):
    for _ in range(count):
        PendingUserFactory(commune=commune)
    agent.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        agent.get(LIST)
