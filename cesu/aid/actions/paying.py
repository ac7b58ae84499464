"""Who pays for a holder."""

from accounts.models import User
from cesu.models import AidAccess, CesuHolder
from cesu.rules.aid import LookOnly


def require_paying(user: User, holder: CesuHolder) -> AidAccess:
    """The standing authorisation by which a person pays for a holder, locked; raise LookOnly. The caller's transaction."""
    access = AidAccess.objects.filter(holder=holder, user=user, revoked_at=None).select_for_update(
        of=("self",), no_key=True
    )
    found = access.first()
    if found is None or not found.pays:
        raise LookOnly
    return found
