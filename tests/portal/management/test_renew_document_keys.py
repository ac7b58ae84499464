"""The vault's keys are changed without losing a content."""

import pytest
from django.core.management import CommandError, call_command

from common.documents import vault
from families.models import HealthContent, HealthSheet
from services.actions.documents import BLANKS
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import DocumentTypeFactory, document

pytestmark = pytest.mark.django_db
OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


@pytest.fixture
def kept(settings, tmp_path):
    """A piece, a blank form and a health sheet under the old key."""
    settings.DOCUMENTS_ROOT, settings.DOCUMENT_KEYS = tmp_path, OLD
    louane = MemberFactory()
    claire = parent_of(louane)
    piece = document(claire.guardian.family, DocumentTypeFactory(), b"piece")
    blank = DocumentTypeFactory(blank_key=vault.store(b"blank", BLANKS))
    sealed = HealthSheet.seal(louane.pk, HealthContent(treatments="Anapen"))
    return piece, blank, HealthSheet.objects.create(member=louane, sealed=sealed, updated_by=claire)


def contents(piece, blank, sheet) -> list:
    sheet.refresh_from_db()
    return [
        vault.open(piece.blob_key, piece.vault_owner),
        vault.open(blank.blank_key, BLANKS),
        sheet.content.treatments,
    ]


def test_all_contents_open_with_the_new_key_alone(kept, settings, capsys):
    settings.DOCUMENT_KEYS = NEW | OLD
    call_command("renew_document_keys")
    settings.DOCUMENT_KEYS = NEW
    assert contents(*kept) == [b"piece", b"blank", "Anapen"]
    assert capsys.readouterr().out == "3 contenus chiffrés de nouveau.\n"


def test_a_second_run_changes_nothing(kept, settings, capsys):
    settings.DOCUMENT_KEYS = NEW | OLD
    for _ in range(2):
        call_command("renew_document_keys")
    assert capsys.readouterr().out.splitlines()[1] == "0 contenus chiffrés de nouveau."


def test_what_no_key_opens_is_named_and_the_rest_is_done(kept, settings):
    piece, _, sheet = kept
    HealthSheet.objects.update(sealed=bytes(sheet.sealed)[:-1])
    settings.DOCUMENT_KEYS = NEW | OLD
    with pytest.raises(CommandError, match=f"fiche santé {sheet.pk}"):
        call_command("renew_document_keys")
    settings.DOCUMENT_KEYS = NEW
    assert vault.open(piece.blob_key, piece.vault_owner) == b"piece"
