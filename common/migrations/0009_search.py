"""What people are found by: their names as they may be typed, their telephone as it is dialled.

Functions of our own, of PostgreSQL's core alone: unaccent's rules differ between versions, so that nothing kept by them is
safe through an upgrade, and neither it nor pg_trgm stands in every PostgreSQL (``common/values/asked.py`` asks the same way).
"""

from django.db import migrations

# « Jean-Paul d’Aubigné »: jeanpaul, jean, paul; daubigne, d, aubigne – each whole, and each with a letter less after a « ~ ».
# What two words of one wrong letter have in common is one of them with a letter less: no distance is reckoned.
WORDS = """
CREATE FUNCTION lib_search_words(VARIADIC names text[]) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH plain AS (
        SELECT string_to_array(btrim(regexp_replace(lower(regexp_replace(normalize(
            replace(replace(replace(replace(replace(replace(replace(replace(
            translate(name, 'ØøŁłĐđÐðı', 'oollddddi'),
            'ẞ', 'ss'), 'Œ', 'oe'), 'œ', 'oe'), 'Æ', 'ae'), 'æ', 'ae'), 'ß', 'ss'), 'Þ', 'th'), 'þ', 'th'),
            NFKD), '[\\u0300-\\u036f]+', '', 'g')), '[^0-9a-z\\u00c0-\\u1fff\\u2c00-\\ud7ff]+', ' ', 'g')), ' ') AS words
        FROM unnest(names) AS name
    ),
    word AS (
        SELECT array_to_string(words[place:], '') AS joined, words[place] AS alone
        FROM plain, generate_subscripts(words, 1) AS place
    ),
    each AS (SELECT joined AS spelling FROM word UNION SELECT alone FROM word),
    lexeme AS (
        SELECT spelling AS it FROM each
        UNION SELECT '~' || spelling FROM each WHERE length(spelling) BETWEEN 3 AND 24
        UNION SELECT '~' || overlay(spelling PLACING '' FROM place FOR 1)
            FROM each, generate_series(1, length(spelling)) AS place WHERE length(spelling) BETWEEN 4 AND 24
    )
    SELECT coalesce(array_to_tsvector(array_agg(it)), '') FROM lexeme WHERE it <> ''
$$
"""
# « +33 (0)6 12 34 56 78 », « 06.12.34.56.78 », « 612345678 »: 612345678.
PHONE = """
CREATE FUNCTION lib_search_phone(phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(ltrim(regexp_replace(phone, '[^0-9]+', '', 'g'), '0'), '^330?([1-9][0-9]{8})$', '\\1')
$$
"""


class Migration(migrations.Migration):
    dependencies = [("lib", "0008_documents_a_day")]
    operations = [
        migrations.RunSQL(WORDS, "DROP FUNCTION lib_search_words"),
        migrations.RunSQL(PHONE, "DROP FUNCTION lib_search_phone"),
    ]
