"""What the bank answers to the files of transfers (pain.002): read, shown to the agent, then applied once."""

from collections.abc import Iterable

from accounts.models import User
from cesu.aid.actions.transfers import give_back_cards, reject
from cesu.aid.reads.access import batches_of
from cesu.models import AidPayment, AidTransferBatch
from common.addresses import read_id
from common.values.money import euros
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions.bank_reports import FOREIGN, NOTHING, Line, Preview
from wallet.gateways.sepa_files import ONLY_BLOCK, Told, block_name, read_report
from wallet.reads.verdicts import Ours, notes, verdicts
from wallet.rules.sepa import told

PURPOSE = "aid-bank-report"


def preview_report(agent: User, data: bytes) -> Preview:
    """Read a pain.002 about a file of the agent's and say what it would change; raise NotAReport, ReportTooBig."""
    report = read_report(data)
    batch = batches_of(agent).filter(message=report.message.reference).defer("file").first()
    ours = _ours(batch) if batch else []
    payments = verdicts(report, ours)
    known = _known(payments, batch)
    lines = [_line(each, known.get(each.reference)) for each in payments.values()]
    remark = "" if any(line.code for line in lines) else NOTHING if batch else FOREIGN
    return Preview(report.message.reference, lines, remark, notes(report, ours))


def _ours(batch: AidTransferBatch) -> list[Ours]:
    """The payments of a file, which has one block."""
    block = block_name(batch.message, ONLY_BLOCK)
    return [Ours(each.end_to_end, block, each.paid_cents) for each in batch.payments.order_by("pk")]


def _known(references: Iterable[str], batch: AidTransferBatch | None) -> dict[str, AidPayment]:
    numbers = [pk for each in references if (pk := read_id(each.removeprefix("AIDE-"))) is not None]
    rows = AidPayment.objects.filter(batch=batch, pk__in=numbers).select_related("caregiver") if batch else ()
    return {each.end_to_end: each for each in rows}


def _line(said: Told, payment: AidPayment | None) -> Line:
    if payment is None:
        return Line(said.reference, "Inconnu", "Ignoré : cette référence n’est pas de ce fichier.")
    what = f"{payment} : {euros(payment.paid_cents)} à {payment.caregiver}"
    return Line(said.reference, what, *_outcome(said, payment))


def _outcome(said: Told, payment: AidPayment) -> tuple[str, str]:
    if not said.is_rejected:
        return "Accepté par la banque : rien ne change.", ""
    if payment.status == AidPayment.Status.REJECTED:
        return "Déjà rejeté : rien ne change.", ""
    if said.cents not in (None, payment.paid_cents):
        return f"Ignoré : la banque parle de {euros(said.cents)}. Vérifiez avec elle.", ""
    return f"Sera rejeté : {told(said.code)}", said.code


def apply_report(*, agent: User, codes: dict[str, str], key: str) -> int:
    """Reject what a preview named, by reference; return how many. What was rejected meanwhile is left alone.

    ``key`` was made for (agent.owner, PURPOSE). Only payments of the agent's own files are touched.
    """
    numbers = {int(reference.removeprefix("AIDE-")): code for reference, code in codes.items()}
    own = AidPayment.objects.filter(pk__in=numbers, batch__in=batches_of(agent).values("pk"))
    done = _apply(agent, {pk: numbers[pk] for pk in own.values_list("pk", flat=True)}, key)
    give_back_cards()
    return done


@outermost
def _apply(agent: User, codes: dict[int, str], key: str) -> int:
    once = claim_key(key, agent.owner, PURPOSE)
    if once.answer is None:
        once.remember({"rejected": len(reject(agent, codes))})
    return once.answer["rejected"]
