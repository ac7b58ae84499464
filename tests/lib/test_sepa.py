"""Creditor identifiers: their check digits prove them."""

import pytest
from django.core.exceptions import ValidationError

from portal.lib.models import Authority
from portal.lib.sepa import in_fours, is_creditor_id


@pytest.mark.parametrize("text", ["FR72ZZZ123456", "fr46 zzz 005002", "DE98ZZZ09999999999"])
def test_an_identifier_with_its_right_digits_is_known_however_it_is_written(text):
    assert is_creditor_id(text)


@pytest.mark.parametrize(
    "text", ["", "FR", "FR12ZZZ123456", "FR72ZZZ123457", "FR72ZZZ", "7272ZZZ123456", "FR72ZZZ12345é"]
)
def test_anything_else_is_refused(text):
    assert not is_creditor_id(text)


def test_the_business_code_is_the_creditors_own():
    assert is_creditor_id("FR72A1B123456")


def test_the_authority_takes_no_wrong_identifier():
    with pytest.raises(ValidationError) as refused:
        Authority(creditor_id="FR12ZZZ123456").clean_fields()
    assert refused.value.message_dict == {
        "creditor_id": ["Cet ICS n’est pas valable : recopiez-le depuis le courrier de la Banque de France."]
    }


def test_an_iban_is_read_by_fours():
    assert in_fours("FR1420041010050500013M02606") == "FR14 2004 1010 0505 0001 3M02 606"
