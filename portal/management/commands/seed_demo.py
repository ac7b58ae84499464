from django.core.management import BaseCommand

from portal.demo.seed import seed


class Command(BaseCommand):
    help = "Write the demo's data; a second run changes nothing."

    def handle(self, *args, **options):
        seed()
        self.stdout.write("Demo data are in place.")
