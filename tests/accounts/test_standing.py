"""Where an account stands and who acts next: one sentence for a state, in pages, emails and agents' lists alike."""

import pytest

from accounts import actions, emails
from accounts.standing import Access, sentence_for, standing, standing_of
from common.background.mailing import render
from common.models import OutgoingEmail
from families.actions import invite, open_family
from tests.accounts.pages import buttons, words
from tests.factories.accounts import AgentFactory, PendingUserFactory, UserFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.reservations import ActivityFactory, LeisureFactory
from tests.factories.services import line, service_asking

pytestmark = pytest.mark.django_db
BOOK_NOW = "Vous pouvez dès maintenant réserver en ligne."


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    return parent_of(louane)


def text_of(template: str) -> str:
    return render(OutgoingEmail.objects.get(template=f"accounts/{template}"))[1]


@pytest.mark.parametrize(
    ("status", "is_whole", "access", "label", "actor"),
    [
        ("pending", False, None, "Inscription inachevée", "la personne"),
        ("pending", True, Access.ASKED, "En attente de validation", "un agent de la commune"),
        (
            "pending",
            True,
            Access.LACKING,
            "En attente de validation",
            "un agent de la commune ; la personne a aussi des pièces à donner",
        ),
        ("refused", True, None, "Refusé", "la personne"),
        ("validated", True, Access.ASKED, "Validé", "un agent du service"),
        ("validated", True, Access.NONE, "Validé", "la personne"),
        ("closed", True, None, "Fermé", "personne"),
    ],
)
def test_each_state_names_who_acts_next(status, is_whole, access, label, actor):
    found = standing(status, is_whole, access)
    assert (found.label, found.actor) == (label, actor)


@pytest.mark.parametrize(
    ("statuses", "access"),
    [
        ([], "NONE"),
        (["refused"], "REFUSED"),
        (["incomplete", "refused"], "LACKING"),
        (["expired"], "LACKING"),
        (["pending", "incomplete"], "ASKED"),
        (["accepted", "pending"], "OPEN"),
    ],
)
def test_booking_is_only_said_to_be_open_once_a_service_let_somebody_in(claire, louane, statuses, access):
    for status in statuses:
        line(service_asking(commune=claire.commune, name=status), claire.guardian.family, louane, status)
    assert standing_of(claire).sentence == standing("validated", True, Access[access]).sentence
    emails.account_validated(claire)
    assert (BOOK_NOW in text_of("account_validated")) is (access == "OPEN")


def test_who_left_the_family_opens_nothing(claire, louane):
    line(service_asking(commune=claire.commune), claire.guardian.family, louane)
    claire.guardian.family.memberships.update(withdrawn_at="2026-11-01T10:00Z")
    assert BOOK_NOW not in sentence_for(claire)


def test_a_service_open_to_all_lets_in_the_families_of_its_commune_only(claire):
    ActivityFactory()
    assert BOOK_NOW not in sentence_for(claire)
    ActivityFactory(service__commune=claire.commune)
    assert BOOK_NOW in sentence_for(claire)
    childless = UserFactory(commune=claire.commune)
    assert BOOK_NOW not in sentence_for(childless)


@pytest.mark.parametrize("credit_to_all", [True, False])
def test_a_service_open_to_all_that_gives_no_credit_asks_who_books_what_is_debited_later(claire, credit_to_all):
    LeisureFactory(service__commune=claire.commune, service__credit_to_all=credit_to_all)
    assert (BOOK_NOW in sentence_for(claire)) is credit_to_all


def test_the_preview_of_an_agent_says_what_the_email_says(claire, visitor):
    pending = PendingUserFactory(commune=claire.commune)
    preview = emails.preview_validated(pending)[1]
    agent = AgentFactory(communes=[claire.commune])
    actions.validate_account(agent=agent, user=pending)
    assert preview == text_of("account_validated")
    assert "demandez l’accès à un service de votre commune" in preview


def test_pages_and_emails_say_the_same_of_one_state(claire, louane, visitor):
    line(service_asking(commune=claire.commune), claire.guardian.family, louane, "incomplete")
    emails.account_validated(claire)
    said = sentence_for(claire)
    assert said == (
        "Votre compte usager est validé. Il manque des pièces à votre demande d’accès : "
        "donnez-les pour que le service l’examine."
    )
    for place in (
        words(visitor(claire).get("/mon-compte/")),
        words(visitor(claire).get("/")),
        text_of("account_validated"),
    ):
        assert said in place
    type(claire).objects.filter(pk=claire.pk).update(status="pending", decided_at=None)
    waits = visitor(claire).get("/comptes/en-attente/")
    assert "Votre demande n’est pas complète" in words(waits)
    assert "est complète" not in words(waits)
    assert buttons(waits)[0] == "Donner mes pièces"


def test_agents_read_unfinished_accounts_apart(visitor, claire):
    PendingUserFactory(commune=claire.commune, signed_up_at=None)
    agent = visitor(AgentFactory(communes=[claire.commune]))
    page = words(agent.get("/admin/accounts/user/?statut=inacheve"))
    assert "Inscription inachevée" in page
    assert "À qui d’agir" in words(agent.get(f"/admin/accounts/user/{claire.pk}/refuser/"))


# --- The parent who was invited --------------------------------------------------------------------------------------
@pytest.fixture
def address(claire):
    invite(user=claire, email="paul@example.org", kind="household")
    return OutgoingEmail.objects.get(template="families/invitation").context["path"]


def test_an_invited_parent_whose_sign_up_is_not_whole_is_led_on_by_one_button(visitor, address):
    page = visitor(PendingUserFactory(signed_up_at=None)).get(address)
    assert buttons(page) == ["Terminer mon inscription"]
    assert 'href="/inscription/filiations/"' in page.content.decode()
    assert "attend" not in words(page)
    assert "C’est à vous : indiquez vos filiations" in words(page)
    assert "Pas besoin d’y saisir vos enfants communs" in words(page)


def test_an_invited_parent_who_waits_reads_that_the_town_hall_acts(visitor, address):
    paul = PendingUserFactory()
    open_family(paul)
    page = visitor(paul).get(address)
    assert f"Votre demande est complète. Un agent de {paul.commune} va l’examiner." in words(page)
    assert "ouvrez de nouveau le lien" in words(page)
    assert buttons(page) == []


def test_an_invited_parent_who_was_refused_reads_what_to_do(visitor, address):
    page = visitor(UserFactory(status="refused", refusal_reason="Nom illisible.")).get(address)
    assert "corrigez vos informations" in words(page)
    assert 'href="/comptes/en-attente/"' in page.content.decode()
