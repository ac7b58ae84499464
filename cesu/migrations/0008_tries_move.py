"""The table of tries belongs to the common ground (lib 0005 renamed it)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("cesu", "0007_delivery_put_off"),
        ("lib", "0005_brakes"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Tries")]),
    ]
