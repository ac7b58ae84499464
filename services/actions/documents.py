"""A family gives a piece: checked, cleaned, encrypted, then written; a newer one takes the place of the older."""

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from accounts.models import User
from families.models import Family, Member
from portal.lib.documents import accept_upload, vault
from portal.lib.refusals import Refusal
from portal.lib.transactions import outermost
from services.actions.requests import settle_pieces
from services.models import DocumentType, RequestLine, SupportingDocument
from services.rules import expiry

Kind = DocumentType.Kind
Status = RequestLine.Status
MAX_TEXT = 200
MAX_QUOTIENT = 99_999


class WrongPiece(Refusal):
    """What was typed cannot be this piece; all reasons at once."""


class IbanMissing(Refusal):
    """A mandate debits an account: its IBAN comes first."""

    sentence = "Donnez d’abord l’IBAN du compte à prélever."


def give_file(
    *,
    user: User,
    type: DocumentType,
    member: Member | None,
    file: UploadedFile,
    declared_value: int | None = None,
) -> SupportingDocument:
    """Keep a file, cleaned and encrypted, as the family's current piece of a type. Raise DocumentRefused, WrongPiece.

    Cleaning and writing the blob happen before the transaction: no lock waits for them, and a blob without a row is
    swept away.
    """
    if type.kind == Kind.QUOTIENT and (declared_value is None or not 0 <= declared_value <= MAX_QUOTIENT):
        raise WrongPiece("Indiquez votre quotient familial, en euros entiers, comme sur l’attestation.")
    clean = accept_upload(file)
    family = user.guardian.family
    key = vault.store(clean.content, f"family:{family.pk}")
    fields = {"media_type": clean.media_type, "label": clean.label, "is_quarantined": not clean.is_scanned}
    if type.kind == Kind.QUOTIENT:
        fields["declared_value"] = declared_value
    return _replace(user, family, type, member, blob_key=key, **fields)


def give_text(*, user: User, type: DocumentType, member: Member | None, text: str) -> SupportingDocument:
    """Keep a typed piece, encrypted; only its last characters stay readable. Raise WrongPiece for a wrong IBAN or BIC."""
    value = check_text(type.kind, text)
    family = user.guardian.family
    key = vault.store(value.encode(), f"family:{family.pk}")
    return _replace(user, family, type, member, blob_key=key, label=_masked(type.kind, value), media_type="text/plain")


def check_text(kind: str, text: str) -> str:
    """The text as it is kept: an IBAN or a BIC checked and compact. Raise WrongPiece."""
    text = " ".join(text.split())
    if not text or len(text) > MAX_TEXT:
        raise WrongPiece(f"Écrivez entre 1 et {MAX_TEXT} caractères.")
    checker = {Kind.IBAN: IBAN, Kind.BIC: BIC}.get(kind)
    if checker is None:
        return text
    try:
        return checker(text).compact
    except SchwiftyException:
        raise WrongPiece(f"Cet {kind.upper()} n’est pas valable : recopiez-le depuis votre relevé bancaire.") from None


def _masked(kind: str, value: str) -> str:
    return f"{value[:4]} •••• {value[-4:]}" if kind == Kind.IBAN else value[:120]


@outermost
def _replace(user, family, type, member, **fields) -> SupportingDocument:
    lines = _lines_waiting(family, type, member)
    now = timezone.now()
    older = SupportingDocument.objects.current().filter(family=family, type=type, member=member)
    older.update(replaced_at=now)
    document = SupportingDocument.objects.create(
        family=family,
        type=type,
        member=member,
        given_by=user,
        given_at=now,
        expires_on=expiry(timezone.localdate(now), type.validity_months),
        **fields,
    )
    settle_pieces(lines)
    return document


def _lines_waiting(family: Family, type: DocumentType, member: Member | None) -> list[RequestLine]:
    """The family's lines that wait for this piece, locked by pk."""
    rows = RequestLine.objects.filter(
        request__family=family,
        request__service__required_documents__type=type,
        status__in=[Status.INCOMPLETE, Status.PENDING],
    )
    if member:
        rows = rows.filter(member=member)
    pks = list(rows.values_list("pk", flat=True))
    locked = RequestLine.objects.filter(pk__in=pks).select_related("request__service", "member").order_by("pk")
    return list(locked.select_for_update(of=("self",), no_key=True))


def account_of(family: Family) -> dict[str, str]:
    """The IBAN, BIC and holder that a family gave, decrypted. Raise IbanMissing."""
    rows = SupportingDocument.objects.current().filter(family=family, type__kind__in=[Kind.IBAN, Kind.BIC])
    given = {row.type.kind: read_text(row) for row in rows.select_related("type")}
    if Kind.IBAN not in given:
        raise IbanMissing
    first = family.guardians.select_related("user").first()
    return {"iban": given[Kind.IBAN], "bic": given.get(Kind.BIC, ""), "holder": str(first.user) if first else ""}


def read_text(document: SupportingDocument) -> str:
    """The text of a typed piece, decrypted."""
    return vault.open(document.blob_key, document.vault_owner).decode()
