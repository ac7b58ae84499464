"""« Mes services » as a family sees it: the table, adding a service, each member's situation."""

import re
from datetime import date

import pytest

from families.models import Membership
from services.models import AccessRequest, RequestLine
from tests.client import once_keys
from tests.factories.accounts import CommuneFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.reservations import ActivityFactory
from tests.factories.services import (
    AudienceFactory,
    ServiceFactory,
    line,
    service_asking,
)
from tests.services.giving import letters
from tests.services.reading import SERVICES, errors, told, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to("2026-11-10T09:00:00+01:00")


# --- The table --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-18", "S2-19", "S2-20", "S2-21", "S2-22", "S3-58", "S3-62", "S3-65")
def test_the_table_has_the_columns_of_the_guides_and_a_row_a_member(visitor, claire, family, louane, commune):
    coubon = CommuneFactory(name="Mairie Coubon")
    adults = service_asking(name="Cantine", commune=coubon, audiences=("Adulte",))
    line(adults, family, louane, "pending")
    page = visitor(claire).get(SERVICES)
    html = page.content.decode()
    assert '<a href="/mes-services/" aria-current="page">Mes services</a>' in html
    headings = ["Nom du Service", "Commune", "Statut", "Acheter"]
    assert "".join(f'<th scope="col">{each}</th>' for each in headings) in html
    assert "Mes Services Nom du Service Commune Statut Acheter Cantine Louane Dupont Mairie Coubon / Adulte" in words(
        page
    )


@pytest.mark.seed("S3-63", "S3-64")
@pytest.mark.parametrize(
    ("status", "shown", "link"),
    [
        ("accepted", "Valide Voir les pièces de Louane Dupont", "pieces/"),
        (
            "pending",
            "En attente Le service étudie votre demande : un e-mail vous préviendra. Voir les pièces de Louane Dupont",
            "pieces/",
        ),
        ("incomplete", "Pièces à compléter Il manque : RIB. Donner mes pièces pour Louane Dupont", "pieces/"),
        ("refused", "Refusé Hors commune. Refaire la demande pour Louane Dupont", ""),
        ("expired", "Expiré Une pièce obligatoire a expiré. Renouveler mes pièces pour Louane Dupont", "pieces/"),
    ],
)
def test_each_status_says_what_to_do_next(visitor, claire, family, louane, canteen, status, shown, link):
    line(canteen, family, louane, status)
    page = visitor(claire).get(SERVICES)
    assert shown in words(page)
    assert f'href="{SERVICES}{canteen.pk}/{link}"' in page.content.decode()


@pytest.mark.seed("S2-22", "S2-47", "S3-61")
def test_an_accepted_line_leads_to_what_can_be_booked(visitor, claire, family, louane, canteen):
    theo = MemberFactory(first_name="Théo")
    Membership.objects.create(family=family, member=theo)
    line(canteen, family, louane, "accepted")
    line(canteen, family, theo, "pending")
    client = visitor(claire)
    assert "Rien à réserver pour l’instant" in words(client.get(SERVICES))
    one = ActivityFactory(service=canteen, slug="repas")
    html = client.get(SERVICES).content.decode()
    assert re.findall(r'href="(/reservations/[^"]+)">[^R]*Réserver', html.partition("<main")[2]) == [
        f"/reservations/activite/{one.slug}/"
    ]
    ActivityFactory(service=canteen)
    assert '"/reservations/rubrique/cantine/"' in client.get(SERVICES).content.decode().partition("<main")[2]


def test_a_family_that_asked_for_nothing_is_told_how_to_begin(visitor, claire, canteen):
    assert "Aucun service demandé Choisissez ci-dessous un service de votre commune" in words(
        visitor(claire).get(SERVICES)
    )


def test_the_lines_of_the_other_parent_and_of_withdrawn_children_are_not_shown(
    visitor, claire, family, louane, canteen
):
    other = parent_of(louane)
    line(canteen, other.guardian.family, louane, "refused")
    gone = MemberFactory(first_name="Malo")
    Membership.objects.create(family=family, member=gone, withdrawn_at="2026-01-01T00:00Z")
    line(canteen, family, gone, "accepted")
    assert visitor(claire).get(SERVICES).context["groups"] == []


# --- Adding a service -------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-23", "S2-24", "S2-25", "S2-26", "S2-27", "S3-66")
def test_the_block_to_add_a_service_groups_them_by_commune_the_familys_own_first(visitor, claire, canteen):
    service_asking(name="Service cantine", commune=CommuneFactory(name="Baneins"))
    page = visitor(claire).get(SERVICES)
    html = page.content.decode()
    assert (
        "Ajouter un service Merci de choisir, dans votre commune, l’élément correspondant à votre situation puis "
        "appuyer sur le bouton « Valider », en bas de la page. "
        "Saint-Marcel 1 service Service cantine de Saint-Marcel Hors commune, Résident commune "
        "Baneins 1 service Service cantine de Baneins Enfants Valider"
    ) in words(page)
    assert re.findall(r'<details class="pv-fold"( open)?>', html) == [" open", ""]
    assert re.findall(r'<input class="form-check-input" type="radio" name="service" value="(\d+)"', html) == [
        str(row.services[0].pk) for row in page.context["communes"]
    ]


def test_an_open_service_is_booked_without_a_request_and_a_closed_one_is_not_shown(visitor, claire, commune):
    leisure = ServiceFactory(name="Centre de loisirs", commune=commune)
    ActivityFactory(service=leisure, slug="alsh")
    service_asking(name="Piscine", commune=commune, is_open=False)
    page = visitor(claire).get(SERVICES)
    assert "Centre de loisirs Ouvert à toutes les familles, sans demande. Réserver" in words(page)
    assert 'href="/reservations/activite/alsh/"' in page.content.decode()
    assert "Piscine" not in words(page)


def test_choosing_a_service_leads_to_its_situations(visitor, claire, canteen):
    assert visitor(claire).post(SERVICES, {"service": canteen.pk}).url == f"{SERVICES}{canteen.pk}/"
    assert AccessRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({}, "Choisissez un service, puis appuyez sur « Valider »."),
        ({"service": "x"}, "Ce service n’est plus proposé : choisissez-en un autre."),
        ({"service": "999999999999999999999"}, "Ce service n’est plus proposé : choisissez-en un autre."),
        ({"service": "\x00"}, "Le caractère nul n’est pas autorisé."),
    ],
)
def test_no_service_or_a_forged_one_is_told(visitor, claire, canteen, posted, sentence):
    response = visitor(claire).post(SERVICES, posted)
    assert errors(response) == {"service": [sentence]}


# --- Situations -------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-59", "S3-80")
def test_each_member_is_offered_the_situations_that_suit_them(visitor, claire, family, louane, canteen):
    adults = AudienceFactory(service=canteen, name="Adultes", people="adults")
    canteen.audiences.exclude(pk=adults.pk).update(people="children")
    marc = MemberFactory(first_name="Marc", birth_date=date(1985, 1, 1))
    Membership.objects.create(family=family, member=marc)
    form = visitor(claire).get(f"{SERVICES}{canteen.pk}/").context["form"]
    offered = {field.label: [label for _, label in field.choices] for field in form.fields.values()}
    assert offered == {
        "Marc Dupont": ["Adultes", "Ne pas demander"],
        "Louane Dupont": ["Hors commune", "Résident commune", "Ne pas demander"],
    }


def ask(client, service, **choices):
    address = f"{SERVICES}{service.pk}/"
    key = once_keys(client.get(address))[0]
    return client.post(address, {"once_key": key} | choices)


@pytest.mark.seed("S2-28", "S3-60")
def test_asking_for_a_service_leads_to_its_pieces(visitor, claire, louane, canteen, residents):
    response = ask(visitor(claire), canteen, **{f"member-{louane.pk}": residents.pk})
    assert response.url == f"{SERVICES}{canteen.pk}/pieces/"
    mine = RequestLine.objects.get()
    assert (mine.member, mine.audience, mine.status) == (louane, residents, "incomplete")


@pytest.mark.seed("S2-45")
def test_a_service_that_asks_for_no_piece_gets_the_request_at_once(visitor, claire, louane):
    service = service_asking(audiences=("Enfants",))
    client = visitor(claire)
    response = ask(client, service, **{f"member-{louane.pk}": service.audiences.get().pk})
    assert response.url == SERVICES
    assert told(client.get(SERVICES)) == [
        "Votre demande est envoyée au service concerné. Vous serez alerté par e-mail, dès que votre dossier aura été "
        "accepté. Vous aurez alors accès aux réservations."
    ]


def test_the_same_body_posted_twice_asks_once(visitor, claire, louane, canteen, residents):
    client, address = visitor(claire), f"{SERVICES}{canteen.pk}/"
    body = {"once_key": once_keys(client.get(address))[0], f"member-{louane.pk}": residents.pk}
    assert [client.post(address, body).url for _ in range(2)] == [f"{address}pieces/"] * 2
    assert (RequestLine.objects.count(), letters(claire)) == (1, ["access_asked"])


def test_nobody_chosen_is_told_on_top(visitor, claire, canteen):
    response = ask(visitor(claire), canteen)
    assert errors(response) == {"__all__": ["Choisissez au moins une personne et sa situation."]}


@pytest.mark.parametrize("forged", ["0", "x", "999999999999999999999", "\x00"])
def test_a_forged_situation_is_told_at_its_person(visitor, claire, louane, canteen, forged):
    response = ask(visitor(claire), canteen, **{f"member-{louane.pk}": forged})
    assert errors(response) == {f"member-{louane.pk}": ["Choisissez une situation proposée par ce service."]}
    assert AccessRequest.objects.count() == 0


def test_another_familys_child_cannot_be_slipped_in(visitor, claire, louane, canteen, residents):
    stranger = parent_of(MemberFactory()).guardian.family.members.get()
    ask(visitor(claire), canteen, **{f"member-{stranger.pk}": residents.pk, f"member-{louane.pk}": residents.pk})
    assert [row.member for row in RequestLine.objects.all()] == [louane]


def test_who_is_asked_for_already_is_shown_and_not_asked_again(visitor, claire, family, louane, canteen):
    line(canteen, family, louane, "pending")
    page = visitor(claire).get(f"{SERVICES}{canteen.pk}/")
    assert "Louane Dupont En attente Déjà demandé." in words(page)
    assert page.context["form"].fields == {}


def test_the_only_situation_of_an_only_child_is_chosen_beforehand(visitor, claire, louane):
    service = service_asking(audiences=("Enfants",))
    field = visitor(claire).get(f"{SERVICES}{service.pk}/").context["form"][f"member-{louane.pk}"]
    assert field.value() == str(service.audiences.get().pk)


def test_a_stale_key_is_a_page_of_its_own(visitor, claire, louane, canteen, residents):
    body = {"once_key": "forged", f"member-{louane.pk}": residents.pk}
    assert visitor(claire).post(f"{SERVICES}{canteen.pk}/", body).status_code == 409
    assert AccessRequest.objects.count() == 0


@pytest.mark.parametrize("fields", [{"is_open": False}, {"access": "open"}])
def test_a_service_that_is_closed_or_open_to_all_is_not_asked_for(visitor, claire, fields):
    assert visitor(claire).get(f"{SERVICES}{service_asking(**fields).pk}/").status_code == 404
