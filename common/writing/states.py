"""States change along their arrows only."""

from django.db import models

from common.refusals import Refusal


class WrongState(Refusal):
    """The thing is no longer in a state from which this step is allowed."""

    sentence = "Cette étape n’est plus possible : l’état a changé entre-temps. Rechargez la page."


def move(thing: models.Model, to: str, **fields) -> None:
    """Change ``thing.status`` to ``to`` along the model's ``ARROWS``, with the fields that date it, and save.

    ``ARROWS`` maps each status to the set of statuses it may become. Raise WrongState otherwise.
    The caller holds the row's lock.
    """
    if to not in thing.ARROWS.get(thing.status, ()):
        raise WrongState
    thing.status = to
    for name, value in fields.items():
        setattr(thing, name, value)
    thing.save(update_fields=["status", *fields])
