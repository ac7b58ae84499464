"""What is asked of the history and of the hours statement; what makes no sense is not asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cesu.aid.reads.history import KINDS, Filters, bounds
from cesu.models import AidAccount, Caregiver
from common.values.dates import month_after

MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


def month_asked(text: str) -> date | None:
    """« 2026-11 » as its first day."""
    found = MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else None


@dataclass
class HistoryForm:
    """The filters as they are asked: ``du`` and ``au`` are months, both included."""

    data: Mapping
    accounts: Sequence[AidAccount]
    caregivers: Sequence[Caregiver]

    @property
    def account(self) -> int | None:
        return self._pk("compte", self.accounts)

    @property
    def caregiver(self) -> int | None:
        return self._pk("intervenant", self.caregivers)

    def _pk(self, name: str, rows: Sequence) -> int | None:
        return next((row.pk for row in rows if str(row.pk) == self.data.get(name)), None)

    @property
    def kind(self) -> str:
        kind = self.data.get("operation", "")
        return kind if kind in KINDS else ""

    @property
    def since(self) -> date | None:
        return month_asked(self.data.get("du", ""))

    @property
    def until(self) -> date | None:
        return month_asked(self.data.get("au", ""))

    @property
    def is_narrowed(self) -> bool:
        return any((self.account, self.caregiver, self.kind, self.since, self.until))

    def filters(self) -> Filters:
        first = bounds(self.since)[0] if self.since else None
        last = bounds(month_after(self.until))[0] if self.until else None
        return Filters(self.account, self.caregiver, self.kind, first, last)
