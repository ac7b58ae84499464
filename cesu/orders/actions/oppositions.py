"""« Opposition »: titles lost or stolen are worth nothing from the moment it is declared."""

from accounts.models import User
from cesu.models import Opposition, Voucher
from cesu.orders.emails import people as emails
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost

PURPOSE = "cesu-opposition"
MOST = 10_000  # titles at once: a whole line of an order


class NotYourTitles(Refusal):
    sentence = "Ces numéros ne sont pas tous ceux de titres que vous avez commandés : vérifiez-les sur la souche."


class BadRange(Refusal):
    sentence = f"Le dernier numéro vient après le premier, et une opposition porte sur {MOST} titres au plus."


class AlreadyStopped(Refusal):
    sentence = "Tous ces titres sont déjà en opposition."


@outermost
def oppose(*, user: User, first: int, last: int, reason: str, key: str) -> Opposition:
    """Stop an employer's titles from ``first`` to ``last``; those already stopped stay so. Twice is once.

    Raise BadRange, NotYourTitles, AlreadyStopped.
    """
    once = claim_key(key, user.owner, PURPOSE)
    if once.answer:
        return Opposition.objects.get(pk=once.answer["opposition"])
    if not 0 <= last - first < MOST:
        raise BadRange
    employer = user.manager.employer
    titles = Voucher.objects.filter(number__range=(first, last)).order_by("number")
    found = dict(titles.select_for_update(no_key=True).values_list("number", "opposition"))
    own = titles.filter(line__order__employer=employer).count()
    if not len(found) == own == last - first + 1:
        raise NotYourTitles
    if all(found.values()):
        raise AlreadyStopped
    made = Opposition.objects.create(employer=employer, first=first, last=last, reason=reason, by=user)
    titles.filter(opposition=None).update(opposition=made)
    emails.titles_stopped(made, user.manager)
    once.remember({"opposition": made.pk})
    return made
