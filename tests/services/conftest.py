"""The pieces of these tests lie in a vault of their own; the canteen of guide 002 and a family in front of it."""

import pytest

from common.documents import vault
from services.actions.documents import BLANKS
from tests.factories.accounts import CommuneFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import DocumentTypeFactory, service_asking
from tests.services.reading import PDF_FILE


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path / "documents"


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def commune():
    return CommuneFactory(name="Saint-Marcel")


@pytest.fixture
def claire(louane, commune):
    user = parent_of(louane, first_name="Claire")
    family = user.guardian.family
    family.commune = commune
    family.save()
    return user


@pytest.fixture
def family(claire):
    return claire.guardian.family


@pytest.fixture
def sheet():
    """As in guide 002."""
    return DocumentTypeFactory(
        name="Fiche de renseignements relative à la santé de l’enfant",
        per_member=True,
        is_health=True,
        help_text="Saisir ici la fiche complétée. 1 fiche par enfant.\n\n"
        "Merci de nous signaler tout changement en cours d’année scolaire.",
        blank_key=vault.store(PDF_FILE, BLANKS),
        blank_label="Fiche vierge.pdf",
    )


@pytest.fixture
def iban():
    return DocumentTypeFactory(name="IBAN", kind="iban")


@pytest.fixture
def canteen(commune, sheet, iban):
    """Guide 002: the sheet is mandatory; IBAN, BIC and mandate are not."""
    bic = DocumentTypeFactory(name="BIC", kind="bic")
    mandate = DocumentTypeFactory(name="Mandat de prélèvement", kind="mandate")
    audiences = ("Hors commune", "Résident commune")
    return service_asking(sheet, optional=(iban, bic, mandate), commune=commune, audiences=audiences)


@pytest.fixture
def residents(canteen):
    return canteen.audiences.get(name="Résident commune")
