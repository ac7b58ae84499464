"""How a plot is drawn: lengths and places in the units of its viewBox, no colour and no word of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.values.money import THIN_NBSP

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, FOOT = 56, 8, 12, 26
TICKS = 4
LABELS = 16  # names that fit under the bars


@dataclass(frozen=True)
class Bar:
    """A bar: where it stands, which series it is of, and what it says."""

    x: float
    y: float
    width: float
    height: float
    series: str
    title: str


@dataclass(frozen=True)
class Mark:
    """A word beside an axis."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Bars by groups over a scale of whole numbers."""

    title: str
    bars: list[Bar]
    names: list[Mark]
    scale: list[Mark]
    series: list[tuple[str, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - FOOT


def top_of(largest: float) -> int:
    """The end of the scale: so many ticks of the smallest of 1, 2 or 5 times a power of ten that hold the largest."""
    power = 1
    while True:
        for tick in (power, 2 * power, 5 * power):
            if TICKS * tick >= largest:
                return TICKS * tick
        power *= 10


def plot(title: str, groups: Sequence[tuple[str, Sequence[int | None]]], series: Sequence[tuple[str, str]]) -> Plot:
    """Upright bars side by side: a group has a name and a number for each series (css, name), None where there is none."""
    largest = max((number for _, numbers in groups for number in numbers if number), default=0)
    top, base = top_of(largest), HEIGHT - FOOT
    room = (WIDTH - LEFT - RIGHT) / max(len(groups), 1)
    width = min(room * 0.84 / max(len(series), 1), 40)
    bars, every = [], -(-len(groups) // LABELS)
    for rank, (name, numbers) in enumerate(groups):
        start = LEFT + room * rank + (room - width * len(series)) / 2
        for place, (number, (css, said)) in enumerate(zip(numbers, series, strict=True)):
            if number:
                tall = max(number, 0) / top * (base - TOP)
                said_of = f"{name}, {said} : {spoken(number)}"
                bars.append(_bar(start + width * place, base - tall, width, tall, css, said_of))
    names = (
        [
            Mark(round(LEFT + room * (rank + 0.5), 1), base + 17, name)
            for rank, (name, _) in enumerate(groups)
            if rank % every == 0
        ]
        if groups
        else []
    )
    scale = [
        Mark(LEFT - 8, round(base - (base - TOP) * tick / TICKS, 1), spoken(top // TICKS * tick))
        for tick in range(TICKS + 1)
    ]
    return Plot(title, bars, names, scale, list(series))


def spoken(number: int) -> str:
    """« 12 480 », the space never breaking."""
    return f"{number:,}".replace(",", THIN_NBSP)


def _bar(x: float, y: float, width: float, height: float, series: str, title: str) -> Bar:
    return Bar(round(x, 1), round(y, 1), round(width, 1), round(height, 1), series, title)
