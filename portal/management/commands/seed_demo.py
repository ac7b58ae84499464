from django.core.management import BaseCommand
from django.db import connection

from portal.demo.seed import seed
from portal.demo.tables import make_tables


class Command(BaseCommand):
    help = "Make the tables and write the demo's data; a second run changes nothing."

    def handle(self, *args, **options):
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")  # of this session: six hundred commits that wait for no disk
        make_tables()
        seed()
