"""Half past midnight in Paris is the evening before in UTC: no page, paper or email says that day for what happens now."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone
from pypdf import PdfReader

from cesu.models import AidTransferBatch, Employer
from cesu.orders.actions.payments import credit_employer, crediting
from common.models import OutgoingEmail
from common.values import dates
from common.writing.once import make_key
from tests.access import build_world, paths_of, table_paths
from tests.journeys.town import NOW
from wallet.models import CardPayment

HALF_PAST_MIDNIGHT = NOW.replace(hour=0, minute=30)  # Monday 1 March; in UTC it is Sunday 28 February, 23:30
DAY_BEFORE = re.compile(r"28[-/.]02[-/.]2027|2027-02-28|\b28 février")
SHOWING = ("_changelist", "_change")
LINK = re.compile(r'href="[^"]*"')
ROOT = Path(__file__).parents[2]
A_WHOLE_YEAR = "admin:calendar"  # it names each day of holidays
OWNERS = ("parent", "employer", "beneficiary", "manager")  # they open all that anybody opens
APPS = ("accounts", "cesu", "common", "families", "portal", "reservations", "services", "wallet")


@pytest.fixture
def at_midnight(db, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(HALF_PAST_MIDNIGHT, tick=True):
        world = build_world()
        _just_happened(world)
        yield world


def _just_happened(world):
    """What a person or an agent does at half past midnight, beside what the world has."""
    now, payment = timezone.now(), world.objects["payment"]
    paid = {"status": "paid", "paid_at": now, "settled_at": now, "operation": payment.operation}
    CardPayment.objects.filter(pk=world.objects["card"].pk).update(**paid)
    AidTransferBatch.objects.update(handed_over_at=now)
    employer, agent = Employer.objects.get(client_reference="D100200"), world.people["manager"]
    key = make_key(agent.owner, crediting(employer))
    received = {"cents": 12000, "received_on": NOW.date(), "reference": "VIR 42"}
    credit_employer(agent=agent, employer=employer, key=key, **received)


def said(response) -> str:
    """The words of an answer, of a PDF too, without where its links lead (« Jour précédent »)."""
    body = b"".join(response) if response.streaming else response.content
    if body.startswith(b"%PDF") and b"%%EOF" in body:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    return LINK.sub("", body.decode("utf-8", "replace"))


def of_the_day_before(world, visitors=OWNERS) -> dict[str, list[str]]:
    """The pages that say the day before, with what they say; the tables of the admin as a manager opens them."""
    found = {}
    for visitor in visitors:
        tables = {name: path for name, path in table_paths(world).items() if name.endswith(SHOWING)}
        client, paths = world.client(visitor), paths_of(world) | (tables if visitor == "manager" else {})
        for name, path in paths.items():
            if name != A_WHOLE_YEAR and (faults := DAY_BEFORE.findall(said(client.get(path)))):
                found[f"{visitor} {name}"] = faults
    return found


def test_no_page_paper_export_or_email_says_the_day_of_utc(at_midnight, monkeypatch):
    assert of_the_day_before(at_midnight) == {}
    letters = OutgoingEmail.objects.values_list("template", "context")
    assert letters
    assert [letter for letter in letters if DAY_BEFORE.search(str(letter))] == []
    # The control: with dates written in UTC the same pages are found out.
    monkeypatch.setattr(dates, "PARIS", UTC)
    found = set(of_the_day_before(at_midnight, ["employer", "parent"]))
    assert {"employer cesu:oppositions", "employer cesu:statement", "parent wallet:payment"} <= found


def test_the_clock_of_the_test_is_between_the_two_days():
    assert HALF_PAST_MIDNIGHT.astimezone(UTC) == datetime(2027, 2, 28, 23, 30, tzinfo=UTC)


def test_dates_are_written_in_one_place():
    """``:%d`` in a f-string and ``strftime`` do not ask whether they are given an instant: common.values.dates does."""
    here = "common/values/dates.py"
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py") if str(path.relative_to(ROOT)) != here]
    written = re.compile(r":%d[-/. ]%m[-/. ]%Y|(?<!birth_date\.)strftime\(")
    assert [str(path.relative_to(ROOT)) for path in files if written.search(path.read_text())] == []
