"""The portal's clockwork: what runs every night, once per business date, whatever the number of schedulers."""

from datetime import timedelta

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from portal.lib.jobs import run_once
from portal.lib.models import IdempotencyKey, OutgoingEmail

KEYS_KEPT = timedelta(days=30)
SECRETS_KEPT = timedelta(days=7)


@shared_task
def nightly():
    """Run tonight's jobs; called again every hour, which resumes a crashed night and else does nothing."""
    today = timezone.localdate()
    with run_once("housekeeping", today) as run:
        if run:
            run.report = housekeeping()


def housekeeping() -> dict[str, int]:
    """Delete what has served: used keys of forms, ended sessions, secrets of emails that never left."""
    now = timezone.now()
    call_command("clearsessions")
    keys, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()
    secrets = OutgoingEmail.objects.filter(secret=True, created_at__lt=now - SECRETS_KEPT).exclude(context={})
    return {"keys": keys, "secrets": secrets.update(context={}, given_up_at=now)}
