"""The work of the day, for the first page of the agents: what to decide, whom to serve, what the bank waits for."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Subquery, Window
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.backends import is_agent
from accounts.models import User
from common.worklist import Kind, Task
from portal.desk.reads.worklist import worklist
from reservations.models import Attendance, Session
from reservations.reads.days.attendance import sessions_of

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
    sheets = sheets_today(agent) if is_agent(agent) and agent.has_perm(SHEETS) else []
    by_kind = {str(kind): [task for task in tasks if task.kind == kind] for kind in Kind}
    return Work(by_kind, sheets, sheets[0].all_sheets if sheets else 0)


def sheets_today(agent: User) -> list[Session]:
    """The first days of today that expect somebody, with the children ``marked`` and the number of ``all_sheets``."""
    marks = Attendance.objects.filter(booking__session=OuterRef("pk"), booking__status="booked").order_by()
    marked = marks.values("booking__session").annotate(number=Count("pk")).values("number")
    days = sessions_of(agent).filter(date=timezone.localdate(), closed_at=None, booked__gt=0)
    rows = days.annotate(marked=Coalesce(Subquery(marked), 0), all_sheets=Window(Count("pk")))
    return list(rows.order_by("arrival", "activity__service__commune__name", "activity__name")[:SHOWN])
