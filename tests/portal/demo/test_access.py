"""The demo's services are those of the guides, and its families may book what agents opened to them."""

import pytest

from families.models import Family
from portal.demo.seed import seed
from reservations.models import Activity, Booking
from reservations.reads.access import without_access
from reservations.reads.family import members_with_schooling
from services.models import Audience, DocumentType, RequestLine, RequiredDocument, Service

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    seed(families=2)


@pytest.mark.seed("S3-67", "S3-68", "S3-69", "S3-70", "S3-71", "S3-72", "S3-73", "S3-74", "S3-75", "S3-76", "S3-77")
@pytest.mark.seed("S3-78", "S3-79")
def test_the_communes_offer_the_situations_of_guide_003(demo):
    offered = {}
    for audience in Audience.objects.select_related("service__commune"):
        offered.setdefault(audience.service.commune.name, set()).add(audience.name)
    guide = {
        "Aiguilhe": {"Réservation tardive garderie"},
        "Blavozy": {
            "Commune 3 enfants",
            "Hors commune 3 enfants",
            "Résidents commune",
            "Résidents hors commune",
        },
        "Saint-Étienne-Lardeyrol": {"Adultes"},
        "Brives-Charensac": {"1 parent travaillant à Brives", "Hors commune", "Résident commune", "Tarif réduit"},
        "Coubon": {"Adulte", "Enfant commune", "Enfant hors commune"},
        "Craponne-sur-Arzon": {"Adultes", "Enfants"},
        "Polignac": {"Adultes", "Enfants"},
        "Rosières": {"Adultes", "Enfants"},
    }
    assert {name: situations - offered[name] for name, situations in guide.items()} == {name: set() for name in guide}


@pytest.mark.seed("S2-30", "S2-31", "S2-36", "S2-37", "S2-38", "S2-39", "S2-40", "S2-41", "S2-43")
def test_the_canteen_of_saint_marcel_asks_for_the_pieces_of_guide_002(demo):
    canteen = Service.objects.get(commune__name="Saint-Marcel")
    rows = canteen.required_documents.select_related("type")
    assert [(row.type.name, row.type.kind, row.is_mandatory, row.type.validity_months) for row in rows] == [
        ("Fiche de renseignements relative à la santé de l’enfant", "file", True, 12),
        ("IBAN", "iban", False, 12),
        ("BIC", "bic", False, 12),
        ("Mandat de prélèvement", "mandate", False, 12),
    ]
    assert RequiredDocument.objects.exclude(service=canteen).count() == 0
    assert DocumentType.objects.get(per_member=True).blank_label == "Fiche de renseignements santé.pdf"


def test_the_family_of_the_guides_is_accepted_and_has_booked(demo):
    claire = RequestLine.objects.filter(request__family__name="Dupont", request__service__commune__name="Saint-Marcel")
    assert sorted((row.member.first_name, row.status) for row in claire) == [
        ("Louane", "accepted"),
        ("Théo", "accepted"),
    ]
    assert Booking.objects.filter(member__in=claire.values("member")).exists()


def test_a_second_run_changes_nothing(demo):
    tables = (Service, Audience, DocumentType, RequiredDocument, RequestLine, Booking)
    before = [table.objects.count() for table in tables]
    seed(families=2)
    assert [table.objects.count() for table in tables] == before


def test_a_family_of_saint_marcel_asks_cestas_before_it_takes_a_place_on_credit(demo):
    activity = Activity.objects.select_related("service").get(slug="alsh-6-12-journee")
    assert (activity.service.access, activity.service.credit_to_all) == ("open", False)
    told = {}
    for family in Family.objects.filter(name="Dupont").select_related("commune"):
        for member in members_with_schooling(family.pk):
            told[family.commune.name, member.first_name] = without_access(activity, member)
    assert told["Cestas", "Liou"] == []
    assert told["Saint-Marcel", "Louane"] == [
        "l’accès au service « Cestas – Centres de loisirs » n’est pas encore accepté : faites la demande dans "
        "« Mes services »."
    ]
