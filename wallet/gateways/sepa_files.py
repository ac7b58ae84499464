"""The files exchanged with the bank: direct debits (pain.008) and transfers (pain.001) given, status reports (pain.002)
received. The only module that knows sepaxml and the XML of banks.

A file holds nothing but what stands in the rows: built again, it is the same to the byte.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files

import sepaxml
from django.utils import timezone
from lxml import etree
from text_unidecode import unidecode

from common.models import Authority
from common.refusals import Refusal
from wallet.models import BankRefund, BankRefundBatch, DirectDebit, DirectDebitRun
from wallet.rules.sepa import CODE, UNTOLD

log = logging.getLogger(__name__)
DEBITS, TRANSFERS, REPORT = "pain.008.001.08", "pain.001.001.09", "pain.002.001."
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
FORBIDDEN = re.compile(r"[^A-Za-z0-9/?:().,'+ -]+")  # all that the banks of SEPA read (EPC217-08)
MAX_REPORT = 5 * 1024 * 1024  # bytes: more than 10,000 lines


class SepaFileInvalid(Refusal):
    """The bank would refuse the file."""

    sentence = (
        "La banque refuserait ce fichier : vérifiez le nom, l’IBAN et le BIC de la régie dans « Collectivité », "
        "puis recommencez."
    )


class CreditorMissing(Refusal):
    """The authority has not said for which account it collects."""

    sentence = "Indiquez d’abord l’ICS et l’IBAN de la régie dans « Collectivité »."


class NotAReport(Refusal):
    """What the agent sent is not a bank's report."""

    sentence = "Ce fichier n’est pas un compte rendu de la banque (pain.002) : choisissez le fichier XML reçu d’elle."


class ReportTooBig(Refusal):
    """A report longer than any the portal's files could have."""

    sentence = "Ce fichier dépasse 5 Mo : ce n’est pas un compte rendu de la banque."


# --- Given to the bank ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Creditor:
    """Who collects and pays: the authority, with its account."""

    name: str
    ics: str
    iban: str
    bic: str


def is_creditor(it: Authority) -> bool:
    """Whether the authority has said how it collects: its ICS and its account."""
    return bool(it.creditor_id and it.creditor_iban)


def creditor_of(it: Authority) -> Creditor:
    """The authority as a creditor; raise CreditorMissing."""
    if not is_creditor(it):
        raise CreditorMissing
    return Creditor(it.creditor_name or it.subtitle or it.name, it.creditor_id, it.creditor_iban, it.creditor_bic)


def debit_file(creditor: Creditor, run: DirectDebitRun, debits: Iterable[DirectDebit]) -> bytes:
    """The pain.008 of a month's debits; raise SepaFileInvalid."""
    document = sepaxml.SepaDD(_config(creditor) | {"creditor_id": creditor.ics}, schema=DEBITS, clean=False)
    for debit in debits:
        mandate = debit.mandate
        document.add_payment(
            _party(mandate.holder, mandate.iban, mandate.bic, mandate.rum)
            | {
                "amount": debit.cents,
                "type": debit.sequence,
                "collection_date": run.collected_on,
                "mandate_id": mandate.rum,
                "mandate_date": mandate.signed_on,
                "description": text(f"{creditor.name} - {run.purse.name} - {run.month:%m/%Y}", 140),
                "endtoend_id": debit.end_to_end,
            }
        )
    return _finished(document.export(validate=False), DEBITS, run.message, run.created_at)


@dataclass(frozen=True, slots=True)
class Credit:
    """A transfer to somebody's account, ``cents`` under a reference; ``words`` are what the payee reads."""

    holder: str
    iban: str
    bic: str
    cents: int
    end_to_end: str
    words: str


def transfer_file(creditor: Creditor, batch: BankRefundBatch, refunds: Iterable[BankRefund]) -> bytes:
    """The pain.001 of refunds to families; raise SepaFileInvalid."""
    credits = (Credit(it.holder, it.iban, it.bic, it.cents, it.end_to_end, it.reason) for it in refunds)
    return credits_file(creditor, credits, message=batch.message, at=batch.created_at, executed_on=batch.executed_on)


def credits_file(
    debtor: Creditor, credits: Iterable[Credit], *, message: str, at: datetime, executed_on: date
) -> bytes:
    """The pain.001 of transfers out of the debtor's account; raise SepaFileInvalid.

    50,000 transfers take 19 MB; sepaxml's tree of them is let go before the file is read again to be checked.
    """
    return _finished(_credits(debtor, credits, executed_on), TRANSFERS, message, at)


def _credits(debtor: Creditor, credits: Iterable[Credit], executed_on: date) -> bytes:
    document = sepaxml.SepaTransfer(_config(debtor), schema=TRANSFERS, clean=False)
    for credit in credits:
        document.add_payment(
            _party(credit.holder, credit.iban, credit.bic, credit.end_to_end)
            | {
                "amount": credit.cents,
                "execution_date": executed_on,
                "description": text(credit.words, 140) or credit.end_to_end,
                "endtoend_id": credit.end_to_end,
            }
        )
    return document.export(validate=False)


def text(words: str, length: int) -> str:
    """Words as banks read them: Latin letters without accents, figures and few signs."""
    return " ".join(FORBIDDEN.sub(" ", unidecode(words)).split())[:length].strip()


def _config(creditor: Creditor) -> dict:
    name = text(creditor.name, 70)
    return _bank(creditor.bic) | {"name": name, "IBAN": creditor.iban, "batch": True, "currency": "EUR"}


def _party(name: str, iban: str, bic: str, otherwise: str) -> dict:
    """The other side's account; ``otherwise`` names who has not one letter."""
    return _bank(bic) | {"name": text(name, 70) or otherwise, "IBAN": iban}


def _bank(bic: str) -> dict:
    return {"BIC": bic} if bic else {}


def _finished(document: bytes, schema: str, message: str, at: datetime) -> bytes:
    """The bytes, with the row's reference and instant where sepaxml draws lots and reads the clock."""
    root = etree.fromstring(document)
    space = {"x": root.nsmap[None]}
    root.find(".//x:GrpHdr/x:MsgId", space).text = message
    root.find(".//x:GrpHdr/x:CreDtTm", space).text = f"{timezone.localtime(at):%Y-%m-%dT%H:%M:%S}"
    for number, block in enumerate(root.iterfind(".//x:PmtInf", space), start=1):
        sequence = block.findtext(".//x:SeqTp", str(number), space)
        block.find("x:PmtInfId", space).text = block_name(message, sequence)
    for bank in root.iterfind(".//x:PmtInf/x:DbtrAgt/x:FinInstnId", space):
        if not len(bank):  # the authority without a BIC
            other = etree.SubElement(bank, f"{{{space['x']}}}Othr")
            etree.SubElement(other, f"{{{space['x']}}}Id").text = "NOTPROVIDED"
    _require_valid(root, schema)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


ONLY_BLOCK = "1"  # of a file of transfers


def block_name(message: str, sequence: str) -> str:
    """The reference of the payments of one sequence in a file."""
    return f"{message}-{sequence}"


def _require_valid(root, schema: str) -> None:
    """Against the XSD that sepaxml ships, by lxml: its own check takes ten seconds for 10,000 payments."""
    xsd = _schema(schema)
    if not xsd.validate(root):
        log.error("invalid %s: %s", schema, xsd.error_log.last_error)
        raise SepaFileInvalid


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring((files(sepaxml) / "schemas" / f"{name}.xsd").read_bytes()))


# --- Received from the bank -----------------------------------------------------------------------------------------
REJECTED, PARTIAL = "RJCT", "PART"


@dataclass(frozen=True)
class Told:
    """What the bank says of one payment, or of all those of a block or a message; ``cents`` when it repeats them."""

    reference: str
    is_rejected: bool
    code: str = ""
    cents: int | None = None
    is_partial: bool = False


@dataclass(frozen=True)
class StatusReport:
    """A pain.002: the message it answers, with what is said of it, of each of its blocks and of the payments detailed."""

    message: Told
    blocks: list[Told]
    payments: list[Told]


def read_report(data: bytes) -> StatusReport:
    """Read a bank's pain.002, whatever its version; raise NotAReport, ReportTooBig."""
    if len(data) > MAX_REPORT:
        raise ReportTooBig
    body = _body(data)
    group = body.find("{*}OrgnlGrpInfAndSts")
    if group is None or not group.findtext("{*}OrgnlMsgId"):
        raise NotAReport
    blocks = [_told(block, "OrgnlPmtInfId", "PmtInfSts") for block in body.iterfind("{*}OrgnlPmtInfAndSts")]
    of_all = group.findtext("{*}GrpSts", ""), _reason(group)
    return StatusReport(_told(group, "OrgnlMsgId", "GrpSts"), blocks, list(_payments(body, *of_all)))


def _body(data: bytes):
    """The report inside the document. No document type, so no entity; nothing is fetched; sizes are limited."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotAReport from None
    body = root.find("{*}CstmrPmtStsRpt")
    if root.getroottree().docinfo.doctype or not (root.nsmap.get(root.prefix) or "").startswith(NAMESPACE + REPORT):
        raise NotAReport
    if body is None:
        raise NotAReport
    return body


def _payments(body, status: str, code: str) -> Iterator[Told]:
    """A payment without a status has its block's, or else the message's."""
    for block in body.iterfind("{*}OrgnlPmtInfAndSts"):
        of_all = block.findtext("{*}PmtInfSts", status), _reason(block) or code
        for each in block.iterfind("{*}TxInfAndSts"):
            yield _told(each, "OrgnlEndToEndId", "TxSts", *of_all)


def _told(node, reference: str, status: str, otherwise: str = "", code: str = "") -> Told:
    said = node.findtext(f"{{*}}{status}", otherwise).strip()
    name, rejected = node.findtext(f"{{*}}{reference}", "").strip(), said == REJECTED
    return Told(name, rejected, (_reason(node) or code or UNTOLD) if rejected else "", _cents(node), said == PARTIAL)


def _reason(node) -> str:
    """The code that a status gives for itself; "" when it gives none that is a code of ISO 20022."""
    found = node.findtext("{*}StsRsnInf/{*}Rsn/{*}Cd", "").strip()
    return found if CODE.fullmatch(found) else ""


def _cents(node) -> int | None:
    amount = node.findtext("{*}OrgnlTxRef/{*}Amt/{*}InstdAmt", "").strip()
    read = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,2})0*)?", amount, re.ASCII)
    return int(read[1]) * 100 + int((read[2] or "").ljust(2, "0")) if read else None
