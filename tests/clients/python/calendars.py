"""Reads calendars by icalendar (PyPI): reads `[text, ...]`, says for each what stands in it, and what it holds to be wrong."""

import json
import sys
from zoneinfo import ZoneInfo

from icalendar import Calendar

ZONE = ZoneInfo("Europe/Lisbon")


def read(text):
    calendars = Calendar.from_ical(text.encode(), multiple=True)
    calendar = calendars[0]
    events = [
        {
            "uid": str(event["UID"]),
            "stamp": event.decoded("DTSTAMP").isoformat(),
            "from": event.decoded("DTSTART").timestamp(),
            "to": event.decoded("DTEND").timestamp(),
            "zone": str(event.decoded("DTSTART").tzinfo),
            "local": event.decoded("DTSTART").astimezone(ZONE).strftime("%H:%M%z"),
            "summary": str(event["SUMMARY"]),
            "description": str(event["DESCRIPTION"]),
            "missing": [name for name in event.required if name not in event],
            "unknown": [name for name in event if name not in event.singletons + event.multiple + event.required],
        }
        for event in calendar.events
    ]
    return {
        "calendars": len(calendars),
        "name": str(calendar["X-WR-CALNAME"]),
        "missing": [name for name in calendar.required if name not in calendar],
        "parts": sorted({part.name for part in calendar.walk()}),
        "errors": [str(error) for part in calendar.walk() for error in part.errors],
        "events": events,
    }


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
