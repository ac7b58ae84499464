"""The agents' second factor: asked for in each session, whatever else is known."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret

from accounts.signing_in.mfa import current_code, enrol_totp
from tests.accounts.pages import PASSWORD, emails_to, errors, words
from tests.factories.accounts import AgentFactory, ManagerFactory, UserFactory

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def agent():
    return AgentFactory(email="agent@example.org", password=PASSWORD)


def log_in(client, email="agent@example.org"):
    return client.post("/comptes/login/", {"login": email, "password": PASSWORD})


def test_an_agent_signs_in_with_a_password_and_a_code_and_then_works(client, agent):
    enrol_totp(agent, SECRET)
    assert log_in(client).url == "/comptes/2fa/authenticate/"
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/comptes/2fa/authenticate/"
    answer = client.post("/comptes/2fa/authenticate/", {"code": current_code(SECRET)})
    assert answer.url == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("code", ["000000", "", "x" * 300])
def test_a_wrong_code_opens_nothing(client, agent, code):
    enrol_totp(agent, SECRET)
    log_in(client)
    assert len(errors(client.post("/comptes/2fa/authenticate/", {"code": code}))) == 1
    assert client.get("/admin/").status_code == 302


def test_a_code_serves_once(client, agent):
    enrol_totp(agent, SECRET)
    code = current_code(SECRET)
    log_in(client)
    client.post("/comptes/2fa/authenticate/", {"code": code})
    other = type(client)()
    log_in(other)
    assert len(errors(other.post("/comptes/2fa/authenticate/", {"code": code}))) == 1


def test_a_signed_in_agent_without_a_proof_in_this_session_is_asked_for_it(client, agent):
    enrol_totp(agent, SECRET)
    client.force_login(agent)
    assert client.get("/admin/accounts/user/").url == "/admin/login/?next=/admin/accounts/user/"
    question = client.get("/admin/login/?next=/admin/accounts/user/").url
    assert question == "/comptes/2fa/reauthenticate/?next=/admin/accounts/user/"
    answer = client.post(question, {"code": current_code(SECRET), "next": "/admin/accounts/user/"})
    assert answer.url == "/admin/accounts/user/"
    assert client.get("/admin/accounts/user/").status_code == 200


def test_an_agent_with_a_key_only_is_asked_for_the_key(client, agent):
    Authenticator.objects.create(user=agent, type="webauthn", data={"name": "Clé", "credential": {}})
    client.force_login(agent)
    assert client.get("/admin/login/?next=/admin/").url == "/comptes/2fa/webauthn/reauthenticate/?next=/admin/"


def test_an_agent_without_a_second_factor_is_led_to_install_one(client, agent):
    assert log_in(client).url == "/admin/"
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").url == "/comptes/2fa/?next=/admin/"
    assert "Installer une application" in words(client.get("/comptes/2fa/"))
    client.post("/comptes/reauthenticate/", {"password": PASSWORD})
    page = client.get("/comptes/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    assert f"Clé : {secret}" in words(page)
    answer = client.post("/comptes/2fa/totp/activate/", {"code": current_code(secret)})
    assert answer.url == "/comptes/2fa/recovery-codes/"
    assert emails_to("agent@example.org") == ["accounts/totp_activated"]
    assert client.get("/admin/").status_code == 302
    client.post("/comptes/2fa/reauthenticate/", {"code": current_code(secret)})
    assert client.get("/admin/").status_code == 200


def test_a_recovery_code_stands_in_for_a_lost_telephone_once(client, agent):
    enrol_totp(agent, SECRET)
    code = RecoveryCodes.activate(agent).get_unused_codes()[0]
    log_in(client)
    assert client.post("/comptes/2fa/authenticate/", {"code": code}).url == "/admin/"
    assert client.get("/admin/").status_code == 200
    other = type(client)()
    log_in(other)
    assert len(errors(other.post("/comptes/2fa/authenticate/", {"code": code}))) == 1


@pytest.mark.parametrize("factory", [AgentFactory, ManagerFactory])
def test_being_a_manager_spares_nobody_the_second_factor(client, factory):
    client.force_login(factory())
    assert client.get("/admin/").status_code == 302


def test_a_proof_given_by_somebody_else_in_the_same_browser_counts_for_nobody(client, agent):
    client.login_agent(agent)
    client.force_login(ManagerFactory())
    assert client.get("/admin/").status_code == 302


def test_a_parent_is_told_that_admin_is_not_for_them(client):
    client.force_login(UserFactory())
    answer = client.get("/admin/login/?next=/admin/", follow=True)
    assert "Cette page est réservée aux agents de la collectivité." in words(answer)


def test_the_admins_login_never_leads_to_another_site(client, agent):
    client.login_agent(agent)
    assert client.get("/admin/login/?next=https://evil.example/").url == "/admin/"


def test_the_secret_is_not_readable_in_the_database(agent):
    enrol_totp(agent, SECRET)
    assert SECRET not in str(Authenticator.objects.get().data)


def test_enrolling_twice_keeps_the_first_secret(agent):
    enrol_totp(agent, SECRET)
    enrol_totp(agent, generate_totp_secret())
    assert Authenticator.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("/comptes/2fa/", "Second facteur"),
        ("/comptes/2fa/webauthn/", "Mes clés d’accès"),
        ("/comptes/2fa/webauthn/add/", "Ajouter une clé d’accès"),
        ("/comptes/2fa/totp/deactivate/", "Retirer l’application à codes"),
        ("/comptes/2fa/recovery-codes/generate/", "Créer des codes de secours"),
        ("/comptes/2fa/reauthenticate/", "Second facteur"),
        ("/comptes/reauthenticate/", "Confirmez que c’est bien vous"),
    ],
)
def test_the_pages_of_the_second_factor_speak_french_in_the_portals_own_layout(client, agent, url, title):
    enrol_totp(agent, SECRET)
    client.login_agent(agent)
    client.post("/comptes/2fa/reauthenticate/", {"code": current_code(SECRET)})
    page = client.get(url)
    assert (page.status_code, f"<h1>{title}</h1>" in page.content.decode()) == (200, True)
    assert 'class="pv-main"' in page.content.decode()


def test_the_page_that_asks_for_the_code_also_offers_the_key(client, agent):
    enrol_totp(agent, SECRET)
    log_in(client)
    assert "Utiliser ma clé d’accès" in words(client.get("/comptes/2fa/authenticate/"))
