"""How a person is recognised: by email address or identifier, in one query with their family."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User


class PortalBackend(AuthenticationBackend):
    """allauth's login by email or identifier; the person comes with their family, since every page needs both."""

    def get_user(self, user_id):
        user = User.objects.select_related("guardian__family").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
