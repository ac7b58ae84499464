"""What a day costs: audience × bracket of quotient familial × dates, in cents."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import inf

from common.refusals import Refusal
from common.values.dates import date_numeric
from reservations.rules.calendar import DAY


class NoTariff(Refusal):
    """No line, or more than one, prices that day for that person."""

    sentence = "Aucun tarif n’est prévu pour cette date. Contactez le service."


@dataclass(frozen=True, kw_only=True)
class TariffLine:
    """A price in cents for one audience (None: everyone), one bracket and a span of dates, all ends included.

    Quotients are whole euros. ``qf_to`` None is without limit; ``valid_to`` None is without end.
    """

    price_cents: int
    valid_from: date
    valid_to: date | None = None
    audience: int | None = None
    qf_from: int = 0
    qf_to: int | None = None

    def is_valid(self, day: date) -> bool:
        return self.valid_from <= day <= (self.valid_to or date.max)

    def takes(self, quotient: int) -> bool:
        return self.qf_from <= quotient <= _top(self)


def price(lines: Collection[TariffLine], audience: int | None, quotient: int | None, day: date) -> int:
    """The price in cents; the audience's own lines come before those for everyone.

    An unknown quotient pays the dearest bracket until it is known. Raises NoTariff rather than guess.
    """
    valid = [line for line in lines if line.is_valid(day)]
    own = [line for line in valid if line.audience == audience] or [line for line in valid if line.audience is None]
    if not own:
        raise NoTariff()
    if quotient is None:
        return max(line.price_cents for line in own)
    found = [line.price_cents for line in own if line.takes(quotient)]
    if len(found) != 1:
        raise NoTariff()
    return found[0]


def validate_brackets(lines: Collection[TariffLine], names: Mapping[int, str] | None = None) -> list[str]:
    """What is wrong with the lines of one activity, in French: gaps and overlaps of brackets, holes in time.

    ``names`` gives the audiences' names for the sentences.
    """
    faults = [_about(line.audience, names) + fault for line in lines for fault in _line_faults(line)]
    if faults:
        return faults
    audiences = sorted({line.audience for line in lines}, key=lambda audience: (audience is not None, audience))
    return [
        _about(audience, names) + fault
        for audience in audiences
        for fault in _audience_faults([line for line in lines if line.audience == audience])
    ]


def _about(audience: int | None, names: Mapping[int, str] | None) -> str:
    return f"{names[audience]}\u00a0: " if names and audience in names else ""


def _line_faults(line: TariffLine) -> Iterator[str]:
    if line.price_cents < 0:
        yield "un prix ne peut pas être négatif."
    if line.qf_from < 0:
        yield "un quotient ne peut pas être négatif."
    if line.qf_from > _top(line):
        yield f"la tranche de {line.qf_from} à {line.qf_to} est à l’envers."
    if line.valid_to and line.valid_to < line.valid_from:
        yield f"la fin de validité {date_numeric(line.valid_to)} précède le début {date_numeric(line.valid_from)}."


def _audience_faults(lines: Collection[TariffLine]) -> Iterator[str]:
    """Between two dates on which a line starts or ends nothing changes: one look at each such span is enough."""
    starts = {line.valid_from for line in lines}
    ends = {line.valid_to + DAY for line in lines if line.valid_to}
    for start, following in pairwise([*sorted(starts | ends), None]):
        valid = [line for line in lines if line.is_valid(start)]
        if valid:
            yield from (f"{fault} à partir du {date_numeric(start)}." for fault in _bracket_faults(valid))
        elif following:
            yield f"aucun tarif du {date_numeric(start)} au {date_numeric(following - DAY)}."


def _bracket_faults(lines: Collection[TariffLine]) -> Iterator[str]:
    covered: float = 0
    for line in sorted(lines, key=lambda line: line.qf_from):
        if line.qf_from > covered:
            yield f"aucun tarif pour un quotient {_bracket(covered, line.qf_from - 1)}"
        if line.qf_from < covered:
            yield f"plusieurs tarifs pour un quotient {_bracket(line.qf_from, min(covered - 1, _top(line)))}"
        covered = max(covered, _top(line) + 1)
    if covered < inf:
        yield f"aucun tarif pour un quotient {_bracket(covered, inf)}"


def _bracket(low: float, high: float) -> str:
    if low == high:
        return f"de {low}"
    return f"de {low} ou plus" if high == inf else f"de {low} à {high}"


def _top(line: TariffLine) -> float:
    return inf if line.qf_to is None else line.qf_to
