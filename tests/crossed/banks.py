"""The files for the bank: by a second validator of their schemas, and by a bank that decides them and answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files

import sepaxml
import time_machine

from reservations.rules import PARIS
from tests.crossed.readers import Readers
from tests.crossed.table import Row, differences, unequal
from tests.factories.sepa import (
    ANNOUNCED,
    COLLECTED,
    IBAN,
    JOINED,
    OTHER_IBAN,
    creditor,
    mandate_of,
    refund,
    refund_file,
    with_file,
)
from tests.factories.wallet import parent_with, spend, wallet_with
from wallet.actions.bank_reports import preview_report
from wallet.actions.debits import announce_debits, settle_debits
from wallet.models import BankRefund, DirectDebit, DirectDebitRun, Operation

DEBITS, TRANSFERS = "pain.008.001.08", "pain.001.001.09"
NEXT_MONTH = date(2026, 12, 22)  # its announcement
CLOSED = JOINED[4]  # the bank holds this account, closed
PEOPLE = [
    ("Zoé Lefèvre", IBAN),
    ("Łukasz Großmann & Fils <SARL>", OTHER_IBAN),
    ("王芳", JOINED[0]),
    ("Ana Ilić", CLOSED),
]
FAMILY_WORDS = "Déménagement – solde rendu ; merci & à bientôt"


@dataclass
class File:
    """A file for the bank, and what we mean by it: (end-to-end reference, cents, account) of each payment."""

    schema: str
    content: bytes
    message: str
    payments: list[tuple[str, int, str]]
    beside: list[tuple]  # (end-to-end reference, sequence, mandate) of debits

    @property
    def total(self) -> Decimal:
        return Decimal(sum(cents for _, cents, _ in self.payments)).scaleb(-2)


def rows(readers: Readers) -> list[Row]:
    """Both files by both readers, and the bank's answers by us."""
    return [row for make in (debit_file, transfer_file) for row in _of(make(), readers)]


def debit_file() -> File:
    """A second month: families debited before, and one for the first time."""
    with time_machine.travel(_at(ANNOUNCED), tick=True):
        creditor()
        wallets = [_owing(*person) for person in PEOPLE[:2]]
        announce_debits(ANNOUNCED)
        with_file(DirectDebitRun.objects.get())
        settle_debits(COLLECTED)
    with time_machine.travel(_at(NEXT_MONTH), tick=True):
        for wallet in wallets:
            spend(wallet, 1990, kind=Operation.Kind.DEFERRED_DEBIT)
        for person in PEOPLE[2:]:
            _owing(*person)
        announce_debits(NEXT_MONTH)
        run = with_file(DirectDebitRun.objects.latest("pk"))
    debits = DirectDebit.objects.filter(run=run).select_related("mandate")
    return File(
        DEBITS,
        bytes(run.file),
        run.message,
        [(each.end_to_end, each.cents, each.mandate.iban) for each in debits],
        [(each.end_to_end, each.sequence, each.mandate.rum) for each in debits],
    )


def transfer_file() -> File:
    """Money given back to families."""
    with time_machine.travel(_at(NEXT_MONTH), tick=True):
        creditor()
        for rank, (holder, iban) in enumerate(PEOPLE, 1):
            refund(wallet_with(5000), 1000 + rank, holder=holder, iban=iban, reason=FAMILY_WORDS)
        refund_file()
    refunds = BankRefund.objects.select_related("batch")
    batch = refunds[0].batch
    return File(
        TRANSFERS, bytes(batch.file), batch.message, [(each.end_to_end, each.cents, each.iban) for each in refunds], []
    )


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=PARIS)


def _owing(holder: str, iban: str):
    """The wallet of a family that owes 46,05 €, with its mandate."""
    _, wallet = parent_with(0)
    mandate_of(wallet.family, holder=holder, iban=iban)
    spend(wallet, 4605, kind=Operation.Kind.DEFERRED_DEBIT)
    return wallet


def _of(file: File, readers: Readers) -> Iterable[Row]:
    output = f"{file.schema} ({len(file.payments)} payments, {file.total} €)"
    path = readers.write(f"{file.schema}.xml", file.content)
    yield Row(output, f"xmlschema {readers.versions['xmlschema']}", SCHEMA_READ, _schema(file, path, readers))
    bank = f"mock-bank {readers.versions['mock-bank']}"
    answer = readers.folder / f"{file.schema}.answer.xml"
    yield Row(output, bank, BANK_READ, _bank(file, path, answer, readers))
    yield Row("pain.002.001.10 that mock-bank answers to it", "the portal", ANSWER_READ, _answer(file, answer))


SCHEMA_READ = "valid for the schema; count, sum, references, amounts, accounts"
BANK_READ = "no finding; count, sum, references, amounts, accounts, sequences, mandates; all taken but a closed account"
ANSWER_READ = "every line is ours; the closed account, and it alone, is to be rejected (AC04)"


def _schema(file: File, path, readers: Readers) -> list[str]:
    read = readers.python("pain_schema.py", path, files(sepaxml) / "schemas" / f"{file.schema}.xsd")
    payments = [(each["reference"], _cents(each["amount"]), each["iban"]) for each in read["payments"]]
    return [*read["faults"], *_heads(file, read), *differences(file.payments, payments)]


def _bank(file: File, path, answer, readers: Readers) -> list[str]:
    read = readers.python("pain_bank.py", path, answer, IBAN, CLOSED)
    payments = [(each["reference"], each["cents"], each["iban"]) for each in read["payments"]]
    beside = [(each["reference"], each["sequence"], each["mandate"]) for each in read["payments"] if each["mandate"]]
    told = [*read["faults"], *_heads(file, read), *unequal(status=("PART", read["status"]))]
    return [*told, *differences(file.payments, payments), *differences(file.beside, beside)]


def _heads(file: File, read: dict) -> list[str]:
    return unequal(
        message=(file.message, read["message"]),
        count=(len(file.payments), read["count"]),
        sum=(file.total, Decimal(read["sum"])),
    )


def _answer(file: File, answer) -> list[str]:
    preview = preview_report(answer.read_bytes())
    closed = {reference: "AC04" for reference, _, iban in file.payments if iban == CLOSED}
    return unequal(message=(file.message, preview.message), rejected=(closed, preview.codes))


def _cents(amount: str) -> int:
    return int(Decimal(amount).scaleb(2))
