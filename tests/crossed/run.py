"""Each output of the portal through each reader; exits non-zero when one of them reads otherwise than the portal meant."""

import contextlib
import sys
import tempfile
from datetime import date
from functools import partial
from pathlib import Path
from unittest import TestSuite

from django.test import TestCase
from django.test.runner import DiscoverRunner

from tests.crossed import banks, feeds, invoices, letters, sheets
from tests.crossed.readers import Missing, Readers
from tests.crossed.table import Row, markdown

PARTS = (feeds, banks, invoices, sheets, letters)


def main() -> None:
    """Print the table, then every disagreement."""
    with tempfile.TemporaryDirectory(prefix="crossed-") as folder:
        try:
            readers = Readers(Path(folder))
            with database():
                rows = [row for part in PARTS for row in alone(part, readers)]
        except Missing as refusal:
            sys.exit(str(refusal))
    print(f"{date.today()}\n\n{markdown(rows)}")
    faults = [f"{row.output}, {row.reader}: {fault}" for row in rows for fault in row.faults]
    print("", *(faults or ["All read alike."]), sep="\n")
    sys.exit(bool(faults))


def alone(part, readers: Readers) -> list[Row]:
    """A part, of which nothing stays in the database."""
    case = Part()
    case.rows, case.read = partial(part.rows, readers), []
    TestSuite([case]).debug()
    return case.read


class Part(TestCase):
    """Runs a part as Django runs a test: in a transaction that is undone."""

    def runTest(self):
        self.read = self.rows()


@contextlib.contextmanager
def database():
    """The test database of this runner, with its mail and hosts."""
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    made = runner.setup_databases()
    try:
        yield
    finally:
        runner.teardown_databases(made)
        runner.teardown_test_environment()
