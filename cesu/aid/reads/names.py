"""Whom a CESU code or an email address names in the space."""

from accounts.models import User
from cesu.models import AidAccess


def user_named(typed: str) -> User | None:
    """The beneficiary of a code, or who alone signs in with an address; None for nobody, or several."""
    found = users_named(typed)
    return found[0] if len(found) == 1 else None


def users_named(typed: str) -> list[User]:
    """The beneficiary of a code, or those who sign in with an address; where several share it, who may open an account."""
    code = "".join(typed.split())
    people = User.objects.filter(is_active=True, is_staff=False).exclude(aid_login=None).select_related("aid_login")
    standing = AidAccess.objects.standing()
    found = list(
        people.filter(pk__in=standing.filter(role=AidAccess.Role.BENEFICIARY, holder__code=code).values("user"))
    )
    found = found or list(people.filter(aid_login__email__iexact=typed.strip()))
    if len(found) > 1:
        found = [user for user in found if standing.filter(user=user).exists()]
    return found
