"""Emails of the portal itself: templates in ``emails/portal/``."""

from django.conf import settings
from django.urls import reverse

from common.background import mailing
from common.models import OutgoingEmail, authority
from portal.models import ContactMessage, Review


def contact_received(message: ContactMessage) -> None:
    """Send a message of the contact page to its service, else to the authority; its agents find it in the portal too.

    An answer to the email goes to the person who wrote. What it says is erased from the outbox once sent.
    """
    to = (message.service and message.service.email) or authority().email
    if not to:
        return
    context = {
        "name": message.name,
        "reply_to": message.email,
        "service": str(message.service or ""),
        "subject": message.subject,
        "text": message.text,
        "url": settings.PUBLIC_URL + reverse("admin:portal_contactmessage_change", args=[message.pk]),
    }
    mailing.queue("portal/contact", to=to, context=context, secret=True)


def review_decided(review: Review) -> None:
    """Tell a person that their review is published, or why it is not."""
    mailing.queue(**_decided(review, review.status, review.reason))


def preview_decided(review: Review, status: str, reason: str = "") -> tuple[str, str]:
    """Return the subject and text of the email that a decision will send."""
    return mailing.render(OutgoingEmail(**_decided(review, status, reason)))[:2]


def _decided(review: Review, status: str, reason: str) -> dict:
    context = {"first_name": review.user.first_name, "service": str(review.service), "reason": reason}
    return {
        "template": f"portal/review_{status}",
        "to": review.user.email or "",
        "owner": review.user.owner,
        "context": context,
    }
