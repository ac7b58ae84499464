"""« S’inscrire »: a right pair, an address, a link, a password; one sentence for everything else."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Consent, User
from cesu.aid.actions.people.sign_up import (
    NotRecognised,
    NotYourHolder,
    SlowDoor,
    confirm_access,
    confirming,
    open_access,
    recognise,
)
from cesu.aid.actions.sign_up_codes import give_code, giving
from cesu.models import AidAccess, CesuHolder, Funder, SignUpCode
from cesu.rules.people import DeadLink
from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.client import PortalClient, once_keys
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory, ManagerFactory, UserFactory
from tests.factories.aid import BORN, aid_account_of, aid_user, funder_with, holder_with

pytestmark = pytest.mark.django_db
PASSWORD = "Cantine-Facile-2026"
EMAIL = "odette@famille.example"
SPACE = "/aide/haute-garonne/"


@pytest.fixture
def funder():
    return funder_with(slug="haute-garonne", name="Département de la Haute-Garonne")


@pytest.fixture
def odette(funder):
    holder = holder_with(code="12345678")
    aid_account_of(holder, funder)
    return holder


def told(code="12345678", birth_date="14/05/1938"):
    return {"code": code, "birth_date": birth_date}


def link(template, to=EMAIL):
    """The path of the last link sent to an address."""
    return OutgoingEmail.objects.filter(template=f"aid/{template}", to=to).order_by("-pk").first().context["path"]


def token_of(path):
    return path.rstrip("/").rsplit("/", 1)[1]


def asked(client, email=EMAIL, **pair):
    """Steps 1 and 2; the link of the message."""
    client.post(f"{SPACE}inscription/", told(**pair))
    page = client.get(f"{SPACE}inscription/adresse/")
    client.post(f"{SPACE}inscription/adresse/", {"email": email, "once_key": once_keys(page)[0]})
    return link("sign_up_link", email)


def chosen(client, path):
    return client.post(path, {"password": PASSWORD, "again": PASSWORD, "terms": "on"}, follow=True)


@pytest.mark.seed("S1-10", "S1-11", "S1-13", "S1-14", "S1-79")
def test_a_right_pair_an_address_and_a_password_make_the_account_active(odette, client):
    page = chosen(client, asked(client))
    assert page.redirect_chain[-1][0] == f"/aide/{odette.pk}/"
    assert "VOTRE COMPTE SOLIDARITÉ 31 EST ACTIF !" in page.content.decode()
    access = AidAccess.objects.get(holder=odette)
    user = access.user
    assert (user.identifier, user.email, user.aid_login.email) == ("12345678", None, EMAIL)
    assert (access.role, access.pays, Consent.objects.current(user)) == ("1", True, {"terms": True})
    assert OutgoingEmail.objects.filter(template="aid/access_opened").get().to == EMAIL


FAILURES = {
    "unknown code": told(code="87654321"),
    "another birth date": told(birth_date="15/05/1938"),
    "another funder": told(code="11111111"),
    "signed up already": told(code="22222222"),
}


@pytest.mark.seed("S1-78")
def test_every_failure_reads_the_same(odette, funder, client):
    aid_account_of(holder_with(code="11111111"), funder_with())
    there = holder_with(code="22222222")
    aid_account_of(there, funder)
    aid_user(there)
    pages = {name: client.post(f"{SPACE}inscription/", pair) for name, pair in FAILURES.items()}
    said = {name: list(page.context["form"].non_field_errors()) for name, page in pages.items()}
    assert said == {name: [NotRecognised.sentence] for name in FAILURES}


@pytest.mark.seed("S1-25", "S1-26", "S1-27")
@pytest.mark.parametrize(
    "pair", [told(code="1234567"), told(code="123456789"), told(code="1234567a"), told(birth_date="1938"), told("", "")]
)
def test_what_is_no_code_or_no_date_is_said_at_once(odette, pair, client):
    page = client.post(f"{SPACE}inscription/", pair)
    assert page.context["form"].errors
    assert "le code CESU est constitué de 8 chiffres" in page.content.decode()


@pytest.mark.parametrize("typed", [told("1234 5678", "14051938"), told(" 12345678", "14-05-1938")])
def test_codes_and_dates_are_read_as_people_type_them(odette, typed, client):
    assert client.post(f"{SPACE}inscription/", typed).status_code == 302


def test_five_failures_block_a_code_for_a_day_even_with_the_right_date(odette, funder):
    for day in range(1, 6):
        with pytest.raises(NotRecognised):
            recognise(funder=funder, code="12345678", birth_date=date(1940, 1, day))
    with pytest.raises(NotRecognised):
        recognise(funder=funder, code="12345678", birth_date=BORN)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert recognise(funder=funder, code="12345678", birth_date=BORN) == odette


def test_many_failures_in_an_hour_brake_everybody_successes_do_not(odette, funder, monkeypatch):
    monkeypatch.setattr("cesu.aid.actions.people.sign_up.FAILURES", 3)
    for _ in range(5):
        recognise(funder=funder, code="12345678", birth_date=BORN)
    for number in range(3):
        with pytest.raises(NotRecognised):
            recognise(funder=funder, code=f"0000000{number}", birth_date=BORN)
    with pytest.raises(SlowDoor):
        recognise(funder=funder, code="12345678", birth_date=BORN)


# --- The slower door ---------------------------------------------------------------------------------------------------
@pytest.fixture
def agent(funder):
    agent = AgentFactory(email="apa31@example.org")
    agent.user_permissions.set(Permission.objects.filter(codename__in=["view_aidaccount", "change_aidaccount"]))
    funder.staff.add(agent)
    return agent


@pytest.fixture
def stormed(odette, funder, monkeypatch):
    """Strangers tried pairs at random, as many as an hour allows."""
    monkeypatch.setattr("cesu.aid.actions.people.sign_up.FAILURES", 3)
    for number in range(3):
        with pytest.raises(NotRecognised):
            recognise(funder=funder, code=f"0000000{number}", birth_date=BORN)


def code_of(agent, holder):
    return give_code(agent=agent, holder=holder, key=make_key(agent.owner, giving(holder)))


def test_when_the_door_is_slow_right_and_wrong_pairs_read_the_same_and_the_page_says_what_to_do(stormed, client):
    assert "il faut un code de plus" in PortalClient().get(f"{SPACE}inscription/").content.decode()
    for pair in (told(), told(birth_date="15/05/1938")):
        page = client.post(f"{SPACE}inscription/", pair)
        assert list(page.context["form"].non_field_errors()) == [SlowDoor.sentence]


def test_the_funders_code_opens_the_slow_door_once(stormed, odette, agent, client):
    code = code_of(agent, odette)
    assert client.post(f"{SPACE}inscription/", told() | {"given": code.lower()}).status_code == 302
    again = PortalClient().post(f"{SPACE}inscription/", told() | {"given": code})
    assert list(again.context["form"].non_field_errors()) == [NotRecognised.sentence]


def test_it_also_opens_for_who_was_locked_out_by_wrong_dates(odette, funder, agent):
    for day in range(1, 6):
        with pytest.raises(NotRecognised):
            recognise(funder=funder, code="12345678", birth_date=date(1940, 1, day))
    assert recognise(funder=funder, code="12345678", birth_date=BORN, given=code_of(agent, odette)) == odette


def test_a_code_without_the_birth_date_opens_nothing_and_five_wrong_ones_end_it(odette, funder, agent):
    code = code_of(agent, odette)
    with pytest.raises(NotRecognised):
        recognise(funder=funder, code="12345678", birth_date=date(1940, 1, 1), given=code)
    for _ in range(5):
        with pytest.raises(NotRecognised):
            recognise(funder=funder, code="12345678", birth_date=BORN, given="AAAA-BBBB-CCCC")
    with pytest.raises(NotRecognised):
        recognise(funder=funder, code="12345678", birth_date=BORN, given=code)


def test_an_old_code_and_one_that_was_replaced_open_nothing(odette, funder, agent):
    old = code_of(agent, odette)
    code = code_of(agent, odette)
    with pytest.raises(NotRecognised):
        recognise(funder=funder, code="12345678", birth_date=BORN, given=old)
    with time_machine.travel(timezone.now() + timedelta(days=31)), pytest.raises(NotRecognised):
        recognise(funder=funder, code="12345678", birth_date=BORN, given=code)


def test_the_managers_are_told_once_an_hour(stormed, funder):
    ManagerFactory(email="gestion@example.org")
    for number in range(5):
        with pytest.raises(SlowDoor):
            recognise(funder=funder, code=f"1000000{number}", birth_date=BORN)
    written = OutgoingEmail.objects.filter(template="aid/sign_up_slowed")
    assert [email.to for email in written] == ["gestion@example.org"]
    assert "Plus de 3 essais" in mailing.render(written[0])[1]


def test_an_hour_later_the_door_is_as_before(stormed, odette, funder):
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert recognise(funder=funder, code="12345678", birth_date=BORN) == odette


def test_an_agent_of_the_funder_gives_a_code_that_is_shown_once(odette, funder, agent, visitor):
    browser = visitor(agent)
    url = reverse("admin:cesu_aidaccount_give_code", args=[odette.aid_accounts.get().pk])
    posted = {"once_key": once_keys(browser.get(url))[0]}
    page = browser.post(url, posted)
    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", page.content.decode())[0]
    assert "no-store" in page["Cache-Control"]
    assert "n’est montré qu’une fois" in browser.post(url, posted).content.decode()
    assert code.replace("-", "") not in SignUpCode.objects.get().code_hash
    assert recognise(funder=funder, code="12345678", birth_date=BORN, given=code) == odette


def test_an_agent_of_another_funder_gives_none(odette, agent):
    agent.funders.clear()
    with pytest.raises(NotYourHolder):
        code_of(agent, odette)
    assert not SignUpCode.objects.exists()


def test_a_link_serves_once(odette, client):
    path = asked(client)
    open_access(token=token_of(path), password=PASSWORD)
    page = PortalClient().get(path)
    assert "Ce lien ne fonctionne plus" in page.content.decode()
    with pytest.raises(DeadLink):
        open_access(token=token_of(path), password=PASSWORD)
    access = AidAccess.objects.get()
    access.revoked_at = timezone.now()
    access.save()
    with pytest.raises(DeadLink):
        open_access(token=token_of(path), password=PASSWORD)


def test_a_link_lasts_seven_days(odette, client):
    path = asked(client)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)), pytest.raises(DeadLink):
        open_access(token=token_of(path), password=PASSWORD)


def test_the_second_click_sends_no_second_message(odette, client):
    client.post(f"{SPACE}inscription/", told())
    key = once_keys(client.get(f"{SPACE}inscription/adresse/"))[0]
    for _ in range(2):
        client.post(f"{SPACE}inscription/adresse/", {"email": EMAIL, "once_key": key})
    assert OutgoingEmail.objects.filter(template="aid/sign_up_link").count() == 1


def test_the_second_step_is_for_who_passed_the_first(odette, client):
    assert client.get(f"{SPACE}inscription/adresse/").url == f"{SPACE}inscription/"
    client.post(f"{SPACE}inscription/", told())
    funder_with(slug="gers")
    assert client.get("/aide/gers/inscription/adresse/").url == "/aide/gers/inscription/"


def test_a_code_that_is_somebody_s_identifier_takes_a_number(odette, client):
    UserFactory(identifier="12345678")
    chosen(client, asked(client))
    assert AidAccess.objects.get().user.identifier == "12345678-2"


@pytest.mark.parametrize(("contact", "pays"), [("ODETTE@famille.example", True), ("fille@famille.example", False)])
def test_another_address_than_the_funder_s_only_looks_until_that_one_confirms(odette, contact, pays, client):
    odette.contact_email = contact
    odette.save()
    page = chosen(client, asked(client))
    assert AidAccess.objects.get().pays == pays
    assert ("pas encore payer" in page.content.decode()) != pays
    assert OutgoingEmail.objects.filter(template="aid/confirm_access").count() == (0 if pays else 1)
    if pays:
        return
    path, stranger = link("confirm_access", contact), PortalClient()
    assert "Est-ce bien vous" in stranger.get(path).content.decode()
    assert not AidAccess.objects.get().pays
    for _ in range(2):
        assert "C’est confirmé" in stranger.post(path).content.decode()
    assert AidAccess.objects.get().pays
    assert OutgoingEmail.objects.filter(template="aid/access_confirmed").count() == 1


def test_where_only_a_telephone_is_known_the_funder_s_agent_confirms(odette, funder, client):
    odette.contact_phone = "05 61 00 00 00"
    odette.save()
    page = chosen(client, asked(client))
    assert "Pour payer, appelez-nous" in page.content.decode()
    access, agent, other = AidAccess.objects.get(), *(UserFactory(is_staff=True) for _ in range(2))
    funder.staff.add(agent)
    funder_with().staff.add(other)
    with pytest.raises(NotYourHolder):
        confirm_access(agent=other, access=access, key=make_key(other.owner, confirming(access)))
    with pytest.raises(StalePage):
        confirm_access(agent=agent, access=access, key=make_key(other.owner, confirming(access)))
    key = make_key(agent.owner, confirming(access))
    for _ in range(2):
        confirm_access(agent=agent, access=access, key=key)
    access.refresh_from_db()
    assert access.pays
    assert OutgoingEmail.objects.filter(template="aid/access_confirmed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_activate_at_once_open_one_access(odette, client):
    tokens = [token_of(asked(client, email)) for email in ("a@famille.example", "b@famille.example")]
    with transaction.atomic():
        CesuHolder.objects.select_for_update(no_key=True).get(pk=odette.pk)
        rivals = [someone_else(open_access, token=token, password=PASSWORD) for token in tokens]
        assert all(rival.wait_until_blocked() for rival in rivals)  # else nothing was at once
    faults = [rival.future.exception(20) for rival in rivals]
    assert sorted(type(fault).__name__ for fault in faults) == ["DeadLink", "NoneType"]
    assert (AidAccess.objects.count(), User.objects.filter(identifier__startswith="12345678").count()) == (1, 1)


# --- Login and password -----------------------------------------------------------------------------------------------
def sign_in(login, password=PASSWORD):
    return PortalClient().post(SPACE, {"login": login, "password": password})


@pytest.mark.seed("S1-17", "S1-18")
def test_one_signs_in_with_the_code_or_the_address(odette):
    user = aid_user(odette, password=PASSWORD)
    answers = [sign_in(login) for login in ("12345678", " 1234 5678", user.aid_login.email.upper())]
    assert [answer.url for answer in answers] == ["/aide/espace/"] * 3
    assert sign_in("12345678", "Autre-chose-2026").status_code == 200


def test_who_shares_an_address_is_told_to_write_the_code(odette, funder):
    jean = holder_with(code="23456789", first_name="Jean")
    couple = [aid_user(holder, password=PASSWORD) for holder in (odette, jean)]
    for user in couple:
        user.aid_login.email = EMAIL
        user.aid_login.save()
    page = sign_in(EMAIL)
    assert "écrivez votre code CESU" in page.content.decode()
    assert [sign_in(code).status_code for code in ("12345678", "23456789")] == [302, 302]
    PortalClient().post(f"{SPACE}mot-de-passe/", {"identifier": EMAIL})
    letters = OutgoingEmail.objects.filter(template="aid/password_link")
    assert sorted(letter.context["identifier"] for letter in letters) == ["12345678", "23456789"]


@pytest.mark.seed("S1-20")
def test_a_forgotten_password_is_replaced_with_a_link_that_serves_once(odette, client):
    user = aid_user(odette)
    answers = [
        client.post(f"{SPACE}mot-de-passe/", {"identifier": typed}, follow=True) for typed in ("12345678", "99999999")
    ]
    shown = [re.search(r"Si nous connaissons[^<]*", page.content.decode())[0] for page in answers]
    assert shown[0] == shown[1]
    path = link("password_link", user.aid_login.email)
    fresh = "Nouveau-passage-2027"
    page = client.post(path, {"password": fresh, "again": fresh}, follow=True)
    assert page.redirect_chain[-1][0] == f"/aide/{odette.pk}/"
    assert sign_in("12345678", fresh).status_code == 302
    assert "Ce lien ne fonctionne plus" in PortalClient().get(path).content.decode()


def test_a_funder_out_of_service_has_no_page(funder, client):
    Funder.objects.update(is_active=False)
    assert client.get(SPACE).status_code == 404
    assert "Aucun espace" in client.get("/aide/").content.decode()
