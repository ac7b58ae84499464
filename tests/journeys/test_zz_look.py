import pytest
from tests.journeys.test_health import claire, follow
from tests.journeys.test_health import fill_in
from tests.journeys.conftest import PHONE, DESKTOP

@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["360","1280"])
def test_shots(visit, town, claire, size, request):
    w=size["width"]
    page = visit(claire, "/mes-filiations/", size=size)
    page.screenshot(path=f"/tmp/shots/list-{w}.png", full_page=True)
    page.get_by_role("link", name="Santé et contacts de Louane Dupont").click()
    page.screenshot(path=f"/tmp/shots/empty-{w}.png", full_page=True)
    page.goto("/mes-filiations/")
    fill_in(page)
    agent = visit(town.agent, "/admin/families/healthfile/", size=size)
    follow(agent, "Dupont")
    agent.screenshot(path=f"/tmp/shots/admin-{w}.png", full_page=True)
    page.reload()
    page.screenshot(path=f"/tmp/shots/health-{w}.png", full_page=True)
    for name in ("Modifier la fiche santé", "Modifier Odette Dupont", "Répondre ou changer d’avis"):
        follow(page, name)
        page.screenshot(path=f"/tmp/shots/{name[:18].replace(' ','_')}-{w}.png", full_page=True)
        page.go_back()
