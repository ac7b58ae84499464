"""The events of a feed as icalevents reads them."""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from icalevents import icalevents

found = icalevents.events(
    string_content=Path(sys.argv[1]).read_bytes(),
    start=datetime(2026, 1, 1, tzinfo=timezone.utc),  # noqa: UP017
    end=datetime(2028, 1, 1, tzinfo=timezone.utc),  # noqa: UP017
)
events = [
    {
        "summary": str(event.summary),
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "all_day": event.all_day,
        "status": str(event.status),
        "place": str(event.location),
    }
    for event in found
]
print(json.dumps(events))
