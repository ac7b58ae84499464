"""The payment page that people see."""

from urllib.parse import SplitResult

from tests.doubles.stripe.api import Answer
from tests.doubles.stripe.bank import Bank


def answer(bank: Bank, method: str, parts: SplitResult, body: str) -> Answer:
    return Answer(404, b"", {})
