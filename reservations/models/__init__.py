"""Activities and their days, everything booked, waiting lists, the day itself, what the back office is told."""

from reservations.models.activities import Activity, Billing, Closure, OpeningRule, Session, Tariff, eve
from reservations.models.attendance import Absence, Attendance, CalendarAddress, Forgiveness, Headcount
from reservations.models.bookings import Booking, Cart, CartLine, Order, RefusedDay
from reservations.models.calendars import CalendarDay, SchoolCalendar, SchoolHoliday
from reservations.models.figures import DayFigure, FamilyMonth, FigureRun, MoneyFigure, UnmetDemand, WeekForecast
from reservations.models.reminders import RemindersOff, WeekReminder
from reservations.models.transmission import BackOffice, BackOfficeService, Change, Transmission
from reservations.models.waiting import Priority, WaitlistEntry

__all__ = [
    "Absence",
    "Activity",
    "Attendance",
    "BackOffice",
    "BackOfficeService",
    "Billing",
    "Booking",
    "CalendarAddress",
    "CalendarDay",
    "Cart",
    "CartLine",
    "Change",
    "Closure",
    "DayFigure",
    "FamilyMonth",
    "FigureRun",
    "Forgiveness",
    "Headcount",
    "MoneyFigure",
    "OpeningRule",
    "Order",
    "Priority",
    "RefusedDay",
    "RemindersOff",
    "SchoolCalendar",
    "SchoolHoliday",
    "Session",
    "Tariff",
    "Transmission",
    "UnmetDemand",
    "WaitlistEntry",
    "WeekForecast",
    "WeekReminder",
    "eve",
]
