"""Whom a CESU code or an email address names in the space."""

from accounts.models import User
from cesu.models import AidAccess, AidLogin


def user_named(typed: str) -> User | None:
    """The beneficiary of a code, or who alone signs in with an address; None for nobody, or several."""
    return _of_code(typed) or _of_address(typed)


def _of_code(code: str) -> User | None:
    code = "".join(code.split())
    own = AidAccess.objects.standing().filter(role=AidAccess.Role.BENEFICIARY, holder__code=code)
    access = own.filter(user__is_active=True).select_related("user").first()
    return access.user if access else None


def _of_address(email: str) -> User | None:
    """Where several share it, who may open an account goes before who may no longer open any."""
    logins = AidLogin.objects.filter(email__iexact=email, user__is_active=True).select_related("user")
    found = list(logins[:2])
    if len(found) > 1:
        standing = AidAccess.objects.standing().values("user")
        found = list(logins.filter(user__in=standing)[:2])
    return found[0].user if len(found) == 1 else None
