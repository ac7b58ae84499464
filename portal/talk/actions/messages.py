"""Messages of the contact page: sent once a form, handled once by an agent, forgotten in time."""

from datetime import datetime

from django.utils import timezone

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from portal.models import ContactMessage
from portal.talk.emails import contact_received
from portal.talk.rules import NotYourMessage
from services.models import Service

CONTACT = "contact"  # the purpose of the form's key
VISITOR = "visitor"  # the owner of the key of who is not signed in


@outermost
def send_message(*, user: User | None, service: Service | None, key: str, **said) -> None:
    """Keep a message (``said``: name, email, subject, text) for the agents, and mail it to them. Twice is once."""
    once = claim_key(key, user.owner if user else VISITOR, CONTACT)
    if once.answer:
        return
    contact_received(ContactMessage.objects.create(user=user, service=service, **said))
    once.remember({"sent": True})


@outermost
def handle_message(*, agent: User, message: ContactMessage) -> bool:
    """Mark a message as handled; return False when it was already. Raise NotYourMessage."""
    own = ContactMessage.objects.of_agent(agent).filter(pk=message.pk)
    locked = ContactMessage.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=own).first()
    if locked is None:
        raise NotYourMessage
    if locked.handled_at:
        return False
    locked.handled_at, locked.handled_by = timezone.now(), agent
    locked.save(update_fields=["handled_at", "handled_by"])
    return True


def forget_messages(before: datetime) -> int:
    """Delete the messages received before an instant; return how many."""
    return ContactMessage.objects.filter(sent_at__lt=before).delete()[0]
