"""A family's bookings as a calendar reads them (RFC 5545): first names, places and times; nothing of health or money."""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event

from common.models import authority
from reservations.models import Booking, CalendarAddress
from reservations.reads.following import followed_by_family, state_of
from reservations.rules import PARIS

READ_AGAIN = timedelta(hours=1)  # what the calendar is asked to wait before it reads again


def feed_of(address: CalendarAddress) -> bytes:
    """The bookings that stand, of the past month and to come; two queries whatever their number."""
    calendar = Calendar()
    calendar.add("prodid", "-//Parvis//Réservations//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{authority().name} : réservations")
    calendar.add("x-wr-timezone", "Europe/Paris")
    calendar.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for booking in followed_by_family(address.family_id).active():
        calendar.add_component(_event(booking))
    return calendar.to_ical()


def _event(booking: Booking) -> Event:
    day, activity = booking.session, booking.session.activity
    event, state = Event(), state_of(booking, booking.lines)
    event.add("uid", f"reservation-{booking.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", booking.order.at)
    event.add("dtstart", _utc(day.date, day.arrival))
    event.add("dtend", _utc(day.date, day.departure))
    event.add("summary", f"{booking.member.first_name} : {activity.name}")
    event.add("location", f"{activity.service.name}, {activity.service.commune.name}")
    event.add("description", f"État : {state.label}.")
    event.add("status", "CONFIRMED" if state.tone == "ok" else "TENTATIVE")
    event.add("url", f"{settings.PUBLIC_URL}{reverse('reservations:following')}")
    return event


def _utc(day: date, at: time) -> datetime:
    """In UTC, which every calendar reads alike."""
    return datetime.combine(day, at, PARIS).astimezone(UTC)
