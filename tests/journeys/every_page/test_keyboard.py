"""Booking with the keyboard alone; the focus is seen at every stop."""

import pytest
from playwright.sync_api import expect

from reservations.models import Booking
from tests.journeys.reading import balance, read, title
from tests.journeys.town import add_duponts

AIGUILHE = "/reservations/activite/cantine-aiguilhe/?mois=2027-03"
FOCUS = """() => {
    const at = document.activeElement;
    if (at === document.body) return null;
    const seen = [at, at.closest("label, .pv-tile, .pv-card")].filter(Boolean).some(part => {
        const look = getComputedStyle(part);
        return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
    });
    const box = at.getBoundingClientRect();
    return {name: (at.ariaLabel || at.innerText || at.name || at.id).replace(/\\s+/g, " ").trim(), seen,
            inside: box.bottom > 0 && box.top < innerHeight};
}"""


def tab_to(page, name):
    """Press Tab until the focus stands on ``name``; every stop on the way must be visible."""
    stops = []
    for _ in range(80):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        assert stop["seen"], f"the focus on « {stop['name']} » is not seen"
        assert stop["inside"], f"the focus on « {stop['name']} » is out of sight"
        stops.append(stop["name"])
        if stop["name"].startswith(name):
            return stops
    raise AssertionError(f"« {name} » is not reached: {stops}")


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, {"width": 360, "height": 780}], ids=["wide", "phone"])
def test_meals_are_booked_and_paid_with_the_keyboard_alone(visit, town, size):
    page = visit(add_duponts(town.aiguilhe, cents=2000), AIGUILHE, size=size)
    assert tab_to(page, "Aller au contenu") == ["Aller au contenu"]
    page.keyboard.press("Enter")
    tab_to(page, "jeudi 18 mars")
    page.keyboard.press("Space")
    tab_to(page, "vendredi 19 mars")
    page.keyboard.press("Space")
    expect(page.locator("#recap")).to_contain_text("15,20 €")
    tab_to(page, "Ajouter au panier")
    page.keyboard.press("Enter")
    page.wait_for_url("**/panier/**")
    tab_to(page, "Payer avec mon porte-monnaie")
    page.keyboard.press("Enter")
    page.wait_for_url("**/commandes/**")
    assert title(page).startswith("Commande n° ")
    assert Booking.objects.count() == 4
    assert size["width"] < 600 or balance(page) == "4,80 €"


def test_errors_take_the_focus_and_lead_to_their_field(visit, town):
    page = visit(add_duponts(town.aiguilhe), "/mes-filiations/")
    page.get_by_label("* Prénom du bénéficiaire").fill("Malo")
    page.get_by_label("* Nom du bénéficiaire").press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    assert "2 erreurs sont à corriger" in read(summary)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("* Nom du bénéficiaire")).to_be_focused()
