"""Encrypt under the newest key of PARVIS_DOCUMENT_KEYS what an older one still protects: then the older one may go."""

from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError

from cesu.models import UsefulDocument
from cesu.orders.actions.documents import VAULT
from common.documents import vault
from common.documents.refusals import DocumentMissing, DocumentUnreadable
from families.models import HealthSheet
from reservations.actions.days.absences import vault_owner
from reservations.models import Absence
from services.actions.documents import BLANKS
from services.models import DocumentType, SupportingDocument


class Command(BaseCommand):
    help = "Chiffre de nouveau, avec la clé la plus récente, les pièces, les formulaires vierges et les fiches santé."

    def handle(self, *args, **options):
        renewed, lost = 0, []
        for name, renew in [*blobs(), *sheets()]:
            try:
                renewed += renew()
            except (DocumentMissing, DocumentUnreadable):
                lost.append(name)
        self.stdout.write(f"{renewed} contenus chiffrés de nouveau.")
        if lost:
            raise CommandError(f"Illisibles, gardez les anciennes clés : {', '.join(lost)}.")


def blobs() -> Iterator:
    """Each content of the vault: what it is, and how to encrypt it anew."""
    for row in SupportingDocument.objects.exclude(blob_key="").iterator():
        yield f"pièce {row.pk}", lambda row=row: vault.rewrap(row.blob_key, row.vault_owner)
    for row in DocumentType.objects.exclude(blank_key="").iterator():
        yield f"formulaire {row.pk}", lambda row=row: vault.rewrap(row.blank_key, BLANKS)
    for row in UsefulDocument.objects.offered().iterator():
        yield f"document utile {row.pk}", lambda row=row: vault.rewrap(row.key, VAULT)
    for row in Absence.objects.exclude(proof=None).select_related("booking").iterator():
        yield f"justificatif {row.pk}", lambda row=row: vault.rewrap(row.proof.hex, vault_owner(row.booking))


def sheets() -> Iterator:
    """Each health sheet; one that a parent writes meanwhile is under the newest key already."""
    for row in HealthSheet.objects.iterator():
        yield f"fiche santé {row.pk}", lambda row=row: _renew(row)


def _renew(sheet: HealthSheet) -> bool:
    if not vault.is_stale(sheet.sealed):
        return False
    sealed = HealthSheet.seal(sheet.member_id, sheet.content)
    return bool(HealthSheet.objects.filter(pk=sheet.pk, updated_at=sheet.updated_at).update(sealed=sealed))
