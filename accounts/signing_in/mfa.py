"""The second factor of agents: proven in this session, kept encrypted."""

import base64
import hashlib
import time

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet
from django.conf import settings

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class MFAAdapter(DefaultMFAAdapter):
    """allauth's, with secrets encrypted at rest by a key drawn from SECRET_KEY."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "Ce code n’est pas le bon.",
        "unverified_email": "Vérifiez d’abord votre adresse e-mail.",
    }

    def encrypt(self, text):
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = hashlib.sha256(b"accounts.mfa" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def is_proven(request) -> bool:
    """Whether a second factor was given in this session by the person who is signed in."""
    records = get_authentication_records(request, request.user)
    return any(record["method"] == "mfa" for record in records)


def is_enrolled(user) -> bool:
    """Whether a person has an app with codes or a passkey."""
    return is_mfa_enabled(user, FACTORS)


def question_urlname(user) -> str:
    """The page that asks a signed-in person for their second factor: the code, or the key of those who have no app."""
    has_app = is_mfa_enabled(user, [Authenticator.Type.TOTP])
    return "mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn"


def enrol_totp(user, secret: str) -> None:
    """Give a person a code app with a known base32 secret; for the demo's data and tests."""
    if not is_enrolled(user):
        TOTP.activate(user, secret)


def current_code(secret: str) -> str:
    """Return the six digits that a code app shows now for a base32 secret; for the demo's page and tests."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def prove(session, user) -> None:
    """Write in a session, as allauth does, that the person gave their second factor; for tests."""
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time()},
        {"method": "mfa", "type": "totp", "at": time.time()},
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
