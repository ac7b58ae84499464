"""How a person is recognised: by email address or identifier, in one query with their family."""

from functools import cache

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.roles import granted
from common.writing.rows import Rows


class PortalBackend(AuthenticationBackend):
    """allauth's login by email or identifier; the person comes with their family or employer: every page needs both."""

    def authenticate(self, request, **credentials):
        """One look-up and one hash whoever is named: allauth's tries a known address twice, an unknown one once."""
        password, login = credentials.get("password"), credentials.get("email") or credentials.get("username")
        if not password or not login:
            return None
        user = User.objects.named(login)
        if user is None:
            make_password(password)
        return self._check_password(user, password)

    def get_user(self, user_id):
        user = next((_with_relations(*row) for row in _people()(user_id)), None)
        return user if user and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj, perm, obj=None):
        """An agent may do what their roles say; which rows, each admin limits to their communes."""
        return super().has_perm(user_obj, perm, obj) or (is_agent(user_obj) and perm in granted(user_obj.roles))

    def has_module_perms(self, user_obj, app_label):
        of_app = f"{app_label}."
        return super().has_module_perms(user_obj, app_label) or (
            is_agent(user_obj) and any(perm.startswith(of_app) for perm in granted(user_obj.roles))
        )


def is_agent(user) -> bool:
    """Whether a person does the communes' work."""
    return user.is_active and user.is_staff and user.serves_communes


@cache
def _people() -> Rows:
    """A person with what makes them a parent, an employer or a beneficiary; those models stand above, the relations lead to them."""
    guardian, manager = User.guardian.related.related_model, User.manager.related.related_model
    aid_login = User.aid_login.related.related_model
    family, employer = guardian.family.field.related_model, manager.employer.field.related_model
    return Rows(
        _PERSON,
        person=User,
        guardian=guardian,
        family=family,
        manager=manager,
        employer=employer,
        aid_login=aid_login,
    )


_PERSON = """
    SELECT {person}, {guardian}, {family}, {manager}, {employer}, {aid_login}
    FROM accounts_user person
    LEFT JOIN families_guardian guardian ON guardian.user_id = person.id
    LEFT JOIN families_family family ON family.id = guardian.family_id
    LEFT JOIN cesu_manager manager ON manager.user_id = person.id
    LEFT JOIN cesu_employer employer ON employer.id = manager.employer_id
    LEFT JOIN cesu_aidlogin aid_login ON aid_login.user_id = person.id
    WHERE person.id = %s
"""


def _with_relations(user, guardian, family, manager, employer, aid_login):
    """The person with these relations known, also where there is none."""
    User.guardian.related.set_cached_value(user, guardian)
    User.manager.related.set_cached_value(user, manager)
    if guardian:
        guardian.user, guardian.family = user, family
    if manager:
        manager.user, manager.employer = user, employer
    User.aid_login.related.set_cached_value(user, aid_login)
    return user
