"""Households, schools and classes."""

from datetime import date

import factory
from django.utils import timezone

from common.values.calendars import school_year_of
from families.models import Family, Guardian, Kinship, Member, Membership, School, SchoolClass, Schooling
from tests.factories.accounts import CommuneFactory, UserFactory


class FamilyFactory(factory.django.DjangoModelFactory):
    """A family without anyone: see ``GuardianFactory`` and ``MembershipFactory``."""

    class Meta:
        model = Family

    name = "Dupont"
    commune = factory.SubFactory(CommuneFactory)


class GuardianFactory(factory.django.DjangoModelFactory):
    """A parent who signs in: ``GuardianFactory().user``."""

    class Meta:
        model = Guardian

    family = factory.SubFactory(FamilyFactory)
    user = factory.SubFactory(UserFactory, commune=factory.SelfAttribute("..family.commune"))


class MemberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Member

    first_name = factory.Sequence(lambda n: f"Louane{n}")
    last_name = "Dupont"
    birth_date = date(2018, 5, 10)


class MembershipFactory(factory.django.DjangoModelFactory):
    """A child in a family: ``MembershipFactory(family=family, member__first_name="Théo")``."""

    class Meta:
        model = Membership

    family = factory.SubFactory(FamilyFactory)
    member = factory.SubFactory(MemberFactory)
    kinship = Kinship.FATHER


class SchoolFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = School

    commune = factory.SubFactory(CommuneFactory)
    name = factory.Sequence(lambda n: f"École {n}")


class SchoolClassFactory(factory.django.DjangoModelFactory):
    """A class of the current school year."""

    class Meta:
        model = SchoolClass

    school = factory.SubFactory(SchoolFactory)
    school_year = factory.LazyFunction(lambda: school_year_of(timezone.localdate()))
    name = factory.SelfAttribute("level")
    level = "CP"


class SchoolingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Schooling

    member = factory.SubFactory(MemberFactory)
    school_class = factory.SubFactory(SchoolClassFactory)
    school_year = factory.SelfAttribute("school_class.school_year")


def parent_of(*members: Member, family: Family | None = None, **user):
    """Return a parent whose family has these members; ``user`` are fields of the person."""
    fields = {f"user__{name}": value for name, value in user.items()}
    guardian = GuardianFactory(**({"family": family} if family else {}), **fields)
    for member in members:
        MembershipFactory(family=guardian.family, member=member)
    return guardian.user
