"""The security question: an extra check before the link of a forgotten password, seen by the mailbox's owner only."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from accounts.models import SecurityQuestion
from accounts.rules import WeakQuestion
from accounts.signing_in import questions
from common.models import OutgoingEmail
from common.writing.once import make_key
from reservations.models import BackOffice, BackOfficeService
from tests.accounts.pages import PASSWORD, emails_to, errors, last_email, words
from tests.client import once_keys
from tests.factories.accounts import UserFactory
from tests.factories.families import GuardianFactory, MemberFactory
from tests.factories.services import ServiceFactory, line

pytestmark = pytest.mark.django_db
EMAIL = "claire@example.org"
ASKED = {"question": "Comment s’appelait ma première maîtresse ?", "answer": "Madame Éléonore"}
PAGE, REMOVAL = "/comptes/profil/question/", "/comptes/profil/question/retirer/"


@pytest.fixture
def user():
    return UserFactory(email=EMAIL, first_name="Claire", password=PASSWORD)


@pytest.fixture
def me(visitor, user):
    client = visitor(user)
    client.post("/comptes/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def asked(user):
    questions.set_question(user=user, key=make_key(user.owner, questions.SETTING), **ASKED)
    OutgoingEmail.objects.all().delete()
    return SecurityQuestion.objects.get()


def link(client):
    client.post("/comptes/password/reset/", {"email": EMAIL})
    return last_email(EMAIL, "password_question").context["password_reset_url"].removeprefix("http://testserver")


# --- Set and taken away ----------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-113")
def test_a_question_is_set_in_the_profile_and_its_answer_is_unreadable(me, user):
    key = once_keys(me.get(PAGE))[0]
    for _ in range(2):
        assert me.post(PAGE, ASKED | {"once_key": key}).url == "/comptes/profil/"
    kept = SecurityQuestion.objects.get(user=user)
    assert kept.question == ASKED["question"]
    assert "leonore" not in kept.answer_hash
    assert check_password("madameeleonore", kept.answer_hash)
    assert emails_to(EMAIL) == ["accounts/question_changed"]
    assert "leonore" not in str(OutgoingEmail.objects.get().context).lower()


def test_a_question_is_taken_away_once(me, asked):
    key = once_keys(me.get(PAGE))[1]
    for _ in range(2):
        assert me.post(REMOVAL, {"once_key": key}).url == "/comptes/profil/"
    assert SecurityQuestion.objects.count() == 0
    assert emails_to(EMAIL) == ["accounts/question_changed"]


def test_the_question_is_not_changed_without_the_password(visitor, user, asked):
    client, key = visitor(user), make_key(user.owner, questions.SETTING)
    client.post(PAGE, {"question": "Quelle est ma couleur ?", "answer": "violet", "once_key": key})
    client.post(REMOVAL, {"once_key": make_key(user.owner, questions.REMOVING)})
    assert SecurityQuestion.objects.get().question == ASKED["question"]


def test_a_key_of_another_person_sets_nothing(me):
    other = make_key(UserFactory().owner, questions.SETTING)
    assert me.post(PAGE, ASKED | {"once_key": other}).status_code == 409
    assert SecurityQuestion.objects.count() == 0


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("Mon chien ?", "Rex", "La réponse compte au moins 4 lettres ou chiffres."),
        ("Mon chien ?", " - ' - ", "La réponse compte au moins 4 lettres ou chiffres."),
        ("Mon chien s’appelle Médor ?", "medor", "La question ne doit pas contenir la réponse."),
        ("?", "violette", "Écrivez une vraie question."),
        ("Quel est mon secret ?", PASSWORD, "La réponse ne doit pas être votre mot de passe."),
    ],
)
def test_a_question_that_protects_nothing_is_refused(user, question, answer, sentence):
    with pytest.raises(WeakQuestion) as refusal:
        questions.set_question(user=user, question=question, answer=answer, key=make_key(user.owner, questions.SETTING))
    assert refusal.value.sentences == [sentence]
    assert SecurityQuestion.objects.count() == 0


# --- Password forgotten ----------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-113")
@pytest.mark.parametrize("answer", ["Madame Éléonore", "  madame-eleonore "])
def test_the_right_answer_leads_to_the_new_password(client, user, asked, answer):
    address = link(client)
    assert emails_to(EMAIL) == ["accounts/password_question"]  # no link that would do without the answer
    assert ASKED["question"] in words(client.get(address))
    form = client.get(client.post(address, {"answer": answer}).url).url
    new = "une-autre-2026-cantine"
    assert client.post(form, {"password1": new, "password2": new}).url == "/comptes/password/reset/key/done/"
    user.refresh_from_db()
    assert user.check_password(new)
    assert "Ce lien n’est plus valable" in words(client.get(address))


def test_a_wrong_answer_leads_nowhere_and_five_block_the_question_for_a_day(client, asked, time_machine):
    time_machine.move_to("2026-03-02 10:00")
    address = link(client)
    said = [errors(client.post(address, {"answer": "Madame Rose"}))[0] for _ in range(5)]
    assert said == ["Ce n’est pas la bonne réponse."] * 4 + [
        "Trop de mauvaises réponses : attendez 24 heures, ou demandez un nouveau lien à votre mairie."
    ]
    assert errors(client.post(address, ASKED))[0].startswith("Trop de mauvaises réponses")
    time_machine.move_to("2026-03-03 10:01")
    assert client.post(link(client), ASKED).status_code == 302
    asked.refresh_from_db()
    assert asked.failures == 0


def test_old_failures_are_forgotten(client, asked):
    SecurityQuestion.objects.update(failures=4, failed_at=timezone.now() - timedelta(hours=25))
    address = link(client)
    assert errors(client.post(address, {"answer": "Rose"})) == ["Ce n’est pas la bonne réponse."]
    asked.refresh_from_db()
    assert asked.failures == 1


def test_nobody_without_the_mailbox_learns_who_has_an_account_or_a_question(client, asked):
    UserFactory(email="paul@example.org")
    answers = [
        client.post("/comptes/password/reset/", {"email": address})
        for address in (EMAIL, "paul@example.org", "nobody@example.org")
    ]
    assert {(answer.status_code, answer.url) for answer in answers} == {(302, "/comptes/password/reset/done/")}


@pytest.mark.parametrize("damage", [lambda parts: ["zzzzzzzzzzzzzzzzzz", parts[1]], lambda parts: [parts[0], "x-y"]])
def test_a_forged_link_is_a_dead_one(client, user, asked, damage):
    uid, token = damage(questions.link_parts(user))
    for answer in (client.get, client.post):
        assert "Ce lien n’est plus valable" in words(answer(f"/comptes/question/{uid}/{token}/"))


def test_the_link_of_a_person_without_a_question_is_a_dead_one(client, user):
    uid, token = questions.link_parts(user)
    assert "Ce lien n’est plus valable" in words(client.get(f"/comptes/question/{uid}/{token}/"))


def test_a_link_is_worth_nothing_after_two_hours(client, asked, time_machine):
    time_machine.move_to("2026-03-02 10:00")
    address = link(client)
    time_machine.move_to("2026-03-02 12:01")
    assert "Ce lien n’est plus valable" in words(client.get(address))


def test_who_lost_the_answer_asks_the_town_hall_for_a_link(client, asked):
    assert "Demandez un nouveau lien à votre mairie, qui vérifiera votre identité." in words(client.get(link(client)))


# --- Effective at once -----------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-114")
def test_the_profile_says_that_changes_hold_at_once_and_travel_by_night_where_a_service_is_transmitted(visitor, user):
    family, child = GuardianFactory(user=user).family, MemberFactory()
    here = "Vos changements sont pris en compte tout de suite sur ce portail"
    page = visitor(user).get("/comptes/profil/")
    assert f"{here}." in words(page)
    service = line(ServiceFactory(), family, child).request.service
    office = BackOffice.objects.create(name="Concerto", address="/srv/nuit")
    BackOfficeService.objects.create(back_office=office, service=service)
    told = f"{here} et seront transmis à votre mairie dans la nuit, avec vos réservations."
    for address in ("/comptes/profil/", "/comptes/profil/modifier/"):
        assert told in words(visitor(user).get(address))
