"""The thin journey: sign-up in three steps, waiting, validation by an agent."""


import pytest

from accounts.models import User
from portal.lib.models import OutgoingEmail
from services.models import Service
from tests.factories.accounts import AgentFactory, CommuneFactory

PASSWORD = "cantine-2026-soleil"
STEP_1 = {
    "first_name": "Claire",
    "last_name": "Dupont",
    "email": "Claire@example.org",
    "password1": PASSWORD,
    "terms": "on",
    "members-TOTAL_FORMS": "0",
    "members-INITIAL_FORMS": "0",
}


def member(first_name, n=0, **fields):
    names = {"last_name": "Dupont", "first_name": first_name, "kinship": "mother"}
    birth = {"birth_date_day": "10", "birth_date_month": "5", "birth_date_year": "2018"}
    return {f"members-{n}-{name}": value for name, value in (names | birth | fields).items()}


def code_sent(to="claire@example.org"):
    return OutgoingEmail.objects.filter(to=to).latest("pk").context["code"]


@pytest.fixture
def service(db):
    return Service.objects.create(
        commune=CommuneFactory(name="Saint-Marcel", insee_code="01371"), name="Service cantine"
    )


@pytest.mark.django_db
@pytest.mark.seed("S3-2", "S3-3", "S3-20")
def test_a_parent_signs_up_in_three_steps_waits_and_is_let_in(client, visitor, service):
    answer = client.post("/inscription/", STEP_1 | {"members-TOTAL_FORMS": "1"} | member("Louane"))
    assert (answer.status_code, answer.url) == (302, "/comptes/confirm-email/")
    answer = client.post(answer.url, {"code": code_sent(), "action": "verify"})
    assert (answer.status_code, answer.url) == (302, "/inscription/filiations/")
    assert "Louane" in client.get(answer.url).content.decode()
    answer = client.post("/inscription/services/", {"service": service.pk})
    assert answer.url == "/comptes/en-attente/"
    page = client.get(answer.url).content.decode()
    assert "<h1>En attente de validation</h1>" in page
    assert client.get("/mon-compte/").url == "/comptes/en-attente/"

    user = User.objects.get(email="claire@example.org")
    assert (user.commune, user.guardian.family.commune) == (service.commune, service.commune)
    agent = visitor(AgentFactory(communes=[service.commune]))
    assert "Dupont Claire" in agent.get("/admin/accounts/user/").content.decode()
    page = agent.get(f"/admin/accounts/user/{user.pk}/valider/").content.decode()
    assert "Votre compte est validé" in page
    assert agent.post(f"/admin/accounts/user/{user.pk}/valider/").status_code == 302
    user.refresh_from_db()
    assert user.status == "validated"
    assert client.get("/mon-compte/").status_code == 200
