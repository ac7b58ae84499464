from django.db import migrations

# Arrêtés of 17 January 2023, 29 December 2023, 26 December 2024 and 23 December 2025 (code du travail, D7233-8).
CEILINGS = {2023: 230100, 2024: 242100, 2025: 254000, 2026: 259100}


def write(apps, schema_editor):
    Ceiling = apps.get_model("cesu", "Ceiling")
    for year, cents in CEILINGS.items():
        Ceiling.objects.get_or_create(year=year, defaults={"cents": cents})


class Migration(migrations.Migration):
    dependencies = [("cesu", "0002_credit_notes")]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
