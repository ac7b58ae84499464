"""Proof of the money as a whole: any history of families, cards, banks, nights and agents ends as the model says."""

import sys
from datetime import date, timedelta

import pytest
import stripe
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from common.refusals import Refusal
from common.writing.once import make_key
from reservations.actions import confirm_cart, debit_the_day, empty_cart, pay_by_card
from reservations.models import Booking, Cart, CartLine, Session
from tests.clock import tell_posts_apart
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    FRIDAY,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    cancel,
    child,
    choose,
    household,
    instant,
    key_for,
    sessions,
    share,
)
from tests.factories.sepa import creditor, mandate_of, with_file
from tests.factories.wallet import wallet_with
from tests.reservations.money_model import Day, Gone, Page, Refused, Town
from wallet import checks
from wallet.actions import cancel_counter_payment, card_events, credit_at_counter, set_floor
from wallet.actions.card_returns import refund_card
from wallet.actions.cards import abandon, fulfil, open_top_up, start
from wallet.actions.debits import announce_debits, reject_debit, settle_debits
from wallet.gateways import stripe as gateway
from wallet.models import Balance, CardPayment, DirectDebit, DirectDebitRun, Purse
from wallet.tasks import reconcile_cards

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = instant(date(2026, 11, 9), "09:00") + timedelta(seconds=7)
DATES = [TUESDAY, THURSDAY, FRIDAY]
FLOORS = [0, -2000]
CHILDREN = [(0, 1), (1, 2), (3,)]  # of each family; the second child has two families
MONTHS = [  # announced on, collected on
    (date(2026, 11, 23), date(2026, 12, 7)),
    (date(2026, 12, 22), date(2027, 1, 5)),
    (date(2027, 1, 22), date(2027, 2, 5)),
]
FAILS_LATER = "4000000000005126"
HOMES, PURSES, NUMBERS = st.integers(0, 2), st.integers(0, 1), st.integers(0, 9)
WISHES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=4, unique=True)


class World:
    """What all histories begin with: three families, two purses, three activities on three days."""

    def __init__(self, double, clock):
        self.double, self.clock, self.agent = double, clock, AgentFactory(is_superuser=True)
        creditor()
        self.purses = [Purse.objects.get(is_default=True), Purse.objects.create(code="p2", name="PERISCOLAIRE")]
        set_floor(self.purses[1], FLOORS[1])
        self.purses[1].refresh_from_db()
        self.homes = [household(0, ("Sacha", date(2018, 1, 2))), household(0, ("Bao", date(2017, 1, 2))), household(0)]
        shared, other, alone = (home.child for home in self.homes)
        self.children = [child(self.homes[0].family, "Ana"), shared, other, alone]
        share(self.homes[0], self.homes[1])
        self.wallets = [[wallet_with(0, home.family, purse) for purse in self.purses] for home in self.homes]
        mandate_of(self.homes[0].family)
        canteen = ActivityFactory()
        welcome = ActivityFactory(purse=self.purses[1], cents=475)
        leisure = LeisureFactory(purse=self.purses[1], cents=1330)
        self.sessions = [
            *sessions(canteen, *DATES, capacity=2),
            *sessions(welcome, *DATES),
            *sessions(leisure, *DATES),
        ]
        self.days = [self._day(each) for each in self.sessions]

    def _day(self, session: Session) -> Day:
        activity = session.activity
        cents, is_deferred = activity.tariffs.get().cents, activity.billing == "deferred"
        purse = [each.pk for each in self.purses].index(activity.purse_id)
        return Day(purse, cents, session.bookable_until, session.capacity, is_deferred)


class Money(RuleBasedStateMachine):
    """Each rule does the same thing in the portal and in the model; both accept it, or both refuse it alike."""

    world: World
    steps = 0

    def __init__(self):
        super().__init__()
        self.frame = transaction.atomic()
        self.frame._from_testcase = True  # as Django's own TestCase: the actions inside may be durable
        self.frame.__enter__()
        self.world.double.reset()
        self.town = Town(self.world.days, FLOORS, BEGIN, len(CHILDREN))
        self.payments: list[CardPayment] = []  # beside town.pages
        self.owed, self.counter, self.debits, self.month = [], [], [], 0
        self.world.clock.move_to(BEGIN, tick=False)

    def teardown(self):
        try:
            if sys.exc_info()[0] is None:
                self.all_ends_well()
        finally:
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)

    def both(self, model, portal):
        """Do it on both sides; return the portal's answer, None when both refuse."""
        type(self).steps += 1
        refused = answered = ""
        try:
            model()
        except Refused as refusal:
            refused = str(refusal)
        answer = None
        try:
            answer = portal()
        except Refusal as refusal:
            answered = type(refusal).__name__
        assert answered == refused
        return answer

    # --- Time

    @rule(minutes=st.sampled_from([1, 4, 11, 41, 95, 60 * 7]))
    def wait(self, minutes):
        type(self).steps += 1
        self._wait(timedelta(minutes=minutes))

    def _wait(self, span):
        self.town.now += span
        self.world.clock.move_to(self.town.now, tick=False)

    @rule()
    def night(self):
        self.both(self.town.night, lambda: debit_the_day(timezone.localdate()))

    @rule()
    def stripe_falls_silent(self):
        type(self).steps += 1
        self.town.is_silent = True
        self.world.double.fault("error_500")

    @precondition(lambda self: self.town.is_silent)
    @rule()
    def stripe_speaks_again(self):
        type(self).steps += 1
        self._speak()

    def _speak(self):
        self.town.is_silent = False
        self.world.double.calm()

    @rule()
    def reconcile(self):
        self.both(self._reconciled, reconcile_cards)

    def _reconciled(self):
        """Events that were not done come again, then each page is looked at, then the refunds that Stripe is owed."""
        due = [each for each in self.owed if each[0] < self.town.now - timedelta(minutes=1)]
        for each in sorted(due, key=lambda each: (-each[0].timestamp(), each[1])):
            if self._followed(*each[2:]):
                self.owed.remove(each)
        self.town.reconcile()
        self.town.send_owed()

    # --- Carts

    def fill(self, home, wishes, billing):
        """Choose days in an empty cart; return the model's lines."""
        household, activities = self.world.homes[home], ([6, 7, 8] if billing == "deferred" else range(6))
        empty_cart(user=household.user, billing=billing)
        lines = []
        for place, which in wishes:
            day, member = activities[place % len(activities)], CHILDREN[home][which % len(CHILDREN[home])]
            line = self.town.wish(home, day, member)
            if line and not any((each.day, each.child) == (day, member) for each in lines):
                lines.append(line)
            session, person = self.world.sessions[day], self.world.children[member]
            choose(household, session.activity, session.date, members=[person])
        acts = set(
            CartLine.objects.filter(cart__family=household.family, cart__billing=billing).values_list("act", "session")
        )
        assert acts == {("cancel" if each.is_cancel else "book", self.world.sessions[each.day].pk) for each in lines}
        return sorted(lines, key=lambda line: self.world.sessions[line.day].date)

    @rule(home=HOMES, wishes=WISHES)
    def buy(self, home, wishes):
        """« Payer avec mon porte-monnaie »."""
        if self.town.is_locked(home):
            self.find_locked(home)
            return
        lines, user = self.fill(home, wishes, "prepaid"), self.world.homes[home].user
        key = key_for(self.world.homes[home])
        self.both(lambda: self.town.confirm(home, lines), lambda: confirm_cart(user=user, billing="prepaid", key=key))

    def find_locked(self, home):
        """A cart that is being paid is left as it is."""

        def refuse():
            raise Refused("PaymentGoing")

        self.both(refuse, lambda: empty_cart(user=self.world.homes[home].user, billing="prepaid"))

    @rule(home=HOMES, wishes=WISHES)
    def request(self, home, wishes):
        """« Valider » deferred days."""
        lines, user = self.fill(home, wishes, "deferred"), self.world.homes[home].user
        key = key_for(self.world.homes[home], "deferred")
        self.both(lambda: self.town.request(home, lines), lambda: confirm_cart(user=user, billing="deferred", key=key))

    @rule(home=HOMES, wishes=WISHES, use_wallet=st.booleans())
    def pay_cart(self, home, wishes, use_wallet):
        """« Payez par Carte Bancaire », with the wallet's complement or without."""
        if self.town.is_locked(home):
            self.find_locked(home)
            return
        lines, user = self.fill(home, wishes, "prepaid"), self.world.homes[home].user
        key = key_for(self.world.homes[home])
        answer = self.both(
            lambda: self.town.pay_by_card(home, lines, use_wallet),
            lambda: pay_by_card(user=user, use_wallet=use_wallet, key=key),
        )
        self.started(answer and CardPayment.objects.get(pk=answer["payment"]))

    @rule(home=HOMES, cents=st.integers(50, 6000), parts=st.integers(1, 3))
    def top_up(self, home, cents, parts):
        user, lines = self.world.homes[home].user, {purse: cents + purse for purse in (0, 1) if parts & (purse + 1)}
        wanted = {self.world.wallets[home][purse].pk: part for purse, part in lines.items()}
        payment = self.both(
            lambda: self.town.open(Page(home, lines, self.town.now)),
            lambda: open_top_up(user=user, cents_by_wallet=wanted, key=make_key(user.owner, "top-up")),
        )
        self.started(payment)

    def started(self, payment):
        if payment:
            self.payments.append(payment)
            self.open_page(len(self.payments) - 1)

    def open_page(self, place):
        page = self.town.pages[place]
        self.both(lambda: self.town.start(page), lambda: start(self.now_of(place)))

    def now_of(self, place) -> CardPayment:
        return CardPayment.objects.get(pk=self.payments[place].pk)

    # --- Pages

    def some(self, number, fits=lambda page: True):
        """The place of a page that fits, the newest first; None without any."""
        places = [place for place, page in enumerate(self.town.pages) if fits(page)][::-1]
        return places[number % len(places)] if places else None

    @rule(number=NUMBERS)
    def resume(self, number):
        place = self.some(number, lambda page: page.is_going)
        if place is not None:
            self.open_page(place)

    @rule(number=NUMBERS, fails_later=st.booleans())
    def pay(self, number, fails_later):
        """The payer pays at Stripe, which the portal does not know yet."""
        place = self.some(number, lambda page: page.at_stripe == "open")
        if place is None:
            return
        page = self.town.pages[place]
        self.town.close_old(page)
        end = self.world.double.pay(self.now_of(place).session, FAILS_LATER if fails_later else "4242424242424242")
        assert end == ("paid" if page.at_stripe == "open" else "closed")
        if page.at_stripe == "open":
            page.at_stripe = "paid"

    @rule(number=NUMBERS)
    def come_back(self, number):
        place = self.some(number)
        if place is not None:
            self.both(lambda: self.town.fulfil(self.town.pages[place]), lambda: fulfil(self.now_of(place)))

    @rule(number=NUMBERS)
    def leave(self, number):
        place = self.some(number, lambda page: page.is_going)
        if place is not None:
            self.both(lambda: self.town.abandon(self.town.pages[place]), lambda: abandon(self.now_of(place)))

    @rule(random=st.randoms(use_true_random=False), share=st.integers(3, 10))
    def hear(self, random, share):
        """Events come in any order, some of them never, each done at once or owed."""
        type(self).steps += 1
        told = self.world.double.take()
        for each in random.sample(told, len(told) * share // 10):
            event = gateway.read_event(each.body, each.signature)
            if card_events.store(event):
                card_events.handle(event.id)
                what = (self.place_of(event), event.type.startswith("checkout.session."))
                if not self._followed(*what):
                    self.owed.append((self.town.now, event.id, *what))

    def place_of(self, event) -> int:
        """The page that an event is about, by what Stripe says of it."""
        pages = {page["id"]: page for page in self.world.double.sessions()}
        one = next(
            page for page in pages.values() if event.target == page["id"] or event.intent == page["payment_intent"]
        )
        references = [str(payment.reference) for payment in self.payments]
        return references.index(one["client_reference_id"])

    def _followed(self, place, is_of_page) -> bool:
        page = self.town.pages[place]
        try:
            if is_of_page:
                self.town.fulfil(page)
                return True
            self.town.sync(page)
        except Refused:
            return False
        return page.status == "paid"

    # --- Money that goes back

    @rule(number=NUMBERS, cents=st.integers(1, 4000))
    def refund(self, number, cents):
        place = self.some(number)
        if place is None:
            return
        page, agent = self.town.pages[place], self.world.agent
        key = make_key(agent.owner, f"refund:{self.payments[place].pk}")

        def model():
            gone = self.town.refund(page, cents)
            if not self.town.is_silent:  # else it stays owed
                self.town.ask(page, gone)

        self.both(
            model,
            lambda: refund_card(agent=agent, payment=self.now_of(place), cents=cents, reason="Erreur", key=key),
        )

    @rule(number=NUMBERS, share=st.integers(1, 3))
    def refund_at_stripe(self, number, share):
        place = self.some(number, lambda page: page.at_stripe == "paid" and not page.is_disputed)
        if place is None:
            return
        page = self.town.pages[place]
        left = page.cents - sum(each.cents for each in page.refunds if each.ends != "failed")
        if left >= share:
            type(self).steps += 1
            made = self.world.double.refund(self.now_of(place).session, left // share)
            page.refunds.append(Gone(left // share, made["id"]))

    @rule()
    def refunds_fail(self):
        """The banks refuse what Stripe had given back to cards of that kind."""
        type(self).steps += 1
        by_intent = {each["id"]: each["metadata"]["payment"] for each in self.world.double.intents()}
        before = {each["id"] for each in self.world.double.refunds() if each["status"] == "failed"}
        self.world.double.order("ripen")
        failed = [each for each in self.world.double.refunds() if each["status"] == "failed"]
        references = [str(payment.reference) for payment in self.payments]
        for each in failed:
            if each["id"] not in before:
                page = self.town.pages[references.index(by_intent[each["payment_intent"]])]
                rows = [gone for gone in page.refunds if gone.cents == each["amount"] and not gone.ends]
                named = [gone for gone in rows if gone.name == each["id"]]
                (named or [gone for gone in rows if not gone.name])[0].ends = "failed"

    @rule(number=NUMBERS)
    def dispute(self, number):
        place = self.some(number, lambda page: page.at_stripe == "paid" and not page.is_disputed)
        if place is not None:
            type(self).steps += 1
            page = self.town.pages[place]
            made = self.world.double.dispute(self.now_of(place).session)
            page.is_disputed = True
            page.disputes.append(Gone(page.cents, made["id"]))

    @rule(number=NUMBERS)
    def win(self, number):
        place = self.some(number, lambda page: any(not each.ends for each in page.disputes))
        if place is not None:
            type(self).steps += 1
            (gone,) = self.town.pages[place].disputes
            self.world.double.move_dispute(gone.name, "won")
            gone.ends = "won"

    # --- Agents and the bank

    @rule(home=HOMES, purse=PURSES, cents=st.integers(1, 5000))
    def cheque(self, home, purse, cents):
        def model():
            self.town.wallets[home, purse] += cents

        agent, family = self.world.agent, self.world.homes[home].family
        payment = self.both(
            model,
            lambda: credit_at_counter(
                agent=agent,
                family=family,
                purse=self.world.purses[purse],
                means="CH",
                cents=cents,
                number="1234567",
                received_on=timezone.localdate(),
                key=make_key(agent.owner, f"credit:{family.pk}"),
            ),
        )
        self.counter.append((payment, home, purse))

    @precondition(lambda self: self.counter)
    @rule(number=NUMBERS, is_bounced=st.booleans())
    def take_cheque_back(self, number, is_bounced):
        entry = self.counter[number % len(self.counter)]
        payment, home, purse = entry

        def model():
            left = self.town.wallets[home, purse] - payment.cents
            if left < FLOORS[purse] and not is_bounced:
                raise Refused("AlreadySpent")
            self.town.wallets[home, purse] = left
            self.counter.remove(entry)

        agent = self.world.agent
        key = make_key(agent.owner, f"cancel-credit:{payment.pk}")
        self.both(
            model,
            lambda: cancel_counter_payment(agent=agent, payment=payment, reason="Erreur", bounced=is_bounced, key=key),
        )

    @rule(number=NUMBERS)
    def red_cross(self, number):
        mine = sorted(self.town.booked)
        if not mine:
            return
        day, member = mine[number % len(mine)]
        home = self.town.booked[day, member].home
        booking = Booking.objects.active().get(session=self.world.sessions[day], member=self.world.children[member])
        self.both(lambda: self.town.cancel(home, day, member), lambda: cancel(self.world.homes[home], booking))

    @precondition(lambda self: self.month < len(MONTHS))
    @rule()
    def announce(self):
        """The first family has a mandate: what it owes is announced, once a month and purse."""
        self.both(self._announced, lambda: announce_debits(MONTHS[self.month][0]))

    def _announced(self):
        for purse in (0, 1):
            pending = sum(
                each["cents"] for each in self.debits if each["purse"] == purse and each["state"] == "pending"
            )
            owed = -self.town.wallets[0, purse] - pending
            known = any((each["month"], each["purse"]) == (self.month, purse) for each in self.debits)
            if owed > 0 and not known:
                self.debits.append({"month": self.month, "purse": purse, "cents": owed, "state": "pending"})

    @precondition(lambda self: self.month < len(MONTHS) and self.debits)
    @rule()
    def collect(self):
        """The files go to the bank, and the day of collection comes."""
        for run in DirectDebitRun.objects.filter(file=None, debits__status="pending").distinct():
            with_file(run, self.world.agent)
        self.both(self._collected, lambda: settle_debits(MONTHS[self.month - 1][1]))

    def _collected(self):
        for each in self.debits:
            if each["state"] == "pending":
                each["state"] = "settled"
                self.town.wallets[0, each["purse"]] += each["cents"]
        self.month += 1

    @precondition(lambda self: self.debits)
    @rule(number=NUMBERS)
    def reject(self, number):
        it = self.debits[number % len(self.debits)]
        debit = DirectDebit.objects.get(
            run__month=MONTHS[it["month"]][1].replace(day=1), wallet=self.world.wallets[0][it["purse"]]
        )

        def model():
            if it["state"] == "rejected":
                raise Refused("AlreadyRejected")
            self.town.wallets[0, it["purse"]] -= it["cents"] if it["state"] == "settled" else 0
            it["state"] = "rejected"

        agent = self.world.agent
        key = make_key(agent.owner, f"reject-debit:{debit.pk}")
        self.both(model, lambda: reject_debit(agent=agent, debit=debit, code="AM04", key=key))

    # --- What must hold

    @invariant()
    def the_books_are_exact(self):
        assert list(checks.differences()) == []
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    @invariant()
    def every_cent_is_where_the_model_has_it(self):
        balances = dict(Balance.objects.values_list("account__code", "cents"))
        wallets = {key: self.world.wallets[key[0]][key[1]] for key in self.town.wallets}
        assert {key: balances[wallet.account.code] for key, wallet in wallets.items()} == self.town.wallets
        aside = {key: balances.get(f"wallet:{wallet.pk}", 0) for key, wallet in wallets.items()}
        assert aside == {key: self.town.aside[key] for key in wallets}

    @invariant()
    def every_place_is_whose_the_model_says(self):
        sessions = [session.pk for session in self.world.sessions]
        children = [child.pk for child in self.world.children]
        homes = [home.family.pk for home in self.world.homes]
        booked = {
            (sessions.index(session), children.index(member)): (homes.index(family), debited_at is not None)
            for session, member, family, debited_at in Booking.objects.active().values_list(
                "session", "member", "family", "debited_at"
            )
        }
        assert booked == {key: (one.home, one.is_debited) for key, one in self.town.booked.items()}
        held = dict(Session.objects.exclude(held=0).values_list("pk", "held"))
        assert held == {sessions[day]: number for day, number in self.town.held.items() if number}

    @invariant()
    def every_page_is_where_the_model_has_it(self):
        rows = {row.pk: row for row in CardPayment.objects.all()}
        found = [(rows[payment.pk].status, rows[payment.pk].cents) for payment in self.payments]
        assert found == [(page.status, page.cents) for page in self.town.pages]

    def all_ends_well(self):
        """Stripe speaks, three hours pass, the clockwork comes by twice: no page goes on, nothing is held or aside."""
        self._speak()
        for _ in range(2):
            self._wait(timedelta(hours=3))
            self.reconcile()
        self.every_cent_is_where_the_model_has_it()
        self.every_place_is_whose_the_model_says()
        self.the_books_are_exact()
        assert not CardPayment.objects.going().exists()
        assert not CardPayment.objects.assumed().exists()
        assert not Cart.objects.exclude(payment=None).exists()
        assert not +self.town.held
        assert not +self.town.aside


@pytest.mark.parametrize(
    ("histories", "steps"),
    [(6, 20), pytest.param(400, 50, marks=pytest.mark.proof)],
)
def test_any_history_ends_as_the_model_says(histories, steps, stripe_double, time_machine, monkeypatch, capsys):
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.001)
    tell_posts_apart(monkeypatch)
    time_machine.move_to(BEGIN, tick=False)
    with transaction.atomic():
        Money.world = World(stripe_double, time_machine)
    Money.steps = 0
    how = settings(
        max_examples=histories,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Money, settings=how)
    assert Money.steps >= (10_000 if histories > 100 else 50)
    with capsys.disabled():
        print(f" {Money.steps} steps ", end="")
