"""The time at Stripe."""

import time


class Clock:
    """The machine's time, moved by ``offset`` seconds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> int:
        """Seconds since 1970."""
        return int(time.time() + self.offset)
