"""« Journal des actes »: who did what, when and from where, before and after, from the histories that the tables keep.

One statement unites the histories; a family's is found by the columns that lead to it. Nothing is written twice, nothing here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst
from pghistory.models import Event

from accounts.models import User
from common.values.dates import date_short, moment_short
from common.values.money import euros
from families.models import Family, Member
from reservations.models import Session

PAGE = 50
MADE = {"insert": "créé", "update": "modifié", "delete": "supprimé"}
HIDDEN = {
    "password",
    "sealed",
    "last_login",
    "family",
    "created_at",
    "since",
    "updated_at",
    "blob_key",
    "media_type",
    "bic",
}
NAMED = {User: (), Member: (), Family: (), Session: ("activity__service__commune",)}
FAMILY = {  # how a history's column leads to a family
    "family_id": "= %(family)s",
    "wallet_id": "IN (SELECT id FROM wallet_wallet WHERE family_id = %(family)s)",
    "booking_id": "IN (SELECT id FROM reservations_booking WHERE family_id = %(family)s)",
    "member_id": "IN (SELECT member_id FROM families_membership WHERE family_id = %(family)s)",
    "user_id": "IN (SELECT user_id FROM families_guardian WHERE family_id = %(family)s)",
}
ITSELF = {
    "accounts.user": FAMILY["user_id"],
    "families.member": FAMILY["member_id"],
    "wallet.wallet": FAMILY["wallet_id"],
}


@dataclass(frozen=True)
class Asked:
    """What the journal is asked for; ``before``: only what is older than this instant."""

    family: int | None = None
    row: tuple[str, str] | None = None  # (« families.family », its key)
    agent: int | None = None
    day: date | None = None
    kind: str = ""
    before: datetime | None = None


@dataclass
class Change:
    """A field, before and after."""

    label: str
    before: str
    after: str


@dataclass
class Act:
    """One line: when, who, from where, on what, and what changed."""

    at: datetime
    who: str
    where: str
    kind: str
    verb: str
    changes: list[Change] = field(default_factory=list)


@cache
def histories() -> dict[str, type[Event]]:
    """The history of each table that has one, by the table's label."""
    found = {}
    for model in apps.get_models():
        if issubclass(model, Event) and getattr(model, "pgh_tracked_model", None):
            found[model.pgh_tracked_model._meta.label_lower] = model
    return found


def kinds(agent: User) -> list[tuple[str, str]]:
    """The tables whose acts an agent may read: (label, name)."""
    own = [label for label in histories() if _may(agent, label)]
    return sorted(((label, capfirst(str(_of(label).verbose_name))) for label in own), key=lambda row: row[1])


def acts(agent: User, asked: Asked) -> list[Act]:
    """The newest acts first, at most a page and one more, of the tables that the agent may read."""
    parts, params = [], _params(asked)
    for label in [asked.row[0]] if asked.row else [asked.kind] if asked.kind else list(histories()):
        condition = _condition(label, asked)
        if label in histories() and _may(agent, label) and condition:
            parts.append(_part(label, condition))
    noted = _noted(asked)
    found = _changed(parts, params) if parts else []
    return sorted([*found, *noted], key=lambda act: act.at, reverse=True)[: PAGE + 1]


def _noted(asked: Asked) -> list[Act]:
    """What agents' pages wrote down in words of a row, or of anything (« Compte validé »)."""
    if asked.family:
        return []
    rows = LogEntry.objects.select_related("user", "content_type").order_by("-action_time")
    if label := asked.row[0] if asked.row else asked.kind:
        kind = ContentType.objects.get_for_model(apps.get_model(label), for_concrete_model=False)
        rows = rows.filter(content_type=kind)
    rows = rows.filter(object_id=asked.row[1]) if asked.row else rows
    rows = rows.filter(user=asked.agent) if asked.agent else rows
    rows = rows.filter(action_time__date=asked.day) if asked.day else rows
    rows = rows.filter(action_time__lt=asked.before) if asked.before else rows
    return [
        Act(
            row.action_time,
            str(row.user),
            "Espace des agents",
            capfirst(str(row.content_type)),
            row.get_change_message(),
        )
        for row in rows[: PAGE + 1]
    ]


def _changed(parts: list[str], params: dict) -> list[Act]:
    with connection.cursor() as cursor:
        united = f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS act ORDER BY at DESC, kind, id DESC LIMIT {PAGE + 1}"
        cursor.execute(united, params)
        rows = [Row(*row) for row in cursor.fetchall()]
    names = _names(rows)
    return [_act(row, names) for row in rows]


def _params(asked: Asked) -> dict:
    start = timezone.make_aware(datetime.combine(asked.day, datetime.min.time())) if asked.day else None
    return {
        "family": asked.family,
        "row": asked.row and asked.row[1],
        "agent": str(asked.agent),
        "start": start,
        "end": start and start + timedelta(days=1),
        "before": asked.before,
    }


def _condition(label: str, asked: Asked) -> str:
    """Which rows of a history are asked for; nothing when it says nothing of that."""
    if label not in histories():
        return ""
    tests = []
    if asked.family:
        of_family = _of_family(label)
        if not of_family:
            return ""
        tests.append(of_family)
    tests += ["event.pgh_obj_id::text = %(row)s"] if asked.row else []
    tests += ["context.metadata ->> 'user' = %(agent)s"] if asked.agent else []
    tests += ["event.pgh_created_at >= %(start)s AND event.pgh_created_at < %(end)s"] if asked.day else []
    tests += ["event.pgh_created_at < %(before)s"] if asked.before else []
    return " AND ".join(tests)


def _of_family(label: str) -> str:
    if label in ITSELF:
        return f"event.pgh_obj_id {ITSELF[label]}"
    columns = {each.attname for each in histories()[label]._meta.fields}
    return next((f"event.{column} {test}" for column, test in FAMILY.items() if column in columns), "")


def _part(label: str, condition: str) -> str:
    table = histories()[label]._meta.db_table
    before = (
        f"SELECT to_jsonb(old) FROM {table} old WHERE old.pgh_obj_id = event.pgh_obj_id AND old.pgh_id < event.pgh_id"
    )
    return f"""(SELECT '{label}' AS kind, event.pgh_created_at AS at, event.pgh_id AS id, event.pgh_label,
        context.metadata::text, to_jsonb(event)::text, ({before} ORDER BY old.pgh_id DESC LIMIT 1)::text
        FROM {table} event LEFT JOIN pghistory_context context ON context.id = event.pgh_context_id
        WHERE {condition} ORDER BY 2 DESC LIMIT {PAGE + 1})"""


def _may(agent: User, label: str) -> bool:
    options = _of(label)
    return agent.has_perm(f"{options.app_label}.view_{options.model_name}") or (
        label in ("families.membership", "families.guardian", "families.quotient", "families.familynote")
        and agent.has_perm("families.view_family")
    )


def _of(label: str):
    return apps.get_model(label)._meta


class Row:
    """A row of the united histories: its table, what it holds now and held before."""

    def __init__(self, label: str, at: datetime, _id: int, verb: str, metadata: str, after: str, before: str):
        self.label, self.at, self.verb = label, at, verb
        self.metadata, self.after, self.before = (
            json.loads(text) if text else {} for text in (metadata, after, before)
        )

    def links(self) -> Iterator[tuple[type[models.Model], str]]:
        """The people and families that it names: (model, key)."""
        if user := self.metadata.get("user"):
            yield User, str(user)
        for each in _of(self.label).fields:
            model = each.related_model
            for values in (self.before, self.after):
                if model in NAMED and values.get(each.column):
                    yield model, str(values[each.column])


def _names(rows: list[Row]) -> dict[tuple[type[models.Model], str], str]:
    """How the people and families that the rows name are called, in a query a table."""
    found = {}
    wanted = {link for row in rows for link in row.links()}
    for model in NAMED:
        keys = [key for each, key in wanted if each is model]
        rows_of = model.objects.select_related(*NAMED[model]).filter(pk__in=keys) if keys else []
        found |= {(model, str(it.pk)): str(it) for it in rows_of}
    return found


def _act(row: Row, names: dict) -> Act:
    user = row.metadata.get("user")
    who = names.get((User, str(user)), "Compte effacé") if user else "Le portail"
    name = capfirst(str(_of(row.label).verbose_name))
    return Act(row.at, who, _where(row.metadata), name, MADE.get(row.verb, row.verb), list(_changes(row, names)))


def _where(metadata: dict) -> str:
    """The page, or the task of the night."""
    if job := metadata.get("job"):
        return f"Tâche de la nuit : {job}"
    url = metadata.get("url", "")
    if not url:
        return "Console ou tâche de fond"
    return f"Espace des agents ({url})" if url.startswith("/admin/") else f"Portail ({url})"


def _changes(row: Row, names: dict) -> Iterator[Change]:
    """What differs, in words; of a new row what it holds."""
    for each in _of(row.label).fields:
        old, new = row.before.get(each.column), row.after.get(each.column)
        if each.name in HIDDEN or each.primary_key or each.column not in row.after or old == new:
            continue
        if row.before or new not in (None, "", [], False):
            yield Change(
                capfirst(str(each.verbose_name)).removesuffix(", en centimes"),
                _said(each, old, names),
                _said(each, new, names),
            )


def _said(column: models.Field, value, names: dict) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "—"
    if column.name == "iban":
        return f"•••• {value[-4:]}"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if "cents" in column.name and isinstance(value, int):
        return euros(value)
    if column.is_relation:
        return names.get((column.related_model, str(value)), f"n° {value}")
    if isinstance(column, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return moment_short(moment)
    if isinstance(column, models.DateField) and (day := parse_date(str(value))):
        return date_short(day)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
