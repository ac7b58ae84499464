"""A family gives a piece: checked, cleaned, encrypted, then written; a newer one takes the place of the older.

Locks: key → family → lines by pk → the piece.
"""

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from schwifty import BIC

from accounts.models import User
from common.documents import quota, vault
from common.documents.intake import accept_upload
from common.documents.refusals import DocumentMissing
from common.refusals import Refusal
from common.values.sepa import account_fault, compact
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.actions.members import lock_family
from families.models import Family, Member
from families.rules import MAX_QUOTIENT
from services import emails
from services.actions.requests import settle_pieces
from services.models import DocumentReading, DocumentType, RequestLine, SupportingDocument
from services.rules import expiry

Kind = DocumentType.Kind
Status = RequestLine.Status
WAITING = (Status.PENDING, Status.INCOMPLETE, Status.EXPIRED)
STANDING = (SupportingDocument.Status.PENDING, SupportingDocument.Status.VALIDATED)
MAX_TEXT = 200
BLANKS = "blank-forms"  # the vault's owner of the blank forms that services offer


class WrongPiece(Refusal):
    """What was typed cannot be this piece; all reasons at once."""


class IbanMissing(Refusal):
    """A mandate debits an account: its IBAN comes first."""

    sentence = "Donnez d’abord l’IBAN du compte à prélever."


class IbanUnusable(IbanMissing):
    """The account that a family gave, maybe long ago, cannot be debited; the sentence says why."""

    sentence = ""


class NotForThem(Refusal):
    """The piece is of someone who is not in the family, or of nobody where it takes a name."""

    sentence = "Cette pièce n’est pas demandée pour cette personne. Rechargez la page."
    status = 404


class NotScanned(Refusal):
    """The antivirus has not answered yet: nobody reads the file before."""

    sentence = "Ce fichier attend l’analyse de l’antivirus : réessayez un peu plus tard."


def purpose(type: DocumentType, member: Member | None) -> str:
    """What the key of a piece's field is made for."""
    return f"piece:{type.pk}:{member.pk if member else 0}"


def give_file(
    *,
    user: User,
    type: DocumentType,
    member: Member | None,
    file: UploadedFile,
    key: str,
    declared_value: int | None = None,
) -> SupportingDocument:
    """Keep a file, cleaned and encrypted, as the family's current piece of a type; a second click changes nothing.

    Cleaning and writing the blob happen before the transaction: no lock waits for them, and a blob without a row is
    swept away. Raise DocumentRefused, WrongPiece, NotForThem, StalePage.
    """
    if type.kind == Kind.QUOTIENT and (declared_value is None or not 0 <= declared_value <= MAX_QUOTIENT):
        raise WrongPiece("Indiquez votre quotient familial, en euros entiers, comme sur l’attestation.")
    _check_beneficiary(user, type, member)
    clean = accept_upload(file, user.guardian.family.owner)
    fields = {"media_type": clean.kind.mime, "label": clean.label, "is_quarantined": clean.quarantined}
    if type.kind == Kind.QUOTIENT:
        fields["declared_value"] = declared_value
    return _store(user, type, member, key, clean.bytes, fields)


def give_text(*, user: User, type: DocumentType, member: Member | None, text: str, key: str) -> SupportingDocument:
    """Keep a typed piece, encrypted; of an IBAN only the ends stay readable. Raise WrongPiece, NotForThem, StalePage."""
    _check_beneficiary(user, type, member)
    value = check_text(type.kind, text)
    quota.count(user.guardian.family.owner, len(value))
    fields = {"label": _masked(type.kind, value), "media_type": "text/plain"}
    return _store(user, type, member, key, value.encode(), fields)


def check_text(kind: str, text: str) -> str:
    """The text as it is kept: an IBAN or a BIC checked and compact. Raise WrongPiece."""
    text = " ".join(text.split())
    if not text or len(text) > MAX_TEXT:
        raise WrongPiece(f"Écrivez entre 1 et {MAX_TEXT} caractères.")
    if fault := _bank_fault(kind, text):
        raise WrongPiece(fault)
    return compact(text) if kind in (Kind.IBAN, Kind.BIC) else text


def _bank_fault(kind: str, text: str) -> str:
    if kind == Kind.BIC and not BIC(text, allow_invalid=True).is_valid:
        return "Ce BIC n’est pas valable : recopiez-le depuis votre relevé bancaire."
    return account_fault(text) if kind == Kind.IBAN else ""


def _masked(kind: str, value: str) -> str:
    """What may be read without opening the vault."""
    if kind == Kind.IBAN:
        return f"{value[:4]} •••• {value[-4:]}"
    return value if kind == Kind.BIC else f"Texte de {len(value)} caractères"


def _check_beneficiary(user: User, type: DocumentType, member: Member | None) -> None:
    ours = member is None or Member.objects.of(user).filter(pk=member.pk).exists()
    if not ours or type.per_member != (member is not None):
        raise NotForThem


def _store(user, type, member, key, content: bytes, fields: dict) -> SupportingDocument:
    family = user.guardian.family
    blob_key = vault.store(content, family.owner)
    return _replace(user, family, type, member, key, fields | {"blob_key": blob_key})


@outermost
def _replace(user, family, type, member, key, fields) -> SupportingDocument:
    once = claim_key(key, user.owner, purpose(type, member))
    if once.answer:
        return SupportingDocument.objects.get(pk=once.answer["document"])
    lock_family(family.pk)
    lines = _lines_waiting(family, type, member)
    now = timezone.now()
    SupportingDocument.objects.current().filter(family=family, type=type, member=member).update(replaced_at=now)
    expires_on = expiry(timezone.localdate(now), type.validity_months)
    document = SupportingDocument.objects.create(
        family=family, type=type, member=member, given_by=user, given_at=now, expires_on=expires_on, **fields
    )
    emails.requests_sent(user, settle_pieces(lines))
    once.remember({"document": document.pk})
    return document


def _lines_waiting(family: Family, type: DocumentType, member: Member | None) -> list[RequestLine]:
    """The family's lines that a new piece may bring forward, locked by pk."""
    rows = RequestLine.objects.filter(
        request__family=family, request__service__required_documents__type=type, status__in=WAITING
    )
    if member:
        rows = rows.filter(member=member)
    pks = list(rows.values_list("pk", flat=True))
    locked = RequestLine.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(locked.select_related("request__service__commune", "member", "audience"))


def account_of(family: Family) -> dict[str, str]:
    """The IBAN, BIC and holder that a family gave, decrypted; refused pieces do not count. Raise IbanMissing, IbanUnusable."""
    rows = SupportingDocument.objects.current().filter(
        family=family, type__kind__in=[Kind.IBAN, Kind.BIC], status__in=STANDING
    )
    given = {row.type.kind: read_text(row) for row in rows.select_related("type")}
    if Kind.IBAN not in given:
        raise IbanMissing
    if fault := account_fault(given[Kind.IBAN]):
        raise IbanUnusable(fault)
    first = family.guardians.select_related("user").first()
    return {"iban": given[Kind.IBAN], "bic": given.get(Kind.BIC, ""), "holder": str(first.user) if first else ""}


def read_text(document: SupportingDocument) -> str:
    """The text of a typed piece, decrypted."""
    return vault.open(document.blob_key, document.vault_owner).decode()


def read_document(*, user: User, document: SupportingDocument) -> bytes:
    """The content, decrypted, for a reader whom the caller has checked; raise NotScanned, DocumentMissing.

    An agent's readings are inscribed, and everybody's of health data.
    """
    if document.is_quarantined:
        raise NotScanned
    if not document.blob_key:
        raise DocumentMissing
    content = vault.open(document.blob_key, document.vault_owner)
    if user.is_staff or document.type.is_health:
        DocumentReading.objects.create(document=document, by=user)
    return content


def read_blank(type: DocumentType) -> bytes:
    """The blank form of a type; raise DocumentMissing."""
    if not type.blank_key:
        raise DocumentMissing
    return vault.open(type.blank_key, BLANKS)


def keep_blank(agent: User, type: DocumentType, file: UploadedFile) -> None:
    """Offer a file as the blank form of a type, in the place of the one before. Raise DocumentRefused."""
    clean = accept_upload(file, agent.owner)
    type.blank_key, type.blank_label = vault.store(clean.bytes, BLANKS), clean.label
    type.save(update_fields=["blank_key", "blank_label"])
