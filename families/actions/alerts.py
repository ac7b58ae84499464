"""What those who look after children need to see of their health at a glance."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from common.documents.refusals import DocumentUnreadable
from families.actions.health import log_reading
from families.models import HealthContent, HealthFile, HealthSheet, Member

UNREADABLE = "Fiche illisible : appelez les parents"


@transaction.atomic
def alerts(members: Iterable[Member], *, by: User, purpose: str) -> dict[int, list[str]]:
    """Short words by member pk (« PAI », « Allergie : arachides », « Sans porc »), empty for a child without any.

    Only children whose sheet the agent may read are named; each of their readings is written down, with the page
    (« Feuille de présence du 3 novembre ») that a parent sees. Two queries for any number of children, once per act:
    call it for all children of a page together.
    """
    allowed = HealthFile.objects.of_agent(by).filter(pk__in=[member.pk for member in members])
    sheets = list(HealthSheet.objects.filter(member__in=allowed.order_by().values("pk")))
    log_reading(by, [sheet.member_id for sheet in sheets], purpose)
    return {sheet.member_id: words(sheet) for sheet in sheets}


def words(sheet: HealthSheet) -> list[str]:
    """What one sheet comes down to."""
    content = content_of(sheet)
    if content is None:
        return [UNREADABLE]
    names = [name.lower() for name in content.allergen_names()] + (["voir la fiche"] if content.allergies else [])
    return [
        *(["PAI"] if content.has_pai else []),
        *([f"Allergie : {', '.join(names)}"] if names else []),
        *(["Traitement : voir la fiche"] if content.treatments else []),
        *content.diet_names(),
    ]


def content_of(sheet: HealthSheet | None) -> HealthContent | None:
    """What a sheet says; nothing when there is none, or when it no longer opens (the vault has logged it)."""
    try:
        return sheet.content if sheet else None
    except DocumentUnreadable:
        return None


def may_read(agent: User, member: Member) -> bool:
    """Whether one of the agent's services looks after this child."""
    return HealthFile.objects.of_agent(agent).filter(pk=member.pk).exists()
