"""Helpers and guardians: their own login, given and taken back by who may, at once."""

import pytest

from accounts.models import User
from cesu.aid.actions.people import helpers
from cesu.aid.actions.people.links import invitation_path
from cesu.aid.actions.people.sign_up import NotYourHolder
from cesu.models import AidAccess, AidInvitation
from cesu.rules.aid import TooManyTries, WrongPassword
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.client import PortalClient
from tests.factories.accounts import UserFactory
from tests.factories.aid import aid_account_of, aid_user, funder_with, holder_with

pytestmark = pytest.mark.django_db
PASSWORD = "Cantine-Facile-2026"
LUC = {"first_name": "Luc", "last_name": "Lacoste", "email": "luc@famille.example", "may_pay": True}
HELPER, GUARDIAN = AidAccess.Role.HELPER, AidAccess.Role.GUARDIAN


@pytest.fixture
def funder():
    return funder_with(slug="haute-garonne")


@pytest.fixture
def holder(funder):
    holder = holder_with(code="12345678")
    aid_account_of(holder, funder)
    return holder


@pytest.fixture
def odette(holder):
    return aid_user(holder, password=PASSWORD)


def invite(user, holder, password=PASSWORD, key=None, **person):
    key = key or make_key(user.owner, helpers.inviting(holder))
    return helpers.invite(user=user, holder=holder, person=LUC | person, password=password, key=key)


def agent_of(funder):
    agent = UserFactory(is_staff=True)
    funder.staff.add(agent)
    return agent


def signed_in(user):
    client = PortalClient()
    client.force_login(user)
    return client


def revoke(by, access):
    helpers.revoke(by=by, access=access, key=make_key(by.owner, helpers.revoking(access)))


def posted(**form):
    return {"first_name": "Luc", "last_name": "Lacoste", "password": PASSWORD, "again": PASSWORD, "terms": "on"} | form


@pytest.mark.parametrize("may_pay", [True, False])
def test_somebody_new_accepts_with_a_password_of_their_own(holder, odette, client, may_pay):
    path = invitation_path(invite(odette, holder, may_pay=may_pay))
    page = client.post(path, posted(), follow=True)
    assert page.redirect_chain[-1][0] == f"/aide/{holder.pk}/"
    access = AidAccess.objects.get(role=HELPER)
    assert (access.pays, access.given_by, access.user.aid_login.email) == (may_pay, odette, "luc@famille.example")
    assert access.user.identifier != holder.code
    assert OutgoingEmail.objects.get(template="aid/helper_accepted").to == odette.aid_login.email
    assert "Ce lien ne fonctionne plus" in PortalClient().get(path).content.decode()


def test_who_has_a_login_signs_in_and_opens_several_accounts(holder, odette, funder):
    jean = holder_with(first_name="Jean", last_name="Petit")
    aid_account_of(jean, funder)
    luc = aid_user(jean, role=HELPER, first_name="Luc")
    path = invitation_path(invite(odette, holder, email=luc.aid_login.email))
    assert "Connectez-vous pour accepter" in PortalClient().get(path).content.decode()
    assert "vous êtes connecté(e) avec le compte de Odette" in signed_in(odette).get(path).content.decode()
    signed_in(odette).post(path)
    assert not AidAccess.objects.filter(holder=holder, role=HELPER).exists()
    client = signed_in(luc)
    assert client.post(path).url == f"/aide/{holder.pk}/"
    listed = client.get("/aide/espace/").content.decode()
    assert ("Odette LACOSTE" in listed, "Jean PETIT" in listed) == (True, True)
    assert "Compte d’Odette LACOSTE" in client.get(f"/aide/{holder.pk}/").content.decode()
    assert "Compte de Jean PETIT" in client.get(f"/aide/{jean.pk}/").content.decode()


def test_a_daughter_whose_address_serves_her_mother_has_a_login_of_her_own(holder, odette, client):
    path = invitation_path(invite(odette, holder, email=odette.aid_login.email))
    client.post(path, posted())
    assert AidAccess.objects.get(role=HELPER).user != odette


def test_a_wrong_password_invites_nobody_and_five_block(holder, odette):
    for _ in range(5):
        with pytest.raises(WrongPassword):
            invite(odette, holder, password="faux")
    with pytest.raises(TooManyTries):
        invite(odette, holder)
    assert not AidInvitation.objects.exists()


def test_the_second_click_invites_once(holder, odette):
    key = make_key(odette.owner, helpers.inviting(holder))
    assert invite(odette, holder, key=key) == invite(odette, holder, key=key)
    assert OutgoingEmail.objects.filter(template="aid/invited").count() == 1
    with pytest.raises(helpers.InvitedAlready):
        invite(odette, holder, email="LUC@famille.example")
    with pytest.raises(StalePage):
        invite(odette, holder, key=make_key("user:0", helpers.inviting(holder)))


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"role": HELPER}, True),
        ({"role": GUARDIAN}, False),
        ({"role": GUARDIAN, "may_pay": False}, True),
        ({"confirmed": False}, True),
    ],
)
def test_only_a_beneficiary_or_guardian_who_pays_gives(holder, fields, refused):
    user = aid_user(holder, password=PASSWORD, **fields)
    if refused:
        with pytest.raises(helpers.NotYoursToGive):
            invite(user, holder)
        return
    assert invite(user, holder).role == HELPER


def test_an_account_is_open_to_ten_others_at_most(holder, odette, monkeypatch):
    monkeypatch.setattr(helpers, "MOST", 1)
    aid_user(holder, role=HELPER)
    with pytest.raises(helpers.TooManyHelpers):
        invite(odette, holder)


def test_what_is_taken_back_is_shut_with_the_next_page(holder, odette):
    luc = aid_user(holder, role=HELPER, first_name="Luc")
    session, home = signed_in(luc), f"/aide/{holder.pk}/"
    assert session.get(home).status_code == 200
    access = luc.aid_accesses.get()
    key = make_key(odette.owner, helpers.revoking(access))
    for _ in range(2):
        helpers.revoke(by=odette, access=access, key=key)
    assert session.get(home).status_code == 404
    assert "Aucun compte à ouvrir" in session.get("/aide/espace/").content.decode()
    access.refresh_from_db()
    assert (access.revoked_by, access.pays) == (odette, False)
    assert OutgoingEmail.objects.filter(template="aid/access_revoked", to=luc.aid_login.email).count() == 1


def test_a_helper_takes_nothing_back_nor_does_a_guardian_s_ward(holder, odette):
    luc, tutor = aid_user(holder, role=HELPER), aid_user(holder, role=GUARDIAN)
    with pytest.raises(helpers.NotYoursToGive):
        revoke(luc, tutor.aid_accesses.get())
    with pytest.raises(helpers.OfTheFunder):
        revoke(odette, tutor.aid_accesses.get())
    with pytest.raises(helpers.OfTheFunder):
        revoke(tutor, odette.aid_accesses.get())
    assert AidAccess.objects.standing().count() == 3


def test_the_funder_s_agent_authorises_and_takes_back_their_own_people(holder, odette, funder, client):
    agent, stranger = agent_of(funder), agent_of(funder_with())
    tutor = LUC | {"role": GUARDIAN}
    said = {"holder": holder, "person": tutor}
    with pytest.raises(NotYourHolder):
        helpers.authorise(agent=stranger, key=make_key(stranger.owner, helpers.inviting(holder)), **said)
    key = make_key(agent.owner, helpers.inviting(holder))
    invitations = {helpers.authorise(agent=agent, key=key, **said) for _ in range(2)}
    client.post(invitation_path(invitations.pop()), posted())
    access = AidAccess.objects.get(role=GUARDIAN)
    assert (access.pays, access.given_by) == (True, agent)
    with pytest.raises(NotYourHolder):
        revoke(stranger, access)
    revoke(agent, access)
    assert not AidAccess.objects.get(role=GUARDIAN).pays


def test_with_a_beneficiary_s_access_go_those_that_they_gave_and_the_code_signs_up_again(
    holder, odette, funder, client
):
    client.post(invitation_path(invite(odette, holder)), posted())
    waiting = invite(odette, holder, email="anne@famille.example")
    revoke(agent_of(funder), odette.aid_accesses.get())
    assert not AidAccess.objects.standing().filter(holder=holder).exists()
    assert "Ce lien ne fonctionne plus" in PortalClient().get(invitation_path(waiting)).content.decode()
    assert not User.objects.filter(identifier=holder.code).exists()


def test_an_invitation_is_withdrawn_and_its_link_is_dead(holder, odette):
    invitation = invite(odette, holder)
    path, client = invitation_path(invitation), signed_in(odette)
    key = make_key(odette.owner, helpers.withdrawing(invitation))
    for _ in range(2):
        client.post(f"/aide/{holder.pk}/proches/invitations/{invitation.pk}/retirer/", {"once_key": key})
    assert "Ce lien ne fonctionne plus" in PortalClient().get(path).content.decode()


def test_what_is_not_theirs_does_not_exist(holder, odette):
    other = holder_with()
    luc = aid_user(other, role=HELPER).aid_accesses.get()
    client = signed_in(odette)
    addresses = [f"/aide/{other.pk}/proches/", f"/aide/{holder.pk}/proches/{luc.pk}/retirer/"]
    assert [client.post(address, {"once_key": "x"}).status_code for address in addresses] == [404, 404]
    assert signed_in(luc.user).get(f"/aide/{other.pk}/proches/{luc.pk}/retirer/").status_code == 404


@pytest.mark.seed("S1-73")
def test_a_new_address_is_told_to_the_old_one(holder, odette):
    client, page, old = signed_in(odette), f"/aide/{holder.pk}/coordonnees/", odette.aid_login.email
    form = {"email": "nouvelle@famille.example", "phone": "05 61 22 33 44"}
    assert "pas le bon" in client.post(page, form | {"password": "faux"}).content.decode()
    assert client.post(page, form | {"password": PASSWORD}).url == page
    user = User.objects.select_related("aid_login").get(pk=odette.pk)
    assert (user.aid_login.email, user.phone) == ("nouvelle@famille.example", "05 61 22 33 44")
    assert OutgoingEmail.objects.get(template="aid/address_changed").to == old


def test_a_helper_sees_two_digits_of_the_code(holder):
    luc = aid_user(holder, role=HELPER)
    page = signed_in(luc).get(f"/aide/{holder.pk}/coordonnees/").content.decode()
    assert ("12345678" in page, "••••••78" in page, "14/05/1938" in page) == (False, True, False)
