"""Whom services let in: their agents may know of the child's health, and decide of its name and birth date."""

from django.db.models import F

from accounts.models import User
from families.models import Member
from services.models import RequestLine


def let_in():
    """The accepted lines of members who are still in the family that asked."""
    return RequestLine.objects.filter(
        status=RequestLine.Status.ACCEPTED,
        member__memberships__family=F("request__family"),
        member__memberships__withdrawn_at=None,
    )


def children_of(*, agent: User):
    """The pks of the children let in by a service of the agent."""
    return let_in().of_agent(agent).values("member")


def is_let_in(*, member: Member) -> bool:
    """Whether any service let this person in, asked by any of their families."""
    return let_in().filter(member=member).exists()
