"""What a funder's agent decides of an aid account: its plan, its suspensions, its end, a right to put right.

Each decision is one transaction: what is said of the account, then the rights it concerns, from its month to the current
one, brought to what they are to be. What was used already stays used, and the answer says so. ``trial`` does all of it
and undoes it: the agent reads what will happen, and the emails, before deciding. Locks: the key, the aid account, then
accounts of the ledger.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.rights.grants import Grant, set_few
from cesu.aid.actions.rights.plans import grant_of, rules_on, said_of, worth
from cesu.aid.emails import rights as emails
from cesu.models import AidAccount, AidPlan, AidSuspension, MonthlyRight
from cesu.rules.aid import cents_of, hours, last_day, month_of
from common.background.mailing import queue_all
from common.models import OutgoingEmail
from common.refusals import Refusal
from common.values.dates import date_short, month_after, month_title
from common.values.money import euros
from common.writing.once import claim_key
from common.writing.transactions import outermost

FAR = 366  # days: how far from today a decision may begin or end


class TooFar(Refusal):
    sentence = "Choisissez une date à un an d’aujourd’hui au plus."


class NoRule(Refusal):
    """A nature of account without its rule."""


class AlreadySuspended(Refusal):
    """Days that a suspension covers already."""


class NotSuspended(Refusal):
    sentence = "Ce jour-là, l’aide n’est pas suspendue."


class WrongEnd(Refusal):
    """Dates of an end that do not follow."""


class NotEnded(Refusal):
    sentence = "Cette aide n’a pas de fin : il n’y a rien à rouvrir."


class WrongRight(Refusal):
    """Hours and an amount that do not go together."""


class _Changed(NamedTuple):
    """A month's right: (minutes, cents) granted before, now, and as they were to be."""

    month: date
    before: tuple[int, int]
    after: tuple[int, int]
    wanted: tuple[int, int]


@dataclass(frozen=True)
class Outcome:
    """What a decision did: sentences for the agent, the emails that leave (none for a second click)."""

    account: AidAccount
    sentences: list[str] = field(default_factory=list)
    emails: list[OutgoingEmail] = field(default_factory=list)


Letters = Callable[[list[str]], list[OutgoingEmail]]


def deciding(account: AidAccount) -> str:
    """The purpose of the key of one decision on an account."""
    return f"aid-account:{account.pk}"


# --- The plan -----------------------------------------------------------------------------------------------------------
def change_plan(
    *,
    agent: User,
    account: AidAccount,
    since: date,
    minutes: int,
    hourly_rate: Decimal | None = None,
    key: str = "",
    trial: bool = False,
) -> Outcome:
    """So many minutes a month from a day on, until the next plan begins; 0 ends the aid. Twice is once."""

    def work(account: AidAccount) -> tuple[date, Letters]:
        told = {"minutes": minutes, "hourly_rate": hourly_rate}
        AidPlan.objects.update_or_create(aid_account=account, since=since, defaults=told)
        return since, lambda months: emails.plan_changed(account, since, minutes, months)

    _require_near(since)
    return _decide(agent, account, key, "Nouveau plan d’aide", work, trial)


# --- Suspensions --------------------------------------------------------------------------------------------------------
def suspend(
    *,
    agent: User,
    account: AidAccount,
    since: date,
    until: date | None,
    reason: str,
    key: str = "",
    trial: bool = False,
) -> Outcome:
    """Give nothing from a day to another, or until further notice. Twice is once. Raise AlreadySuspended."""

    def work(account: AidAccount) -> tuple[date, Letters]:
        _require_free(account, since, until)
        suspension = AidSuspension.objects.create(aid_account=account, since=since, until=until, reason=reason)
        return since, lambda months: emails.suspended(account, suspension, months)

    if until and until < since:
        raise WrongEnd("Une suspension finit le jour où elle commence, ou après.")
    _require_near(since, until)
    return _decide(agent, account, key, "Suspension", work, trial)


def _require_free(account: AidAccount, since: date, until: date | None) -> None:
    for other in account.suspensions.exclude(until__lt=since):
        if until is None or other.since <= until:
            end = f"au {date_short(other.until)}" if other.until else "jusqu’à nouvel ordre"
            raise AlreadySuspended(f"L’aide est déjà suspendue du {date_short(other.since)} {end}.")


def resume(*, agent: User, account: AidAccount, since: date, key: str = "", trial: bool = False) -> Outcome:
    """Give again from a day on; on its first day or before, the suspension has never been. Twice is once."""

    def work(account: AidAccount) -> tuple[date, Letters]:
        suspension = account.suspensions.exclude(until__lt=since).order_by("since").first()
        if suspension is None:
            raise NotSuspended
        _cut(suspension, since)
        return max(since, suspension.since), lambda months: emails.resumed(account, since, months)

    _require_near(since)
    return _decide(agent, account, key, "Reprise de l’aide", work, trial)


def _cut(suspension: AidSuspension, since: date) -> None:
    if since <= suspension.since:
        AidSuspension.objects.filter(pk=suspension.pk).delete()
    else:
        suspension.until = since - timedelta(1)
        suspension.save(update_fields=["until"])


# --- The end ------------------------------------------------------------------------------------------------------------
def end_account(
    *,
    agent: User,
    account: AidAccount,
    ended_on: date,
    reason: str,
    closes_on: date,
    key: str = "",
    trial: bool = False,
) -> Outcome:
    """Give no right after a day; what is left may be used until another. Said again, it replaces the end. Twice is once."""

    def work(account: AidAccount) -> tuple[date, Letters]:
        first = min(ended_on, account.ended_on or ended_on)
        _write_end(account, ended_on, reason, closes_on)
        return first, lambda months: emails.ended(account, months)

    _require_end(ended_on, reason, closes_on)
    return _decide(agent, account, key, "Fin de l’aide", work, trial)


def _require_end(ended_on: date, reason: str, closes_on: date) -> None:
    if closes_on < ended_on:
        raise WrongEnd("Les paiements cessent le jour de la fin des droits, ou après.")
    if reason == AidAccount.End.DEATH and ended_on > timezone.localdate():
        raise WrongEnd("Un décès ne se note pas à l’avance.")
    _require_near(ended_on, closes_on)


def reopen_account(*, agent: User, account: AidAccount, key: str = "", trial: bool = False) -> Outcome:
    """The end was a mistake: give again what it took. Nobody is written to. Twice is once. Raise NotEnded."""

    def work(account: AidAccount) -> tuple[date, Letters]:
        if account.ended_on is None:
            raise NotEnded
        first = account.ended_on
        _write_end(account, None, "", None)
        return first, lambda months: []

    return _decide(agent, account, key, "Compte rouvert", work, trial)


def _write_end(account: AidAccount, ended_on: date | None, reason: str, closes_on: date | None) -> None:
    account.ended_on, account.end_reason, account.closes_on = ended_on, reason, closes_on
    account.save(update_fields=["ended_on", "end_reason", "closes_on"])


# --- One right ----------------------------------------------------------------------------------------------------------
def correct_right(
    *,
    agent: User,
    right: MonthlyRight,
    minutes: int,
    cents: int | None,
    reason: str,
    key: str = "",
    trial: bool = False,
) -> Outcome:
    """What a month's right is to have in all; without ``cents`` at the rate of its account. Twice is once.

    The plan of the account stays, and a later change of plan of that month takes the place of the correction.
    """
    return _correct(agent, right, minutes, cents, reason, key, trial)


@outermost
def _correct(agent, right, minutes, cents, reason, key, trial) -> Outcome:
    once = None if trial else claim_key(key, agent.owner, correcting(right))
    account = _locked(agent, right.aid_account)
    if once and once.answer:
        return Outcome(account, once.answer["sentences"])
    rule = _rule(account, right.month)
    cents = cents_of(minutes, _rate(account, right.month, rule.hourly_rate)) if cents is None else cents
    if (
        minutes > right.granted_minutes
        and max(right.expires_on, right.reopened_until or right.expires_on) < timezone.localdate()
    ):
        raise WrongRight("Ce droit a expiré : il ne peut plus être augmenté.")
    if (minutes == 0) != (cents == 0) or cents < minutes:
        raise WrongRight("Des heures ont un montant d’un centime la minute au moins, et un montant a des heures.")
    grant = Grant(account.pk, right.month, minutes, cents, right.expires_on)
    changed = _set(agent, account, [grant], reason[:100])
    letters = emails.corrected(account, _told(changed), reason) if changed else []
    return _answer(account, _reported(changed), letters, once, trial)


def correcting(right: MonthlyRight) -> str:
    """The purpose of the key that corrects a right."""
    return f"aid-right:{right.pk}"


def _rate(account: AidAccount, month: date, rate: Decimal) -> Decimal:
    """Euros an hour: the plan's own of that month, else the rule's."""
    plan = account.plans.filter(since__lte=last_day(month)).order_by("-since").first()
    return plan.hourly_rate if plan and plan.hourly_rate else rate


# --- All of them --------------------------------------------------------------------------------------------------------
@outermost
def _decide(agent: User, account: AidAccount, key: str, why: str, work, trial: bool) -> Outcome:
    once = None if trial else claim_key(key, agent.owner, deciding(account))
    account = _locked(agent, account)
    if once and once.answer:
        return Outcome(account, once.answer["sentences"])
    before = said_of([account])[account.pk]
    since, letters = work(account)
    changed = _set(agent, account, _grants(account, before, since), why)
    return _answer(account, _reported(changed), letters(_told(changed)), once, trial)


def _locked(agent: User, account: AidAccount) -> AidAccount:
    accounts = AidAccount.objects.of_agent(agent).select_related("holder", "funder").locked()
    return accounts.get(pk=account.pk)


def _grants(account: AidAccount, before, since: date) -> list[Grant]:
    """What the months from a day to today are to have: not those of a file, nor those that have expired."""
    after, today = said_of([account])[account.pk], timezone.localdate()
    given, found = _given(account), []
    for month in _months(month_of(since), month_of(today)):
        rule = _rule(account, month)
        grant = grant_of(account.pk, after, month, rule)
        of_a_file = month in given and worth(before.planned, month, rule.hourly_rate)[0] == 0
        if grant.expires_on >= today and not of_a_file and (month in given or grant.minutes):
            found.append(grant)
    return found


def _months(first: date, last: date) -> list[date]:
    found = []
    while first <= last:
        found.append(first)
        first = month_after(first)
    return found


def _given(account: AidAccount) -> dict[date, tuple[int, int]]:
    """The minutes and cents given in all, by month."""
    rights = MonthlyRight.objects.filter(aid_account=account, revision__gt=0)
    return {month: tuple(given) for month, *given in rights.values_list("month", "granted_minutes", "granted_cents")}


def _rule(account: AidAccount, month: date):
    rule = rules_on(account.funder, month).get(account.kind)
    if rule is None:
        kind = account.get_kind_display()
        raise NoRule(
            f"Aucune règle du compte {kind} n’est en vigueur en {month_title(month).lower()} : créez-la d’abord."
        )
    return rule


def _set(agent: User, account: AidAccount, grants: list[Grant], why: str) -> list[_Changed]:
    """Bring rights to what they are to be; those that changed, or could not as far."""
    before = _given(account)
    set_few(account.funder, grants, actor=agent, why=why)
    after, none = _given(account), (0, 0)
    rows = [
        _Changed(each.month, before.get(each.month, none), after.get(each.month, none), (each.minutes, each.cents))
        for each in grants
    ]
    return [row for row in rows if not row.before == row.after == row.wanted]


def _told(changed: list[_Changed]) -> list[str]:
    """What the person reads of the months that changed."""
    rows = [row for row in changed if row.before != row.after]
    return [
        f"{month_title(row.month)} : {amount_of(*row.after)}"
        + (f", au lieu de {hours(row.before[0])}." if row.before[0] else ".")
        for row in rows
    ]


def _reported(changed: list[_Changed]) -> list[str]:
    """The same for the agent, with what could not be taken back."""
    return _told(changed) + [
        f"{month_title(row.month)} : {hours(row.after[0] - row.wanted[0])} de trop ont déjà été utilisées ; "
        "elles ne peuvent pas être reprises."
        for row in changed
        if row.after[0] > row.wanted[0]
    ]


def _answer(account, sentences: list[str], letters: list[OutgoingEmail], once, trial: bool) -> Outcome:
    if trial:
        transaction.set_rollback(True)
    else:
        if letters:
            queue_all(letters)
        once.remember({"sentences": sentences})
    return Outcome(account, sentences, letters)


def _require_near(*days: date | None) -> None:
    today = timezone.localdate()
    if any(day and abs((day - today).days) > FAR for day in days):
        raise TooFar


def amount_of(minutes: int, cents: int) -> str:
    """« 42 h 00, soit 201,94 € »."""
    return f"{hours(minutes)}, soit {euros(cents)}"
