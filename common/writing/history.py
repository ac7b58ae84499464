"""What the history's triggers are told: who changes something and from which page, and what is to be forgotten.

A setting of the transaction, told once. pghistory and pgtrigger say it in the same string as every statement, and two
statements in one string can be neither prepared nor given parameters by the server.
"""

import json
import re
import uuid
from collections.abc import Callable
from contextlib import contextmanager, nullcontext

import pgtrigger
from django.db import connection, models, transaction
from psycopg.pq import TransactionStatus

WRITES = re.compile(r"\s*(with\b.*\b)?(insert|update|delete|merge)\b", re.IGNORECASE | re.DOTALL)
TELL = "SELECT set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', %s, true)"


class Teller:
    """Tells ``metadata()`` before the first write of each transaction, and again when it changed; for ``execute_wrapper``.

    A write outside any transaction gets one: what is told lasts as long as its transaction.
    """

    def __init__(self, metadata: Callable[[], dict]):
        self._id, self._metadata, self._told = str(uuid.uuid4()), metadata, None

    def __call__(self, execute, sql, params, many, context):
        if self._is_forgotten(sql):
            self._told = None
        if not WRITES.match(sql):
            return execute(sql, params, many, context)
        with nullcontext() if connection.in_atomic_block else transaction.atomic():
            self._tell()
            return execute(sql, params, many, context)

    def _is_forgotten(self, sql: str) -> bool:
        """Whether a transaction begins, or goes back to before it was told."""
        status = connection.connection.info.transaction_status
        return status == TransactionStatus.IDLE or sql.startswith("ROLLBACK TO")

    def _tell(self) -> None:
        metadata = self._metadata()
        if metadata != self._told:
            with connection.cursor() as cursor:
                cursor.execute(TELL, [self._id, json.dumps(metadata)])
            self._told = metadata


@contextmanager
def unguarded(model: type[models.Model]):
    """Let the caller's transaction change or delete rows of an append-only table: people are forgotten there too."""
    [(_, guard)] = pgtrigger.registered(f"{model._meta.label}:append_only")
    _ignore(guard.get_pgid(model))
    yield
    _ignore()


def _ignore(*triggers: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', (%s::text[])::text, true)", [list(triggers)])
