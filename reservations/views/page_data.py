"""What the pages of bookings show, read in a constant number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from common.values.money import euros
from families.models import Member
from reservations.actions.places.baskets import Basket
from reservations.models import Activity, Booking, CartLine, Session
from reservations.reads.access import may_book_there, without_access
from reservations.reads.calendar import ASK, GIVE_UP, Month, Recap, build_month, build_recap, grid
from reservations.reads.family import facts_of, members_with_schooling
from reservations.reads.offers import Offer, read_bookings_and_lines
from reservations.reads.prices import PriceBook
from reservations.reads.ticking import Ticks
from reservations.rules import DeadlineRule, describe
from reservations.rules.payment import share_payment
from wallet.actions.ledger import lacks
from wallet.gateways import stripe as gateway
from wallet.models import Purse, Wallet
from wallet.rules.payments import MIN_CARD_CENTS

MARKS = {Activity.Kind.CANTEEN: "egg-fried", Activity.Kind.DAYCARE: "clock", Activity.Kind.LEISURE: "emoji-smile"}


CONFIRMED = "confirmee=1"


def say_confirmed(request: HttpRequest) -> None:
    """Tell who comes from a confirmation that it is done: said by the address, since the session is a row on the disk."""
    if "confirmee" in request.GET:
        messages.success(request, "Votre demande est enregistrée. Un e-mail vous le confirme.")


@dataclass
class CalendarPage:
    """The calendar of an activity: whom it can be booked for, the month, the recap, the ticked days elsewhere."""

    activity: Activity
    choices: list
    chosen: set[int]
    month: Month
    recap: Recap
    offer: Offer
    sessions: list[Session]
    elsewhere: list[tuple[str, str]] = field(default_factory=list)

    @property
    def prices(self) -> str:
        """« 3,80 € », or from the lowest to the highest price of the month shown."""
        found = sorted({cents for pair in self._priced() if (cents := self.offer.cents(*pair)) is not None})
        return " à ".join(euros(cents) for cents in dict.fromkeys([*found[:1], *found[-1:]]))

    @property
    def closed_to(self) -> dict[str, list[Member]]:
        """Whom the service has not let in yet, by the sentence that says why and what to do."""
        found = defaultdict(list)
        for member in self.choices:
            for reason in without_access(self.activity, member):
                found[reason].append(member)
        return dict(found)

    @property
    def suspended(self) -> list[str]:
        """Why the family books nothing new here, and what to do."""
        return self.offer.against_activity(self.activity)

    def _priced(self):
        return [(session, member) for session in self.sessions for member in self.offer.members.values()]

    @property
    def rules(self) -> str:
        """Both delays, in a sentence."""
        booking, cancelling = (
            describe(DeadlineRule.from_json(rule))
            for rule in (self.activity.booking_rule, self.activity.cancelling_rule)
        )
        return f"Réserver : {booking}. Annuler : {cancelling}."


def calendar_page(
    user: User, activity: Activity, month: date, chosen: set[int] | None, ticks: Ticks, fill: Iterable[date] = ()
) -> CalendarPage:
    """Read the calendar of ``activity`` for a month; ``chosen`` None ticks everybody whom the activity takes and the service let in.

    Ticked days of other months are kept; ``fill`` are days to ask for where they are free.
    """
    facts = facts_of(user)
    everyone = members_with_schooling(facts.family.pk)
    days = grid(month)
    sessions = list(Session.objects.filter(activity=activity, date__in={*days, *ticks.days, *fill}).order_by("date"))
    for session in sessions:
        session.activity = activity
    offer = Offer(facts, {m.pk: m for m in everyone}, PriceBook([activity], facts), timezone.now())
    taken = [member for member in everyone if not sessions or offer.takes(sessions, member)]
    taken = [member for member in taken if may_book_there(activity, member)] or taken
    pks = {member.pk for member in taken}
    let_in = {member.pk for member in taken if not without_access(activity, member)}
    chosen = let_in or pks if chosen is None else chosen & pks
    offer.members = {pk: member for pk, member in offer.members.items() if pk in chosen}
    read_bookings_and_lines(offer, sessions)
    ticks = ticks.also(s.date for s in sessions if s.date in set(fill) and offer.is_free(s))
    in_grid = [session for session in sessions if days[0] <= session.date <= days[-1]]
    drawn = build_month(month, in_grid, offer, ticks)
    others = ticks.outside(month)
    elsewhere = [(ASK, each.isoformat()) for each in sorted(others.asked)]
    elsewhere += [(GIVE_UP, each.isoformat()) for each in sorted(others.given_up)]
    recap = build_recap(activity, sessions, offer, ticks)
    return CalendarPage(activity, taken, chosen, drawn, recap, offer, in_grid, elsewhere)


@dataclass
class ProductLine:
    """A row of « Confirmez votre réservation » (S3-97…S3-103); cents."""

    act: str
    activity: Activity
    unit_price: int
    lines: list[CartLine]
    waits: bool = False

    @property
    def beneficiaries(self) -> list[str]:
        return list(dict.fromkeys(str(line.member) for line in self.lines))

    @property
    def dates(self) -> list[date]:
        return sorted({line.session.date for line in self.lines})

    @property
    def quantity(self) -> int:
        return len(self.lines)

    @property
    def total(self) -> int:
        if self.waits or all(line.full for line in self.lines):
            return 0
        return sum(line.cents or 0 for line in self.lines) * (-1 if self.act == CartLine.Act.CANCEL else 1)

    @property
    def reasons(self) -> list[str]:
        return list(dict.fromkeys(reason for line in self.lines for reason in line.reasons))

    @property
    def mark(self) -> str:
        return MARKS[self.activity.kind]

    @property
    def product(self) -> str:
        return f"Annulation : {self.activity.name}" if self.act == CartLine.Act.CANCEL else self.activity.name

    @property
    def place(self) -> str:
        return str(self.activity.service)

    @property
    def availability(self) -> str:
        if self.reasons:
            return "À revoir"
        if self.waits:
            return "Mise en liste d’attente"
        return "Recrédité" if self.act == CartLine.Act.CANCEL else "Disponible"

    @property
    def tone(self) -> str:
        return "danger" if self.reasons else "warn" if self.waits else "ok"

    @property
    def pks(self) -> str:
        return ",".join(str(line.pk) for line in self.lines)


def product_lines(lines: Iterable[CartLine]) -> list[ProductLine]:
    """Group a cart's lines: members who take the same days at the same price share a row."""
    by_member = defaultdict(list)
    for line in lines:
        kind = (line.act, line.waits, line.full, line.session.activity_id, line.cents)
        by_member[kind, line.member_id].append(line)
    by_days = defaultdict(list)
    for (kind, _), group in by_member.items():
        by_days[kind, frozenset(line.session_id for line in group)] += group
    return [
        ProductLine(act, group[0].session.activity, cents or 0, group, waits)
        for ((act, waits, _, _, cents), _), group in by_days.items()
    ]


def spoken_number(lines: Collection[CartLine]) -> str:
    """« 4 produits », « 2 produits et 1 annulation »: what is cancelled is never counted among the products."""
    ends = sum(line.act == CartLine.Act.CANCEL for line in lines)
    numbers = [(len(lines) - ends, "produit"), (ends, "annulation")]
    return " et ".join(f"{number} {word}{'s' * (number > 1)}" for number, word in numbers if number)


def bookings_shown(user: User, month: date) -> list[Booking]:
    """All that is booked in the weeks of a month for the family's members, by the other parent of a shared child too."""
    days = grid(month)
    return list(
        Booking.objects.active()
        .filter(member__in=Member.objects.of(user), session__date__range=(days[0], days[-1]))
        .select_related("session__activity__service__commune", "member")
        .order_by("session__date", "session__arrival", "pk")
    )


@dataclass(frozen=True)
class Checkout:
    """The ways to pay a cart, in cents: ``card`` for all of it, or ``complement`` beside ``aside`` of the wallet."""

    missing: dict[Purse, int] = field(default_factory=dict)
    card: int = 0
    complement: int = 0
    aside: int = 0

    @property
    def shortages(self) -> list[str]:
        """« Il manque 3,20 € … » for each wallet that cannot pay its part, as confirming would say."""
        return [lacks(cents, purse) for purse, cents in self.missing.items()]

    @property
    def lacking(self) -> int:
        return sum(self.missing.values())

    def top_ups(self, onward: str) -> list[tuple[int, str]]:
        """What each wallet lacks (cents), and the page where the family pays just that and comes back."""
        return [(cents, purse.top_up_by(cents, onward)) for purse, cents in self.missing.items()]

    @property
    def is_mixed(self) -> bool:
        return bool(self.complement and self.aside)

    @property
    def warning(self) -> str:
        """Said beforehand when the card pays more than what lacks, since it pays 0,50 € at least."""
        kept = self.complement - self.lacking
        if kept <= 0:
            return ""
        least = euros(MIN_CARD_CENTS)
        return f"Une carte ne peut pas payer moins de {least} : {euros(kept)} resteront dans votre porte-monnaie."


def checkout_of(basket: Basket) -> Checkout:
    """What each wallet lacks to pay its part, and what a card pays."""
    wallets = {wallet.purse_id: wallet for wallet in Wallet.objects.filter(family=basket.cart.family_id).with_balance()}
    due = {pk: cents for pk, cents in sorted(basket.due_by_purse.items()) if cents > 0}
    purses = Purse.objects.in_bulk(due)
    spendable = {
        pk: wallets[pk].balance - wallets[pk].account.floor if pk in wallets else -purse.floor
        for pk, purse in purses.items()
    }
    missing = {purse: due[pk] - spendable[pk] for pk, purse in purses.items() if due[pk] > spendable[pk]}
    if not gateway.is_set_up():
        return Checkout(missing)
    whole = share_payment(due, spendable, False, MIN_CARD_CENTS)
    part = share_payment(due, spendable, True, MIN_CARD_CENTS)
    return Checkout(
        missing,
        card=sum(share.card for share in whole.values()),
        complement=sum(share.card for share in part.values()),
        aside=sum(share.hold for share in part.values()),
    )
