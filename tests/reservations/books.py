"""Random histories of money with their books kept beside, by another way: what the summary of a month must say."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from hypothesis import strategies as st

from reservations.reads.books.accounting import SET_ASIDE
from tests.factories.wallet import family_with
from wallet.actions import Move, post, revenue_account, reverse, set_floor, system_account, wallet_of
from wallet.actions.wallets import hold_account
from wallet.models import Account, Operation, Purse

Kind = Operation.Kind
numbers = count(1)
RECEIPTS = {
    "cheque": Kind.COUNTER_CREDIT,
    "cash": Kind.COUNTER_CREDIT,
    "bank_transfer": Kind.COUNTER_CREDIT,
    "card": Kind.CARD_CREDIT,
    "direct_debit": Kind.DIRECT_DEBIT,
    "opening": Kind.OPENING,
}
# What leaves a wallet: its kind, where it goes (none: to a service), its column.
SPENDINGS = {
    "sale": (Kind.BOOKING, "", "consumed"),
    "meal eaten": (Kind.DEFERRED_DEBIT, "", "consumed"),
    "dispute": (Kind.DISPUTE, "card", "unpaid"),
    "refund to the card": (Kind.PARTIAL_REFUND, "card", "refunded"),
    "refund at Stripe": (Kind.CARD_REFUND, "card", "refunded"),
    "refund by transfer": (Kind.BANK_REFUND, "bank_transfer", "refunded"),
}
# What undoes an earlier act: which ones, and the kind of the undoing.
UNDOINGS = {
    "mistake": (tuple(RECEIPTS), Kind.REVERSAL, "corrected"),
    "bounced": (("cheque",), Kind.BOUNCED_CHEQUE, "unpaid"),
    "rejected": (("direct_debit",), Kind.DEBIT_REJECT, "unpaid"),
    "cancelled": (("sale", "meal eaten"), Kind.CANCELLATION, "consumed"),
    "dispute won": (("dispute",), Kind.REVERSAL, "unpaid"),
    "refund failed": (("refund to the card", "refund by transfer"), Kind.REVERSAL, "refunded"),
}
ACTS = [*RECEIPTS, *SPENDINGS, *UNDOINGS, "set aside"]
histories = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 3), st.integers(1, 100_000), st.integers(-40, 70)), max_size=25
)


@dataclass
class Act:
    """Something that happened: what, when, on which wallet, and what the wallet gained, in cents."""

    name: str
    at: datetime
    purse: str
    account: int
    gained: int
    step: str
    means: str = ""
    service: str = ""
    is_sale: bool = False
    operation: Operation | None = None


@dataclass
class Books:
    """Four wallets in two purses; whatever is done is noted, and written in the ledger."""

    start: datetime  # of the month
    services: list[str]
    acts: list[Act] = field(default_factory=list)

    def __post_init__(self):
        purses = [Purse.objects.get(is_default=True), Purse.objects.create(code="p2", name="PERISCOLAIRE")]
        for purse in purses:
            set_floor(purse, -(10**9))
        families = [family_with(), family_with()]
        self.wallets = [wallet_of(family, Purse.objects.get(pk=purse.pk)) for purse in purses for family in families]
        self.hold = Account.objects.create(kind="hold", code="test", floor=0)

    def do(self, name: str, number: int, cents: int, days: int) -> None:
        at, wallet = self.start + timedelta(days=days, hours=number), self.wallets[number]
        if name in RECEIPTS:
            self._note(name, at, wallet, cents, RECEIPTS[name], system_account(name), "received", name)
        elif name in SPENDINGS:
            kind, means, step = SPENDINGS[name]
            service = "" if means else self.services[cents % len(self.services)]
            other = system_account(means) if means else revenue_account(service)
            self._note(name, at, wallet, -cents, kind, other, step, means, service, is_sale=not means)
        elif name == "set aside":
            self._set_aside(name, at, wallet, cents)
        else:
            self._undo(name, at, cents)

    def _set_aside(self, name, at, wallet, cents):
        """In a hold of the wallet, which is of its purse, or in one of no wallet."""
        hold, purse = (self.hold, SET_ASIDE) if cents % 2 else (hold_account(wallet), wallet.purse.name)
        self._note(name, at, wallet, -cents, Kind.HOLD, hold, "set_aside")
        self.acts.append(Act(name, at, purse, hold.pk, cents, "set_aside"))

    def _note(self, name, at, wallet, gained, kind, other, step, means="", service="", is_sale=False):
        source, target = (other.pk, wallet.account_id) if gained > 0 else (wallet.account_id, other.pk)
        move = Move(source, target, abs(gained), f"books:{next(numbers)}")
        operation = post(kind, [move], actor=None, label=name, at=at)
        purse, account = wallet.purse.name, wallet.account_id
        self.acts.append(Act(name, at, purse, account, gained, step, means, service, is_sale, operation))

    def _undo(self, name, at, choice):
        names, kind, step = UNDOINGS[name]
        undone = {act.name for act in self.acts if act.name.startswith("undone ")}
        open_ = [act for act in self.acts if act.name in names and f"undone {act.operation.pk}" not in undone]
        if open_:
            act = open_[choice % len(open_)]
            operation = reverse(act.operation, actor=None, label=name, kind=kind, at=at)
            name = f"undone {act.operation.pk}"
            more = Act(name, at, act.purse, act.account, -act.gained, step, act.means, act.service, False, operation)
            self.acts.append(more)

    # --- What the summary must say ---
    def purse(self, name: str, after: datetime) -> dict[str, int]:
        """The line of a purse, zeros left out."""
        line = defaultdict(int)
        for end, instant in (("before", self.start), ("after", after)):
            for cents in self._standings(name, instant).values():
                line[f"{'held' if cents > 0 else 'owed'}_{end}"] += abs(cents)
        for act in self.inside(after):
            line[act.step] += act.gained if act.purse == name else 0
        return {key: cents for key, cents in line.items() if cents}

    def _standings(self, purse: str, instant: datetime) -> dict[int, int]:
        cents = defaultdict(int)
        for act in self.acts:
            cents[act.account] += act.gained if act.purse == purse and act.at < instant else 0
        return cents

    def inside(self, after: datetime) -> list[Act]:
        """What happened in the month."""
        return [act for act in self.acts if self.start <= act.at < after]

    def means(self, kind: str, after: datetime) -> dict[str, int]:
        """The line of a means of payment, zeros left out."""
        line = defaultdict(int)
        for act in self.inside(after):
            line[act.step] += act.gained if act.means == kind else 0
        return {key: cents for key, cents in line.items() if cents}

    def service(self, code: str, after: datetime) -> tuple[int, int]:
        """Sold and cancelled by a service."""
        mine = [act for act in self.inside(after) if act.service == code]
        return -sum(act.gained for act in mine if act.is_sale), sum(act.gained for act in mine if not act.is_sale)
