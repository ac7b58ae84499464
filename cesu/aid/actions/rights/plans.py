"""What plans of aid give for a month, and the night that gives it.

A month is given once, from its first day on: what changes afterwards is told at once by who changes it (changes.py). An
account without a plan is left alone: its rights come from its funder's file.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from cesu.aid.actions.rights.grants import Grant, set_few
from cesu.models import AidAccount, AidPlan, AidRule, AidSuspension, Funder, MonthlyRight
from cesu.rules.aid import last_day, month_of, worth_of
from common.writing.transactions import outermost

CHUNK = 1000  # accounts locked together: a payment waits for a second at most


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an aid account, in order: (since, minutes a month, own euros an hour), days without, last day."""

    kind: str
    plans: tuple[tuple[date, int, Decimal | None], ...] = ()
    off: tuple[tuple[date, date | None], ...] = ()
    ended_on: date | None = None

    @property
    def planned(self) -> "Said":
        """Its plans alone."""
        return replace(self, off=(), ended_on=None)


# --- Of a night ---------------------------------------------------------------------------------------------------------
def credit_month(today: date) -> dict[str, int]:
    """Give the right of the month of ``today`` to every account with a plan that has none yet; return how many.

    A missed night is made up for by the next; again, or by two workers at once, changes nothing. ``without_rule`` counts
    the accounts of a nature for which the funder has no rule in force.
    """
    month, done = month_of(today), Counter(credited=0, without_rule=0)
    for funder in Funder.objects.filter(is_active=True).order_by("pk"):
        rules = rules_on(funder, month)
        for pks in _chunks(list(awaiting(month).filter(funder=funder).order_by("pk").values_list("pk", flat=True))):
            done.update(_credit(funder, rules, month, pks))
    return dict(done)


def awaiting(month: date):
    """The accounts that a plan concerns and that were given nothing for a month yet."""
    given = MonthlyRight.objects.filter(month=month, revision__gt=0)
    planned = AidPlan.objects.filter(since__lte=last_day(month))
    accounts = AidAccount.objects.filter(pk__in=planned.values("aid_account"))
    return accounts.exclude(pk__in=given.values("aid_account")).exclude(ended_on__lt=month)


def _chunks(pks: list[int]) -> Iterator[list[int]]:
    return (pks[first : first + CHUNK] for first in range(0, len(pks), CHUNK))


@outermost
def _credit(funder: Funder, rules: dict[str, AidRule], month: date, pks: list[int]) -> Counter:
    """What was said is read under the lock of the accounts: a plan that changes meanwhile waits, or was first."""
    known = said_of(AidAccount.objects.locked().filter(pk__in=pks).order_by("pk"))
    given = MonthlyRight.objects.filter(aid_account__in=pks, month=month, revision__gt=0)
    for pk in given.values_list("aid_account", flat=True):
        known.pop(pk, None)
    grants = [grant_of(pk, said, month, rules[said.kind]) for pk, said in known.items() if said.kind in rules]
    done = set_few(funder, [grant for grant in grants if grant.minutes])
    return Counter(credited=done["credited"], without_rule=len(known) - len(grants))


# --- Of an account and a month ------------------------------------------------------------------------------------------
def rules_on(funder: Funder, month: date) -> dict[str, AidRule]:
    """The rule in force in a month, for each nature that has one."""
    found = AidRule.objects.filter(funder=funder).in_force(month)
    return {kind: next(rules) for kind, rules in groupby(found, key=lambda rule: rule.kind)}


def said_of(accounts: Iterable[AidAccount]) -> dict[int, Said]:
    """What is said of accounts, by pk, in three queries."""
    accounts = list(accounts)
    plans, off, pks = defaultdict(list), defaultdict(list), [account.pk for account in accounts]
    for pk, *plan in _rows(AidPlan, pks, "since", "minutes", "hourly_rate"):
        plans[pk].append(tuple(plan))
    for pk, *days in _rows(AidSuspension, pks, "since", "until"):
        off[pk].append(tuple(days))
    return {
        account.pk: Said(account.kind, tuple(plans[account.pk]), tuple(off[account.pk]), account.ended_on)
        for account in accounts
    }


def _rows(model, pks: list[int], *names: str) -> Iterable[tuple]:
    return model.objects.filter(aid_account__in=pks).order_by("since").values_list("aid_account", *names)


def grant_of(pk: int, said: Said, month: date, rule: AidRule) -> Grant:
    """What an account is to have for a month in all."""
    minutes, cents = worth(said, month, rule.hourly_rate)
    return Grant(pk, month, minutes, cents, last_day(month, rule.validity_months))


def worth(said: Said, month: date, rate: Decimal) -> tuple[int, int]:
    """The minutes and cents of a month; an hour is worth the plan's own rate, else ``rate`` (euros)."""
    end = last_day(month)
    begun = [plan for plan in said.plans if plan[0] <= month][-1:]
    plans = [(max(since, month), minutes, own or rate) for since, minutes, own in begun]
    plans += [(since, minutes, own or rate) for since, minutes, own in said.plans if month < since <= end]
    off = [days for days in said.off if days[0] <= end and (days[1] is None or days[1] >= month)]
    ended_on = said.ended_on if said.ended_on and said.ended_on < end else None
    return _worth(month, tuple(plans), tuple(off), ended_on)


_worth = lru_cache(maxsize=4096)(worth_of)  # most accounts of a funder have one of a few plans
