"""What the bank answers to the files of the portal (pain.002): read, shown to the agent, then applied once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts.models import User
from common.values.money import euros
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions.bank_refunds import reject_refunds
from wallet.actions.debits import reject_debits
from wallet.gateways.sepa_files import ONLY_BLOCK, StatusReport, Told, block_name, read_report
from wallet.models import BankRefund, BankRefundBatch, DirectDebit, DirectDebitRun
from wallet.reads.verdicts import Ours, notes, verdicts
from wallet.rules.sepa import CANCELLED, told

PURPOSE = "bank-report"
NOTHING = "Rien à faire : ce fichier ne contient aucun rejet nouveau."
FOREIGN = (
    "Aucune ligne de ce fichier ne vient d’ici : c’est le compte rendu d’un autre fichier, ou d’un autre créancier."
)


@dataclass(frozen=True)
class Line:
    """A payment named by the report: what it is here, and what will be done; ``code`` only when it will be rejected."""

    reference: str
    what: str
    outcome: str
    code: str = ""


@dataclass(frozen=True)
class Preview:
    """What a report would change; nothing is written yet."""

    message: str
    lines: list[Line]
    remark: str
    notes: Sequence[str] = ()

    @property
    def codes(self) -> dict[str, str]:
        """What ``apply_report`` takes."""
        return {line.reference: line.code for line in self.lines if line.code}


def preview_report(data: bytes) -> Preview:
    """Read a pain.002 and say of each of its payments what it would change; raise NotAReport, ReportTooBig."""
    report = read_report(data)
    ours = _ours(report.message.reference)
    payments = verdicts(report, ours)
    known = _known(payments)
    lines = [_line(each, known.get(each.reference)) for each in payments.values()]
    return Preview(report.message.reference, lines, _remark(report, lines, known), notes(report, ours))


def _remark(report: StatusReport, lines: list[Line], known: dict) -> str:
    """What the page says above the lines, when there is something to say."""
    if any(line.code for line in lines):
        return ""
    return NOTHING if known or _is_ours(report.message.reference) else FOREIGN


def _is_ours(message: str) -> bool:
    tables = (DirectDebitRun, BankRefundBatch)
    return any(table.objects.filter(message=message).exists() for table in tables)


def _ours(message: str) -> list[Ours]:
    """The payments of a file that was given to the bank; debits stand in a block for each sequence, refunds in one."""
    debits = DirectDebit.objects.filter(run__message=message, run__file__isnull=False).order_by("pk")
    debits = debits.exclude(reject_code=CANCELLED)  # withdrawn before the file was made
    refunds = BankRefund.objects.filter(batch__message=message).order_by("pk")
    found = [(each, each.sequence) for each in debits] + [(each, ONLY_BLOCK) for each in refunds]
    return [Ours(each.end_to_end, block_name(message, block), each.cents) for each, block in found]


def _known(references: Iterable[str]) -> dict[str, DirectDebit | BankRefund]:
    rows = [
        table.objects.filter(end_to_end__in=references).select_related("wallet__family")
        for table in (DirectDebit, BankRefund)
    ]
    return {each.end_to_end: each for table in rows for each in table}


def _line(said: Told, payment: DirectDebit | BankRefund | None) -> Line:
    if payment is None:
        return Line(said.reference, "Inconnu", "Ignoré : cette référence n’est pas du portail.")
    family = payment.wallet.family
    what = f"{payment._meta.verbose_name.capitalize()} de {euros(payment.cents)}, {family.name} ({family.reference})"
    outcome, code = _outcome(said, payment)
    return Line(said.reference, what, outcome, code)


def _outcome(said: Told, payment: DirectDebit | BankRefund) -> tuple[str, str]:
    if not said.is_rejected:
        return "Accepté par la banque : rien ne change.", ""
    if payment.status == "rejected":
        return "Déjà rejeté : rien ne change.", ""
    if said.cents not in (None, payment.cents):
        return f"Ignoré : la banque parle de {euros(said.cents)}. Vérifiez avec elle.", ""
    return f"Sera rejeté : {told(said.code)}", said.code


@outermost
def apply_report(*, agent: User, codes: dict[str, str], key: str) -> int:
    """Reject what a preview named, by reference; return how many. What was rejected meanwhile is left alone.

    ``key`` was made for (agent.owner, ``bank-report``).
    """
    once = claim_key(key, agent.owner, PURPOSE)
    if once.answer is None:
        done = reject_debits(agent, codes) or reject_refunds(agent, codes)  # a report answers one file, so one kind
        once.remember({"rejected": len(done)})
    return once.answer["rejected"]
