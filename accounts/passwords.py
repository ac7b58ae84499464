"""The password rule (S2-10…13; CNIL 2022-100): 13 characters with letters, digits and symbols, or 7 words."""

import re

from django.core.exceptions import ValidationError

RULE = (
    "Le mot de passe doit être de 13 caractères avec des lettres, des chiffres et des symboles, "
    "ou une phrase d’au moins 7 mots."
)


def is_strong(password: str) -> bool:
    """Return whether a password follows the rule."""
    if len([word for word in password.split() if len(word) >= 2]) >= 7:
        return True
    has = [re.search(pattern, password) for pattern in (r"[^\W\d_]", r"\d", r"[^\w\s]|_")]
    return len(password) >= 13 and all(has)


class StrongPasswordValidator:
    """Django's entrance to the rule."""

    def validate(self, password, user=None):
        if not is_strong(password):
            raise ValidationError(RULE, code="password_weak")

    def get_help_text(self):
        return RULE
