from datetime import date

import pytest

from wallet.rules.payments import against_counter_payment

TODAY = date(2026, 11, 3)
GOOD = {"means": "CH", "cents": 5000, "number": "1234567", "received_on": TODAY, "today": TODAY}


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, []),
        ({"cents": 1}, []),
        ({"cents": 0}, ["Le montant doit être supérieur à zéro."]),
        ({"cents": -5}, ["Le montant doit être supérieur à zéro."]),
        ({"cents": 500_000}, []),
        (
            {"cents": 500_001},
            ["Le montant dépasse 5\u202f000\u00a0€ : vérifiez-le, ou enregistrez plusieurs règlements."],
        ),
        ({"received_on": date(2026, 11, 4)}, ["La date de réception est dans le futur."]),
        ({"received_on": date(2025, 11, 2)}, []),
        ({"received_on": date(2025, 11, 1)}, ["La date de réception remonte à plus d’un an."]),
        ({"number": " "}, ["Indiquez le numéro du chèque."]),
        ({"number": "", "means": "ES"}, []),
        ({"number": "", "means": "VI"}, []),
    ],
)
def test_what_the_counter_may_take_in(change, reasons):
    assert against_counter_payment(**GOOD | change) == reasons
