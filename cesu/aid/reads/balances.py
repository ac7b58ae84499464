"""What a holder may still use today, account by account."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cesu.models import AidAccount, AidRule, CesuHolder, MonthlyRight
from cesu.rules.aid import hours
from common.values.money import euros


@dataclass(frozen=True)
class Balance:
    """What an aid account has left: ``minutes`` None for euros; ``ends_on`` is when its first part expires."""

    label: str
    minutes: int | None
    cents: int
    ends_on: date | None = None
    ending_minutes: int | None = None
    ending_cents: int = 0

    @property
    def amount(self) -> str:
        """« 42 h 00 », « 60,00 € »."""
        return _amount(self.minutes, self.cents)

    @property
    def ending(self) -> str:
        """What of it is to be used first."""
        return _amount(self.ending_minutes, self.ending_cents)


def _amount(minutes: int | None, cents: int) -> str:
    return euros(cents) if minutes is None else hours(minutes)


def balances_of(holder: CesuHolder, today: date) -> list[Balance]:
    """What stands on each account of a holder, in the order of their natures."""
    accounts = AidAccount.objects.filter(holder=holder).order_by("kind")
    return [_balance(account, list(_usable(account, today)), today) for account in accounts]


def _balance(account: AidAccount, rights: list[MonthlyRight], today: date) -> Balance:
    minutes, cents = _sum(rights) if account.is_in_hours else (None, _sum(rights)[1])
    label = label_of(account, today)
    if not rights:
        return Balance(label, minutes, cents)
    ends_on = min(right.until for right in rights)
    ending = _sum([right for right in rights if right.until == ends_on])
    return Balance(label, minutes, cents, ends_on, ending[0] if account.is_in_hours else None, ending[1])


def _sum(rights: list[MonthlyRight]) -> tuple[int, int]:
    balances = [right.account.balance for right in rights]
    return sum(balance.minutes or 0 for balance in balances), sum(balance.cents for balance in balances)


def _usable(account: AidAccount, today: date) -> Iterator[MonthlyRight]:
    """The rights of an account that have something left and may be used today; ``until`` is their last day."""
    rights = account.rights.until_when().filter(until__gte=today, account__balance__cents__gt=0)
    return rights.select_related("account__balance").order_by("until", "month")


def label_of(account: AidAccount, today: date) -> str:
    """« APA EMPLOI DIRECT », as the funder’s rule in force calls it."""
    rule = AidRule.objects.in_force(today).filter(funder=account.funder_id, kind=account.kind).first()
    return rule.label if rule else account.get_kind_display()
