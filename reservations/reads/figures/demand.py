"""« Demandes sans place »: who waits, what became of those who waited, and what was asked for in vain."""

from django.db import connection

from reservations.models import WaitlistEntry
from reservations.reads.figures.scope import Scope
from reservations.reads.figures.tables import TOTAL, Card, Column, Grid, Row, Sheet, Table, put_table
from reservations.rules.figures.masks import Count
from reservations.rules.figures.plots import plot

Status = WaitlistEntry.Status
COLUMNS = [
    Column("waiting", "En attente"),
    Column("served", "Place obtenue"),
    Column("left", "Retirés de la liste"),
    Column("lapsed", "Restés sans place"),
    Column("refused", "Refusés à la commande"),
    Column("unmet", "Demandés, déjà complet"),
]
OF_STATUS = {
    Status.WAITING: "waiting",
    Status.OFFERED: "waiting",
    Status.SERVED: "served",
    Status.LEFT: "left",
    Status.DECLINED: "lapsed",
    Status.LAPSED: "lapsed",
}
SENTENCE = (
    "Une demande compte une fois par enfant et par journée, au jour de l’activité. « Restés sans place » : la liste s’est "
    "close, ou la place proposée n’a pas été confirmée. « Refusés à la commande » : la journée s’est remplie entre-temps, "
    "et l’enfant n’y a toujours pas de place. « Demandés, déjà complet » : la famille a demandé une journée complète, "
    "liste d’attente comprise ; seul leur nombre est gardé, jamais qui."
)


def demand_sheet(scope: Scope) -> Sheet:
    """The page, in one query."""
    rows = _read(scope)
    grid = Grid()
    total = {
        column.name: Count(
            sum(row[column.name].value for row in rows.values()),
            max((row[column.name].people for row in rows.values()), default=0),
        )
        for column in COLUMNS
    }
    grid.cells |= {("demand", TOTAL, name): count for name, count in total.items()}
    put_table(grid, "demand", rows, {column.name: ("demand", TOTAL, column.name) for column in COLUMNS})
    if scope.masks:
        grid.mask()
    made = [Row(row, [grid.cell(column, ("demand", row, column.name)) for column in COLUMNS]) for row in [*rows, TOTAL]]
    table = Table("Par activité", "Activité", made[:-1], Row("Total", made[-1].cells), plot=_plot(made[:-1]))
    cards = [Card(column.title, grid.cell(column, ("demand", TOTAL, column.name)).text) for column in COLUMNS]
    return Sheet("Demandes sans place", [SENTENCE], cards, [table] if rows else [], scope.masks)


def _plot(rows: list[Row]):
    """What was asked and not had: left without a place, refused, asked in vain."""
    series = [("pv-now", COLUMNS[3].title), ("pv-before", COLUMNS[4].title), ("pv-third", COLUMNS[5].title)]
    numbers = [[None if cell.hidden else cell.value for cell in row.cells[3:]] for row in rows]
    named = [(f"{rank}", each) for rank, each in enumerate(numbers, 1)]
    return plot("Demandes sans place, par activité dans l’ordre du tableau", named, series)


def _read(scope: Scope) -> dict[str, dict[str, Count]]:
    """By activity: how many by what became of them, and of how many children at least."""
    asked = {"activities": scope.pks, "first": scope.period.first, "last": scope.period.last}
    found: dict[int, dict[str, Count]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, asked)
        for activity, state, number, people in cursor.fetchall():
            counts = found.setdefault(activity, {column.name: Count(0, 0) for column in COLUMNS})
            name = OF_STATUS.get(state, state)
            counts[name] = Count(counts[name].value + int(number), max(counts[name].people, people))
    return {str(scope.activities[pk]): found[pk] for pk in scope.activities if pk in found}


# A child counts once a day in each state; of how many children a number is, the day with most of them says at least.
_ASKED = """
    WITH days AS (
        SELECT id, activity_id FROM reservations_session
        WHERE activity_id = ANY(%(activities)s) AND date BETWEEN %(first)s AND %(last)s
    ), refused AS MATERIALIZED (
        SELECT DISTINCT refused.session_id, refused.member_id
        FROM days JOIN reservations_refusedday refused ON refused.session_id = days.id
    ), counted AS (
        SELECT session_id, state, count(*) AS number
        FROM (
            SELECT DISTINCT entry.session_id, entry.member_id, entry.status AS state
            FROM days JOIN reservations_waitlistentry entry ON entry.session_id = days.id
        ) AS waited
        GROUP BY session_id, state
        UNION ALL
        SELECT refused.session_id, 'refused', count(*)
        FROM refused
        LEFT JOIN reservations_booking booking ON booking.session_id = refused.session_id
             AND booking.member_id = refused.member_id AND booking.status = 'booked'
        WHERE booking.id IS NULL
        GROUP BY refused.session_id
        UNION ALL
        SELECT unmet.session_id, 'unmet', count(*)
        FROM days JOIN reservations_unmetdemand unmet ON unmet.session_id = days.id
        GROUP BY unmet.session_id
    )
    SELECT days.activity_id, state, sum(number), max(number)
    FROM counted JOIN days ON days.id = counted.session_id
    GROUP BY days.activity_id, state
"""
