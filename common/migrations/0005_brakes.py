"""What is tried is counted in the common ground: cesu's table moves here with its rows, rate limits get one of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lib", "0004_legal_pages"),
        ("cesu", "0006_right_notices"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("ALTER TABLE cesu_tries RENAME TO lib_tries", "ALTER TABLE lib_tries RENAME TO cesu_tries")
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Tries",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("subject", models.CharField(max_length=60, unique=True, verbose_name="objet")),
                        ("count", models.PositiveIntegerField(default=0, verbose_name="essais")),
                        ("since", models.DateTimeField(verbose_name="depuis")),
                    ],
                    options={"verbose_name": "essais", "verbose_name_plural": "essais"},
                ),
            ],
        ),
        migrations.CreateModel(
            name="RateCount",
            fields=[
                ("key", models.CharField(max_length=250, primary_key=True, serialize=False)),
                ("value", models.JSONField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RunSQL("DROP TABLE IF EXISTS portal_cache", migrations.RunSQL.noop),
    ]
