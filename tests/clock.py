"""Time in tests whose clock is stopped."""

from datetime import timedelta
from itertools import count

from django.utils import timezone

from wallet.actions import ledger


class Ticking:
    """``timezone`` as the ledger asks it: no two posts at the same instant, as with a clock that goes."""

    def __init__(self):
        self.ticks = count(1)

    def now(self):
        return timezone.now() + timedelta(microseconds=next(self.ticks))


def tell_posts_apart(monkeypatch) -> None:
    """The check of the floors tells one post from the next by its instant."""
    monkeypatch.setattr(ledger, "timezone", Ticking())
