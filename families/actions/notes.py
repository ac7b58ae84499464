"""Notes that agents leave about a family: added, ended, never changed."""

from datetime import date

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.actions.agents import check_agent
from families.models import Family, FamilyNote


class NoteEmpty(Refusal):
    """There is nothing to note."""

    sentence = "Écrivez la note."


class NoteTooLong(Refusal):
    sentence = "Une note a 500 caractères au plus."


class NotePast(Refusal):
    sentence = "La note s’arrête avant d’avoir commencé : choisissez aujourd’hui ou un jour à venir."


def note_purpose(family: Family) -> str:
    """What the key of the form is made for."""
    return f"note:{family.pk}"


@outermost
def add_note(*, agent: User, family: Family, text: str, until: date | None, is_shown: bool, key: str) -> FamilyNote:
    """Note something about a family, until a day included or without end; a second click notes it once.

    Raise NotYours, NoteEmpty, NoteTooLong, NotePast, StalePage.
    """
    check_agent(agent, family)
    once = claim_key(key, agent.owner, note_purpose(family))
    if once.answer:
        return FamilyNote.objects.get(pk=once.answer["note"])
    text = " ".join(text.split())
    if not text:
        raise NoteEmpty
    if len(text) > 500:
        raise NoteTooLong
    if until and until < timezone.localdate():
        raise NotePast
    note = FamilyNote.objects.create(family=family, text=text, until=until, is_shown=is_shown, by=agent)
    once.remember({"note": note.pk})
    return note


@outermost
def end_note(*, agent: User, note: FamilyNote) -> FamilyNote:
    """The note no longer holds; who ended it first stays. Raise NotYours."""
    check_agent(agent, note.family)
    note = FamilyNote.objects.select_for_update(of=("self",), no_key=True).get(pk=note.pk)
    if note.ended_at is None:
        note.ended_at, note.ended_by = timezone.now(), agent
        note.save(update_fields=["ended_at", "ended_by"])
    return note
