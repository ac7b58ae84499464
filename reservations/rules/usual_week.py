"""What a family usually does in a week, from the weeks it booked last, as a pure function."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

WEEKS = 3  # how many booked weeks say what is usual


def usual_days(history: Iterable[tuple[int, int, date]], weeks: int = WEEKS) -> dict[tuple[int, int], frozenset[int]]:
    """The weekdays (0: Monday) of each (member, activity): those of most of its last ``weeks`` booked weeks.

    Half of the weeks is not most, except of two: what was done last then counts.
    """
    booked: dict[tuple[int, int], dict[date, set[int]]] = defaultdict(lambda: defaultdict(set))
    for member, activity, day in history:
        booked[member, activity][day - timedelta(day.weekday())].add(day.weekday())
    return {pair: days for pair, by_week in booked.items() if (days := frozenset(_most(by_week, weeks)))}


def _most(by_week: dict[date, set[int]], weeks: int) -> Iterator[int]:
    last = sorted(by_week, reverse=True)[:weeks]
    counts = Counter(day for monday in last for day in by_week[monday])
    for day, number in counts.items():
        if 2 * number > len(last) or (2 * number == len(last) and day in by_week[last[0]]):
            yield day
