"""Which agents may know of a child's health: those of a service that let the child in."""

from django.db.models import F

from accounts.models import User
from services.models import RequestLine


def children_of(*, agent: User):
    """The pks of the children with an accepted line, in a family they are still in, for a service of the agent."""
    lines = RequestLine.objects.of_agent(agent).filter(status=RequestLine.Status.ACCEPTED)
    return lines.filter(
        member__memberships__family=F("request__family"), member__memberships__withdrawn_at=None
    ).values("member")
