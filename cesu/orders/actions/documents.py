"""« Documents utiles »: PDFs that the issuer offers to managers, kept in the vault."""

from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from cesu.models import UsefulDocument
from common.documents import vault
from common.documents.intake import accept_upload
from common.documents.kinds import Kind
from common.documents.refusals import DocumentMissing
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost

VAULT = "cesu-documents"  # the vault's owner of these files


class NotAPdf(Refusal):
    sentence = "Un document utile est un fichier PDF : enregistrez-le en PDF, puis recommencez."


class NotScannedYet(Refusal):
    sentence = "L’antivirus ne répond pas pour le moment : le fichier n’est pas publié. Réessayez un peu plus tard."


def publishing(document: UsefulDocument) -> str:
    """The purpose of the key that publishes or withdraws a document's file."""
    return f"useful-document:{document.pk}"


def publish_document(*, agent: User, document: UsefulDocument, file: UploadedFile, key: str) -> UsefulDocument:
    """Offer a PDF, checked and cleaned as any document, in the place of the one before. Twice is once.

    The blob is written before the transaction: one without a row is swept away. Raise DocumentRefused, NotAPdf,
    NotScannedYet.
    """
    clean = accept_upload(file, agent.owner)
    if clean.kind is not Kind.PDF:
        raise NotAPdf
    if clean.quarantined:
        raise NotScannedYet
    return _name(agent, document, vault.store(clean.bytes, VAULT), key)


def withdraw_document(*, agent: User, document: UsefulDocument, key: str) -> UsefulDocument:
    """Offer a document no more; its file is swept away at night. Twice is once."""
    return _name(agent, document, "", key)


@outermost
def _name(agent: User, document: UsefulDocument, blob: str, key: str) -> UsefulDocument:
    once = claim_key(key, agent.owner, publishing(document))
    locked = UsefulDocument.objects.select_for_update(no_key=True).get(pk=document.pk)
    if once.answer is None:
        locked.key = blob
        locked.save(update_fields=["key"])
        once.remember({"done": True})
    return locked


def read_useful_document(document: UsefulDocument) -> bytes:
    """The PDF; raise DocumentMissing."""
    if not document.key:
        raise DocumentMissing
    return vault.open(document.key, VAULT)


def kept_documents() -> set[str]:
    """The contents that useful documents name: the sweep of the vault leaves them."""
    return set(UsefulDocument.objects.offered().values_list("key", flat=True))
