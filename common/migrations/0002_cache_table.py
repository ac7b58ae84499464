"""The table of the rate limits' counters: Django makes it with a command, a deployment should need one step only."""

from django.core.management import call_command
from django.db import migrations


def create(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("lib", "0001_initial")]
    operations = [
        migrations.RunPython(create, migrations.RunPython.noop, elidable=False),
    ]
