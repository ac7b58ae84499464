"""A new name or birth date of a child whom a service let in: asked for, decided by the service's agents, told."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from common.background.mailing import render
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from common.writing.states import WrongState
from families.actions import decide_identity, update_member
from families.actions.agents import correct_member
from families.actions.identity import decision_purpose
from families.actions.members import lock_family
from families.models import Family, IdentityChange
from families.rules import (
    TYPING_DAYS,
    AlreadyInFamily,
    ChangedMeanwhile,
    NotYourIdentityChange,
    ReasonNeeded,
    is_typing_mistake,
)
from portal.desk.reads.worklist import worklist
from tests.accounts.pages import words
from tests.client import once_keys
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import line, service_asking

pytestmark = pytest.mark.django_db
BORN, NEW_BIRTH = date(2018, 5, 10), date(2015, 5, 10)
WISH = {"first_name": "Lou", "last_name": "Dupont", "birth_date": NEW_BIRTH, "kinship": "mother"}


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane", last_name="Dupont", birth_date=BORN)


@pytest.fixture
def claire(louane):
    """A mother who signed up long ago."""
    user = parent_of(louane)
    Family.objects.update(created_at=timezone.now() - timedelta(days=TYPING_DAYS, seconds=1))
    return user


@pytest.fixture
def canteen(claire, louane):
    """A service that let Louane in."""
    service = service_asking(commune=claire.commune)
    line(service, claire.guardian.family, louane)
    return service


@pytest.fixture
def agent(canteen):
    return AgentFactory(communes=[canteen.commune])


@pytest.fixture
def asked(claire, louane, canteen):
    """What Claire asked for, her letters forgotten."""
    update_member(user=claire, member=louane, **WISH)
    OutgoingEmail.objects.all().delete()
    return IdentityChange.objects.get()


def decide(agent, change, accept=True, reason=""):
    key = make_key(agent.owner, decision_purpose(change))
    return decide_identity(agent=agent, change=change, accept=accept, reason=reason, key=key)


def known(member):
    member.refresh_from_db()
    return member.first_name, member.last_name, member.birth_date


def letters():
    return [email.template for email in OutgoingEmail.objects.order_by("pk")]


# --- What is asked ----------------------------------------------------------------------------------------------------
def test_nothing_changes_but_the_kinship_and_the_family_is_told(claire, louane, canteen):
    update_member(user=claire, member=louane, **WISH)
    assert known(louane) == ("Louane", "Dupont", BORN)
    assert louane.memberships.get().kinship == "mother"
    change = IdentityChange.objects.get()
    assert (change.old, change.new, change.status) == ("Louane Dupont, 10-05-2018", "Lou Dupont, 10-05-2015", "pending")
    [letter] = OutgoingEmail.objects.all()
    assert letter.template == "families/identity_asked"
    assert "Rien ne change d’ici là." in render(letter)[1]


def test_asking_twice_is_asking_once_and_the_last_wish_counts(claire, louane, canteen):
    for _ in range(2):
        update_member(user=claire, member=louane, **WISH)
    assert (IdentityChange.objects.count(), letters()) == (1, ["families/identity_asked"])
    update_member(user=claire, member=louane, **WISH | {"first_name": "Louison"})
    assert IdentityChange.objects.get().first_name == "Louison"


def test_a_child_whom_no_service_let_in_is_corrected_at_once(claire, louane):
    line(service_asking(), claire.guardian.family, louane, "pending")
    update_member(user=claire, member=louane, **WISH)
    assert (known(louane), IdentityChange.objects.count()) == (("Lou", "Dupont", NEW_BIRTH), 0)


def test_accents_case_and_hyphens_are_nobody_else(claire, louane, canteen):
    wish = WISH | {"first_name": "LOUÂNE", "birth_date": BORN}
    update_member(user=claire, member=louane, **wish)
    assert (known(louane)[0], IdentityChange.objects.count()) == ("LOUÂNE", 0)


def test_typing_mistakes_within_days_of_the_sign_up_stay_free(claire, louane, canteen):
    Family.objects.update(created_at=timezone.now() - timedelta(days=TYPING_DAYS) + timedelta(minutes=5))
    update_member(user=claire, member=louane, **WISH)
    assert (known(louane), IdentityChange.objects.count()) == (("Lou", "Dupont", NEW_BIRTH), 0)


def test_a_parent_who_signed_up_today_does_not_rename_a_child_shared_with_an_older_family(claire, louane, canteen):
    father = parent_of(louane)
    update_member(user=father, member=louane, **WISH)
    assert (known(louane)[0], IdentityChange.objects.get().by) == ("Louane", father)


def test_the_days_of_grace_end_at_their_very_instant():
    now = timezone.now()
    assert is_typing_mistake(now - timedelta(days=TYPING_DAYS) + timedelta(microseconds=1), now)
    assert not is_typing_mistake(now - timedelta(days=TYPING_DAYS), now)


def test_the_database_keeps_one_request_to_decide(claire, asked):
    asked.pk, asked.pgh_obj = None, None
    with pytest.raises(IntegrityError, match="one_identity_change_to_decide"):
        asked.save(force_insert=True)


def test_an_agent_at_the_counter_corrects_without_asking(claire, louane, agent):
    correct_member(agent=agent, family=claire.guardian.family, member=louane, **WISH)
    assert (known(louane), IdentityChange.objects.count()) == (("Lou", "Dupont", NEW_BIRTH), 0)


# --- What is decided --------------------------------------------------------------------------------------------------
def test_accepted_the_change_is_made_and_told(louane, agent, asked):
    decide(agent, asked)
    asked.refresh_from_db()
    assert (known(louane), asked.status, asked.decided_by) == (("Lou", "Dupont", NEW_BIRTH), "accepted", agent)
    assert letters() == ["families/identity_decided"]
    subject, text, _ = render(OutgoingEmail.objects.get())
    assert subject == "Le changement demandé est fait"
    assert "maintenant : Lou Dupont, 10-05-2015" in text


def test_refused_nothing_changes_and_the_reason_is_read(louane, agent, asked):
    decide(agent, asked, accept=False, reason="Joignez une copie du livret de famille.")
    assert known(louane) == ("Louane", "Dupont", BORN)
    _, text, _ = render(OutgoingEmail.objects.get())
    assert "Le motif : Joignez une copie du livret de famille." in text


def test_a_refusal_needs_a_reason(agent, asked):
    with pytest.raises(ReasonNeeded):
        decide(agent, asked, accept=False, reason="  ")
    assert (IdentityChange.objects.get().status, letters()) == ("pending", [])


def test_deciding_twice_is_deciding_once(agent, asked):
    key = make_key(agent.owner, decision_purpose(asked))
    for _ in range(2):
        decide_identity(agent=agent, change=asked, accept=True, key=key)
    assert letters() == ["families/identity_decided"]
    with pytest.raises(WrongState):
        decide(agent, asked, accept=False, reason="Trop tard.")
    with pytest.raises(StalePage):
        decide_identity(agent=agent, change=asked, accept=True, key="forged")


def test_only_agents_of_a_service_that_let_the_child_in_decide(louane, claire, asked):
    neighbour = AgentFactory(communes=[claire.commune])
    other = service_asking(commune=claire.commune, name="Garderie")
    other.agents.add(neighbour)
    line(other, claire.guardian.family, louane, "pending")
    for stranger in (neighbour, AgentFactory()):
        assert not IdentityChange.objects.of_agent(stranger).exists()
        with pytest.raises(NotYourIdentityChange):
            decide(stranger, asked)
    assert known(louane) == ("Louane", "Dupont", BORN)


def test_what_an_agent_corrected_meanwhile_is_not_overwritten(claire, louane, agent, asked):
    correct_member(agent=agent, family=claire.guardian.family, member=louane, **WISH | {"first_name": "Louison"})
    with pytest.raises(ChangedMeanwhile):
        decide(agent, asked)
    assert (known(louane)[0], IdentityChange.objects.get().status) == ("Louison", "pending")


def test_a_child_never_becomes_the_twin_of_another(claire, louane, agent, asked):
    twin = MemberFactory(first_name="Lou", last_name="Dupont", birth_date=NEW_BIRTH)
    twin.memberships.create(family=claire.guardian.family)
    with pytest.raises(AlreadyInFamily):
        decide(agent, asked)
    assert IdentityChange.objects.get().status == "pending"


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_decides(louane, canteen, agent, asked):
    other = AgentFactory(communes=[canteen.commune])
    with transaction.atomic():
        lock_family(asked.family_id)
        rivals = [someone_else(decide, each, asked) for each in (agent, other)]
        for rival in rivals:
            rival.wait_until_blocked()
    answers = [rival.future.exception(20) for rival in rivals]
    assert [type(answer) for answer in answers if answer] == [WrongState]
    assert letters() == ["families/identity_decided"]


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_parent_reads_that_it_is_asked_then_what_became_of_it(visitor, claire, louane, agent, asked):
    page = words(visitor(claire).get(f"/mes-filiations/{louane.pk}/"))
    assert "À décider Louane Dupont, 10-05-2018 → Lou Dupont, 10-05-2015" in page
    assert "Rien ne change d’ici là." in page
    decide(agent, asked, accept=False, reason="Pièce illisible.")
    assert "Refusé : Pièce illisible." in words(visitor(claire).get(f"/mes-filiations/{louane.pk}/"))


def test_the_form_says_that_it_is_only_asked(visitor, claire, louane, canteen):
    birth = {"birth_date_day": "10", "birth_date_month": "5", "birth_date_year": "2015"}
    body = {"first_name": "Lou", "last_name": "Dupont", "kinship": "mother"} | birth
    page = visitor(claire).post(f"/mes-filiations/{louane.pk}/", body, follow=True)
    assert "Votre demande est envoyée au service qui a accepté cette personne" in words(page)
    assert known(louane)[0] == "Louane"


def test_the_agent_finds_it_in_the_work_list_and_decides(visitor, agent, louane, asked):
    assert "Changements d’identité à décider" in [task.label for task in worklist(agent)]
    client, address = visitor(agent), reverse("admin:families_identitychange_decision", args=[asked.pk])
    page = client.get(address)
    assert "Avant Louane Dupont 10-05-2018 Demandé Lou Dupont 10-05-2015" in words(page)
    body = {"once_key": once_keys(page)[0], "accept": "non", "reason": ""}
    assert "Écrivez le motif du refus" in words(client.post(address, body))
    assert client.post(address, body | {"accept": "oui"}).status_code == 302
    assert known(louane) == ("Lou", "Dupont", NEW_BIRTH)
    assert visitor(AgentFactory()).get(address).status_code == 404
