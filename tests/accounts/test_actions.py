"""Decisions about accounts, consents, what a refusal says."""

from datetime import date

import pytest

from accounts import actions
from accounts.models import Consent, User
from accounts.rules import NotYourAccount, ReasonMissing, ReasonTooLong, SignUpIncomplete, birth_fault, new_code
from common.models import Authority, OutgoingEmail
from common.writing.states import WrongState
from portal.desk.actions.closing import close_account
from tests.accounts.pages import emails_to
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, PendingUserFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune():
    return CommuneFactory()


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


def status(user):
    return User.objects.get(pk=user.pk).status


@pytest.mark.seed("S3-3", "S3-19")
def test_an_agent_validates_an_account_and_the_person_is_told_once(agent, commune):
    user = PendingUserFactory(commune=commune, email="claire@example.org")
    assert actions.validate_account(agent=agent, user=user) is True
    assert actions.validate_account(agent=agent, user=user) is False
    user.refresh_from_db()
    assert (user.status, user.decided_by, user.decided_at is None) == ("validated", agent, False)
    assert emails_to("claire@example.org") == ["accounts/account_validated"]


def test_an_agent_refuses_with_a_reason_and_the_person_reads_it_once(agent, commune):
    user = PendingUserFactory(commune=commune, email="claire@example.org")
    assert actions.refuse_account(agent=agent, user=user, reason="  Hors du territoire. ") is True
    assert actions.refuse_account(agent=agent, user=user, reason="Autre chose.") is False
    user.refresh_from_db()
    assert (user.status, user.refusal_reason) == ("refused", "Hors du territoire.")
    email = OutgoingEmail.objects.get(to="claire@example.org")
    assert (email.template, email.context["reason"]) == ("accounts/account_refused", "Hors du territoire.")


@pytest.mark.parametrize(
    ("reason", "refusal"), [("", ReasonMissing), ("  \n", ReasonMissing), ("x" * 1001, ReasonTooLong)]
)
def test_a_refusal_has_a_reason_of_a_fair_length(agent, commune, reason, refusal):
    user = PendingUserFactory(commune=commune)
    with pytest.raises(refusal):
        actions.refuse_account(agent=agent, user=user, reason=reason)
    assert status(user) == "pending"


@pytest.mark.parametrize("decide", ["validate", "refuse", "close"])
def test_an_agent_of_another_commune_decides_nothing(commune, decide):
    user, stranger = PendingUserFactory(commune=commune), AgentFactory(communes=[CommuneFactory()])
    calls = {
        "validate": lambda: actions.validate_account(agent=stranger, user=user),
        "refuse": lambda: actions.refuse_account(agent=stranger, user=user, reason="Non."),
        "close": lambda: close_account(agent=stranger, user=user),
    }
    with pytest.raises(NotYourAccount):
        calls[decide]()
    assert status(user) == "pending"


def test_an_agent_cannot_decide_about_another_agent(agent, commune):
    with pytest.raises(NotYourAccount):
        close_account(agent=agent, user=AgentFactory(commune=commune))


def test_a_sign_up_left_half_way_is_not_decided(commune):
    agent = AgentFactory(communes=[commune], roles=["gestionnaire"])
    user = PendingUserFactory(commune=None, signed_up_at=None)
    with pytest.raises(SignUpIncomplete):
        actions.validate_account(agent=agent, user=user)
    with pytest.raises(SignUpIncomplete):
        actions.refuse_account(agent=agent, user=user, reason="Non.")


def test_a_validated_account_is_closed_not_refused(agent, commune):
    user = UserFactory(commune=commune)
    with pytest.raises(WrongState):
        actions.refuse_account(agent=agent, user=user, reason="Trop tard.")
    assert close_account(agent=agent, user=user) is True
    assert close_account(agent=agent, user=user) is False
    user.refresh_from_db()
    assert (user.status, user.is_active) == ("closed", False)


def test_a_refused_account_can_be_validated_and_a_closed_one_reopened(agent, commune):
    refused = UserFactory(commune=commune, status="refused", refusal_reason="Erreur.")
    closed = UserFactory(commune=commune, status="closed", is_active=False)
    assert [actions.validate_account(agent=agent, user=user) for user in (refused, closed)] == [True, True]
    refused.refresh_from_db()
    closed.refresh_from_db()
    assert (refused.status, refused.refusal_reason) == ("validated", "")
    assert (closed.status, closed.is_active) == ("validated", True)


def test_many_accounts_are_validated_at_once_and_only_those_that_can_be(agent, commune):
    waiting = [PendingUserFactory(commune=commune) for _ in range(3)]
    others = [
        PendingUserFactory(commune=None, signed_up_at=None),
        PendingUserFactory(commune=CommuneFactory()),
        UserFactory(commune=commune, status="refused", refusal_reason="Non."),
        UserFactory(commune=commune),
    ]
    before = [status(user) for user in others]
    assert actions.validate_accounts(agent=agent, users=waiting + others) == 3
    assert [status(user) for user in waiting] == ["validated"] * 3
    assert [status(user) for user in others] == before
    assert OutgoingEmail.objects.filter(template="accounts/account_validated").count() == 3
    assert actions.validate_accounts(agent=agent, users=waiting) == 0


def test_a_manager_decides_everywhere(commune):
    user = PendingUserFactory(commune=commune)
    assert actions.validate_account(agent=ManagerFactory(), user=user) is True


def test_without_an_email_the_message_stands_in_the_portal_and_no_mail_leaves(agent, commune):
    user = PendingUserFactory(commune=commune, email=None)
    actions.validate_account(agent=agent, user=user)
    email = OutgoingEmail.objects.get(owner=user.owner)
    assert (email.to, email.template) == ("", "accounts/account_validated")


def test_the_history_keeps_each_decision(agent, commune):
    user = PendingUserFactory(commune=commune)
    actions.refuse_account(agent=agent, user=user, reason="Hors du territoire.")
    actions.validate_account(agent=agent, user=user)
    assert list(user.events.order_by("pgh_id").values_list("status", flat=True)) == ["pending", "refused", "validated"]


# --- Consents --------------------------------------------------------------------------------------------------------
def test_a_box_left_as_it_was_writes_no_row():
    user = UserFactory()
    actions.record_consents(user, {"newsletter": True, "company": False})
    actions.record_consents(user, {"newsletter": True, "company": False})
    actions.record_consents(user, {"newsletter": False, "company": False})
    rows = Consent.objects.of(user).order_by("pk").values_list("kind", "given")
    assert list(rows) == [("newsletter", True), ("newsletter", False)]


def test_the_terms_are_accepted_in_the_version_of_the_day():
    Authority(terms_version="3").save()
    user = UserFactory()
    actions.record_consents(user, {"terms": True})
    assert Consent.objects.get(user=user).version == "3"


# --- Rules -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("born", "fault"),
    [
        (None, ""),
        ("1985-12-31", ""),
        ("2026-03-02", ""),
        ("1900-01-01", ""),
        ("2026-03-03", "La date de naissance ne peut pas être dans le futur."),
        ("1899-12-31", "La date de naissance n’est pas plausible."),
    ],
)
def test_a_birth_date_is_between_1900_and_today(born, fault):

    assert birth_fault(born and date.fromisoformat(born), date(2026, 3, 2)) == fault


def test_an_activation_code_has_no_letter_that_is_misread():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert not set("".join(codes)) & set("01OIL")
    assert {(len(code), code[4], code[9]) for code in codes} == {(14, "-", "-")}
