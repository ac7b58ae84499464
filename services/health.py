"""Which agents may know of a child's health: those of a service that let the child in."""

from django.db.models import F

from accounts.models import User
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
