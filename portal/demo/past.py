"""What the demo's families already lived: days of the leisure centre, debited by the night, and one that owes."""

from collections import Counter
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from families.models import Family
from portal.lib.once import make_key
from portal.lib.transactions import outermost
from reservations.actions import debit_the_day
from reservations.actions.baskets import change_counters
from reservations.facts import family_facts, members_with_schooling
from reservations.models import Activity, Billing, Booking, Order, Session
from reservations.offers import PriceBook
from reservations.rules import age_on
from wallet.actions import Move, credit_at_counter, post, system_account
from wallet.models import Operation, Purse, Wallet

DAYS = 10  # the last days of the centre, for each child
OWED = 4605  # guide 004 shows −46,05


def live(user: User) -> None:
    """Book the last days of the leisure centres for the family's children, as it would have, and debit them."""
    today, family = timezone.localdate(), user.guardian.family
    activities = list(Activity.objects.offered().filter(billing=Billing.DEFERRED, name__endswith="Journée"))
    prices = PriceBook(activities, family_facts(family.pk, today))
    rows = [
        Booking(
            session=session,
            member=member,
            family=family,
            billing=Billing.DEFERRED,
            cents=prices.cents(activity.pk, session.date, member),
            quantity=activity.quantity,
        )
        for member in members_with_schooling(family.pk)
        for activity in _centres(activities, age_on(member.birth_date, today))
        for session in _past_days(activity)
    ]
    _book(user, rows)
    debit_the_day(today)


def _centres(activities: list[Activity], age: int) -> list[Activity]:
    """The one that takes children of that age, the little ones' first."""
    fitting = [each for each in activities if each.age_min <= age <= each.age_max]
    return sorted(fitting, key=lambda each: each.age_min)[:1]


def _past_days(activity: Activity) -> list[Session]:
    """The last days that are over and still had places, oldest first."""
    over = Session.objects.filter(activity=activity, date__lt=timezone.localdate(), closed_at=None)
    return [each for each in over.order_by("-date")[:DAYS] if each.booked + each.held < (each.capacity or 1)][::-1]


@outermost
def _book(user: User, rows: list[Booking]) -> None:
    if not rows:
        return
    cents, at = sum(row.cents for row in rows), _eve(min(row.session.date for row in rows))
    order = Order.objects.create(
        family=user.guardian.family, by=user, billing=Billing.DEFERRED, booked_cents=cents, at=at
    )
    for row in rows:
        row.order = order
    Booking.objects.bulk_create(rows)
    change_counters(Counter(row.session_id for row in rows), Counter())


def _eve(day) -> datetime:
    return timezone.make_aware(datetime.combine(day - timedelta(7), datetime.min.time()))


def owe(user: User, agent: User, purse: Purse) -> None:
    """Leave the family owing what guide 004 shows, by money at the counter or taken over from the former software."""
    wallet = Wallet.objects.select_related("account__balance").get(family=user.guardian.family, purse=purse)
    more = -OWED - wallet.balance
    if more > 0:
        _pay(wallet.family, agent, purse, more)
    elif more < 0:
        _take_over(wallet, -more)


def _pay(family: Family, agent: User, purse: Purse, cents: int) -> None:
    credit_at_counter(
        agent=agent,
        family=family,
        purse=purse,
        means="CH",
        cents=cents,
        number="795466",
        payer=family.name.upper(),
        bank="LEP",
        received_on=timezone.localdate() - timedelta(12),
        key=make_key(agent.owner, f"credit:{family.pk}"),
    )


@outermost
def _take_over(wallet: Wallet, cents: int) -> None:
    move = Move(wallet.account_id, system_account("opening").pk, cents, f"opening:{wallet.pk}")
    post(Operation.Kind.OPENING, [move], actor=None, label="Reprise de solde")
