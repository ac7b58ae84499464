"""The portal's clockwork: what runs every night, once per business date, whatever the number of schedulers."""

import logging
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.actions import forget_unverified
from cesu.aid.actions.rights.expiry import return_expired, warn_of_expiry
from cesu.aid.actions.rights.imports import forget_sheets
from cesu.aid.actions.rights.plans import credit_month
from cesu.aid.actions.transfers import give_back_cards, prepare_transfers
from cesu.orders.actions.access.activation import forget_sign_ups
from cesu.orders.actions.contracts import apply_contracts
from cesu.orders.actions.help import forget_requests
from cesu.orders.actions.notices import warn_holders
from common.background.jobs import run_once
from common.background.mailing import by_day
from common.background.retention import KEPT, months_before
from common.brakes.rate_counts import forget_expired
from common.brakes.tries import forget_old_tries
from common.models import IdempotencyKey, OutgoingEmail, SentToday
from portal.talk.actions.messages import forget_messages
from reservations.actions import debit_the_day, remind_low_balances
from reservations.actions.days.absences import forget_proofs
from reservations.actions.figures.counting import count_figures
from reservations.actions.telling.answers import collect_answers
from reservations.actions.telling.reports import report_answers, settle_and_report
from reservations.actions.telling.transmission import freeze_the_night, transmit
from reservations.actions.telling.week_reminders import remind_weeks
from services.actions import retention
from services.actions.expiry import expire
from wallet.actions.debits import announce_debits, settle_debits
from wallet.models import StripeEvent

log = logging.getLogger(__name__)
KEYS_KEPT = timedelta(days=30)
SENT_KEPT = timedelta(days=7)  # what families sent on a day
EVENTS_KEPT = timedelta(days=90)  # of Stripe, handled: longer than it ever sends one again
SECRETS_KEPT = timedelta(days=7)
TRIES_KEPT = timedelta(days=2)  # longer than any period in which they count


@shared_task
def nightly():
    """Run the night's jobs, then the morning's; called every hour, which resumes a crashed night and else does nothing.

    A night begins at its hour (settings.NIGHT), not when the date changes: until then it is still the one before.
    """
    now = timezone.localtime()
    night = night_of(now)
    due = JOBS | MORNING_JOBS if now.date() > night or now.hour >= MORNING else JOBS
    failed = [job for job, work in due.items() if not _done(job, work, night)]
    if failed:
        raise NightFailed(", ".join(failed))


def night_of(now: datetime) -> date:
    """The business date at a local instant: that of the last night that has begun."""
    return now.date() if now.time() >= settings.NIGHT else now.date() - timedelta(days=1)


@shared_task
def answers():
    """Every hour: take what back offices answer; by day, after the morning's reports, tell the families it concerns."""
    try:
        collect_answers()
    finally:
        if timezone.localtime().hour in DAYTIME:
            with by_day():
                report_answers()


class NightFailed(Exception):
    """Some of tonight's jobs failed; the others are done, these are tried again within the hour."""


def _done(job: str, work: Callable[[date], dict], today: date) -> bool:
    """Run a job unless it is done already; one that fails does not keep the others from running."""
    try:
        with run_once(job, today) as run, by_day():
            if run:
                run.report = work(today)
    except Exception:  # whatever a job meets, the next ones are owed too
        log.exception("nightly job %s failed", job)
        return False
    return True


def forget(today: date) -> dict[str, int]:
    """Delete personal data past their time: see common/background/retention.py and docs/operations.md."""
    started_before = timezone.now() - timedelta(days=KEPT.unverified_account_days)
    heard_before = _months_ago(today, KEPT.contact_months)
    return {
        **retention.forget(today),
        "absence_proofs": forget_proofs(today),
        "accounts": forget_unverified(started_before),
        "messages": forget_messages(heard_before),
        "sign_ups": forget_sign_ups(_months_ago(today, KEPT.sign_up_months)),
        "help_requests": forget_requests(heard_before),
        "rights_files": forget_sheets(_months_ago(today, KEPT.rights_file_months)),
    }


def _months_ago(today: date, months: int) -> datetime:
    return timezone.make_aware(datetime.combine(months_before(today, months), time.min))


def housekeeping(today: date) -> dict[str, int]:
    """Delete what has served: used keys of forms, ended sessions, Stripe's events, secrets of emails that never left."""
    now = timezone.now()
    call_command("clearsessions")
    keys, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()
    SentToday.objects.filter(day__lt=today - SENT_KEPT).delete()
    secrets = OutgoingEmail.objects.filter(secret=True, created_at__lt=now - SECRETS_KEPT).exclude(context={})
    forget_old_tries(now - TRIES_KEPT)
    forget_expired()
    events, _ = StripeEvent.objects.filter(handled_at__lt=now - EVENTS_KEPT).delete()
    return {"keys": keys, "events": events, "secrets": secrets.update(context={}, given_up_at=now)}


JOBS = {
    "cesu_contracts": apply_contracts,
    "aid_rights": credit_month,
    "aid_returns": return_expired,
    "aid_notices": warn_of_expiry,
    "debits": debit_the_day,
    "settlements": settle_debits,
    "announcements": announce_debits,  # what is owed once all that is above has moved
    "reminders": remind_low_balances,
    "week_reminders": remind_weeks,
    "ending_titles": warn_holders,
    "aid_transfers": prepare_transfers,
    "aid_cards": give_back_cards,
    "freeze": freeze_the_night,
    "transmission": transmit,
    "housekeeping": housekeeping,
    "expiry": expire,
    "retention": forget,
    "figures": count_figures,
}
DAYTIME = range(7, 21)  # o’clock: families read what is new within the hour
MORNING = 6  # o'clock: families are told then, once the back offices had the night to answer
MORNING_JOBS = {"reports": settle_and_report}
