"""How a person is recognised: by email address or identifier, in one query with their family."""

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

from accounts.models import User


class PortalBackend(AuthenticationBackend):
    """allauth's login by email or identifier; the person comes with their family or employer: every page needs both."""

    def get_user(self, user_id):
        user = User.objects.select_related("guardian__family", "manager__employer").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj, perm, obj=None):
        """An agent may do an agent's work by being one; which rows, each admin limits to their communes."""
        return super().has_perm(user_obj, perm, obj) or (is_agent(user_obj) and perm in settings.AGENT_PERMISSIONS)

    def has_module_perms(self, user_obj, app_label):
        return super().has_module_perms(user_obj, app_label) or (
            is_agent(user_obj) and any(perm.startswith(f"{app_label}.") for perm in settings.AGENT_PERMISSIONS)
        )


def is_agent(user) -> bool:
    return user.is_active and user.is_staff
