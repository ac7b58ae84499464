"""Browsers that signed in before: strangers who try passwords elsewhere do not lock them out.

A signed cookie names the accounts that signed in with this browser. For them it has its own counter of wrong
passwords, in place of those of the name and of the network's address. A changed password ends what it was known for.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.utils.crypto import get_random_string, salted_hmac

from accounts.models import User

SALT = "accounts.signing_in.browsers"
KEPT = 365 * 24 * 3600  # seconds
ACCOUNTS = 5  # that one browser is known for, the last ones
TRIES, PERIOD = 5, timedelta(minutes=5)  # wrong passwords of a known browser: as many as a name has elsewhere


def subject_of(request, login: str) -> str | None:
    """What the tries of a known browser are counted under, for the account that ``login`` names; None for others."""
    known = _read(request)
    if not known["accounts"]:
        return None
    user = User.objects.named(login.strip())
    if user is None or known["accounts"].get(str(user.pk)) != _state(user):
        return None
    return f"browser:{known['name']}:{user.pk}"


def remember(request, response) -> None:
    """Write in the answer that this browser signed in as the person of the request, unless it says so already."""
    known, user = _read(request), request.signed_in_as
    others = [each for each in known["accounts"].items() if each[0] != str(user.pk)]
    accounts = dict([(str(user.pk), _state(user)), *others][:ACCOUNTS])
    if accounts == known["accounts"]:
        return
    value = signing.dumps({"name": known["name"], "accounts": accounts}, salt=SALT)
    response.set_cookie(
        settings.KNOWN_COOKIE_NAME, value, max_age=KEPT, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


def _read(request) -> dict:
    try:
        return signing.loads(request.COOKIES.get(settings.KNOWN_COOKIE_NAME, ""), salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return {"name": get_random_string(16), "accounts": {}}


def _state(user: AbstractBaseUser) -> str:
    return salted_hmac(SALT, f"{user.pk}:{user.password}").hexdigest()[:16]
