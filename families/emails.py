"""Emails of the families app: templates in ``emails/families/``."""

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse

from accounts.models import User
from common.background import mailing
from common.models import OutgoingEmail
from common.values.dates import date_short
from families.models import Guardian, IdentityChange, Invitation, Member, SepaMandate


def shared_child_changed(member: Member, before: tuple, by: User) -> None:
    """Tell every parent of a shared child that the child's name or birth date was changed, and by whom."""
    context = {
        "before": f"{before[0]}, {date_short(before[1])}",
        "after": f"{member}, {date_short(member.birth_date)}",
        "by": str(by),
    }
    for parent in User.objects.filter(guardian__family__in=member.current_families()):
        mailing.queue(
            "families/shared_child_changed",
            to=parent.email or "",
            owner=parent.owner,
            context={**context, "first_name": parent.first_name},
        )


def identity_asked(change: IdentityChange) -> None:
    """Tell the parents of the family that a service's agent decides, and that nothing changed yet."""
    _tell_family("identity_asked", change)


def identity_decided(change: IdentityChange) -> None:
    """Tell the parents of the family what was decided, and why not."""
    accepted = change.status == IdentityChange.Status.ACCEPTED
    _tell_family("identity_decided", change, accepted=accepted, reason=change.reason)


def _tell_family(template: str, change: IdentityChange, **context) -> None:
    context |= {"before": change.old, "after": change.new}
    for parent in User.objects.filter(guardian__family=change.family_id).order_by("pk"):
        mailing.queue(
            f"families/{template}",
            to=parent.email or "",
            owner=parent.owner,
            context=context | {"first_name": parent.first_name},
        )


def tell_families(template: str, messages: Iterable[tuple[int, dict]]) -> None:
    """Owe each (pk of family, context) to each guardian of the family, in two queries; who has no address reads it here."""
    messages, guardians = list(messages), defaultdict(list)
    rows = Guardian.objects.filter(family__in={family for family, _ in messages}).order_by("pk")
    for family, user, email in rows.values_list("family", "user", "user__email"):
        guardians[family].append({"to": email or "", "owner": User(pk=user).owner})
    mailing.queue_all(
        [
            OutgoingEmail(template=template, context=context, **guardian)
            for family, context in messages
            for guardian in guardians[family]
        ]
    )


def invitation(invitation: Invitation, token: str) -> None:
    """Send the single-use link to the other parent; the link is erased from the outbox once sent."""
    context = {
        "by": str(invitation.by),
        "shared": invitation.kind == Invitation.Kind.SHARED,
        "path": reverse("families:accept", args=[token]),
        "until": date_short(invitation.expires_at),
    }
    mailing.queue("families/invitation", to=invitation.email, context=context, secret=True)


def invitation_accepted(invitation: Invitation) -> None:
    """Tell the guardians of the inviting family who accepted."""
    context = {
        "who": str(invitation.accepted_by),
        "shared": invitation.kind == Invitation.Kind.SHARED,
        "children": ", ".join(str(member) for member in invitation.members.all()),
    }
    guardians = User.objects.filter(guardian__family=invitation.family_id).exclude(pk=invitation.accepted_by_id)
    for parent in guardians:
        mailing.queue(
            "families/invitation_accepted",
            to=parent.email or "",
            owner=parent.owner,
            context=context | {"first_name": parent.first_name},
        )


def health_changed(member: Member, what: str, by: User) -> None:
    """Tell every parent of a child that ``what`` (« la fiche santé ») was changed, and by whom: never what it says."""
    for parent in User.objects.filter(guardian__family__in=member.current_families()).order_by("pk"):
        mailing.queue(
            "families/health_changed",
            to=parent.email or "",
            owner=parent.owner,
            context={
                "first_name": parent.first_name,
                "child": member.first_name,
                "what": what,
                "by": str(by),
                "path": reverse("families:health", args=[member.pk]),
            },
        )


def mandate_ended(mandate: SepaMandate) -> None:
    """Tell the family that its SEPA mandate was ended, and why."""
    for parent in User.objects.filter(guardian__family=mandate.family_id).order_by("pk"):
        mailing.queue(
            "families/mandate_ended",
            to=parent.email or "",
            owner=parent.owner,
            context={"first_name": parent.first_name, "rum": mandate.rum, "note": mandate.end_note},
        )
