"""The printed letter: identifier, a code that serves once, a password of one's own."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts import actions
from accounts.models import MAX_FAILURES, ActivationCode, Consent
from accounts.rules import LettersPrinted, WrongActivation
from portal.lib.models import Authority
from portal.lib.once import make_key
from portal.lib.pdf import PdfUnavailable
from portal.lib.refusals import StalePage
from tests.accounts.pages import PASSWORD, errors, words
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, PendingUserFactory, UserFactory

pytestmark = pytest.mark.django_db
LETTERS = "/admin/accounts/user/courriers/"


@pytest.fixture
def commune():
    return CommuneFactory()


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


@pytest.fixture
def user(commune):
    return UserFactory(email=None, identifier="F0000012", commune=commune, first_name="Jeanne")


def code_for(agent, *people):
    codes = actions.make_codes(agent=agent, users=people, key=make_key(agent.owner, actions.LETTERS))
    return codes[0][1]


def activate(client, code, **fields):
    typed = {"identifier": "F0000012", "code": code, "password": PASSWORD, "terms": "on"}
    return client.post("/comptes/activation/", typed | fields)


@pytest.mark.seed("S4-2")
def test_the_letters_code_opens_the_account_and_the_person_signs_in(client, agent, user):
    answer = activate(client, code_for(agent, user))
    assert answer.url == "/comptes/login/"
    assert client.post("/comptes/login/", {"login": "F0000012", "password": PASSWORD}).url == "/mon-compte/"
    assert Consent.objects.current(user) == {"terms": True}


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
def test_the_code_is_taken_however_it_was_typed(client, agent, user, typed):
    assert activate(client, typed(code_for(agent, user)), identifier=" f0000012 ").status_code == 302


def test_the_code_serves_once(client, agent, user):
    code = code_for(agent, user)
    activate(client, code)
    answer = activate(client, code, password="une-autre-2026-cantine")
    assert errors(answer) == [WrongActivation.sentence.replace("\u00a0", " ")]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_every_failure_gets_the_same_answer(client, agent, user, commune):
    code = code_for(agent, user)
    waiting = PendingUserFactory(commune=commune, identifier="F0000077")
    answers = [
        errors(activate(client, "AAAA-BBBB-CCCC")),
        errors(activate(client, code, identifier="F9999999")),
        errors(activate(client, code, identifier=waiting.identifier)),
        errors(activate(client, code, identifier=agent.identifier)),
    ]
    assert answers == [[WrongActivation.sentence]] * 4


def test_a_code_is_worth_nothing_after_its_date(client, agent, user, time_machine):
    code = code_for(agent, user)
    time_machine.move_to(timezone.now() + timedelta(days=61))
    assert errors(activate(client, code)) == [WrongActivation.sentence]


def test_five_wrong_codes_end_the_letter(client, agent, user):
    code = code_for(agent, user)
    for _ in range(MAX_FAILURES):
        activate(client, "AAAA-BBBB-CCCC")
    assert ActivationCode.objects.get().failures == MAX_FAILURES
    assert errors(activate(client, code)) == [WrongActivation.sentence]


def test_a_new_letter_replaces_the_old_one(client, agent, user):
    old, new = code_for(agent, user), code_for(agent, user)
    assert errors(activate(client, old)) == [WrongActivation.sentence]
    assert activate(client, new).status_code == 302


def test_a_lost_password_without_an_email_means_a_new_letter(client, agent, user):
    activate(client, code_for(agent, user))
    answer = activate(client, code_for(agent, user), password="une-autre-2026-cantine")
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.check_password("une-autre-2026-cantine")


def test_a_weak_password_costs_no_try_and_tells_the_rule(client, agent, user):
    answer = activate(client, code_for(agent, user), password="abc1!")
    assert errors(answer)[0].startswith("Mot de passe : Le mot de passe doit être de 13 caractères")
    assert ActivationCode.objects.get().failures == 0


def test_the_terms_must_be_accepted(client, agent, user):
    assert len(errors(activate(client, code_for(agent, user), terms=""))) == 1
    assert not user.has_usable_password()


def test_many_tries_from_one_place_are_slowed_down(client):
    answers = [activate(client, "AAAA-BBBB-CCCC").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


@pytest.mark.parametrize("typed", ["x" * 300, "\x00", "😀", "'; DROP TABLE"])
def test_anything_may_be_typed(client, typed):
    assert activate(client, typed, identifier=typed).status_code == 200


def test_the_code_is_kept_hashed(agent, user):
    code = code_for(agent, user)
    assert code.replace("-", "") not in ActivationCode.objects.get().code_hash


# --- Printing --------------------------------------------------------------------------------------------------------
def test_an_agent_prints_letters_in_one_pdf(visitor, agent, user, commune, client):
    Authority(
        address="100 avenue Foch\n01400 Châtillon-sur-Chalaronne", subtitle="x" * 100, phone="04 74 00 00 00"
    ).save()
    address = {
        "address": "3 rue du Four, bâtiment B, escalier 2, appartement 14",
        "postcode": "01330",
        "city": "x" * 60,
    }
    other = UserFactory(commune=commune, first_name="Paul", last_name="y" * 60, identifier="F0000013", **address)
    browser = visitor(agent)
    page = browser.get(f"{LETTERS}?ids={user.pk}&ids={other.pk}")
    assert not ActivationCode.objects.exists()
    answer = browser.post(LETTERS, {"ids": [user.pk, other.pk], "once_key": once_keys(page)[0]})
    assert (answer["Content-Type"], "no-store" in answer["Cache-Control"]) == ("application/pdf", True)
    letters = [page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages]
    assert len(letters) == 2
    assert ["F0000012" in letters[0], "F0000013" in letters[1]] == [True, True]
    code = next(word for word in letters[0].split() if word.count("-") == 2 and len(word) == 14)
    assert activate(client, code).status_code == 302


def test_a_second_click_leaves_the_printed_letters_good(visitor, agent, user, client):
    browser = visitor(agent)
    key = make_key(agent.owner, actions.LETTERS)
    (_, code), *_ = actions.make_codes(agent=agent, users=[user], key=key)
    with pytest.raises(LettersPrinted):
        actions.make_codes(agent=agent, users=[user], key=key)
    assert browser.post(LETTERS, {"ids": [user.pk], "once_key": key}).status_code == 302
    assert activate(client, code).status_code == 302


def test_a_forged_key_prints_nothing(agent, user):
    with pytest.raises(StalePage):
        actions.make_codes(agent=agent, users=[user], key=make_key("user:0", actions.LETTERS))


def test_no_letter_is_printed_for_a_stranger_or_an_account_that_waits(visitor, agent, commune):
    stranger, waiting = UserFactory(commune=CommuneFactory()), PendingUserFactory(commune=commune)
    page = visitor(agent).get(f"{LETTERS}?ids={stranger.pk}&ids={waiting.pk}&ids=x&ids=99999999999999999999")
    assert "Aucun compte validé parmi ceux choisis" in words(page)


def test_without_the_pdf_libraries_the_letters_are_shown_to_be_printed(visitor, agent, user, monkeypatch, client):
    def unavailable(context):
        raise PdfUnavailable

    monkeypatch.setattr("accounts.admin.letters_pdf", unavailable)
    answer = visitor(agent).post(LETTERS, {"ids": [user.pk], "once_key": make_key(agent.owner, actions.LETTERS)})
    text = words(answer)
    code = text.partition("Votre code d’activation ")[2].split()[0]
    assert activate(client, code).status_code == 302
