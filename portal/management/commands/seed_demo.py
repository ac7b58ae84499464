from django.core.management import BaseCommand, call_command

from portal.demo.seed import seed


class Command(BaseCommand):
    help = "Make the tables and write the demo's data; a second run changes nothing."

    def handle(self, *args, **options):
        call_command("migrate", verbosity=0)
        seed()
