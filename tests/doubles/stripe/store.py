"""What the double remembers, in SQLite: Stripe's objects and the answers given to keys of idempotency."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.doubles.stripe.errors import missing

Thing = dict[str, Any]

TABLES = """
create table if not exists object (
    place integer primary key autoincrement, id text not null unique, kind text not null,
    created integer not null, intent text, body text not null, hidden text not null
);
create index if not exists object_kind on object (kind, place);
create index if not exists object_intent on object (intent, kind) where intent is not null;
create table if not exists answer (
    key text primary key, asked text not null, status integer not null, body blob not null
);
"""


class Store:
    """One writer at a time; what is done inside a ``transaction`` is kept as a whole or not at all."""

    def __init__(self, path: str):
        self.lock = threading.RLock()
        self.depth = 0
        self.base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.base.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.lock:
            if self.depth == 0:
                self.base.execute("begin immediate")
            self.depth += 1
            try:
                yield
            except BaseException:
                self.depth -= 1
                if self.depth == 0:
                    self.base.execute("rollback")
                raise
            self.depth -= 1
            if self.depth == 0:
                self.base.execute("commit")

    def put(self, thing: Thing, **hidden: Any) -> Thing:
        """Write an object; ``hidden`` is what Stripe knows of it and does not show, kept from its first writing."""
        with self.lock:
            self.base.execute(
                "insert into object (id, kind, created, intent, body, hidden) values (?, ?, ?, ?, ?, ?)"
                " on conflict (id) do update set intent = excluded.intent, body = excluded.body",
                (
                    thing["id"],
                    thing["object"],
                    thing["created"],
                    thing.get("payment_intent"),
                    json.dumps(thing),
                    json.dumps(hidden),
                ),
            )
        return thing

    def get(self, kind: str, id: str, param: str = "id") -> Thing:
        """The object; raise the error of Stripe when there is none."""
        found = self.find(kind, id)
        if found is None:
            raise missing(kind, id, param)
        return found

    def find(self, kind: str, id: str) -> Thing | None:
        row = self._one("select body from object where kind = ? and id = ?", kind, id)
        return json.loads(row[0]) if row else None

    def hidden(self, id: str) -> Thing:
        row = self._one("select hidden from object where id = ?", id)
        return json.loads(row[0]) if row else {}

    def hide(self, id: str, **hidden: Any) -> None:
        """Change what is not shown of an object."""
        with self.lock:
            known = self.hidden(id) | hidden
            self.base.execute("update object set hidden = ? where id = ?", (json.dumps(known), id))

    def newest(
        self,
        kind: str,
        limit: int = -1,
        *,
        after: str | None = None,
        intent: str | None = None,
        span: dict[str, int] | None = None,
    ) -> list[Thing]:
        """Objects of a kind, newest first, from the one that follows ``after``; ``span``: bounds like ``{"gte": 5}``."""
        signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
        where, values = ["kind = ?"], [kind]
        if after is not None:
            where.append("place < (select place from object where id = ?)")
            values.append(after)
        if intent is not None:
            where.append("intent = ?")
            values.append(intent)
        for bound, seconds in (span or {}).items():
            where.append(f"created {signs[bound]} ?")
            values.append(seconds)
        query = f"select body from object where {' and '.join(where)} order by place desc limit ?"
        with self.lock:
            return [json.loads(row[0]) for row in self.base.execute(query, (*values, limit))]

    def matching(self, kind: str, condition: str, *values: Any) -> list[Thing]:
        """Objects of a kind, oldest first, that satisfy a condition of SQL on their columns."""
        query = f"select body from object where kind = ? and {condition} order by place"
        with self.lock:
            return [json.loads(row[0]) for row in self.base.execute(query, (kind, *values))]

    def count(self, kind: str) -> int:
        return self._one("select count(*) from object where kind = ?", kind)[0]

    def answer_to(self, key: str) -> tuple[str, int, bytes] | None:
        """What was asked under this key, and what was answered."""
        return self._one("select asked, status, body from answer where key = ?", key)

    def keep_answer(self, key: str, asked: str, status: int, body: bytes) -> None:
        with self.lock:
            self.base.execute("insert into answer values (?, ?, ?, ?)", (key, asked, status, body))

    def forget(self) -> None:
        """Forget everything."""
        with self.transaction():
            self.base.execute("delete from object")
            self.base.execute("delete from answer")

    def close(self) -> None:
        with self.lock:
            self.base.close()

    def _one(self, query: str, *values: Any) -> Any:
        with self.lock:
            return self.base.execute(query, values).fetchone()
