"""What the books must say, told by another way: dictionaries and additions, without a database and without Stripe.

Families, purses, days and children are numbers. Amounts are euro cents. Each method is something that happens; a
refusal is the name of the portal's class. Read docs/money.md: this is what it promises, nothing else.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

START_WITHIN, OPEN_FOR, GRACE = timedelta(minutes=5), timedelta(minutes=40), timedelta(minutes=20)
EVENT_REST = timedelta(minutes=1)
LEAST = 50  # what a card pays at least


class Refused(Exception):
    """The portal must refuse, with the class of this name."""


@dataclass(frozen=True)
class Day:
    """A day of an activity: what it costs, which purse pays, until when it is booked and cancelled."""

    purse: int
    cents: int
    ends: datetime
    capacity: int | None
    is_deferred: bool


@dataclass
class Booked:
    home: int
    is_debited: bool


@dataclass
class Gone:
    """Money that left a page again: a refund or a dispute. ``parts``: what was booked, by purse; None: not known here."""

    cents: int
    name: str  # of Stripe; empty while it has not been asked
    ends: str = ""  # « failed », « won » at Stripe
    parts: dict[int, int] | None = None
    is_undone: bool = False


@dataclass
class Page:
    """A payment by card. ``lines``: cents by purse; ``wishes``: the cart it pays, while it is attached to it."""

    home: int
    lines: dict[int, int]
    asked: datetime
    wishes: list["Wish"] | None = None
    aside: dict[int, int] = field(default_factory=dict)
    status: str = "created"
    at_stripe: str = ""
    is_assumed: bool = False
    is_disputed: bool = False
    refunds: list[Gone] = field(default_factory=list)  # those of Stripe, oldest first
    disputes: list[Gone] = field(default_factory=list)
    waiting: list[Gone] = field(default_factory=list)  # refunds asked by agents that Stripe has not been asked for

    @property
    def is_going(self) -> bool:
        return self.status in ("created", "open")

    @property
    def cents(self) -> int:
        return sum(self.lines.values())

    @property
    def left(self) -> dict[int, int]:
        """What each purse still has of it."""
        taken = Counter()
        for gone in [*self.refunds, *self.disputes, *self.waiting]:
            taken.update(gone.parts if gone.parts and not gone.is_undone else {})
        return {purse: max(0, cents - taken[purse]) for purse, cents in self.lines.items()}


@dataclass
class Wish:
    """A line of a cart."""

    day: int
    child: int
    is_cancel: bool
    is_held: bool = False


class Town:
    """Everything that is kept, and what happens to it."""

    def __init__(self, days: list[Day], floors: list[int], now: datetime, homes: int):
        self.days, self.floors, self.now = days, floors, now
        self.wallets = {(home, purse): 0 for home in range(homes) for purse in range(len(floors))}
        self.aside = Counter()
        self.booked: dict[tuple[int, int], Booked] = {}
        self.held = Counter()
        self.pages: list[Page] = []
        self.is_silent = False

    # --- Days

    def taken(self, day: int) -> int:
        return sum(key[0] == day for key in self.booked)

    def free(self, day: int) -> int:
        capacity = self.days[day].capacity
        return 1000 if capacity is None else capacity - self.taken(day) - self.held[day]

    def wish(self, home: int, day: int, child: int) -> Wish | None:
        """What ticking a day means for one child: book it, cancel it, or nothing."""
        booked, in_time = self.booked.get((day, child)), self.now < self.days[day].ends
        if booked:
            return Wish(day, child, True) if booked.home == home and in_time else None
        return Wish(day, child, False) if in_time and self.free(day) > 0 else None

    def due(self, wishes: list[Wish]) -> Counter:
        """What confirming takes from each purse now."""
        due = Counter()
        for wish in wishes:
            day = self.days[wish.day]
            if wish.is_cancel:
                due[day.purse] -= (
                    day.cents if not day.is_deferred or self.booked[wish.day, wish.child].is_debited else 0
                )
            else:
                due[day.purse] += 0 if day.is_deferred else day.cents
        return due

    def seated(self, wishes: list[Wish]) -> list[Wish]:
        """What there is room for, in the cart's order: the places that it gives back serve its own days first."""
        if not wishes:
            raise Refused("NothingToConfirm")
        taken = Counter()
        for wish in wishes:
            taken[wish.day] -= wish.is_cancel
        kept = []
        for wish in wishes:
            if wish.is_cancel or taken[wish.day] < self.free(wish.day):
                taken[wish.day] += not wish.is_cancel
                kept.append(wish)
        if not kept:
            raise Refused("DaysRefused")
        return kept

    def paying(self, wishes: list[Wish]) -> set[int]:
        """The purses that something is bought from now."""
        return {self.days[wish.day].purse for wish in wishes if not wish.is_cancel}

    def write(self, home: int, wishes: list[Wish]) -> None:
        """Book and cancel, and move the money of it; refuse all where a purse that pays would be below its floor."""
        due, paying = (
            self.due(wishes),
            {purse for purse in self.paying(wishes) if not self._only_deferred(wishes, purse)},
        )
        if any(self.wallets[home, purse] - due[purse] < self.floors[purse] for purse in paying):
            raise Refused("NotEnough")
        for purse, cents in due.items():
            self.wallets[home, purse] -= cents
        for wish in wishes:
            if wish.is_cancel:
                del self.booked[wish.day, wish.child]
        for wish in wishes:
            if not wish.is_cancel:
                self.booked[wish.day, wish.child] = Booked(home, False)

    def _only_deferred(self, wishes, purse) -> bool:
        mine = [self.days[wish.day] for wish in wishes if not wish.is_cancel and self.days[wish.day].purse == purse]
        return all(day.is_deferred for day in mine)

    def confirm(self, home: int, wishes: list[Wish]) -> None:
        """Full days cost nothing: the family is told of them."""
        self.write(home, self.seated(wishes))

    def request(self, home: int, wishes: list[Wish]) -> None:
        """Deferred: what is to come may not take the wallet below its floor."""
        wishes = self.seated(wishes)
        before = dict(self.booked)
        self.write(home, wishes)
        for purse in self.paying(wishes):
            if self.wallets[home, purse] - self.estimate(home, purse) < self.floors[purse]:
                self.booked = before
                raise Refused("NotEnough")

    def estimate(self, home: int, purse: int) -> int:
        return sum(
            self.days[day].cents
            for (day, _), booked in self.booked.items()
            if booked.home == home
            and self.days[day].is_deferred
            and self.days[day].purse == purse
            and not booked.is_debited
        )

    def cancel(self, home: int, day: int, child: int) -> None:
        """The red cross."""
        if self.now >= self.days[day].ends:
            raise Refused("TooLate")
        self.write(home, [Wish(day, child, True)])

    def night(self) -> None:
        for (number, _), booked in self.booked.items():
            day = self.days[number]
            if day.is_deferred and not booked.is_debited and self.now >= day.ends:
                booked.is_debited = True
                self.wallets[booked.home, day.purse] -= day.cents

    # --- Payment pages

    def going(self, home: int) -> Page | None:
        return next((page for page in self.pages if page.home == home and page.is_going), None)

    def is_locked(self, home: int) -> bool:
        """Whether the family's cart is being paid."""
        return any(page.home == home and page.wishes is not None for page in self.pages)

    def open(self, page: Page) -> Page:
        if self.going(page.home):
            raise Refused("PaymentGoing")
        self.pages.append(page)
        return page

    def pay_by_card(self, home: int, wishes: list[Wish], use_wallet: bool) -> Page:
        """By card, a day without room is refused before anything is paid."""
        if len(self.seated(wishes)) < len(wishes):
            raise Refused("DaysRefused")
        lines, aside = {}, {}
        for purse, cents in sorted(self.due(wishes).items()):
            if cents > 0:
                lacking = max(0, cents - (self.wallets[home, purse] - self.floors[purse]))
                lines[purse] = lacking if use_wallet else max(cents, lacking)
                aside[purse] = max(0, cents - lines[purse])
        if not any(lines.values()):
            raise Refused("NoCardNeeded")
        first = min(lines)
        lines[first] += max(0, LEAST - sum(lines.values()))
        lines = {purse: cents for purse, cents in lines.items() if cents}
        page = self.open(Page(home, lines, self.now, wishes, {purse: cents for purse, cents in aside.items() if cents}))
        given_back = Counter(wish.day for wish in wishes if wish.is_cancel)
        for wish in wishes:
            if not wish.is_cancel and self.days[wish.day].capacity is not None:
                wish.is_held = not given_back[wish.day]
                given_back[wish.day] -= not wish.is_held
                self.held[wish.day] += wish.is_held
        for purse, cents in page.aside.items():
            self.wallets[home, purse] -= cents
            self.aside[home, purse] += cents
        return page

    def start(self, page: Page) -> None:
        if page.status == "created":
            if self.is_silent or self.now > page.asked + START_WITHIN:
                raise Refused("CardsUnavailable")
            page.status = page.at_stripe = "open"

    def close_old(self, page: Page) -> None:
        """Stripe closes a page whose time is over."""
        if page.at_stripe == "open" and self.now >= page.asked + OPEN_FOR:
            page.at_stripe = "expired"

    def fulfil(self, page: Page) -> None:
        """Ask Stripe, unless it has told the end already."""
        if page.status == "open" or (page.status == "expired" and page.is_assumed):
            if self.is_silent:
                raise Refused("CardsUnavailable")
            self.close_old(page)
            if page.at_stripe == "paid":
                self._credit(page)
            elif page.at_stripe == "expired":
                page.status, page.is_assumed = "expired", False
        self._serve(page)

    def _credit(self, page: Page) -> None:
        page.status, page.is_assumed = "paid", False
        for purse, cents in page.lines.items():
            self.wallets[page.home, purse] += cents

    def _serve(self, page: Page) -> None:
        if page.is_going or page.wishes is None:
            return
        wishes, page.wishes = page.wishes, None
        for wish in wishes:
            self.held[wish.day] -= wish.is_held
        for purse, cents in page.aside.items():
            self.wallets[page.home, purse] += cents
            self.aside[page.home, purse] -= cents
        if page.status == "paid":
            try:
                self.write(page.home, self._still_possible(page.home, wishes))
            except Refused:  # the money is in the wallet, which owed
                return

    def _still_possible(self, home: int, wishes: list[Wish]) -> list[Wish]:
        """What nobody else has taken meanwhile; the places that were held first."""
        kept = [
            wish
            for wish in wishes
            if wish.is_cancel and (one := self.booked.get((wish.day, wish.child))) and one.home == home
        ]
        freed = Counter(wish.day for wish in kept)
        for wish in sorted((wish for wish in wishes if not wish.is_cancel), key=lambda wish: not wish.is_held):
            if (wish.day, wish.child) not in self.booked and self.free(wish.day) + freed[wish.day] > 0:
                freed[wish.day] -= 1
                kept.append(wish)
        return kept

    def abandon(self, page: Page) -> None:
        if page.status == "open":
            if self.is_silent:
                raise Refused("CardsUnavailable")
            page.at_stripe = "expired" if page.at_stripe == "open" else page.at_stripe
            return self.fulfil(page)
        if page.status == "created":
            page.status = "expired"
        return self._serve(page)

    def reconcile(self) -> None:
        for page in self.pages:
            if page.status == "created" and self.now > page.asked + START_WITHIN:
                page.status = "expired"
            try:
                self.fulfil(page)
            except Refused:
                if page.is_going and self.now > page.asked + OPEN_FOR + GRACE:
                    page.status, page.is_assumed = "expired", True
                    self._serve(page)

    # --- Money that goes back to the card

    def take(self, page: Page, gone: Gone, is_imposed: bool) -> None:
        """Take it from what each purse has of the page, in their order; what goes beyond from the last one."""
        parts, rest = {}, gone.cents
        for purse, left in page.left.items():
            parts[purse] = min(rest, left)
            rest -= parts[purse]
        parts[max(parts)] += rest
        parts = {purse: cents for purse, cents in parts.items() if cents}
        short = [purse for purse, cents in parts.items() if self.wallets[page.home, purse] - cents < self.floors[purse]]
        if short and not is_imposed:
            raise Refused("NotEnough")
        gone.parts = parts
        for purse, cents in parts.items():
            self.wallets[page.home, purse] -= cents

    def undo(self, page: Page, gone: Gone) -> None:
        gone.is_undone = True
        for purse, cents in gone.parts.items():
            self.wallets[page.home, purse] += cents

    def refund(self, page: Page, cents: int) -> Gone:
        """An agent gives money back; then ``ask``."""
        if page.status != "paid":
            raise Refused("NotPaid")
        if cents > sum(page.left.values()):
            raise Refused("TooMuch")
        gone = Gone(cents, "")
        self.take(page, gone, is_imposed=False)
        page.waiting.append(gone)
        return gone

    def ask(self, page: Page, gone: Gone) -> None:
        """Stripe is asked for a refund; it refuses what is contested, or more than what is left there."""
        if self.is_silent:
            raise Refused("CardsUnavailable")
        page.waiting.remove(gone)
        given = sum(each.cents for each in page.refunds if each.ends != "failed")
        page.refunds.append(gone)
        if page.is_disputed or gone.cents > page.cents - given:
            gone.ends = "failed"
            self.undo(page, gone)
            raise Refused("CardsRefused")

    def sync(self, page: Page) -> None:
        """Learn what Stripe has of a page, newest first."""
        if page.status != "paid":
            return
        if self.is_silent:
            raise Refused("CardsUnavailable")
        for gone in [*page.refunds[::-1], *page.disputes[::-1]]:
            if gone.is_undone:
                continue
            if gone.parts is None and not gone.ends:
                self.take(page, gone, is_imposed=True)
            elif gone.parts is not None and gone.ends:
                self.undo(page, gone)

    def send_owed(self) -> None:
        """Refunds that wait for Stripe, newest first."""
        for page in self.pages:
            for gone in page.waiting[::-1]:
                try:
                    self.sync(page)
                    self.ask(page, gone)
                except Refused:
                    continue
