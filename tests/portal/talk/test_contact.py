"""« Contact » and the pages every public service owes, with what the authority says of itself."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from common.background.mailing import send_pending
from common.models import OutgoingEmail, authority
from common.writing.once import make_key
from portal.desk.reads.worklist import worklist
from portal.models import ContactMessage
from portal.talk.actions.messages import CONTACT, VISITOR, forget_messages, handle_message
from portal.talk.rules import NotYourMessage
from tests.accounts.pages import errors, words
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, UserFactory
from tests.factories.services import ServiceFactory

pytestmark = pytest.mark.django_db
PAGE = "/informations/contact/"
SAID = {"name": "Odette", "email": "odette@example.org", "subject": "Menu\r\nBcc: x@y.fr", "text": "Merci !\nÀ demain."}


@pytest.fixture
def service():
    return ServiceFactory(name="Cantine", commune=CommuneFactory(name="Cestas"), email="cantine@cestas.example")


@pytest.fixture(autouse=True)
def _authority():
    it = authority()
    it.name, it.email, it.phone = "Dombes Connect", "famille@dombes.example", "04 74 00 00 00"
    it.save()


def write(browser, **fields):
    return browser.post(PAGE, SAID | {"once_key": once_keys(browser.get(PAGE))[0]} | fields)


@pytest.mark.seed("S1-30")
def test_anybody_writes_to_a_service_which_answers_by_email(client, service):
    key = once_keys(client.get(PAGE))[0]
    for _ in range(2):
        answer = write(client, service=service.pk, once_key=key)
        assert answer.url == PAGE
    assert "Votre message est envoyé." in words(client.get(PAGE))
    kept = ContactMessage.objects.get()
    assert (kept.service, kept.user, kept.email, kept.handled_at) == (service, None, "odette@example.org", None)
    send_pending()
    [letter] = mail.outbox
    assert (letter.to, letter.reply_to) == (["cantine@cestas.example"], ["odette@example.org"])
    assert letter.subject == "[Dombes Connect] Menu Bcc: x@y.fr"
    assert "Odette (odette@example.org) écrit au service « Cestas – Cantine »" in letter.body
    assert f"http://testserver/admin/portal/contactmessage/{kept.pk}/change/" in letter.body
    assert OutgoingEmail.objects.get().context == {}  # the message stands once, where agents read it


def test_a_message_to_no_service_goes_to_the_authority_and_without_any_address_it_waits_for_the_agents(client, service):
    write(client)
    assert OutgoingEmail.objects.get().to == "famille@dombes.example"
    it = authority()
    it.email = ""
    it.save()
    write(client)
    assert (OutgoingEmail.objects.count(), ContactMessage.objects.count()) == (1, 2)


def test_who_is_signed_in_finds_their_name_and_address(visitor, service):
    user = UserFactory(first_name="Claire", last_name="Dupont", email="claire@example.org")
    page = visitor(user).get(PAGE).content.decode()
    assert 'value="Claire Dupont"' in page
    assert 'value="claire@example.org"' in page
    write(visitor(user), service=service.pk)
    assert ContactMessage.objects.get().user == user


def test_a_robot_that_fills_in_the_trap_is_thanked_and_not_heard(client):
    assert write(client, site="https://casino.example").url == PAGE
    assert (ContactMessage.objects.count(), OutgoingEmail.objects.count()) == (0, 0)


def test_too_many_messages_in_a_minute_are_refused(client):
    answers = [write(client, subject=f"Message {number}").status_code for number in range(6)]
    assert answers == [302] * 5 + [429]
    assert ContactMessage.objects.count() == 5


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"email": "odette"}, "Votre adresse e-mail"),
        ({"text": ""}, "Votre message"),
        ({"text": "x" * 4001}, "Votre message"),
        ({"subject": "x" * 121}, "Objet"),
        ({"service": "0"}, "À qui écrivez-vous ?"),
        ({"service": "x"}, "À qui écrivez-vous ?"),
        ({"name": "nul\x00"}, "Votre nom"),
    ],
)
def test_bad_input_is_told_on_its_field_and_sends_nothing(client, fields, label):
    assert [text.partition(" : ")[0] for text in errors(write(client, **fields))] == [label]
    assert ContactMessage.objects.count() == 0


def test_a_closed_service_is_not_written_to(client, service):
    service.is_open = False
    service.save()
    assert errors(write(client, service=service.pk))
    assert ContactMessage.objects.count() == 0


def test_a_key_made_for_somebody_else_is_refused(visitor, client):
    for browser in (visitor(UserFactory()), client):
        assert write(browser, once_key=make_key("user:0", CONTACT)).status_code == 409
    assert write(visitor(UserFactory()), once_key=make_key(VISITOR, CONTACT)).status_code == 409
    assert ContactMessage.objects.count() == 0


# --- Agents ----------------------------------------------------------------------------------------------------------
def test_an_agent_reads_the_messages_of_their_services_and_marks_them_once(visitor, service):
    agent, stranger = AgentFactory(communes=[service.commune]), AgentFactory(communes=[CommuneFactory()])
    message = ContactMessage.objects.create(service=service, **SAID)
    general = ContactMessage.objects.create(**SAID | {"subject": "Général"})
    page = f"/admin/portal/contactmessage/{message.pk}/change/"
    assert [(task.label, task.count) for task in worklist(agent)] == [("Messages reçus", 1)]
    assert [(task.label, task.count) for task in worklist(ManagerFactory())] == [("Messages reçus", 2)]
    assert worklist(stranger) == []
    assert "Merci !" in words(visitor(agent).get(page))
    for _ in range(2):
        assert visitor(agent).post(page).url == "/admin/portal/contactmessage/"
    for refused in (stranger, agent):
        with pytest.raises(NotYourMessage):
            handle_message(agent=refused, message=general)
    assert handle_message(agent=agent, message=message) is False
    message.refresh_from_db()
    assert message.handled_by == agent
    assert worklist(agent) == []


def test_a_strangers_message_is_not_there(visitor, service):
    message = ContactMessage.objects.create(service=service, **SAID)
    stranger = visitor(AgentFactory(communes=[CommuneFactory()]))
    page = f"/admin/portal/contactmessage/{message.pk}/change/"
    assert (stranger.get(page).status_code, stranger.post(page).status_code) == (404, 404)
    message.refresh_from_db()
    assert message.handled_at is None


def test_messages_are_forgotten_in_time(service):
    now = timezone.now()
    ContactMessage.objects.create(sent_at=now - timedelta(days=400), **SAID)
    recent = ContactMessage.objects.create(sent_at=now - timedelta(days=300), **SAID)
    assert forget_messages(now - timedelta(days=365)) == 1
    assert ContactMessage.objects.get() == recent


# --- Legal pages -----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-31")
def test_the_legal_notice_says_what_the_authority_said(client):
    assert "n’a pas encore renseigné son hébergeur" in words(client.get("/informations/mentions-legales/"))
    it = authority()
    it.publisher, it.host = "Mme Odile Régisseur, présidente", "Hébergeur SAS\n1 rue du Nuage, Lyon\n04 00 00 00 00"
    it.save()
    page = words(client.get("/informations/mentions-legales/"))
    for said in ("Dombes Connect", "Mme Odile Régisseur, présidente", "Hébergeur SAS 1 rue du Nuage, Lyon"):
        assert said in page


def test_the_data_page_names_the_officer_and_the_cnil(client):
    it = authority()
    it.terms, it.data_protection = "Nos conditions.", "dpo@dombes.example"
    it.save()
    page = words(client.get("/informations/donnees-personnelles/"))
    assert "Nos conditions." in page
    assert "dpo@dombes.example" in page
    assert "CNIL" in page


def test_the_accessibility_statement_says_not_conforming_until_an_audit(client):
    it = authority()
    it.accessibility_on, it.accessibility_gaps = (
        timezone.localdate().replace(2027, 3, 1),
        "Les PDF ne sont pas balisés.",
    )
    it.save()
    page = words(client.get("/informations/accessibilite/"))
    assert "Ce portail est non conforme au référentiel général d’amélioration de l’accessibilité (RGAA 4.1)" in page
    assert "établie le 01-03-2027" in page
    assert "Les PDF ne sont pas balisés." in page
    assert "Défenseur des droits, Libre réponse 71120" in page


@pytest.mark.seed("S1-32")
def test_the_cookies_page_names_the_cookies_that_are_set(client, settings):
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    page = words(client.get("/informations/cookies/"))
    assert "__Host-session" in page
    assert "__Host-csrf" in page


def test_a_page_that_nobody_wrote_is_not_there(client):
    assert client.get("/informations/autre/").status_code == 404
