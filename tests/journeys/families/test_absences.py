"""A parent tells an absence past the deadline, an agent decides it, on a phone."""

from datetime import date

import pytest

from common.writing.once import make_key
from reservations.actions.desk import book_for_family, booking_purpose
from reservations.models import Activity
from reservations.reads.days.desk import read_desk
from tests.journeys.conftest import PHONE
from tests.journeys.every_page.test_pages import faults_of
from tests.journeys.reading import balance, click, follow, messages, press, read, rows
from tests.journeys.town import add_duponts

TOMORROW = date(2027, 3, 2)


@pytest.fixture
def claire(town, settings, tmp_path):
    """Claire forgot to book Tuesday; the agent booked it for Louane and Théo."""
    settings.DOCUMENTS_ROOT = tmp_path
    claire = add_duponts(town.aiguilhe, 5000)
    family = claire.guardian.family
    activity = Activity.objects.get(slug="cantine-aiguilhe")
    members = list(family.members.values_list("pk", flat=True))
    content = read_desk(
        family, activity, members, {it.pk: it for it in activity.sessions.filter(date=TOMORROW)}
    ).content
    key = make_key(town.agent.owner, booking_purpose(family, activity), content)
    asked = {"activity": activity, "members": members, "days": [TOMORROW], "consent": "Claire, par téléphone"}
    book_for_family(agent=town.agent, family=family, key=key, **asked)
    return claire


def test_an_absence_is_told_proven_and_recredited(visit, town, claire):
    page = visit(claire, "/reservations/mes-reservations/", size=PHONE)
    before = balance(page)
    follow(page, "Signaler une absence")
    click(page.get_by_role("link", name="Signaler l’absence de Louane"))
    assert faults_of(page)[0] == []
    page.get_by_label("Motif").fill("Enfant malade")
    press(page, "Signaler l’absence")
    assert messages(page) == ["L’absence est signalée. Le service vous répondra par e-mail."]
    assert rows(page.locator("main"))[0][-1] == "En attente"

    desk = visit(town.agent, "/admin/", size=PHONE)
    click(desk.get_by_role("link", name="1 Absences à décider"))
    click(desk.locator("#result_list tbody a").first)
    follow(desk, "Décider")
    desk.get_by_label("Recréditer la famille", exact=True).check()
    press(desk, "Enregistrer cette décision")
    assert "C’est décidé, et la famille est prévenue par e-mail." in read(desk.locator(".messagelist"))

    page.goto("/reservations/absences/")
    assert rows(page.locator("main"))[0][-1] == "Recréditée"
    assert balance(page) != before
