"""The private calendar address of a family: made, made anew, ended."""

import secrets

from django.utils import timezone

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from reservations.models import CalendarAddress

PURPOSE = "calendar-address"


@outermost
def renew_address(*, user: User, key: str) -> None:
    """Give the guardian's family a new address; the old one, if there was one, answers no more."""
    once = claim_key(key, user.owner, PURPOSE)
    if not once.answer:
        fresh = {"token": secrets.token_urlsafe(32), "created_at": timezone.now()}
        CalendarAddress.objects.update_or_create(family_id=user.guardian.family_id, defaults=fresh)
        once.remember({"done": True})


@outermost
def end_address(*, user: User, key: str) -> None:
    """The family's address answers no more."""
    once = claim_key(key, user.owner, PURPOSE)
    if not once.answer:
        CalendarAddress.objects.of(user).delete()
        once.remember({"done": True})
