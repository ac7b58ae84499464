from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations

GUARDED = """
    SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND tgtype & 32 <> 0 ORDER BY relname
"""  # 32: the trigger fires on TRUNCATE


class Operations(DatabaseOperations):
    def sql_flush(self, style, tables, **options):
        """Lift, as owner, the triggers that refuse TRUNCATE while a test's database is emptied."""
        flush = super().sql_flush(style, tables, **options)
        guarded = [self.quote_name(name) for name in self._guarded() if name in tables] if flush else []
        return [
            *(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in guarded),
            *flush,
            *(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in guarded),
        ]

    def _guarded(self):
        with self.connection.cursor() as cursor:
            cursor.execute(GUARDED)
            return [name for (name,) in cursor.fetchall()]


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = Operations
