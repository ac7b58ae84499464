"""« S’inscrire en ligne », the link that sets a password, the forgotten password."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.rules import ReasonMissing
from accounts.signing_in.questions import SETTING, set_question
from cesu.models import ActivationRequest, Employer, Manager
from cesu.models.employers import EmployerQuerySet
from cesu.orders.actions.access import activation
from cesu.orders.actions.access.activation import accept_activation, decision, refuse_activation
from cesu.orders.actions.access.links import forgot, link_path, user_of_link
from cesu.rules.people import NEUTRAL, NEUTRAL_LINK, DeadLink, PrimaryThere
from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from common.writing.states import WrongState
from portal.tasks import forget
from tests.client import PortalClient, once_keys
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.cesu import employer_with, invoice_of, manager_of

PASSWORD = "Cantine-Facile-2026"
PERSON = {"first_name": "Nadia", "last_name": "Roux", "email": "nadia@employeur.example", "phone": "05 56 00 00 00"}


@pytest.fixture
def cestas(db):
    """An employer with four invoices: FA1 is too old."""
    employer = employer_with(client_reference="D100200")
    for month in (1, 2, 3, 4):
        invoice_of(employer, date(2026, month, 1), number=f"FA{month}")
    return employer


def signed_up(reference: str, invoice: str, client=None, **person):
    """(browser, last page) of somebody who goes through the steps."""
    client = client or PortalClient()
    step = client.post(reverse("cesu:sign_up"), {"client_reference": reference, "invoice_number": invoice}, follow=True)
    typed = PERSON | person | {"once_key": once_keys(step)[0]}
    return client, client.post(reverse("cesu:sign_up_person"), typed, follow=True)


def take_in(invoice="FA4", reference="D100200", key=None, **person):
    key = key or make_key(activation.VISITOR, activation.SIGN_UP)
    activation.ask_for_space(client_reference=reference, invoice_number=invoice, person=PERSON | person, key=key)


def path_of(template: str) -> str:
    return OutgoingEmail.objects.get(template=template).context["path"]


@pytest.mark.seed("S0-8", "S0-9")
def test_the_home_page_and_the_page_of_the_cesu_have_their_part_espace_commandes(cestas, client):
    for address in (reverse("home"), reverse("cesu:welcome")):
        page = client.get(address).content.decode()
        assert ">Espace Commandes</h2>" in page
        assert f'href="{reverse("cesu:sign_up")}"' in page
        assert "S’inscrire en ligne" in page


@pytest.mark.seed("S0-10", "S0-11", "S0-12", "S0-13", "S0-14", "S0-15")
def test_right_data_send_a_link_at_once_that_opens_the_space(cestas):
    client, page = signed_up("d 100200", "fa2")
    assert NEUTRAL in page.content.decode()
    manager = Manager.objects.get()
    assert (manager.user.identifier, manager.user.email, manager.email) == ("D100200", None, PERSON["email"])
    assert (manager.is_primary, manager.user.has_usable_password()) == (True, False)
    email = OutgoingEmail.objects.get()
    assert (email.to, email.secret) == (PERSON["email"], True)
    assert "D100200, est votre identifiant" in mailing.render(email)[1]
    chosen = {"password": PASSWORD, "again": PASSWORD, "terms": "on"}
    answer = client.post(email.context["path"], chosen)
    assert answer.url == reverse("cesu:home")
    assert cestas.name in client.get(answer.url).content.decode()
    again = PortalClient().post(reverse("cesu:login"), {"login": "D100200", "password": PASSWORD})
    assert again.url == reverse("cesu:home")


@pytest.mark.seed("S0-10")
@pytest.mark.parametrize(
    ("reference", "invoice"), [("D100200", "FA1"), ("D100200", "FA9"), ("D999999", "FA4"), ("D100201", "FA4")]
)
def test_wrong_data_read_the_same_and_wait_for_the_staff(cestas, reference, invoice):
    employer_with(client_reference="D100201")
    client, page = signed_up(reference, invoice)
    assert page.content == client.get(reverse("cesu:sign_up_done")).content
    assert not Manager.objects.exists()
    waiting = ActivationRequest.objects.get()
    assert (waiting.client_reference, waiting.invoice_number, waiting.status) == (reference, invoice, "pending")
    assert [email.template for email in OutgoingEmail.objects.all()] == ["cesu/sign_up_to_check"]


def test_wrong_data_cost_the_same_whatever_is_wrong(cestas):
    taken = employer_with(client_reference="D100201")
    manager_of(taken)
    invoice_of(taken, number="FB1")
    take_in("FA0")  # the settings are read once
    counts = []
    for reference, invoice in (("D100200", "FA1"), ("D100201", "FB1"), ("D100201", "FA4"), ("D999999", "FA4")):
        with CaptureQueriesContext(connection) as queries:
            take_in(invoice, reference)
        counts.append(len(queries))
    assert counts == [counts[0]] * 4
    assert ActivationRequest.objects.filter(status="pending").count() == 5


def test_an_employer_that_had_a_manager_waits_for_the_staff(cestas):
    Manager.objects.filter(user=manager_of(cestas)).update(removed_at=timezone.now())
    take_in()
    assert ActivationRequest.objects.get().status == "pending"


def test_after_five_wrong_invoices_a_right_one_waits_for_the_staff_too(cestas):
    for number in range(5):
        take_in(f"FA9{number}")
    take_in()
    assert not Manager.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        take_in()
    assert Manager.objects.count() == 1


def test_the_same_question_twice_is_one_request(cestas):
    take_in("FA9")
    take_in("FA9")
    key = make_key(activation.VISITOR, activation.SIGN_UP)
    take_in(key=key)
    take_in(key=key)
    assert list(ActivationRequest.objects.values_list("status", flat=True)) == ["pending", "accepted"]
    assert Manager.objects.count() == 1
    with pytest.raises(StalePage):
        take_in(key="forged")


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [("email", "nadia", "adresse"), ("first_name", "", "obligatoire"), ("phone", "abc", "chiffres")],
)
def test_a_person_that_is_not_whole_is_told_at_the_field(cestas, field, typed, sentence):
    _, page = signed_up("D100200", "FA4", **{field: typed})
    assert sentence in page.context["form"].errors[field][0]
    assert not ActivationRequest.objects.exists()


def test_sign_ups_are_throttled(cestas):
    client = PortalClient()
    answers = [signed_up("D100200", "FA9", client, email=f"a{each}@e.example")[1].status_code for each in range(11)]
    assert answers == [200] * 10 + [429]


# --- Two at once -----------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_at_once_make_one_primary_manager():
    employer = employer_with(client_reference="D100200")
    invoice_of(employer, number="FA4")
    with transaction.atomic():
        Employer.objects.locked().get(pk=employer.pk)
        rival = someone_else(take_in)
        assert rival.wait_until_blocked() == [own_pid()]
        manager_of(employer)
    rival.result()
    assert Manager.objects.count() == 1
    assert ActivationRequest.objects.get().status == "pending"


@pytest.mark.django_db(transaction=True)
def test_without_the_employer_s_lock_the_second_would_fail(monkeypatch):
    """The control: it has seen that there is no manager before the first one is there."""
    employer = employer_with(client_reference="D100200")
    invoice_of(employer, number="FA4")
    monkeypatch.setattr(EmployerQuerySet, "locked", lambda rows: rows)
    with transaction.atomic():
        manager_of(employer)
        rival = someone_else(take_in)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(IntegrityError):
        rival.result()


# --- What the staff decides ------------------------------------------------------------------------------------------
def test_an_agent_accepts_for_an_employer_once(cestas):
    take_in("FA9")
    request, agent = ActivationRequest.objects.get(), AgentFactory()
    key = make_key(agent.owner, decision(request))
    for _ in range(2):
        accept_activation(agent=agent, request=request, employer=cestas, key=key)
    request.refresh_from_db()
    assert (request.status, request.decided_by, request.employer) == ("accepted", agent, cestas)
    assert OutgoingEmail.objects.filter(template="cesu/space_opened").count() == 1
    with pytest.raises(WrongState):
        refuse_activation(agent=agent, request=request, reason="x", key=make_key(agent.owner, decision(request)))


def test_an_agent_cannot_give_an_employer_a_second_primary_manager(cestas):
    take_in("FA9")
    request, agent = ActivationRequest.objects.get(), AgentFactory()
    manager_of(cestas)
    with pytest.raises(PrimaryThere):
        accept_activation(agent=agent, request=request, employer=cestas, key=make_key(agent.owner, decision(request)))


def test_a_refusal_has_a_reason_that_the_person_reads(cestas):
    take_in("FA9")
    request, agent = ActivationRequest.objects.get(), AgentFactory()
    key = make_key(agent.owner, decision(request))
    with pytest.raises(ReasonMissing):
        refuse_activation(agent=agent, request=request, reason=" ", key=key)
    refuse_activation(agent=agent, request=request, reason="Cette facture n’existe pas.", key=key)
    email = OutgoingEmail.objects.get(template="cesu/sign_up_refused")
    assert email.to == PERSON["email"]
    assert "Cette facture n’existe pas." in mailing.render(email)[1]


def test_sign_ups_that_opened_nothing_are_forgotten_after_a_year(cestas):
    take_in("FA9")
    take_in()
    assert forget(timezone.localdate())["sign_ups"] == 0
    with time_machine.travel(timezone.now() + timedelta(days=367)):
        assert forget(timezone.localdate())["sign_ups"] == 1
    assert [request.status for request in ActivationRequest.objects.all()] == ["accepted"]
    assert activation.EVENTS.objects.values("pgh_obj").distinct().count() == 1


# --- The link --------------------------------------------------------------------------------------------------------
def token_of(user) -> str:
    return link_path(user).rstrip("/").rsplit("/", 1)[1]


def test_a_link_serves_once_and_seven_days(cestas):
    user = manager_of(cestas)
    token = token_of(user)
    assert user_of_link(token) == user
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)), pytest.raises(DeadLink):
        user_of_link(token)
    client, chosen = PortalClient(), {"password": PASSWORD, "again": PASSWORD}
    assert client.post(link_path(user), chosen).url == reverse("cesu:home")
    page = PortalClient().post(reverse("cesu:activate", args=[token]), chosen | {"password": "Autre-Facile-2026"})
    assert DeadLink.sentence in page.content.decode()
    assert User.objects.get().check_password(PASSWORD)
    assert OutgoingEmail.objects.get(template="cesu/password_chosen").to == user.manager.email


@pytest.mark.parametrize("change", ["email", "removed", "closed"])
def test_a_link_dies_with_the_address_or_the_manager(cestas, change):
    user = manager_of(cestas)
    token = token_of(user)
    manager = Manager.objects.filter(user=user)
    if change == "email":
        manager.update(email="autre@employeur.example")
    elif change == "removed":
        manager.update(removed_at=timezone.now())
    else:
        User.objects.update(is_active=False)
    for dead in (token, token[:-1], "x", token_of(manager_of(employer_with(client_reference="D3"), primary=False))[2:]):
        with pytest.raises(DeadLink):
            user_of_link(dead)


def test_a_weak_or_mistyped_password_is_told(cestas):
    user = manager_of(cestas)
    page = PortalClient().post(link_path(user), {"password": "court", "again": "autre"})
    assert list(page.context["form"].errors) == ["password"]
    page = PortalClient().post(link_path(user), {"password": PASSWORD, "again": PASSWORD + "!"})
    assert page.context["form"].errors["again"] == ["Les deux mots de passe ne sont pas les mêmes."]


# --- Forgotten -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("known", "right_email"), [(True, True), (True, False), (False, True)])
def test_a_forgotten_password_has_one_answer(cestas, known, right_email):
    user = manager_of(cestas)
    typed = {
        "identifier": "d100200" if known else "D999999",
        "email": user.manager.email.upper() if right_email else "autre@employeur.example",
    }
    page = PortalClient().post(reverse("cesu:forgotten"), typed, follow=True)
    assert NEUTRAL_LINK in page.content.decode()
    assert OutgoingEmail.objects.count() == (known and right_email)


def test_one_manager_is_not_flooded_with_links(cestas):
    user = manager_of(cestas)
    for _ in range(7):
        PortalClient().post(reverse("cesu:forgotten"), {"identifier": "D100200", "email": user.manager.email})
    assert OutgoingEmail.objects.count() == 5


def test_who_set_a_security_question_is_asked_it_first(cestas):
    user = manager_of(cestas)
    question = {"question": "Le nom de ma première maîtresse ?", "answer": "Éléonore"}
    set_question(user=user, key=make_key(user.owner, SETTING), **question)
    forgot(identifier="D100200", email=user.manager.email)
    path = path_of("cesu/password_link")
    answered = PortalClient().post(path, {"answer": "eleonore"}, follow=True)
    assert answered.status_code == 200
    assert question["question"] in PortalClient().get(path).content.decode()
