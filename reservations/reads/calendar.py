"""The calendar page: a month of days for one or several members, and the recap of what is ticked."""

import calendar
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from common.values.dates import date_long, day_and_month, month_title, weekday_titles
from common.values.money import euros
from families.models import Member
from reservations.models import Activity, Billing, Booking, CartLine, Session, WaitlistEntry
from reservations.reads.offers import Offer
from reservations.reads.reasons import Against
from reservations.reads.ticking import Ticks, can_only_be_given_up, plan
from reservations.rules import DayState, in_time, short_deadline, spoken_deadline

Act = CartLine.Act
WORDS = {
    DayState.CLOSED: "Fermé",
    DayState.OPEN: "Libre",
    DayState.BOOKED: "Réservé",
    DayState.LOCKED: "Réservé",
    DayState.WAITABLE: "Complet",
    DayState.FULL: "Complet",
    DayState.WAITING: "Attente",
    DayState.OFFERED: "Proposé",
    DayState.CANCELLED: "Annulé",
}
LAST_PLACES = "dernières places"
MIXED = "mixed"
ASK, GIVE_UP = "jour", "annuler"  # the two fields that days are sent in
VARIOUS = "Selon l’enfant"
SELECTABLE = {DayState.OPEN, DayState.BOOKED, DayState.WAITABLE}


@dataclass
class Cell:
    """One day of the calendar as components/calendar.html shows it."""

    date: date
    in_month: bool
    state: str = DayState.CLOSED
    word: str = WORDS[DayState.CLOSED]
    label: str = ""
    note: str = ""
    selectable: bool = False
    checked: bool = False
    gives_up: bool = False

    @property
    def number(self) -> int:
        return self.date.day

    @property
    def value(self) -> str:
        return self.date.isoformat()

    @property
    def name(self) -> str:
        """The field of its box: a day to be cancelled is never sent as one that is asked for."""
        return GIVE_UP if self.gives_up else ASK

    @property
    def checked_word(self) -> str:
        return {DayState.BOOKED: "À annuler", DayState.WAITABLE: "En attente"}.get(self.checked_state, "Choisi")

    @property
    def checked_state(self) -> str:
        """What the box says once ticked: of several children, only those who are booked give the day up."""
        return DayState.BOOKED if self.gives_up else self.state


@dataclass
class Week:
    """A row of the calendar, from Monday."""

    days: list[Cell]

    @property
    def monday(self) -> str:
        return self.days[0].value


@dataclass
class Month:
    """A month in whole weeks, the days of its neighbours included (S3-92, S4-67)."""

    first: date
    weeks: list[Week]
    hide_weekend: bool = False
    weekdays: list = field(default_factory=weekday_titles)

    @property
    def iso(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def title(self) -> str:
        return month_title(self.first)

    @property
    def previous(self) -> dict:
        return _link(self.first - timedelta(1))

    @property
    def next(self) -> dict:
        return _link(self.first + timedelta(31))

    @property
    def cells(self) -> Iterable[Cell]:
        return (cell for week in self.weeks for cell in week.days)


def _link(day: date) -> dict:
    return {"iso": f"{day:%Y-%m}", "title": month_title(day)}


def grid(month: date) -> list[date]:
    """The days of a month in whole weeks."""
    return list(calendar.Calendar().itermonthdates(month.year, month.month))


def build_month(month: date, sessions: Iterable[Session], offer: Offer, ticks: Ticks) -> Month:
    """Draw the month for the offer's members; ticked days are shown ticked where they may be."""
    by_day = {session.date: session for session in sessions}
    cells = [_cell(day, month, by_day.get(day), offer, ticks) for day in grid(month)]
    weekend = any(day.weekday() > 4 for day in by_day)
    return Month(month.replace(day=1), [Week(list(row)) for row in _weeks(cells)], hide_weekend=not weekend)


def _weeks(cells: list[Cell]) -> list[list[Cell]]:
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _cell(day: date, month: date, session: Session | None, offer: Offer, ticks: Ticks) -> Cell:
    cell = Cell(day, day.month == month.month, label=f"{date_long(day, day)}, fermé")
    if session is None or not offer.members:
        return cell
    states = {member: offer.state(session, member) for member in offer.members.values()}
    cell.state = next(iter(states.values())) if len(set(states.values())) == 1 else MIXED
    cell.selectable = not SELECTABLE.isdisjoint(states.values())
    cell.gives_up = can_only_be_given_up(states.values())
    cell.checked = cell.selectable and (ticks.gives_up(day) if cell.gives_up else day in ticks.asked)
    cell.word = _word(cell.state, session, offer)
    cell.note = _note(cell.state, states, session, offer)
    cell.label = _label(session, states, offer)
    if not cell.checked and any((session.pk, pk) in offer.lines for pk in offer.members):
        cell.word = "Au panier"
        cell.label += ", dans votre panier"
    return cell


def _word(state: str, session: Session, offer: Offer) -> str:
    """The word of the cell; a closed day says why it is."""
    if state != DayState.CLOSED:
        return WORDS.get(state, VARIOUS)
    why = {offer.closed_because(session, member).word for member in offer.members.values()}
    return why.pop() if len(why) == 1 else VARIOUS


def _note(state: str, states: dict[Member, DayState], session: Session, offer: Offer) -> str:
    """Beside the word: who of several has booked, the waiting list and the rank on it, the last places, the deadline."""
    if state == MIXED:
        booked = sum(each in (DayState.BOOKED, DayState.LOCKED) for each in states.values())
        return f"{booked} sur {len(states)} réservé" if booked else ""
    if state == DayState.WAITING:
        return ", ".join(entry.spoken_rank.split()[0] for entry in _entries(states, session, offer))
    if state == DayState.WAITABLE:
        return "liste d’attente"
    if state == DayState.OPEN and are_last_places(session):
        return LAST_PLACES
    limits = {DayState.OPEN: session.bookable_until, DayState.BOOKED: session.cancellable_until}
    limit = limits.get(state)
    if state == DayState.OFFERED:
        limit = min(entry.offered_until for entry in _entries(states, session, offer))
    return f"→ {short_deadline(limit)}" if limit else ""


def _entries(states: Iterable[Member], session: Session, offer: Offer) -> list[WaitlistEntry]:
    return [entry for member in states if (entry := offer.entry(session, member))]


def are_last_places(session: Session) -> bool:
    """Whether so few places are left that it is said; the session carries its activity."""
    if session.capacity is None or session.waiting:
        return False
    return 0 < session.capacity - session.booked - session.held <= session.activity.last_places


def _label(session: Session, states: dict[Member, DayState], offer: Offer) -> str:
    words = {member: _words(offer, session, member, state) for member, state in states.items()}
    if len(set(words.values())) > 1:
        said = ", ".join(f"{member.first_name} : {each}" for member, each in words.items())
    else:
        said = next(iter(words.values()))
    return f"{date_long(session.date, session.date)}, {said}{_until(session, states.values())}"


def _words(offer: Offer, session: Session, member: Member, state: DayState) -> str:
    booking = offer.booking(session, member)
    if booking and not offer.is_ours(booking):
        return "réservé par l’autre parent"
    entry = offer.entry(session, member)
    if state == DayState.WAITING and entry:
        return f"en liste d’attente, {entry.spoken_rank}"
    if state == DayState.OFFERED and entry:
        return f"place proposée jusqu’au {spoken_deadline(entry.offered_until)}"
    return _closed(offer.closed_because(session, member)) if state == DayState.CLOSED else state.words.lower()


def _closed(why: Against) -> str:
    """« trop tard : le délai de réservation est passé (c’était jusqu’au …) »."""
    word, reason = why.word.lower(), why.reason.rstrip(".")
    return reason if reason.startswith(word) else f"{word} : {reason}"


def _until(session: Session, states: Collection[DayState]) -> str:
    if DayState.OPEN in states:
        last = f", {LAST_PLACES}" if are_last_places(session) else ""
        return f"{last}, réservable jusqu’au {spoken_deadline(session.bookable_until)}"
    if DayState.BOOKED in states:
        return f", annulable jusqu’au {spoken_deadline(session.cancellable_until)}"
    return ""


def build_agenda(month: date, bookings: Iterable[Booking], family_id: int) -> Month:
    """Draw the month with who is booked where; prices of the other parent are not shown."""
    by_day = defaultdict(list)
    for booking in bookings:
        by_day[booking.session.date].append(booking)
    weekend = any(day.weekday() > 4 for day in by_day)
    cells = [_agenda_cell(day, month, by_day[day], family_id) for day in grid(month)]
    return Month(month.replace(day=1), [Week(row) for row in _weeks(cells)], hide_weekend=not weekend)


def _agenda_cell(day: date, month: date, bookings: list[Booking], family_id: int) -> Cell:
    cell = Cell(day, day.month == month.month, word="", label=f"{date_long(day, day)}, aucune réservation")
    if bookings:
        cell.state = DayState.BOOKED
        cell.word = ", ".join(dict.fromkeys(booking.member.first_name for booking in bookings))
        said = [_agenda_words(booking, family_id) for booking in bookings]
        cell.label = f"{date_long(day, day)} : {' ; '.join(said)}"
    return cell


def _agenda_words(booking: Booking, family_id: int) -> str:
    whose = "" if booking.family_id == family_id else " (réservé par l’autre parent)"
    return f"{booking.member.first_name}, {booking.session.activity.name}{whose}"


@dataclass
class Recap:
    """« Votre demande »: what is ticked, priced by the server; cents."""

    lines: list[dict] = field(default_factory=list)
    total: int = 0
    count: str = ""
    after: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def build_recap(activity: Activity, sessions: Iterable[Session], offer: Offer, ticks: Ticks) -> Recap:
    """Price the ticked days: one line a member, one line for the cancellations, the nearest deadline said."""
    chosen = [session for session in sessions if session.date in ticks.days]
    planned = plan(offer, chosen, ticks)
    asked = {act: defaultdict(list) for act in Act}
    for session, member, act in planned.wanted:
        asked[act][member].append((session, offer.cents(session, member)))
    recap = Recap(notes=planned.reasons)
    for member, days in asked[Act.BOOK].items():
        recap.lines.append(_line(f"{member.first_name} · {activity.count(len(days))}", days))
    for member, days in asked[Act.WAIT].items():
        recap.lines.append(
            {"label": f"{member.first_name} · liste d’attente : {_named(days)}", "detail": "", "amount": 0}
        )
    dropped = [pair for days in asked[Act.CANCEL].values() for pair in days]
    if dropped:
        label = f"{'Annulations' if len(dropped) > 1 else 'Annulation'} : {_named(dropped)}"
        recap.lines.append(_line(label, dropped, -1))
    recap.total = sum(line["amount"] for line in recap.lines)
    recap.count = count_acts(activity, sum(map(len, asked[Act.BOOK].values())), len(dropped))
    if activity.billing == Billing.PREPAID and recap.lines:
        recap.after.append({"label": "Mon porte-monnaie", "amount": offer.facts.balance})
    recap.notes += _deadline_notes(chosen, offer)
    return recap


def count_acts(activity: Activity, booked: int, cancelled: int) -> str:
    """« 4 repas », « 1 annulation », « 4 repas et 2 annulations »: what is cancelled is never counted as booked."""
    ends = f"{cancelled} annulation{'s' if cancelled > 1 else ''}"
    if booked and cancelled:
        return f"{activity.count(booked)} et {ends}"
    return ends if cancelled else activity.count(booked)


def _named(days: list[tuple[Session, int]]) -> str:
    dates = sorted({session.date for session, _ in days})
    return ", ".join(map(day_and_month, dates))


def _line(label: str, days: list[tuple[Session, int]], sign: int = 1) -> dict:
    prices = sorted({cents for _, cents in days})
    detail = f"{len(days)} × {euros(prices[0])}" if len(prices) == 1 else ""
    return {"label": label, "detail": detail, "amount": sign * sum(cents for _, cents in days)}


def _deadline_notes(chosen: list[Session], offer: Offer) -> list[str]:
    """The deadline that passes first among the ticked days."""
    limits = [
        (session.cancellable_until, session.date) for session in chosen if in_time(session.cancellable_until, offer.now)
    ]
    if not limits:
        return []
    limit, day = min(limits)
    return [f"Le {date_long(day, day)} est modifiable jusqu’au {spoken_deadline(limit)}."]
