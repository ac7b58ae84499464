"""What a reader said of an output, against what the portal meant."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Row:
    """A line of the table; ``faults`` are the disagreements, none when both read alike."""

    output: str
    reader: str
    read: str
    faults: list[str] = field(default_factory=list)


def differences(expected: Iterable, found: Iterable) -> list[str]:
    """What one of two lists lacks of the other, in no order."""
    expected, found = list(expected), list(found)
    lacks = [f"not read: {each}" for each in expected if each not in found]
    more = [f"read, but not ours: {each}" for each in found if each not in expected]
    return lacks + more or ([] if len(expected) == len(found) else [f"{len(found)} read, {len(expected)} ours"])


def unequal(**pairs: tuple) -> list[str]:
    """What of (ours, theirs) is not equal, by name."""
    return [f"{name}: {ours!r} read as {theirs!r}" for name, (ours, theirs) in pairs.items() if ours != theirs]


def markdown(rows: list[Row]) -> str:
    """The table of docs/proofs.md."""
    head = ["| output | read by | what is compared | |", "| --- | --- | --- | --- |"]
    lines = [f"| {row.output} | {row.reader} | {row.read} | {told(row)} |" for row in rows]
    return "\n".join(head + lines)


def told(row: Row) -> str:
    """« agrees », or how many disagreements."""
    return f"**{len(row.faults)} disagree**" if row.faults else "agrees"
