"""What a child and a household are found by; the columns are the search's alone (families/reads/search.py)."""

from django.db import migrations

MEMBER = """
ALTER TABLE families_member ADD COLUMN search_words tsvector
    GENERATED ALWAYS AS (lib_search_words(first_name, last_name)) STORED;
CREATE INDEX member_search_words ON families_member USING gin (search_words);
"""
FAMILY = """
ALTER TABLE families_family ADD COLUMN search_words tsvector GENERATED ALWAYS AS (lib_search_words(name)) STORED;
CREATE INDEX family_search_words ON families_family USING gin (search_words);
"""


class Migration(migrations.Migration):
    dependencies = [("families", "0006_identity_change"), ("accounts", "0005_search"), ("lib", "0009_search")]
    operations = [
        migrations.RunSQL(MEMBER, "ALTER TABLE families_member DROP COLUMN search_words"),
        migrations.RunSQL(FAMILY, "ALTER TABLE families_family DROP COLUMN search_words"),
    ]
