"""Telephone numbers: one rule for every door, one form in the tables and on the pages.

« 06 12 34 56 78 » for a French one, « +41223456789 » for a foreign one (ITU-T E.164: 15 digits at most).
"""

import re
from typing import Any

from django import forms

from common.refusals import Refusal
from common.values.cells import ROUNDED

MAX_LENGTH = 30  # characters of what is typed
SIGNS = re.compile(r"[\s.()/\u2010-\u2015\u200b-\u200f\u202a-\u202e-]")
FRENCH = re.compile(r"(?:(?:\+|00)?33)?0?([1-9][0-9]{8})", re.ASCII)
FOREIGN = re.compile(r"(?:\+|00)([1-9][0-9]{7,14})", re.ASCII)


class WrongPhone(Refusal):
    """What was typed is not a number that can be called."""

    sentence = (
        "Un téléphone français a 10 chiffres, comme 06 12 34 56 78\u00a0; "
        "un numéro étranger commence par + et l’indicatif du pays."
    )


class RoundedPhone(WrongPhone):
    """A spreadsheet shows the number as « 6,12E+08 »: its last digits are lost."""

    sentence = (
        "Le tableur a arrondi ce numéro de téléphone\u00a0: mettez la colonne au format Texte, puis retapez-le, "
        "comme 06 12 34 56 78."
    )


def phone(typed: str) -> str:
    """Return a number as it is stored and shown; "" for nothing. Raise WrongPhone.

    A spreadsheet drops the first zero, or the plus: « 612345678 » and « 33612345678 » are « 06 12 34 56 78 ».
    """
    if ROUNDED.fullmatch(typed.strip()):
        raise RoundedPhone
    digits = SIGNS.sub("", typed.replace("(0)", ""))
    if not digits:
        return ""
    if found := FRENCH.fullmatch(digits):
        return _in_twos("0" + found[1])
    if (found := FOREIGN.fullmatch(digits)) and not found[1].startswith("33"):
        return "+" + found[1]
    raise WrongPhone


def _in_twos(digits: str) -> str:
    return " ".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def shown(stored: str) -> str:
    """Return a number of before this rule in its form, or as it stands when it cannot be."""
    try:
        return phone(stored)
    except WrongPhone:
        return stored


class PhoneField(forms.CharField):
    """« Téléphone », in its one form; what was stored in another is shown in it."""

    def __init__(self, **kwargs: Any) -> None:
        box = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
        super().__init__(**{"label": "Téléphone", "max_length": MAX_LENGTH, "required": False, "widget": box} | kwargs)

    def prepare_value(self, value: Any) -> Any:
        return shown(value) if isinstance(value, str) else value

    def clean(self, value: str) -> str:
        try:
            return phone(super().clean(value))
        except WrongPhone as refusal:
            raise forms.ValidationError(refusal.sentences) from None
