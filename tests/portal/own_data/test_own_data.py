"""« Mes données »: all that is kept of a person and their family, and nothing of anybody else."""

import io
import json
import zipfile
from datetime import date

import pytest

from families.models import HealthContent, HealthSheet
from portal.own_data.reads import own_data
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.families import GuardianFactory
from tests.factories.money import paid_at_counter
from tests.factories.reservations import LOUANE, TUESDAY, ActivityFactory, book, household, instant, quotient, sessions
from tests.factories.services import line, service_asking

pytestmark = pytest.mark.django_db
PAGE = "/mon-compte/mes-donnees/"


@pytest.fixture
def home(time_machine):
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"))
    home = household(5000, LOUANE, last_name="Moreau", first_name="Claire")
    quotient(home.family, 815)
    line(service_asking(commune=home.family.commune, name="Cantine"), home.family, home.child, "accepted")
    book(home, *sessions(ActivityFactory(service__commune=home.family.commune, name="Repas"), TUESDAY))
    paid_at_counter(home.wallet, 4605, date(2026, 11, 2))
    sealed = HealthSheet.seal(home.child.pk, HealthContent(allergies="Kiwi."))
    HealthSheet.objects.create(member=home.child, sealed=sealed, updated_by=home.user)
    return home


def files(response) -> dict[str, str]:
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_parent_takes_out_all_that_is_known_as_a_page_and_as_json(visitor, home):
    response = visitor(home.user).post(PAGE)
    assert response["Content-Disposition"].startswith("attachment;")
    found = files(response)
    told = json.loads(found["mes-donnees.json"])
    assert told["Mon compte"][0]["Prénom"] == "Claire"
    assert told["Bénéficiaires"][0]["Prénom"] == "Louane"
    assert told["Quotient familial"][0]["Quotient familial"] == "815"
    assert told["Réservations"][0]["Prix"].replace("\u202f", " ").replace("\xa0", " ") == "3,80 €"
    assert told["Fiches santé"][0]["Allergies"] == "Kiwi."
    assert "46,05" in found["mes-donnees.json"]
    for text in ("Louane", "Kiwi.", "Repas", "46,05", "Moreau"):
        assert text in found["mes-donnees.html"]


def test_what_is_another_adult_s_own_stays_out(visitor, home):
    other = UserFactory(first_name="Ali", email="ali@example.org", phone="06 11 22 33 44")
    GuardianFactory(family=home.family, user=other)
    household(5000, ("Zoé", date(2019, 1, 1)), last_name="Voisine")
    found = str(files(visitor(home.user).post(PAGE)))
    assert ("Ali" in found, "ali@example.org" in found, "06 11 22" in found) == (True, False, False)
    assert ("Zoé" in found, "Voisine" in found, "argon2" in found) == (False, False, False)


def test_who_has_no_family_takes_out_their_account(visitor):
    assert [part.title for part in own_data(AgentFactory())] == ["Mon compte"]


def test_markup_is_text_on_the_page(visitor, home):
    home.family.notes.create(text="<b>gras</b>", by=AgentFactory())
    assert "&lt;b&gt;gras&lt;/b&gt;" in files(visitor(home.user).post(PAGE))["mes-donnees.html"]


def test_it_takes_as_many_queries_for_many_rows(home, django_assert_max_num_queries):
    commune = home.family.commune
    with django_assert_max_num_queries(50) as few:
        own_data(home.user)
    book(home, *sessions(ActivityFactory(service__commune=commune), TUESDAY.replace(day=12)))
    line(service_asking(commune=commune, name="Garderie"), home.family, home.child, "accepted")
    for cents in (100, 200):
        paid_at_counter(home.wallet, cents, date(2026, 11, 2))
    with django_assert_max_num_queries(len(few)):
        own_data(home.user)
