"""The night counts what the pages of figures read: a school year and the one before, whole; older ones stay as counted.

Set-based: two statements over the bookings, one over their weeks, one over the ledger, whatever the size of the town.
"""

from collections import Counter
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from common.values.calendars import school_year_bounds, school_year_of
from common.writing.transactions import outermost
from reservations.models import DayFigure, FamilyMonth, FigureRun, MoneyFigure, WeekForecast
from reservations.reads.books.accounting import BESIDE, Cell
from reservations.rules import instant
from reservations.rules.deadlines import MIDNIGHT
from reservations.rules.figures.periods import FORECAST_WEEKS, YEAR, monday_of
from wallet.models import AccountKind


@outermost
def count_figures(today: date) -> dict[str, int]:
    """Count anew all that the pages of figures show from the school year before the one of ``today`` on.

    Returns how many rows {"days", "families", "sums", "weeks"}. Two at once wait for each other; twice is once.
    """
    since = school_year_bounds(school_year_of(today) - 1)[0]
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reservations_figurerun IN SHARE ROW EXCLUSIVE MODE")
        _forget(since)
        cursor.execute(_DAYS, {"since": since})
        days = cursor.rowcount
        cursor.execute(_FAMILIES, {"since": since.replace(day=1)})
        families = cursor.rowcount
    sums, weeks = _count_money(since), _count_weeks(today, timezone.now())
    FigureRun.objects.all().delete()
    FigureRun.objects.create(since=since)
    return {"days": days, "families": families, "sums": sums, "weeks": weeks}


def _forget(since: date) -> None:
    """Clear what is counted anew."""
    DayFigure.objects.filter(date__gte=since).delete()
    FamilyMonth.objects.filter(month__gte=since.replace(day=1)).delete()
    MoneyFigure.objects.filter(date__gte=since).delete()
    WeekForecast.objects.all().delete()


def _count_money(since: date) -> int:
    """What moved between families and services or means of payment, by day and nature, as the books say it."""
    sums, people = Counter(), Counter()
    with connection.cursor() as cursor:
        cursor.execute(_MONEY, {"since": instant(since, MIDNIGHT), "beside": list(BESIDE)})
        for day, other, code, kind, undoes, cents, wallets in cursor.fetchall():
            cell = Cell(0, other, code, kind, undoes, int(cents))
            key = day, other, code, _nature(cell)
            sums[key] += -cell.cents if key[-1] == "sold" else cell.cents
            people[key] = max(people[key], wallets)
    MoneyFigure.objects.bulk_create([_money(*key, cents, people[key]) for key, cents in sums.items()], batch_size=5000)
    return len(sums)


def _money(day: date, kind: str, code: str, nature: str, cents: int, people: int) -> MoneyFigure:
    return MoneyFigure(date=day, kind=kind, code=code, nature=nature, cents=cents, people=people)


def _nature(cell: Cell) -> str:
    if cell.other != AccountKind.REVENUE:
        return cell.nature
    return "sold" if cell.is_sale else "cancelled"


def _count_weeks(today: date, now: datetime) -> int:
    """What is booked of the weeks to come, beside the same weeks of a year ago as they stood then."""
    first = monday_of(today)
    asked = {"first": first, "after": first + timedelta(weeks=FORECAST_WEEKS), "year": YEAR.days, "then": now - YEAR}
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS, asked)
        return cursor.rowcount


# One line for the day, one for each school, age, commune and bracket of quotient: a child is in one of each.
# The bracket is the narrowest of the activity's normal prices of the day that holds the family's quotient of the day;
# where the activity has one price for all, everybody is in « 0- »; « ? » stands for a quotient that is not known, « none »
# for a day without a price for it.
_DAYS = """
    WITH quotients AS (
        SELECT family_id, value, effective_from AS first,
               lead(effective_from) OVER (PARTITION BY family_id ORDER BY effective_from) AS after
        FROM families_quotient
    ), counted AS (
        SELECT day.activity_id, day.date, class.school_id, date_part('year', age(day.date, member.birth_date))::int AS age,
               family.commune_id, quotients.value AS quotient,
               count(*) FILTER (WHERE booking.origin <> 'unbooked') AS booked,
               count(*) FILTER (
                   WHERE booking.origin = 'unbooked' AND coalesce(mark.status, 'present') = 'present'
               ) AS unbooked,
               count(*) FILTER (WHERE booking.origin <> 'unbooked' AND mark.status = 'present') AS present,
               count(*) FILTER (WHERE booking.origin <> 'unbooked' AND mark.status = 'absent') AS absent,
               count(*) FILTER (WHERE booking.origin <> 'unbooked' AND mark.status = 'justified') AS justified
        FROM reservations_session day
        JOIN reservations_booking booking ON booking.session_id = day.id AND booking.status = 'booked'
        JOIN families_member member ON member.id = booking.member_id
        JOIN families_family family ON family.id = booking.family_id
        LEFT JOIN reservations_attendance mark ON mark.booking_id = booking.id
        LEFT JOIN families_schooling schooling ON schooling.member_id = booking.member_id
             AND schooling.school_year = date_part('year', day.date) - (date_part('month', day.date) < 9)::int
        LEFT JOIN families_schoolclass class ON class.id = schooling.school_class_id
        LEFT JOIN quotients ON quotients.family_id = booking.family_id AND quotients.first <= day.date
             AND (quotients.after IS NULL OR quotients.after > day.date)
        WHERE day.date >= %(since)s
        GROUP BY 1, 2, 3, 4, 5, 6
    ), normal AS (
        SELECT day.activity_id, day.date, tariff.quotient_from AS low, tariff.quotient_to AS high,
               bool_or(tariff.quotient_from > 0 OR tariff.quotient_to IS NOT NULL)
                   OVER (PARTITION BY day.activity_id, day.date) AS has_brackets
        FROM reservations_session day
        JOIN reservations_tariff tariff ON tariff.activity_id = day.activity_id AND tariff.kind = 'normal'
             AND tariff.valid_from <= day.date AND (tariff.valid_to IS NULL OR tariff.valid_to >= day.date)
        WHERE day.date >= %(since)s
    ), brackets AS (
        SELECT DISTINCT ON (place.activity_id, place.date, place.quotient) place.activity_id, place.date, place.quotient,
               CASE WHEN place.quotient IS NULL AND normal.has_brackets THEN '?'
                    ELSE normal.low || '-' || coalesce(normal.high::text, '') END AS bracket
        FROM (SELECT DISTINCT activity_id, date, quotient FROM counted) AS place
        JOIN normal USING (activity_id, date)
        WHERE place.quotient IS NULL OR normal.low <= place.quotient AND (normal.high IS NULL OR normal.high >= place.quotient)
        ORDER BY place.activity_id, place.date, place.quotient, normal.low DESC, normal.high
    ), placed AS (
        SELECT counted.*, coalesce(brackets.bracket, 'none') AS bracket
        FROM counted LEFT JOIN brackets ON brackets.activity_id = counted.activity_id AND brackets.date = counted.date
             AND coalesce(brackets.quotient, -1) = coalesce(counted.quotient, -1)
    )
    INSERT INTO reservations_dayfigure
        (activity_id, date, dimension, key, booked, unbooked, present, absent, justified)
    SELECT activity_id, date,
           CASE GROUPING(school_id, age, commune_id, bracket)
               WHEN 15 THEN 'all' WHEN 7 THEN 'school' WHEN 11 THEN 'age' WHEN 13 THEN 'commune' ELSE 'bracket' END,
           coalesce(CASE GROUPING(school_id, age, commune_id, bracket)
               WHEN 15 THEN '' WHEN 7 THEN school_id::text WHEN 11 THEN age::text WHEN 13 THEN commune_id::text
               ELSE bracket END, '?'),
           sum(booked), sum(unbooked), sum(present), sum(absent), sum(justified)
    FROM placed
    GROUP BY GROUPING SETS ((activity_id, date), (activity_id, date, school_id), (activity_id, date, age),
                            (activity_id, date, commune_id), (activity_id, date, bracket))
"""

_FAMILIES = """
    INSERT INTO reservations_familymonth (activity_id, month, family_id, days)
    SELECT day.activity_id, date_trunc('month', day.date)::date, booking.family_id,
           bit_or(1::bigint << (date_part('day', day.date)::int - 1))
    FROM reservations_session day
    JOIN reservations_booking booking ON booking.session_id = day.id AND booking.status = 'booked'
    WHERE day.date >= %(since)s
    GROUP BY 1, 2, 3
"""

# « then » is now, 52 weeks ago: what was booked by then and not given back yet.
_WEEKS = """
    INSERT INTO reservations_weekforecast (activity_id, monday, booked, early, final)
    SELECT activity_id, monday, sum(booked), sum(early), sum(final)
    FROM (
        SELECT day.activity_id, date_trunc('week', day.date)::date AS monday, count(*) AS booked, 0 AS early, 0 AS final
        FROM reservations_session day
        JOIN reservations_booking booking ON booking.session_id = day.id AND booking.status = 'booked'
        WHERE day.date >= %(first)s AND day.date < %(after)s
        GROUP BY 1, 2
        UNION ALL
        SELECT day.activity_id, date_trunc('week', day.date)::date + %(year)s, 0,
               count(*) FILTER (WHERE placed.at <= %(then)s
                                AND (booking.cancelled_at IS NULL OR booking.cancelled_at > %(then)s)),
               count(*) FILTER (WHERE booking.status = 'booked')
        FROM reservations_session day
        JOIN reservations_booking booking ON booking.session_id = day.id
        JOIN reservations_order placed ON placed.id = booking.order_id
        WHERE day.date >= %(first)s - %(year)s AND day.date < %(after)s - %(year)s
        GROUP BY 1, 2
    ) AS seen
    GROUP BY 1, 2
"""

# The families' own accounts are those of « Récapitulatif mensuel », and so are the moves.
_MONEY = """
    WITH own AS (
        SELECT account_id AS id FROM wallet_wallet
        UNION ALL
        SELECT id FROM wallet_account WHERE kind = ANY(%(beside)s)
    ), moved AS (
        SELECT (operation.at AT TIME ZONE 'Europe/Paris')::date AS day, transfer.source_id, transfer.target_id,
               operation.kind, undone.kind AS undoes, sum(transfer.cents) AS cents
        FROM wallet_operation operation
        JOIN wallet_transfer transfer ON transfer.operation_id = operation.id
        LEFT JOIN wallet_transfer original ON original.id = transfer.reverses_id
        LEFT JOIN wallet_operation undone ON undone.id = original.operation_id
        WHERE operation.at >= %(since)s
        GROUP BY 1, 2, 3, 4, 5
    ), sides AS (
        SELECT day, own.id, target_id AS other, -cents AS cents, kind, undoes FROM moved JOIN own ON own.id = source_id
        UNION ALL
        SELECT day, own.id, source_id, cents, kind, undoes FROM moved JOIN own ON own.id = target_id
    )
    SELECT day, account.kind, CASE account.kind WHEN 'revenue' THEN account.code ELSE '' END, sides.kind, undoes,
           sum(sides.cents), count(DISTINCT sides.id)
    FROM sides JOIN wallet_account account ON account.id = sides.other
    WHERE NOT account.kind = ANY(%(beside)s || ARRAY['wallet'])
    GROUP BY 1, 2, 3, 4, 5, sides.cents < 0
"""
