"""Reviews: one a person and service, read by an agent before anybody else. Lock: the person's row, then the review's."""

from django.utils import timezone

from accounts.actions import lock
from accounts.models import User
from accounts.rules import check_reason
from common.writing.once import claim_key
from common.writing.states import WrongState, move
from common.writing.transactions import outermost
from portal.models import Review
from portal.talk.emails import review_decided
from portal.talk.rules import RATINGS, NeverBooked, NotYourReview, RatingUnknown, ReviewedAlready
from reservations.models import Booking
from services.models import Service

Status = Review.Status


def writing(service: Service) -> str:
    """The purpose of the key on the page of a service's reviews."""
    return f"review:{service.pk}"


def withdrawing(service: Service) -> str:
    return f"withdraw-review:{service.pk}"


def has_booked(user: User, service: Service) -> bool:
    """Whether the person's family ever booked in this service."""
    return Booking.objects.filter(family__guardians__user=user, session__activity__service=service).exists()


@outermost
def write_review(*, user: User, service: Service, rating: int, text: str, key: str) -> None:
    """Keep a person's review until an agent reads it. Twice is once.

    Raise RatingUnknown, NeverBooked, ReviewedAlready.
    """
    if rating not in RATINGS:
        raise RatingUnknown
    once = claim_key(key, user.owner, writing(service))
    if once.answer:
        return
    user = lock(user)
    if not has_booked(user, service):
        raise NeverBooked
    if Review.objects.of(user).filter(service=service).exists():
        raise ReviewedAlready
    Review.objects.create(user=user, service=service, rating=rating, text=text)
    once.remember({"written": True})


@outermost
def withdraw_review(*, user: User, service: Service, key: str) -> None:
    """Delete a person's own review, published or not. Twice is once."""
    once = claim_key(key, user.owner, withdrawing(service))
    if once.answer:
        return
    lock(user)
    Review.objects.of(user).filter(service=service).delete()
    once.remember({"withdrawn": True})


@outermost
def publish_review(*, agent: User, review: Review, seen: str) -> bool:
    """Let families read a review, tell its author; return False when it was published already.

    ``seen`` is the status as the agent read it: what a colleague decided meanwhile is not decided again.
    Raise NotYourReview, WrongState.
    """
    return _decide(agent, review, seen, Status.PUBLISHED, "")


@outermost
def refuse_review(*, agent: User, review: Review, seen: str, reason: str) -> bool:
    """Keep a review from families, or take it back, and tell its author why; return False when it was so already.

    ``seen`` as in publish_review. Raise NotYourReview, WrongState, ReasonMissing, ReasonTooLong.
    """
    return _decide(agent, review, seen, Status.REFUSED, check_reason(reason))


def _decide(agent: User, review: Review, seen: str, status: str, reason: str) -> bool:
    own = Review.objects.of_agent(agent).filter(pk=review.pk)
    rows = Review.objects.select_related("user", "service__commune").select_for_update(of=("self",), no_key=True)
    locked = rows.filter(pk__in=own).first()
    if locked is None:
        raise NotYourReview
    if locked.status == status:
        return False
    if locked.status != seen:
        raise WrongState
    move(locked, status, decided_at=timezone.now(), decided_by=agent, reason=reason)
    review_decided(locked)
    return True
