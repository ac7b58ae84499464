"""What goes wrong on demand: on the way to the double, and on the way back to the portal."""

import re
from dataclasses import dataclass, field, fields
from random import Random

KINDS = ("error_500", "error_429", "slow", "cut_before", "cut_after")


@dataclass(slots=True)
class Fault:
    """A fault of the API.

    ``kind``: « error_500 » and « error_429 » answer so and do no work, « slow » waits ``seconds`` first,
    « cut_before » and « cut_after » close the connection without an answer, before or after the work.
    It strikes the ``next`` calls, or without it a ``share`` of all; only those whose « METHOD /path » matches ``on``.
    """

    kind: str
    share: float = 1.0
    next: int | None = None
    on: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is none of {', '.join(KINDS)}")

    def strikes(self, call: str, random: Random) -> bool:
        if not re.search(self.on, call) or self.next == 0:
            return False
        if self.next is not None:
            self.next -= 1
            return True
        return random.random() < self.share


@dataclass(slots=True)
class Chaos:
    """All switches. Of the webhooks: the shares that come twice and that never come, the seconds that all wait, and the
    span of seconds over which they leave in any order."""

    duplicate: float = 0.0
    drop: float = 0.0
    delay: float = 0.0
    shuffle: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    random: Random = field(default_factory=Random)

    def set(self, **switches: float) -> None:
        known = {each.name for each in fields(self)} - {"faults", "random"}
        for name, value in switches.items():
            if name == "seed":
                self.random.seed(value)
            elif name in known:
                setattr(self, name, float(value))
            else:
                raise ValueError(f"{name} is none of {', '.join(sorted(known))}, seed")

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.set(duplicate=0, drop=0, delay=0, shuffle=0)
        self.faults.clear()

    def of_call(self, call: str) -> dict[str, Fault]:
        """The faults that strike this call, by kind."""
        return {fault.kind: fault for fault in self.faults if fault.strikes(call, self.random)}

    def copies(self) -> int:
        """How many times an event is sent: 0, 1 or 2."""
        if self.random.random() < self.drop:
            return 0
        return 2 if self.random.random() < self.duplicate else 1

    def wait(self) -> float:
        """Seconds before an event leaves."""
        return self.delay + self.random.random() * self.shuffle

    def state(self) -> dict[str, object]:
        shares = {name: getattr(self, name) for name in ("duplicate", "drop", "delay", "shuffle")}
        names = [each.name for each in fields(Fault)]
        return shares | {"faults": [{name: getattr(fault, name) for name in names} for fault in self.faults]}
