"""An agent takes attendance on a tablet: one tap a child, without a network, without scripts."""

import pytest
from playwright.sync_api import expect

from families.models import Member
from reservations.models import Activity, Attendance
from tests.access import came
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.reading import press, read
from tests.journeys.town import NOW, add_duponts

NO_NETWORK = "Pas de réseau : les pointages sont gardés sur cet appareil et partiront tout seuls."


@pytest.fixture
def sheet(town):
    """Louane and Théo are on today's sheet of the canteen; its address."""
    claire = add_duponts(town.aiguilhe, 5000)
    today = Activity.objects.get(slug="cantine-aiguilhe").sessions.get(date=NOW.date())
    for child in Member.objects.of(claire):
        came(town.agent, claire.guardian.family, child, today)
    return f"/admin/presences/{today.pk}/"


def standing():
    return dict(Attendance.objects.values_list("member__first_name", "status"))


def tap(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_a_tap_without_a_network_is_kept_and_sent_again(visit, town, sheet):
    page = visit(town.agent, sheet, size=PHONE)
    summary = page.get_by_role("status")
    expect(summary).to_have_text("Présents : 2, absents : 0, justifiés : 0, à pointer : 0.")
    page.context.set_offline(True)
    tap(page, "Absent : Dupont Théo")
    expect(summary).to_contain_text(f"{NO_NETWORK} (1 à envoyer)")
    assert standing() == {"Louane": "present", "Théo": "present"}
    page.context.set_offline(False)
    expect(summary).to_have_text("Présents : 1, absents : 1, justifiés : 0, à pointer : 0.")
    expect(page.get_by_role("button", name="Absent : Dupont Théo", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    assert standing() == {"Louane": "present", "Théo": "absent"}
    visit.faults[:] = [fault for fault in visit.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_taps_kept_by_the_device_are_sent_when_the_sheet_is_opened_again(visit, town, sheet):
    page = visit(town.agent, sheet)
    page.route("**/pointer/", lambda route: route.abort())
    tap(page, "Justifié : Dupont Louane")
    expect(page.get_by_role("status")).to_contain_text("(1 à envoyer)")
    page.unroute("**/pointer/")
    with page.expect_response("**/pointer/") as sent:
        page.reload()
    assert sent.value.json() == {"marks": {str(Attendance.objects.get(status="justified").booking_id): "justified"}}
    assert standing() == {"Louane": "justified", "Théo": "present"}
    visit.faults[:] = [fault for fault in visit.faults if "ERR_FAILED" not in fault]


def test_without_scripts_children_are_ticked_then_marked(visit, town, sheet):
    page = visit(town.agent, sheet, size=DESKTOP, java_script_enabled=False)
    page.get_by_label("Dupont Louane").check()
    press(page, "Absents")
    assert read(page.locator(".messagelist")) == "1 enfant : absent."
    assert standing() == {"Louane": "absent", "Théo": "present"}
