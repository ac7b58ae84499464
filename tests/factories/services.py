"""Services of the communes."""

import factory

from services.models import Audience, Service
from tests.factories.accounts import CommuneFactory


class ServiceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Service

    commune = factory.SubFactory(CommuneFactory)
    name = factory.Sequence(lambda n: f"Service cantine {n}")


class AudienceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Audience

    service = factory.SubFactory(ServiceFactory)
    name = factory.Sequence(lambda n: f"Situation {n}")
