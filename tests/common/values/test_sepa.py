"""Creditor identifiers: their check digits prove them."""

import pytest
from django.core.exceptions import ValidationError

from cesu.models import Caregiver, Funder, Issuer
from common.models import Authority
from common.values.sepa import SEPA_LETTERS, account_fault, in_fours, is_creditor_id, key_warning
from tests.factories.sepa import IBAN, JOINED, KEYLESS, OUTSIDE


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


@pytest.mark.parametrize(
    "iban", [IBAN, "fr14 2004 1010 0505 0001 3m02 606", "DE89370400440532013000", *JOINED, KEYLESS]
)
def test_an_account_of_the_sepa_zone_is_taken_those_that_joined_last_too(iban):
    assert account_fault(iban) == ""


@pytest.mark.parametrize("iban", OUTSIDE)
def test_an_account_outside_is_refused_with_a_sentence_that_says_why(iban):
    assert account_fault(iban) == (
        f"Ce compte ({iban[:2]}) est hors de la zone SEPA : aucun virement ni prélèvement en euros n’y arrive. "
        "Donnez l’IBAN d’un compte de la zone SEPA."
    )


@pytest.mark.parametrize("text", ["", "é", "FR14", "FR1420041010050500013M02607", "XX00 1234"])
def test_what_is_no_iban_is_refused_otherwise(text):
    assert account_fault(text).startswith("Cet IBAN n’est pas valable")


def test_the_zone_is_that_of_the_forty_one_countries_and_gibraltar():
    assert len(SEPA_LETTERS) == 42
    assert {"AL", "MD", "ME", "MK", "RS", "GB", "CH", "MC", "SM", "AD", "VA", "GI"} <= SEPA_LETTERS
    assert not SEPA_LETTERS & {"TN", "MA", "DZ", "TR", "UA", "BA", "XK", "GE", "IL"}


@pytest.mark.parametrize("iban", [IBAN, "FR7630006000011234567890189", "MC5811222000010123456789030", *JOINED])
def test_a_right_key_is_not_spoken_of(iban):
    assert key_warning(iban) == ""


def test_a_wrong_rib_key_with_right_iso_digits_is_warned_of():
    assert key_warning(KEYLESS) == (
        f"La clé RIB de l’IBAN {KEYLESS[:4]} •••• 2607 ne correspond pas au compte : "
        "comparez-le au relevé d’identité bancaire."
    )


@pytest.mark.parametrize(
    ("model", "field"), [(Authority, "creditor_iban"), (Issuer, "iban"), (Funder, "iban"), (Caregiver, "iban")]
)
def test_every_row_with_an_account_keeps_the_same_rule(model, field):
    for iban, refused in ((OUTSIDE[0], True), (JOINED[0], False)):
        with pytest.raises(ValidationError) as found:
            model(**{field: iban, "colour_primary" if field == "creditor_iban" else "pk": "?"}).clean_fields()
        assert (field in found.value.message_dict) is refused
