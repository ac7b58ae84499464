"""What an adult is found by; the column is the search's alone, no page loads it (families/reads/search.py)."""

from django.db import migrations

WORDS = """
ALTER TABLE accounts_user ADD COLUMN search_words tsvector
    GENERATED ALWAYS AS (lib_search_words(first_name, last_name)) STORED;
CREATE INDEX user_search_words ON accounts_user USING gin (search_words);
"""
OTHERS = """
CREATE INDEX user_search_phone ON accounts_user (lib_search_phone(phone) text_pattern_ops) WHERE phone <> '';
CREATE INDEX user_search_email ON accounts_user (lower(email) text_pattern_ops);
CREATE INDEX user_search_identifier ON accounts_user (upper(identifier) text_pattern_ops);
"""
BACK = "DROP INDEX user_search_phone, user_search_email, user_search_identifier"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_commune_calendar"), ("lib", "0009_search")]
    operations = [
        migrations.RunSQL(WORDS, "ALTER TABLE accounts_user DROP COLUMN search_words"),
        migrations.RunSQL(OTHERS, BACK),
    ]
