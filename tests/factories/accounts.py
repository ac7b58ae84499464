"""People and communes."""

import factory
from django.utils import timezone

from accounts.models import Commune, User


class CommuneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Commune
        django_get_or_create = ("insee_code",)

    insee_code = factory.Sequence(lambda n: f"{10000 + n:05d}")
    name = factory.Sequence(lambda n: f"Commune {n}")
    zone = "A"


class UserFactory(factory.django.DjangoModelFactory):
    """A person of the public whose account is validated."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    first_name = "Claire"
    last_name = "Dupont"
    email = factory.Sequence(lambda n: f"claire.dupont{n}@example.org")
    commune = factory.SubFactory(CommuneFactory)
    status = User.Status.VALIDATED
    decided_at = factory.LazyFunction(timezone.now)
    signed_up_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        user = model_class.objects.create_user(password=kwargs.pop("password", None), **kwargs)
        if user.email:
            user.emailaddress_set.create(email=user.email, primary=True, verified=True)
        return user


class PendingUserFactory(UserFactory):
    status = User.Status.PENDING
    decided_at = None


class AgentFactory(UserFactory):
    """An agent of the given communes: ``AgentFactory(communes=[commune])``."""

    first_name = "Agnès"
    last_name = "Martin"
    email = factory.Sequence(lambda n: f"agent{n}@example.org")
    is_staff = True
    roles = ["animateur", "guichet", "regisseur", "responsable"]
    commune = None

    @factory.post_generation
    def communes(self, create, communes):
        if communes:
            self.communes.set(communes)


class ManagerFactory(AgentFactory):
    """An agent with every right."""

    is_superuser = True
