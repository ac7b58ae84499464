import pytest
from cesu.models import VoucherLine
from tests.factories.cesu import *
from tests.journeys.conftest import PHONE, DESKTOP

def test_shots(visit, clock):
    e = employer_with(name="Mairie de Cestas")
    for i, n in enumerate(["Martin", "Durand", "Élie", "Bernard-Lefebvre de la Tour", "Zola"]):
        beneficiary_of(e, n, employee_number=f"M{i:04}")
    transport(4); transport(5)
    m = manager_of(e)
    ready_draft(m)
    place(m)
    ready_draft(m)
    VoucherLine.objects.filter(order__status="draft", beneficiary__holder__last_name="Martin").update(booklets=40, face_cents=2500)
    page = visit(m, "/cesu/commandes/tableau/", size=DESKTOP)
    from cesu.actions.drafts import add_line
    l = VoucherLine.objects.filter(order__status="draft", beneficiary__holder__last_name="Durand").get()
    add_line(user=m, pk=l.pk)
    number = place_number = None
    for name, size in (("phone", PHONE), ("desktop", DESKTOP)):
        for path in ("commandes/", "commandes/tableau/", "commandes/recapitulatif/", "commandes/historique/", "commandes/C2027-000001/"):
            page.set_viewport_size(size)
            page.goto("/cesu/" + path)
            if "tableau" in path:
                page.locator(f"#carnets-{l.pk}").fill("deux")
                page.get_by_role("button", name="Rafraîchir").click()
                page.wait_for_load_state()
                page.locator(".pv-tip summary").nth(6).click() if name == "desktop" else None
            page.screenshot(path=f"/tmp/shot-{name}-{path.strip('/').split('/')[-1]}.png", full_page=True)
