"""The printed letter: identifier, a code that serves once, a password of one's own."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts import actions
from accounts.models import MAX_FAILURES, ActivationCode, Consent, CredentialAct
from accounts.rules import LettersPrinted, NotYourAccount, WrongActivation
from accounts.signing_in.passwords import GUESSABLE
from common.files.pdf import PdfUnavailable
from common.models import Authority
from common.refusals import StalePage
from common.writing.once import make_key
from tests.accounts.pages import PASSWORD, emails_to, errors, last_email, words
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, PendingUserFactory, UserFactory

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


def test_a_password_made_of_ones_own_name_costs_no_try_and_leaves_the_code_good(client, agent, user):
    code = code_for(agent, user)
    answer = activate(client, code, password=f"{user.first_name}-{user.last_name}-26!")
    assert errors(answer) == [GUESSABLE]
    assert not ActivationCode.objects.exclude(failures=0, used_at=None).exists()
    assert activate(client, code).status_code == 302


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


# --- Accounts that have served: a link goes to the person, never a letter through an agent --------------------------------
@pytest.fixture
def active(commune):
    return UserFactory(email="claire@example.org", identifier="F0000099", commune=commune, password=PASSWORD)


def acts_of(person):
    return list(person.credential_acts.order_by("pk").values_list("kind", "agent"))


def test_no_letter_is_printed_for_an_account_that_has_served(visitor, agent, user, active):
    page = visitor(agent).get(f"{LETTERS}?ids={active.pk}&ids={user.pk}")
    assert (f"{user} (F0000012)" in words(page), "F0000099" in words(page)) == (True, False)
    assert "Laissé de côté : 1" in words(page)
    codes = actions.make_codes(agent=agent, users=[active, user], key=make_key(agent.owner, actions.LETTERS))
    assert [person for person, _ in codes] == [user]
    assert (acts_of(active), acts_of(user)) == ([], [("letter", agent.pk)])


def test_a_letter_is_worth_nothing_once_the_person_has_an_address_and_a_password(client, agent, commune):
    person = UserFactory(email="claire@example.org", identifier="F0000012", commune=commune)
    code = code_for(agent, person)
    person.set_password("une-autre-2026-cantine")
    person.save()
    assert errors(activate(client, code)) == [WrongActivation.sentence]
    person.refresh_from_db()
    assert person.check_password("une-autre-2026-cantine")


def test_a_letter_is_an_act_in_the_history_and_told_at_every_address(client, agent, commune):
    person = UserFactory(email="claire@example.org", identifier="F0000012", commune=commune)
    person.emailaddress_set.create(email="ancienne@example.org", verified=True)
    activate(client, code_for(agent, person))
    assert acts_of(person) == [("letter", agent.pk), ("letter_used", None)]
    written = ["accounts/letter_printed", "accounts/password_chosen"]
    assert emails_to("claire@example.org") == emails_to("ancienne@example.org") == written
    events = CredentialAct.events.rel.related_model.objects.order_by("pgh_id")
    assert [event.kind for event in events] == ["letter", "letter_used"]


def test_who_has_no_address_reads_it_among_their_messages(visitor, client, agent, user):
    activate(client, code_for(agent, user))
    user.refresh_from_db()
    page = words(visitor(user).get("/comptes/messages/"))
    assert "Un courrier d’activation est imprimé pour vous" in page


def offer(browser, person, key=None):
    url = f"/admin/accounts/user/{person.pk}/lien/"
    return browser.post(url, {"once_key": key or once_keys(browser.get(url))[0]}, follow=True)


def test_an_agent_offers_a_link_that_goes_to_the_person_and_shows_nothing_of_it(visitor, agent, active, client):
    browser = visitor(agent)
    assert "Proposer un nouveau mot de passe" in words(browser.get(f"/admin/accounts/user/{active.pk}/change/"))
    page = offer(browser, active)
    link = last_email("claire@example.org", "reset_offered").context["password_reset_url"]
    assert "Un lien est parti à claire@example.org." in words(page)
    assert "Lien envoyé pour choisir un nouveau mot de passe, par Agnès Martin" in words(page)
    assert link not in page.content.decode()
    assert (acts_of(active), active.check_password(PASSWORD)) == ([("reset", agent.pk)], True)
    new = "une-autre-2026-cantine"
    form = client.get(link.removeprefix("http://testserver")).url
    assert client.post(form, {"password1": new, "password2": new}).status_code == 302
    active.refresh_from_db()
    assert active.check_password(new)


def test_an_offer_is_made_once_however_often_it_is_clicked(visitor, agent, active):
    browser, key = visitor(agent), make_key(agent.owner, actions.offering(active))
    offer(browser, active, key)
    offer(browser, active, key)
    assert emails_to("claire@example.org").count("accounts/reset_offered") == 1
    assert acts_of(active) == [("reset", agent.pk)]


def test_no_offer_for_a_stranger_nor_without_an_address(visitor, agent, user):
    stranger = UserFactory(commune=CommuneFactory(), password=PASSWORD)
    browser = visitor(agent)
    assert browser.get(f"/admin/accounts/user/{stranger.pk}/lien/").status_code == 404
    with pytest.raises(NotYourAccount):
        actions.offer_reset(agent=agent, user=stranger, key=make_key(agent.owner, actions.offering(stranger)))
    page = offer(browser, user, make_key(agent.owner, actions.offering(user)))
    assert "aucun lien ne peut être envoyé" in words(page)
    assert acts_of(stranger) == acts_of(user) == []


def test_an_agents_address_changed_by_a_manager_is_told_to_the_old_and_the_new_one(visitor):
    agent = AgentFactory(email="agent@example.org", password=PASSWORD)
    manager = ManagerFactory()
    form = {"first_name": "Agnès", "last_name": "Martin", "is_active": "on", "email": "autre@example.org"}
    visitor(manager).post(f"/admin/accounts/agent/{agent.pk}/change/", form)
    assert acts_of(agent) == [("email", manager.pk)]
    assert emails_to("agent@example.org") == emails_to("autre@example.org") == ["accounts/email_replaced"]


def test_without_the_pdf_libraries_the_letters_are_shown_to_be_printed(visitor, agent, user, monkeypatch, client):
    def unavailable(context):
        raise PdfUnavailable

    monkeypatch.setattr("accounts.admin.letters_pdf", unavailable)
    answer = visitor(agent).post(LETTERS, {"ids": [user.pk], "once_key": make_key(agent.owner, actions.LETTERS)})
    text = words(answer)
    code = text.partition("Votre code d’activation ")[2].split()[0]
    assert activate(client, code).status_code == 302
