"""The third step of the sign-up: a service and each member's situation in it; its pieces then or later."""

import re
from datetime import date
from html import unescape

import pytest

from accounts.models import User
from common.background.mailing import render
from common.models import Authority, OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from portal.sign_up import actions
from portal.sign_up.actions import AlreadyDecided
from services.models import AccessRequest, RequestLine, SupportingDocument
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, PendingUserFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import AudienceFactory, DocumentTypeFactory, ServiceFactory, line, service_asking
from tests.services.giving import photo

pytestmark = pytest.mark.django_db
STEP_3 = "/inscription/services/"


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    """Signed up but for the third step."""
    user = parent_of(louane, status=User.Status.PENDING, decided_at=None, signed_up_at=None, commune=None)
    user.guardian.family.commune = None
    user.guardian.family.save()
    return user


@pytest.fixture
def sheet():
    return DocumentTypeFactory(name="Fiche sanitaire", per_member=True)


@pytest.fixture
def canteen(sheet):
    service = service_asking(sheet, audiences=(), commune__name="Mairie Coubon", name="Cantine")
    AudienceFactory(service=service, name="Adulte", people="adults")
    AudienceFactory(service=service, name="Enfant commune", people="children", residence="inside")
    AudienceFactory(service=service, name="Enfant hors commune", people="children", residence="outside")
    return service


def situation(service, name):
    return service.audiences.get(name=name)


def words(response) -> str:
    page = re.sub(r"<(script|style|head).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def choose(client, service, audience, member):
    """The entry of step 3, then the situation of the member."""
    address = client.post(STEP_3, {"service": f"{service.pk}-{audience.pk}"}).url
    assert address == f"{STEP_3}{service.pk}/?situation={audience.pk}"
    key = once_keys(client.get(address))[0]
    return client.post(address, {"once_key": key, f"member-{member.pk}": audience.pk})


@pytest.mark.seed("S3-57", "S3-59", "S3-66", "S3-78")
def test_the_entries_are_the_situations_of_each_commune(visitor, claire, canteen):
    leisure = ServiceFactory(name="Centre de loisirs", commune=CommuneFactory(name="Aiguilhe"))
    AudienceFactory(service=leisure, name="Résident")
    page = visitor(claire).get(STEP_3)
    assert (
        "Choisissez vos services associés Un agent du service validera votre demande d’accès. Vous pourrez ensuite faire "
        "vos réservations. Merci de choisir, dans votre commune, l’élément correspondant à votre situation, puis appuyez "
        "sur le bouton « Valider », en bas de la page. "
        "Aiguilhe Centre de loisirs de Aiguilhe "
        "Mairie Coubon Cantine Adulte (Cantine de Mairie Coubon) Enfant commune (Cantine de Mairie Coubon) "
        "Enfant hors commune (Cantine de Mairie Coubon) Valider"
    ) in words(page)


@pytest.mark.seed("S3-59", "S3-60", "S3-62", "S3-64", "S3-65")
def test_choosing_a_situation_asks_for_the_service_and_completes_the_sign_up(visitor, claire, louane, canteen):
    client = visitor(claire)
    response = choose(client, canteen, situation(canteen, "Enfant commune"), louane)
    assert response.url == f"/mes-services/{canteen.pk}/pieces/"
    (mine,) = RequestLine.objects.all()
    assert (mine.member, mine.audience.name, mine.status) == (louane, "Enfant commune", "incomplete")
    claire.refresh_from_db()
    assert (claire.status, claire.commune, claire.guardian.family.commune) == (
        "pending",
        canteen.commune,
        canteen.commune,
    )
    assert claire.signed_up_at is not None
    one_letter_says_what_is_missing_and_nothing_is_complete()
    page = client.get(STEP_3)
    assert '<th scope="col">Nom du Service</th><th scope="col">Statut</th>' in page.content.decode()
    assert "Mairie Coubon / Enfant commune Cantine Louane Dupont Pièces à compléter" in words(page)


def one_letter_says_what_is_missing_and_nothing_is_complete():
    (letter,) = OutgoingEmail.objects.all()
    subject, text, _ = render(letter)
    assert (letter.template, subject) == ("accounts/account_received", "Votre demande de compte est enregistrée")
    assert "Mairie Coubon – Cantine, Louane Dupont, Enfant commune : Pièces à compléter. Il manque : " in text
    assert "Votre demande n’est pas complète : c’est à vous de donner les pièces" in text
    assert "est complète" not in text


def test_the_situation_that_was_clicked_is_chosen_for_whom_it_suits(visitor, claire, louane, canteen):
    marc = MemberFactory(first_name="Marc", birth_date=date(1985, 1, 1))
    marc.memberships.create(family=claire.guardian.family)
    clicked = situation(canteen, "Enfant hors commune")
    form = visitor(claire).get(f"{STEP_3}{canteen.pk}/?situation={clicked.pk}").context["form"]
    assert (form[f"member-{louane.pk}"].value(), form[f"member-{marc.pk}"].value()) == (str(clicked.pk), "")


@pytest.mark.seed("S3-114")
def test_pieces_are_given_while_the_account_waits_and_lead_back_to_the_waiting_page(
    visitor, claire, louane, canteen, sheet
):
    client = visitor(claire)
    address = choose(client, canteen, situation(canteen, "Enfant commune"), louane).url
    page = client.get(address).content.decode()
    ((name, key),) = re.findall(r'name="(piece-[\d-]+-key)" value="([^"]+)"', page)
    response = client.post(address, {name: key, f"piece-{sheet.pk}-{louane.pk}": photo()})
    assert response.url == "/comptes/en-attente/"
    assert (RequestLine.objects.get().status, SupportingDocument.objects.count()) == ("pending", 1)


def test_the_rest_of_the_services_stays_closed_until_the_account_is_validated(visitor, claire, canteen):
    client = visitor(claire)
    for address in ("/mes-services/", f"/mes-services/{canteen.pk}/", "/mes-services/documents/"):
        assert client.get(address).url == "/comptes/en-attente/"


def test_the_agent_of_the_service_sees_the_request_before_the_account_is_validated(visitor, claire, louane, canteen):
    choose(visitor(claire), canteen, situation(canteen, "Enfant commune"), louane)
    agent = AgentFactory(communes=[canteen.commune])
    assert RequestLine.objects.of_agent(agent).count() == 1


def test_a_person_from_outside_keeps_their_own_commune(visitor, claire, louane, canteen):
    home = ServiceFactory(commune__name="Chez nous")
    client = visitor(claire)
    client.post(STEP_3, {"service": home.pk})
    choose(client, canteen, situation(canteen, "Enfant hors commune"), louane)
    claire.refresh_from_db()
    assert (claire.commune, claire.guardian.family.commune) == (home.commune, home.commune)


def test_a_person_who_only_comes_from_outside_is_validated_there_without_living_there(visitor, claire, louane, canteen):
    choose(visitor(claire), canteen, situation(canteen, "Enfant hors commune"), louane)
    claire.refresh_from_db()
    assert (claire.commune, claire.guardian.family.commune) == (canteen.commune, None)


def test_without_a_beneficiary_the_sign_up_is_whole_and_nothing_is_asked(visitor, canteen):
    user = PendingUserFactory(signed_up_at=None, commune=None)
    response = visitor(user).post(STEP_3, {"service": f"{canteen.pk}-{situation(canteen, 'Enfant commune').pk}"})
    user.refresh_from_db()
    assert (response.url, user.commune) == ("/comptes/en-attente/", canteen.commune)
    assert AccessRequest.objects.count() == 0


def test_nobody_chosen_completes_nothing(visitor, claire, louane, canteen):
    client, address = visitor(claire), f"{STEP_3}{canteen.pk}/"
    response = client.post(address, {"once_key": once_keys(client.get(address))[0]})
    assert response.context["form"].errors == {"__all__": ["Choisissez au moins une personne et sa situation."]}
    claire.refresh_from_db()
    assert (claire.signed_up_at, AccessRequest.objects.count()) == (None, 0)


def test_the_same_body_posted_twice_asks_once(visitor, claire, louane, canteen):
    client, address = visitor(claire), f"{STEP_3}{canteen.pk}/"
    body = {
        "once_key": once_keys(client.get(address))[0],
        f"member-{louane.pk}": situation(canteen, "Enfant commune").pk,
    }
    assert {client.post(address, body).url for _ in range(2)} == {f"/mes-services/{canteen.pk}/pieces/"}
    assert RequestLine.objects.count() == 1
    assert [letter.template for letter in OutgoingEmail.objects.all()] == ["accounts/account_received"]


@pytest.mark.parametrize("entry", ["", "x", "0-0", "\x00", "999999999999999999999"])
def test_a_forged_entry_is_told(visitor, claire, canteen, entry):
    response = visitor(claire).post(STEP_3, {"service": entry})
    assert response.context["form"].errors["service"] == [
        "Choisissez, dans votre commune, le service qui vous concerne."
    ]


def test_another_familys_child_is_not_asked_for(claire, canteen):
    stranger = parent_of(MemberFactory()).guardian.family.members.get()
    key = make_key(claire.owner, f"sign-up:{canteen.pk}")
    with pytest.raises(Exception, match="ne figure pas dans vos filiations"):
        actions.finish(
            user=claire, service=canteen, choices={stranger.pk: situation(canteen, "Enfant commune").pk}, key=key
        )
    claire.refresh_from_db()
    assert (claire.signed_up_at, AccessRequest.objects.count()) == (None, 0)


def test_a_decided_account_does_not_come_back_through_step_3(claire, louane, canteen):
    User.objects.filter(pk=claire.pk).update(status="refused", refusal_reason="Non.", decided_at="2026-01-01T00:00Z")
    choices = {louane.pk: situation(canteen, "Enfant commune").pk}
    key = make_key(claire.owner, f"sign-up:{canteen.pk}")
    with pytest.raises(AlreadyDecided):
        actions.finish(user=claire, service=canteen, choices=choices, key=key)
    with pytest.raises(StalePage):
        actions.finish(user=claire, service=canteen, choices=choices, key="forged")
    assert AccessRequest.objects.count() == 0


def test_where_accounts_open_at_once_the_pieces_come_next_all_the_same(visitor, claire, louane, canteen):
    Authority(validates_accounts=False).save()
    client = visitor(claire)
    response = choose(client, canteen, situation(canteen, "Enfant commune"), louane)
    assert response.url == f"/mes-services/{canteen.pk}/pieces/"
    assert client.get(response.url).status_code == 200
    claire.refresh_from_db()
    assert claire.status == "validated"


@pytest.mark.parametrize("step", [STEP_3, "{step}{pk}/"])
def test_a_validated_person_is_led_home(visitor, louane, canteen, step):
    assert visitor(parent_of(louane)).get(step.format(step=STEP_3, pk=canteen.pk)).url == "/mon-compte/"


def test_the_lines_of_the_other_parent_are_not_shown(visitor, claire, louane, canteen):
    line(canteen, parent_of(louane).guardian.family, louane, "refused")
    assert visitor(claire).get(STEP_3).context["groups"] == []
