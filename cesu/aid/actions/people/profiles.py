"""« Mes informations » (S1-73): how to reach a person of the space; confirmed by their password."""

from accounts.actions import lock
from accounts.models import User
from cesu.aid.actions.people.helpers import prove
from cesu.aid.emails import people as emails
from cesu.models import AidLogin
from common.writing.transactions import outermost


def update_profile(*, user: User, email: str, phone: str, password: str) -> None:
    """Change one's own address and telephone; the old address is told. Raise WrongPassword, TooManyTries."""
    prove(user, password)
    _update(user, email, phone)


@outermost
def _update(user: User, email: str, phone: str) -> None:
    user = lock(user)
    user.phone = phone
    user.save(update_fields=["phone"])
    login = AidLogin.objects.select_for_update(no_key=True).get(user=user)
    if login.email != email:
        emails.address_changed(user, email)
        login.email = email
        login.save(update_fields=["email"])
