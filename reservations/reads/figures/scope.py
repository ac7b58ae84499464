"""Whose figures are read: an agent's activities, over a period, and whether small numbers are masked for them."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from reservations.models import Activity, FigureRun
from reservations.rules.figures.periods import Period, Step, year_before
from services.models import Service

BY_NAME = "reservations.view_booking"  # who may read bookings by name learns nothing from a small number


@dataclass(frozen=True)
class Scope:
    """Activities of an agent and the days to count; ``step``: into what the days are cut."""

    activities: dict[int, Activity]
    period: Period
    step: Step
    masks: bool
    books: bool = False  # the whole authority's, with its means of payment
    yesterday: date = field(default_factory=lambda: timezone.localdate() - timedelta(1))

    @property
    def pks(self) -> list[int]:
        return list(self.activities)

    @property
    def before(self) -> tuple[date, date]:
        """The same days a year before."""
        first, last = self.period.first, self.period.last
        return year_before(first, self.period.kind), year_before(last, self.period.kind)


def activities_of(agent: User) -> dict[int, Activity]:
    """The activities of the agent's services, in the order of pages."""
    rows = Activity.objects.filter(service__in=Service.objects.of_agent(agent)).select_related("service__commune")
    return {each.pk: each for each in rows}


def masks_for(agent: User) -> bool:
    """Whether numbers of fewer than five people are hidden from an agent."""
    return not agent.has_perm(BY_NAME)


def last_run() -> FigureRun | None:
    """When the figures were counted; None before the first night."""
    return FigureRun.objects.order_by("-at").first()
