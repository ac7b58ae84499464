"""The register of affiliated caregivers: brought up to date by file, an affiliation ended. Locks: caregivers by pk."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from cesu.models import Caregiver
from common.refusals import Busy
from common.values.dates import date_short
from common.values.sepa import key_warning, masked
from common.writing.once import claim_key
from common.writing.transactions import outermost

REGISTER = "caregiver-register"  # purpose of the key and of the page that shows a file
FIELDS = ("kind", "last_name", "first_name", "birth_date", "email", "account_holder", "iban", "bic")


class Change(NamedTuple):
    """What a line does to the register: ``what`` is new, changed or unchanged."""

    said: dict
    what: str
    sentences: list[str]

    @property
    def warning(self) -> str:
        """What to look at again before it is applied."""
        return key_warning(self.said["iban"])


def compare(lines: Sequence[dict]) -> list[Change]:
    """What each line (nan and FIELDS) would do as the register stands, in one query."""
    known = Caregiver.objects.in_bulk([line["nan"] for line in lines], field_name="nan")
    return [_change(line, known.get(line["nan"])) for line in lines]


def _change(line: dict, known: Caregiver | None) -> Change:
    if known is None:
        return Change(line, "new", [])
    sentences = [_told(known, name, line[name]) for name in FIELDS if getattr(known, name) != line[name]]
    if known.ended_on:
        sentences.append("L’affiliation reprend.")
    return Change(line, "changed" if sentences else "unchanged", sentences)


def _told(known: Caregiver, name: str, new) -> str:
    """« IBAN : FR14 •••• 2606 → FR76 •••• 0189 »."""
    field = Caregiver._meta.get_field(name)
    old, new = _shown(name, getattr(known, name)), _shown(name, new)
    label = field.verbose_name
    return f"{label[0].upper()}{label[1:]} : {old} → {new}"


def _shown(name: str, value) -> str:
    if name == "iban":
        return masked(value)
    if name == "birth_date":
        return date_short(value) if value else "aucune"
    return dict(Caregiver.Kind.choices)[value] if name == "kind" else value or "rien"


def apply_register(*, agent: User, lines: Sequence[dict], key: str) -> dict[str, int]:
    """Bring the register to what a file says, all or nothing; {"new", "changed", "unchanged"}. Twice is once."""
    try:
        return _apply(agent, lines, key)
    except IntegrityError as error:  # another import wrote the same NAN at that moment
        raise Busy from error


@outermost
def _apply(agent: User, lines: Sequence[dict], key: str) -> dict[str, int]:
    once = claim_key(key, agent.owner, REGISTER)
    if once.answer:
        return once.answer
    nans = [line["nan"] for line in lines]
    list(Caregiver.objects.select_for_update(of=("self",), no_key=True).filter(nan__in=nans).order_by("pk"))
    changes = compare(lines)
    Caregiver.objects.bulk_create([Caregiver(**each.said) for each in changes if each.what == "new"])
    known = Caregiver.objects.in_bulk(
        [each.said["nan"] for each in changes if each.what == "changed"], field_name="nan"
    )
    for each in known.values():
        each.ended_on = None
    for each in changes:
        if each.what == "changed":
            for name in FIELDS:
                setattr(known[each.said["nan"]], name, each.said[name])
    Caregiver.objects.bulk_update(known.values(), [*FIELDS, "ended_on"], batch_size=500)
    return once.remember({what: sum(each.what == what for each in changes) for what in ("new", "changed", "unchanged")})


def ending(caregiver: Caregiver) -> str:
    """The purpose of the key that ends an affiliation."""
    return f"caregiver-end:{caregiver.pk}"


@outermost
def end_affiliation(*, agent: User, caregiver: Caregiver, key: str) -> Caregiver:
    """Nobody pays this caregiver any more; what was paid goes out. Twice is once."""
    once = claim_key(key, agent.owner, ending(caregiver))
    caregiver = Caregiver.objects.select_for_update(of=("self",), no_key=True).get(pk=caregiver.pk)
    if caregiver.ended_on is None and not once.answer:
        caregiver.ended_on = timezone.localdate()
        caregiver.save(update_fields=["ended_on"])
    once.remember({"ended": True})
    return caregiver
