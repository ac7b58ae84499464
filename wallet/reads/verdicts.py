"""What a bank's report means for each payment of ours, also for those it does not detail, as pure functions.

A message or a block that is rejected (GrpSts, PmtInfSts = RJCT) was not executed: all its payments are rejected, whatever
number of them the bank details. Source: ISO 20022, pain.002; EPC « Customer-to-PSP implementation guidelines ».
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from common.values.money import euros
from wallet.gateways.sepa_files import StatusReport, Told
from wallet.rules.sepa import REASONS, UNTOLD, reason_of


@dataclass(frozen=True, slots=True)
class Ours:
    """A payment of the file that the report answers, in the block where it stands."""

    reference: str
    block: str
    cents: int


def verdicts(report: StatusReport, ours: Sequence[Ours]) -> dict[str, Told]:
    """What is said of each payment, by reference: ours as a whole first, then what is detailed."""
    whole = {each.reference: _inherited(each, found) for each in ours if (found := _rejecting(report, each.block))}
    return whole | {each.reference: each for each in report.payments}


def _rejecting(report: StatusReport, block: str) -> Told | None:
    """The rejection of all that stands in a block: its own, or the message's."""
    said = [each for each in report.blocks if each.reference == block]
    return next((each for each in [*said, report.message] if each.is_rejected), None)


def _inherited(payment: Ours, whole: Told) -> Told:
    """What a code says of a whole file is not about the account of each family: it ends no mandate."""
    ends = whole.code in REASONS and reason_of(whole.code).ends_mandate
    return Told(payment.reference, True, UNTOLD if ends else whole.code)


def notes(report: StatusReport, ours: Sequence[Ours]) -> list[str]:
    """What the agent should know before confirming, in French: what is rejected as a whole, what the bank leaves unsaid."""
    return [*_of_wholes(report, ours), *_of_contradictions(report, ours), *_of_parts(report, ours)]


def _of_wholes(report: StatusReport, ours: Sequence[Ours]) -> Iterator[str]:
    if report.message.is_rejected and ours:
        yield f"La banque rejette tout le fichier : {_counted(ours)}, détaillés ou non. Rien n’en sera versé."
        return
    for block in report.blocks:
        inside = [each for each in ours if each.block == block.reference]
        if block.is_rejected and inside:
            yield f"La banque rejette tout le lot {block.reference} : {_counted(inside)}, détaillés ou non."
        elif block.is_rejected and ours:
            yield f"La banque rejette un lot que le portail n’a pas fait ({block.reference or 'sans nom'}) : demandez-lui."


def _of_contradictions(report: StatusReport, ours: Iterable[Ours]) -> Iterator[str]:
    accepted = {each.reference for each in report.payments if not each.is_rejected}
    for each in ours:
        if each.reference in accepted and _rejecting(report, each.block):
            yield (
                f"La banque donne {each.reference} accepté dans un lot qu’elle rejette : il n’est pas touché. "
                "Demandez-lui ce qu’il en est, et rejetez-le à la main s’il le faut."
            )


def _of_parts(report: StatusReport, ours: Sequence[Ours]) -> Iterator[str]:
    """What of a file accepted in part is not detailed."""
    detailed = {each.reference for each in report.payments}
    for block in [report.message, *report.blocks]:
        inside = [each for each in ours if block is report.message or each.block == block.reference]
        left = [each for each in inside if each.reference not in detailed and not _rejecting(report, each.block)]
        if block.is_partial and left and not _told_below(report, block):
            yield (
                f"La banque n’accepte qu’une partie de {block.reference} et détaille {len(inside) - len(left)} paiement(s) "
                f"sur {len(inside)}. Les autres ({_counted(left)}) restent comme acceptés : "
                "vérifiez-le avec elle avant d’enregistrer."
            )


def _told_below(report: StatusReport, block: Told) -> bool:
    """Whether a message's blocks say more exactly what is partial."""
    return block is report.message and any(each.is_partial for each in report.blocks)


def _counted(payments: Sequence[Ours]) -> str:
    return f"{len(payments)} paiement{'s' if len(payments) > 1 else ''}, {euros(sum(each.cents for each in payments))}"
