"""The events of a feed as recurring-ical-events unrolls them."""

import json
import sys
from datetime import date, datetime
from pathlib import Path

import icalendar
import recurring_ical_events

calendar = icalendar.Calendar.from_ical(Path(sys.argv[1]).read_bytes())
events = [
    {
        "summary": str(event["SUMMARY"]),
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "all_day": not isinstance(event.start, datetime),
        "status": str(event["STATUS"]),
        "place": str(event["LOCATION"]),
    }
    for event in recurring_ical_events.of(calendar).between(date(2026, 1, 1), date(2028, 1, 1))
]
print(json.dumps(events))
