"""A service outside that does not answer is left alone for a while; what is known of it stands in PostgreSQL, for all processes."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from common.models import Outage

FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=5)


def is_resting(service: str) -> bool:
    """Whether the service is left alone for the moment."""
    return Outage.objects.filter(service=service, rest_until__gt=timezone.now()).exists()


@transaction.atomic
def rest(service: str) -> None:
    """Leave a service that did not answer alone: 30 seconds, twice as long each time, 5 minutes at most."""
    outage, _ = Outage.objects.select_for_update(no_key=True).get_or_create(service=service)
    outage.rest_until = timezone.now() + min(FIRST * 2 ** min(outage.failures, 10), LONGEST)
    outage.failures += 1
    outage.save()


def answered(service: str) -> None:
    """The service answers: what was noted of it is forgotten."""
    Outage.objects.filter(service=service).delete()
