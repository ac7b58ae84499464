from django.core.management.base import BaseCommand, CommandError

from wallet import checks


class Command(BaseCommand):
    help = "Recompute every balance and every promise of the ledger; exit with 1 on a cent of difference."

    def handle(self, **options):
        with checks.snapshot():
            found = list(checks.differences())
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"{len(found)} difference(s) in the ledger.", returncode=1)
        self.stdout.write("The ledger is exact.")
