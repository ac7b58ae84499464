"""The work of the day, for the first page of the agents: what to decide, whom to serve, what the bank waits for."""

from dataclasses import dataclass

from django.utils import timezone

from accounts.backends import is_agent
from accounts.models import User
from common.worklist import Kind, Task
from portal.desk.reads.worklist import worklist
from reservations.models import Session
from reservations.reads.days.attendance import sheets_of

SHOWN = 6  # sheets of today; a larger town finds the others on « Feuilles de présence »
SHEETS = "reservations.view_session"


@dataclass(frozen=True)
class Work:
    """Tasks by what is done with them, and the ``sheets`` of today: the first of ``all_sheets``."""

    tasks: dict[str, list[Task]]
    sheets: list[Session]
    all_sheets: int

    @property
    def waits(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.sheets or any(self.tasks.values()))


def work_of(agent: User) -> Work:
    """What an agent's rights, communes and services give them to do today."""
    tasks = worklist(agent)
    sheets = sheets_of(agent, timezone.localdate()) if is_agent(agent) and agent.has_perm(SHEETS) else []
    sheets = [day for day in sheets if day.expected]
    by_kind = {str(kind): [task for task in tasks if task.kind == kind] for kind in Kind}
    return Work(by_kind, sheets[:SHOWN], len(sheets))
