"""The database of the tests: PostgreSQL, whose flush may empty even the append-only tables."""
