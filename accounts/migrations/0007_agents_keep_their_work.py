"""Agents of before the roles keep what every agent could do."""

from django.db import migrations

KEEP = """
UPDATE accounts_user SET roles = '{animateur,guichet,regisseur,responsable}' WHERE is_staff AND NOT is_superuser
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_roles")]
    operations = [migrations.RunSQL(KEEP, migrations.RunSQL.noop)]
