"""Emails of the families app: templates in ``emails/families/``."""

from accounts.models import User
from families.models import Member
from portal.lib import mailing


def shared_child_changed(member: Member, before: tuple, by: User) -> None:
    """Tell every parent of a shared child that the child's name or birth date was changed, and by whom."""
    context = {
        "before": f"{before[0]}, {before[1]:%d-%m-%Y}",
        "after": f"{member}, {member.birth_date:%d-%m-%Y}",
        "by": str(by),
    }
    for parent in User.objects.filter(guardian__family__in=member.current_families()):
        mailing.queue(
            "families/shared_child_changed",
            to=parent.email or "",
            owner=parent.owner,
            context={**context, "first_name": parent.first_name},
        )
