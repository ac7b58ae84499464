"""Any French authority begins with its communes, brought in from the public file."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Commune
from common.values.calendars import ZONES
from portal.management.commands.import_communes import ZONE_OF
from tests.factories.accounts import CommuneFactory

pytestmark = pytest.mark.django_db
FILE = Path(__file__).parent.parent / "data" / "communes.json"


def bring_in(file=FILE, *departments) -> list[str]:
    """Run the command; return the lines it says."""
    said = StringIO()
    options = ["--departement", *departments] if departments else []
    call_command("import_communes", str(file), *options, stdout=said)
    return said.getvalue().splitlines()


def known() -> list[tuple]:
    return list(Commune.objects.order_by("insee_code").values_list("insee_code", "name", "zone"))


def test_communes_come_with_their_school_calendar():
    assert bring_in() == ["8 commune(s) created, 0 corrected, 0 unchanged."]
    assert known() == [
        ("01371", "Saint-Marcel", "A"),
        ("2A004", "Ajaccio", "COR"),
        ("31555", "Toulouse", "C"),
        ("43041", "Brives-Charensac", "A"),
        ("69123", "Lyon", "A"),
        ("76540", "Rouen", "B"),
        ("97101", "Les Abymes", "971"),
        ("98735", "Papeete", "987"),
    ]


def test_only_the_departments_that_were_named_come():
    assert bring_in(FILE, "01", "43") == ["2 commune(s) created, 0 corrected, 0 unchanged."]
    assert [code for code, _, _ in known()] == ["01371", "43041"]


def test_a_second_run_changes_nothing_and_a_new_name_is_corrected():
    bring_in()
    commune = Commune.objects.get(insee_code="01371")
    assert bring_in()[-1] == "0 commune(s) created, 0 corrected, 8 unchanged."
    Commune.objects.filter(pk=commune.pk).update(name="St Marcel", zone="B")
    assert bring_in()[-1] == "0 commune(s) created, 1 corrected, 7 unchanged."
    commune.refresh_from_db()
    assert (commune.name, commune.zone) == ("Saint-Marcel", "A")


def test_communes_that_the_file_does_not_name_stay():
    other = CommuneFactory(insee_code="99999", name="Ailleurs")
    bring_in()
    assert Commune.objects.get(insee_code="99999") == other


def test_a_whole_country_is_a_handful_of_statements(tmp_path):
    rows = [
        {"code": f"01{n:03}", "nom": f"Commune {n}", "departement": "01", "type": "commune-actuelle"}
        for n in range(900)
    ]
    file = tmp_path / "communes.json"
    file.write_text(json.dumps(rows))
    with CaptureQueriesContext(connection) as captured:
        bring_in(file)
    assert [query["sql"].split()[0] for query in captured] == ["SELECT", "INSERT"]
    assert Commune.objects.count() == 900


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[1]", '[{"code": "01371"}]', '[{"type": "commune-actuelle", "code": 1}]']
)
def test_any_other_file_is_refused_with_a_sentence(tmp_path, text):
    file = tmp_path / "communes.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"is not communes\.json of @etalab/decoupage-administratif"):
        bring_in(file)
    assert known() == []


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        bring_in(tmp_path / "missing.json")


def test_a_department_that_the_file_does_not_know_is_told_and_nothing_is_written():
    with pytest.raises(CommandError, match="No commune of department 00 in the file"):
        bring_in(FILE, "01", "00")
    assert known() == []


def test_every_department_has_one_calendar_and_corsica_and_overseas_their_own():
    mainland = {f"{n:02}" for n in range(1, 96) if n != 20}
    overseas = {str(n) for n in (*range(971, 979), 986, 987, 988)}
    assert set(ZONE_OF) == mainland | {"2A", "2B"} | overseas
    assert Counter(ZONE_OF[department] for department in mainland) == {"A": 32, "B": 41, "C": 21}
    assert {ZONE_OF[code] for code in overseas | {"2A"}} == set(ZONES) - set("ABC")


def test_a_department_without_a_calendar_is_told_and_left_out(tmp_path):
    file = tmp_path / "communes.json"
    file.write_text('[{"type": "commune-actuelle", "code": "98411", "nom": "Crozet", "departement": "984"}]')
    assert bring_in(file)[0] == "Department 984: 1 commune(s) left out, it has no school calendar."
