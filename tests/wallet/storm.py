"""Days of card payments in a storm: families pay, leave, come back; Stripe's events come twice, late, or never.

Everything goes the portal's own ways (the actions behind the buttons, the webhook's view, the clockwork's tasks). What
was paid, given back and contested is read at Stripe's double: it is the judge, and knows nothing of our ledger.
"""

import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from common.refusals import Refusal
from common.writing.once import make_key
from reservations.actions import confirm_cart, empty_cart, pay_by_card
from reservations.actions.card_checkout import NoCardNeeded
from reservations.actions.checkout import DaysRefused
from tests.client import PortalClient
from tests.doubles.client import Delivery, StripeDouble
from tests.doubles.stripe import webhooks
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    ActivityFactory,
    Household,
    LeisureFactory,
    basket,
    choose,
    household,
    instant,
    key_for,
    sessions,
)
from tests.factories.wallet import wallet_with
from wallet.actions import NotEnough, card_events
from wallet.actions.card_returns import refund_card
from wallet.actions.cards import abandon, fulfil, open_top_up, start
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment, Purse
from wallet.tasks import reconcile_cards

START = instant(date(2026, 11, 2), "06:00")
APART = timedelta(minutes=5)  # between two payments
ROUND = timedelta(minutes=10)  # of the clockwork, as in CELERY_BEAT_SCHEDULE
LATEST = timedelta(hours=72)
SILENCE = timedelta(hours=2)  # longer than a page and its grace: ends are assumed
DAYS = [date(2027, 1, 4) + timedelta(number) for number in range(60)]
DECLINED, FAILING_REFUND, SLOW_REFUND = "4000000000009995", "4000000000005126", "4000000000007726"
FATES = {
    "paid": 50,
    "declined, then paid": 8,
    "declined, then left": 6,
    "paid, then back": 6,  # the return page and the « back » of the browser, just after paying
    "left": 10,
    "forgotten": 10,  # the page is left open until Stripe closes it
    "paid at the last minute": 10,
}
AFTERMATHS = {"": 70, "refunded": 9, "refunded at Stripe": 9, "disputed": 4, "dispute lost": 4, "dispute won": 4}


@dataclass
class Storm:
    """``come_back``: the share of payers whose browser returns; ``worker``: the share of events it handles at once."""

    stripe: StripeDouble
    clock: object
    seed: int
    families: int
    is_reconciled: bool = True
    come_back: float = 0.4
    worker: float = 0.8
    payments: dict[int, str] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)

    def __post_init__(self):
        self.dice, self.order, self.client = random.Random(self.seed), count(), PortalClient()
        self.now, self.agenda, self.sent = START, [], 0
        self._travel(START)
        purses = Purse.objects.create(code="periscolaire", name="PERISCOLAIRE")
        self.activities = [ActivityFactory(), LeisureFactory(purse=purses, billing="prepaid", cents=475)]
        sessions(self.activities[0], *DAYS, capacity=self.families // 2)
        sessions(self.activities[1], *DAYS)
        self.homes = [household(self.dice.choice([0, 100, 500, 2000])) for _ in range(self.families)]
        for home in self.homes:
            wallet_with(0, home.family, purses)
        self.agent = AgentFactory()
        self.stripe.chaos(seed=self.seed)
        self.speak()

    def speak(self) -> None:
        """Stripe answers; of its events 30 % are lost and 30 % of the others come twice."""
        self.stripe.calm()
        self.stripe.chaos(duplicate=0.3, drop=0.3)

    # --- The time

    def at(self, when: datetime, what: Callable, *args) -> None:
        heapq.heappush(self.agenda, (when, next(self.order), what, args))

    def _travel(self, when: datetime) -> None:
        self.now = when
        self.clock.move_to(when, tick=False)

    def rage(self, number: int, silences: int = 0) -> None:
        """Let ``number`` payments begin, then three days and a half pass; Stripe is silent some times meanwhile."""
        self.calm_from = START + number * APART + 2 * SILENCE
        self.ends = self.calm_from + LATEST + timedelta(hours=8)
        for place in range(number):
            self.at(START + place * APART, self.begin)
        for place in range(silences):
            begins = START + number * APART * (place + 1) / (silences + 1)
            self.at(begins, self.stripe.fault, "error_500")
            self.at(begins + SILENCE, self.speak)
        self.at(START, self.round)
        while self.agenda:
            when, _, what, args = heapq.heappop(self.agenda)
            self._travel(when)
            what(*args)
            self.collect()

    def round(self) -> None:
        """What the clockwork does every ten minutes, here and at Stripe; seldom once only late events are to come."""
        self.stripe.order("ripen", seconds=3600)
        if self.is_reconciled:
            reconcile_cards()
        following = self.now + (ROUND if self.now < self.calm_from else 12 * ROUND)
        if following < self.ends:
            self.at(following, self.round)

    # --- The events

    def collect(self) -> None:
        """Each event that Stripe sends takes its own time: none for some, up to three days for others."""
        for each in self.stripe.take():
            late = timedelta(seconds=1) if self.dice.random() < 0.4 else LATEST * self.dice.random()
            self.at(min(self.now + late, self.ends), self.deliver, each.body)

    def deliver(self, body: bytes) -> None:
        """An event comes, signed as it leaves; anything but 200 would be sent again."""
        self.sent += 1
        signed = webhooks.headers(body, self.stripe.secret, int(self.now.timestamp()))
        self.statuses.update(self.stripe.deliver(self.client, [Delivery(body, signed)]))
        self.delivered.add(Delivery(body, signed).id)

    def wake_worker(self, event: str) -> None:
        """Stands for the broker: most events have their worker at once, the others wait for the clockwork."""
        if self.dice.random() < self.worker:
            card_events.handle(event)

    # --- The families

    def begin(self) -> None:
        """A family that pays nothing else begins a payment, and then does what fate says."""
        going = set(CardPayment.objects.going().values_list("family", flat=True))
        home = self.dice.choice([home for home in self.homes if home.family.pk not in going])
        payment = self.dice.choice([self.top_up, self.pay_cart, self.pay_cart])(home)
        fate = self.dice.choices(list(FATES), list(FATES.values()))[0]
        self.payments[payment.pk] = fate
        try:
            payment = start(payment)
        except gateway.CardsUnavailable:
            return
        self.at(self.now + timedelta(minutes=3), getattr(self, fate.split(",")[0].replace(" ", "_")), payment, fate)

    def top_up(self, home: Household) -> CardPayment:
        wallets = list(home.family.wallets.all())
        chosen = self.dice.sample(wallets, self.dice.choice([1, 1, len(wallets)]))
        cents = {wallet.pk: self.dice.randrange(500, 9000) for wallet in chosen}
        key = make_key(home.user.owner, "top-up")
        return open_top_up(user=home.user, cents_by_wallet=cents, key=key)

    def pay_cart(self, home: Household) -> CardPayment:
        """A cart of some days, some of them cancelled; one that needs no card is confirmed, and the family tops up."""
        for activity in self.dice.sample(self.activities, self.dice.choice([1, 1, 2])):
            choose(home, activity, *self.dice.sample(DAYS, self.dice.randint(1, 4)))
        if not basket(home).lines:
            return self.top_up(home)
        key, wallet_too = key_for(home), self.dice.random() < 0.6
        try:
            answer = pay_by_card(user=home.user, use_wallet=wallet_too, key=key)
        except NoCardNeeded:
            self.confirm(home, key)
            return self.top_up(home)
        except DaysRefused:  # a day is full since
            empty_cart(user=home.user, billing="prepaid")
            return self.top_up(home)
        return CardPayment.objects.get(pk=answer["payment"])

    def confirm(self, home: Household, key: str) -> None:
        """Pay with the wallet alone, unless a dispute has left it below zero."""
        try:
            confirm_cart(user=home.user, billing="prepaid", key=key)
        except NotEnough:
            empty_cart(user=home.user, billing="prepaid")

    def try_card(self, payment: CardPayment, card: str = "") -> None:
        """Pay at Stripe; the browser comes back, or not."""
        card = card or self.dice.choice(["4242424242424242", FAILING_REFUND, SLOW_REFUND])
        end = self.stripe.pay(payment.session, card)
        if end == "paid":
            aftermath = self.dice.choices(list(AFTERMATHS), list(AFTERMATHS.values()))[0]
            if aftermath:
                self.at(self.now + timedelta(hours=30) * self.dice.random(), self.follow, payment.pk, aftermath)
        if self.dice.random() < self.come_back:
            self.visit(fulfil, payment)

    def visit(self, action: Callable, payment: CardPayment) -> None:
        """What a page does with the payment; while Stripe is silent it says so."""
        with suppress(gateway.CardsUnavailable):
            action(CardPayment.objects.get(pk=payment.pk))

    def paid(self, payment, fate):
        self.try_card(payment)
        if fate == "paid, then back":
            self.visit(abandon, payment)

    def declined(self, payment, fate):
        self.try_card(payment, DECLINED)
        self.at(self.now + timedelta(minutes=2), self.left if fate.endswith("left") else self.paid, payment, fate)

    def left(self, payment, fate):
        self.visit(abandon, payment)

    def forgotten(self, payment, fate):
        pass

    def paid_at_the_last_minute(self, payment, fate):
        self.at(payment.expires_at - timedelta(seconds=30), self.try_card, payment)

    # --- What comes after

    def follow(self, pk: int, what: str) -> None:
        payment = CardPayment.objects.get(pk=pk)
        if what == "refunded":
            self.refund(payment)
        elif what == "refunded at Stripe":
            self.stripe.refund(payment.session, self.dice.choice([None, 1 + payment.cents // 3]))
        else:
            made = self.stripe.dispute(payment.session)
            end = what.removeprefix("dispute ")
            if end in ("won", "lost"):
                self.at(self.now + timedelta(hours=20), self.stripe.move_dispute, made["id"], end)

    def refund(self, payment: CardPayment) -> None:
        """An agent gives a part back, if there is one and the family still has it."""
        key = make_key(self.agent.owner, f"refund:{payment.pk}")
        with suppress(Refusal):
            refund_card(agent=self.agent, payment=payment, cents=payment.cents // 2, reason="Erreur", key=key)
