"""One rule for telephones, one form."""

import pytest
from django import forms

from common.values.phones import PhoneField, RoundedPhone, WrongPhone, phone, shown


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("06 12 34 56 78", "06 12 34 56 78"),
        ("0612345678", "06 12 34 56 78"),
        ("06.12.34.56.78", "06 12 34 56 78"),
        ("06-12-34-56-78", "06 12 34 56 78"),
        ("612345678", "06 12 34 56 78"),  # a spreadsheet dropped the zero
        ("33612345678", "06 12 34 56 78"),  # or the plus
        ("+33 6 12 34 56 78", "06 12 34 56 78"),
        ("+33 (0)6 12 34 56 78", "06 12 34 56 78"),
        ("0033612345678", "06 12 34 56 78"),
        ("06\u00a012\u202f34 56 78", "06 12 34 56 78"),
        ("0 805 530 020", "08 05 53 00 20"),
        ("+41 22 345 67 89", "+41223456789"),
        ("00 262 692 12 34 56", "+262692123456"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_number_is_stored_in_one_form(typed, stored):
    assert phone(typed) == stored
    assert phone(stored) == stored


@pytest.mark.parametrize(
    "typed", ["06 12 34 56", "06 12 34 56 7", "12345", "le soir", "+33 6 12", "00 12 34 56 78 90 12 34 56"]
)
def test_what_cannot_be_called_is_refused_with_a_sentence(typed):
    with pytest.raises(WrongPhone, match="10 chiffres, comme 06 12 34 56 78"):
        phone(typed)


def test_a_number_that_a_spreadsheet_rounded_is_said_so():
    with pytest.raises(RoundedPhone, match="Le tableur a arrondi"):
        phone("6,12E+08")


def test_a_field_keeps_one_form_and_shows_what_is_old_in_it():
    class Form(forms.Form):
        phone = PhoneField()

    assert Form({"phone": "+33 6 12 34 56 78"}).fields["phone"].clean("+33 6 12 34 56 78") == "06 12 34 56 78"
    assert Form({"phone": "06 12 34 56"}).errors["phone"] == [WrongPhone.sentence]
    assert Form(initial={"phone": "612345678"})["phone"].value() == "06 12 34 56 78"
    assert (shown("0612345678"), shown("le soir")) == ("06 12 34 56 78", "le soir")
