"""What the demo's families already lived: days of the leisure centre, debited by the night, and one that owes."""

from collections import Counter
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from common.writing.once import make_key
from common.writing.transactions import outermost
from reservations.actions import debit_the_day
from reservations.actions.places.baskets import change_counters
from reservations.models import Activity, Billing, Booking, Order, Session
from reservations.reads.family import family_facts, members_with_schooling
from reservations.reads.prices import PriceBook
from reservations.rules import age_on
from wallet.actions import Move, credit_at_counter, post, system_account
from wallet.models import Operation, Wallet

DAYS = 10  # the last days of the centre, for each child
OWED = 4605  # guide 004 shows −46,05


def live(user: User, agent: User, owes: bool) -> None:
    """Book the last days of the leisure centres for the family's children, as it would have, and debit them.

    They were paid, but for one family, which ``owes`` what guide 004 shows.
    """
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
    wallet = Wallet.objects.of(user).get(purse__code="cdc")
    _afford(wallet, agent, sum(row.cents for row in rows), left=-OWED if owes else wallet.balance)
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
        row.order, row.settled_at = order, at + timedelta(1)
    Booking.objects.bulk_create(rows)
    change_counters(Counter(row.session_id for row in rows), Counter())


def _eve(day) -> datetime:
    return timezone.make_aware(datetime.combine(day - timedelta(7), datetime.min.time()))


def _afford(wallet: Wallet, agent: User, cents: int, left: int) -> None:
    """Have ``left`` in the wallet once ``cents`` are debited: by cheque, or taken over from the former software."""
    more = left + cents - wallet.balance
    if more > 0:
        _pay(wallet, agent, more)
    elif more < 0:
        _take_over(wallet, -more)


def _pay(wallet: Wallet, agent: User, cents: int) -> None:
    credit_at_counter(
        agent=agent,
        family=wallet.family,
        purse=wallet.purse,
        means="CH",
        cents=cents,
        number="795466",
        payer=wallet.family.name.upper(),
        bank="LEP",
        received_on=timezone.localdate() - timedelta(12),
        key=make_key(agent.owner, f"credit:{wallet.family_id}"),
    )


@outermost
def _take_over(wallet: Wallet, cents: int) -> None:
    move = Move(wallet.account_id, system_account("opening").pk, cents, f"opening:{wallet.pk}")
    post(Operation.Kind.OPENING, [move], actor=None, label="Reprise de solde")
