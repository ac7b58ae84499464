"""What a day costs a family: the tariff of what the member is for the service, by quotient and date."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from common.writing.rows import Rows
from families.models import Member
from reservations.models import Activity, Tariff
from reservations.reads.access import is_resident, line_of
from reservations.reads.family import FamilyFacts
from reservations.rules import TariffLine, price
from services.models import Audience

Residence = Audience.Residence


class PriceBook:
    """The prices of some activities for one family, in cents.

    What a member is for the service drives the price: the audience of their line, or by residence where none is asked.
    """

    def __init__(self, activities: Iterable[Activity], facts: FamilyFacts, kind: str = Tariff.Kind.NORMAL):
        self._facts = facts
        self._lines = defaultdict(list)
        self._audience = {}
        self._activities = {activity.pk: activity for activity in activities}
        for row, audience in _TARIFFS(list(self._activities), kind):
            self._lines[row.activity_id].append(tariff_line(row))
            if audience and audience.residence == self._residence(self._activities[row.activity_id]):
                self._audience[row.activity_id] = row.audience_id
            elif audience and audience.residence == Residence.ANY:
                self._audience.setdefault(row.activity_id, row.audience_id)

    def cents(self, activity_id: int, day: date, member: Member | None) -> int:
        """The price of one day of a member in euro cents, all its units; raise NoTariff when there is none."""
        _, audience = line_of(self._activities[activity_id], member)
        audience = audience or self._audience.get(activity_id)
        unit_price = price(self._lines[activity_id], audience, self._facts.quotient_on(day), day)
        return unit_price * self._activities[activity_id].quantity

    def _residence(self, activity: Activity) -> str:
        return Residence.INSIDE if is_resident(activity, self._facts.family) else Residence.OUTSIDE


_TARIFFS = Rows(
    """
    SELECT {tariff}, {audience} FROM reservations_tariff tariff
    LEFT JOIN services_audience audience ON audience.id = tariff.audience_id
    WHERE tariff.activity_id = ANY(%s) AND tariff.kind = %s
    ORDER BY tariff.valid_from, audience.name, tariff.quotient_from
    """,
    tariff=Tariff,
    audience=Audience,
)


def tariff_line(row: Tariff) -> TariffLine:
    """The price as the rules read it."""
    return TariffLine(
        price_cents=row.cents,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        audience=row.audience_id,
        qf_from=row.quotient_from,
        qf_to=row.quotient_to,
    )
