"""What the page « Réserver la semaine » shows, and the card of it on home."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common.writing.once import make_key
from reservations.actions.places.baskets import Basket
from reservations.actions.weeks import read_week, shown, week_purpose
from reservations.models import Activity, Billing, Cart, CartLine, Order
from reservations.reads.family import estimated_costs, facts_of
from reservations.reads.usual_week import coming_monday, usual_pairs
from reservations.views.page_data import Checkout, checkout_of
from wallet.models import Purse, Wallet

LETTERS = "LMMJVSD"
BOTH = ""  # the billing of a cart that is read for both ways of paying


@dataclass
class Part:
    """What of the week is paid one way: the lines that can be booked, the key that books them."""

    basket: Basket
    key: str

    @property
    def billing(self) -> str:
        return self.basket.cart.billing

    @property
    def activities(self) -> str:
        """Their names, as a button says them."""
        return ", ".join(dict.fromkeys(line.session.activity.name for line in self.basket.lines))


@dataclass
class WeekPage:
    """The week from ``monday``: its parts by billing, prepaid first, why usual days are left out, what is usual."""

    monday: date
    parts: list[Part]
    left_out: list[str]
    activities: list[Activity]
    is_booked: bool = False  # all of it

    @property
    def lines(self) -> list[CartLine]:
        found = [line for part in self.parts for line in part.basket.lines]
        return sorted(found, key=lambda line: (line.session.date, line.member.birth_date, line.session_id))

    @property
    def cents(self) -> int:
        return sum(part.basket.booked_cents for part in self.parts)

    @property
    def due(self) -> int:
        """What the wallets pay at once, in cents; the rest is debited once its day has come."""
        return sum(part.basket.due for part in self.parts)

    @property
    def is_plain(self) -> bool:
        """Whether the main purse pays all that is paid at once: then one new balance says it all."""
        return all(line.session.activity.purse.is_default for line in self.prepaid.basket.lines)

    @property
    def names(self) -> str:
        return ", ".join(dict.fromkeys(line.member.first_name for line in self.lines))

    @property
    def weekdays(self) -> str:
        return " ".join(LETTERS[day] for day in sorted({line.session.date.weekday() for line in self.lines}))

    @property
    def changeable_until(self):
        """The first moment after which one of these days can be cancelled no more."""
        return first_limit(line.session for line in self.lines)

    @property
    def by_child(self) -> list[tuple[str, list[CartLine], int]]:
        """Each child with its days and their price in cents."""
        return by_child(self.lines)

    @property
    def prepaid(self) -> Part | None:
        return next((part for part in self.parts if part.billing == Billing.PREPAID), None)

    @property
    def deferred(self) -> Part | None:
        return next((part for part in self.parts if part.billing == Billing.DEFERRED), None)

    @cached_property
    def checkout(self) -> Checkout:
        """What the wallets lack for the whole week, and what of it a card can pay at once."""
        missing = lacking(self.parts)
        if not (missing and self.prepaid):
            return Checkout(missing)
        by_card = checkout_of(self.prepaid.basket)
        return replace(by_card, missing=missing, card=by_card.card if by_card.missing else 0)

    @property
    def payable(self) -> list[Part]:
        """Where the money does not do for all: the parts for which, alone, it does."""
        return [part for part in self.parts if len(self.parts) > 1 and not lacking([part])]

    @property
    def top_ups(self) -> list[tuple[int, str]]:
        return self.checkout.top_ups(reverse("reservations:week"))

    @property
    def calendars(self) -> list[tuple[str, str]]:
        """« Choisir les jours »: the name and the calendar of each activity that is usual."""
        return [(each.name, _calendar(each, self.monday)) for each in self.activities]


def lacking(parts: list[Part]) -> dict[Purse, int]:
    """What each wallet lacks (cents) to confirm these parts, by the rules of confirming: what is paid at once down to the
    floor, and what is debited later together with all that is still to be debited.
    """
    if not parts:
        return {}
    family_id, now, later, purses = parts[0].basket.cart.family_id, Counter(), Counter(), {}
    for part in parts:
        for line in part.basket.lines:
            purse = line.session.activity.purse
            purses[purse.pk] = purse
            (now if part.billing == Billing.PREPAID else later)[purse.pk] += line.cents
    wallets = {wallet.purse_id: wallet for wallet in Wallet.objects.filter(family=family_id).with_balance()}
    if later:
        later.update({pk: cents for pk, cents in estimated_costs(family_id).items() if pk in later})
    spendable = {
        pk: wallets[pk].balance - wallets[pk].account.floor if pk in wallets else -each.floor
        for pk, each in purses.items()
    }
    needed = now + later
    return {each: needed[pk] - spendable[pk] for pk, each in purses.items() if needed[pk] > spendable[pk]}


def by_child(rows) -> list[tuple[str, list, int]]:
    """Lines or bookings by the first name of their child, each with their price in cents."""
    found = defaultdict(list)
    for row in rows:
        found[row.member.first_name].append(row)
    return [(name, mine, sum(row.cents for row in mine)) for name, mine in found.items()]


def first_limit(days):
    """The first of the moments until which these days can be cancelled; None where none can."""
    return min((day.cancellable_until for day in days if day.cancellable_until), default=None)


def _calendar(activity: Activity, monday: date) -> str:
    address = reverse("reservations:calendar", args=[activity.slug])
    return address if activity.billing == Billing.DEFERRED else f"{address}?mois={monday:%Y-%m}"


def week_page(user: User, like_last: bool = False) -> WeekPage:
    """The coming week as the family usually has it, both ways of paying read at once.

    A payment page that is open for the cart is of no concern: these are other days.
    """
    family_id, monday = user.guardian.family_id, coming_monday(timezone.localdate())
    usual = usual_pairs(family_id, monday, like_last)
    pairs = [(session, member) for session, member, booked in usual if not booked]
    if not pairs:
        return WeekPage(monday, [], [], [], is_booked=bool(usual))
    basket = read_week(Cart(family_id=family_id, billing=BOTH), pairs, facts=facts_of(user))
    activities = {line.session.activity_id: line.session.activity for line in basket.lines}
    parts = [_part(user, basket, billing) for billing in (Billing.PREPAID, Billing.DEFERRED)]
    return WeekPage(monday, [part for part in parts if part.basket.lines], basket.reasons, list(activities.values()))


def _part(user: User, whole: Basket, billing: str) -> Part:
    mine = [line for line in whole.booked if not line.reasons and line.session.activity.billing == billing]
    basket = Basket(Cart(family_id=whole.cart.family_id, billing=billing), mine, whole.offer)
    return Part(basket, make_key(user.owner, week_purpose(billing), shown(mine)))


@dataclass
class DonePage:
    """What became of a week that was confirmed: the orders that it made, one for each way of paying."""

    orders: list[Order]

    @cached_property
    def bookings(self) -> list:
        related = ("session__activity", "member")
        found = [each for order in self.orders for each in order.bookings.active().select_related(*related)]
        return sorted(found, key=lambda each: (each.session.date, each.member.birth_date, each.pk))

    @property
    def by_child(self) -> list[tuple[str, list, int]]:
        return by_child(self.bookings)

    @property
    def refused(self) -> list[str]:
        return [day.reason for order in self.orders for day in order.refused_days.all()]

    @property
    def paid(self) -> int:
        return sum(order.booked_cents for order in self.orders if order.billing == Billing.PREPAID)

    @property
    def later(self) -> int:
        return sum(order.booked_cents for order in self.orders if order.billing == Billing.DEFERRED)

    @property
    def changeable_until(self):
        return first_limit(each.session for each in self.bookings)
