"""The demo's reviews: one that families read, the others for an agent to read."""

from accounts.models import User
from common.writing.once import make_key
from portal.models import Review
from portal.talk.actions.reviews import has_booked, publish_review, write_review, writing
from services.models import Service

SAID = [
    (5, "Des repas variés, et l’équipe connaît les enfants par leur prénom."),
    (3, "Les menus sont bons. L’attente du mardi est un peu longue pour les plus petits."),
]


def say(user: User, agent: User, number: int) -> None:
    """What a family says of the first service it booked, once."""
    service = next((each for each in Service.objects.filter(commune=user.commune) if has_booked(user, each)), None)
    if service is None or number >= len(SAID) or Review.objects.of(user).exists():
        return
    rating, text = SAID[number]
    write_review(user=user, service=service, rating=rating, text=text, key=make_key(user.owner, writing(service)))
    if number == 0:
        publish_review(agent=agent, review=Review.objects.of(user).get(), seen=Review.Status.PENDING)
