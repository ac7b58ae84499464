"""Files for a spreadsheet, read back as one reads them."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from portal.lib.sheets import amount, cell, csv_response


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (amount(0), "0,00"),
        (amount(5), "0,05"),
        (amount(-123_456), "-1234,56"),
        (12, "12"),
        (None, ""),
        (date(2027, 3, 1), "01/03/2027"),
        (datetime(2027, 3, 31, 22, 30, tzinfo=UTC), "01/04/2027 00:30"),
        ("Cantine – Aiguilhe", "Cantine – Aiguilhe"),
        ("deux\r\nlignes\tet plus", "deux lignes et plus"),
    ],
)
def test_a_value_is_written_as_french_spreadsheets_read_it(value, shown):
    assert cell(value) == shown


@pytest.mark.parametrize("text", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|x", "%0A"])
def test_a_text_is_never_computed(text):
    assert cell(text) == "'" + text.strip()


def test_a_file_has_its_mark_its_separators_and_its_name():
    response = csv_response("journal.csv", [["Libellé", "Montant"], ["Repas ; « Lou »", amount(380)]])
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert rows == [["Libellé", "Montant"], ["Repas ; « Lou »", "3,80"]]
    assert response["Content-Disposition"] == 'attachment; filename="journal.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
