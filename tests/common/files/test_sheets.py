"""Spreadsheets: read by a French Excel, computed by none."""

import csv

import pytest

from common.files.sheets import amount, csv_response, to_csv, unquoted


def cells(*texts):
    """A row as it is read back."""
    (row,) = csv.reader([to_csv([texts]).decode("utf-8-sig").rstrip("\r\n")], delimiter=";")
    return row


@pytest.mark.parametrize(
    ("cents", "shown"), [(0, "0,00"), (5, "0,05"), (-4605, "-46,05"), (123456789, "1234567,89"), (-7, "-0,07")]
)
def test_an_amount_is_a_number_of_a_french_spreadsheet(cents, shown):
    assert amount(cents) == shown
    assert cells(amount(cents)) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+33612345678",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        " =1+1",
        "\r=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠A1",
        "|calc",
        "%0A=1",
        "\u200b=1",
        "\ufeff=1",
        "−1+2",
        "-1,5,2",
        "+33 5 61 A1",
        "+1+1",
        "--1",
        "-A1",
        "+33 5",
    ],
)
def test_a_text_that_a_spreadsheet_would_compute_is_kept_as_text(text):
    assert to_csv([[text]]).decode("utf-8-sig").lstrip('"').startswith("'")


@pytest.mark.parametrize(
    "text",
    [
        "Dupont",
        "Mer 1",
        "12",
        "-46,05",
        "l’école",
        "A=1",
        "",
        "+33 5 61 00 00 00",
        "+33\u00a05\u00a061\u00a000\u00a000\u00a000",
        "-",
        "−",
    ],
)
def test_other_texts_are_left_alone(text):
    assert cells(text) == [text]


@pytest.mark.parametrize(("text", "kept"), [("0012345", True), ("00", True), ("1" * 16, True), ("1" * 15, False)])
def test_digits_that_a_spreadsheet_would_lose_are_kept_as_text_and_read_back(text, kept):
    (written,) = cells(text)
    assert (written, unquoted(written)) == (f"'{text}" if kept else text, text)


@pytest.mark.parametrize("text", ["0", "0,05", "10", "05 61 00 00 00", "12/05/2026", "0012345*1"])
def test_other_digits_are_left_alone(text):
    assert cells(text) == [text]


@pytest.mark.parametrize("text", ["'=1+1", "'12", "'", "", "l'0", "''01"])
def test_only_such_digits_lose_their_quote(text):
    assert unquoted(text) == text


def test_the_file_has_its_mark_semicolons_and_quotes_where_needed():
    assert to_csv([["Nom", "Prix (€)"], ['DUPONT; "Liou"', "10,35"]]) == (
        b'\xef\xbb\xbfNom;Prix (\xe2\x82\xac)\r\n"DUPONT; ""Liou""";10,35\r\n'
    )


def test_the_answer_is_a_file_to_download():
    response = csv_response("historique 2027-03.csv", [["a"]])
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="historique 2027-03.csv"'
