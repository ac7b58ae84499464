"""The agents' « Calendrier » fits phones and laptops and reads well by day and by night, its preview too."""

from tests.access import build_world
from tests.journeys.every_page.test_pages import faults_of

PAGES = ["/admin/calendrier/", "/admin/calendrier/?du=2027-03-18&nature=break&motif=Neige"]
LAPTOP = {"width": 1024, "height": 768}


def test_the_year_is_read_on_every_screen(visit, clock, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    page = visit(build_world().people["agent"], PAGES[0], size=LAPTOP)
    for address in PAGES:
        page.goto(address)
        wider = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert (wider, page.locator(".pv-day-mark").count()) == (0, 365)
        told = len(visit.faults)
        assert faults_of(page)[0] == []
        del visit.faults[told:]  # axe itself sets styles, which the policy refuses
    assert "Ce que touche cette correction" in page.locator("main").inner_text()
