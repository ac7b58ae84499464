"""With scripts off: an agent writes Tuesday's menu, Claire reads it with Louane's eggs; her review is published."""

import pytest

from tests.access import build_world
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.reading import follow, messages, press, read


@pytest.fixture
def world(clock, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    return build_world()


@pytest.mark.seed("S3-89", "S4-10")
def test_menus_and_a_review_without_scripts(visit, world):
    agent = visit(world.town.agent, "/admin/", size=DESKTOP, java_script_enabled=False)
    follow(agent, "Menus des cantines")
    follow(agent, "Menus de Cantine du Bourg")
    agent.get_by_label("Mardi 2 mars").fill("Omelette (œufs, lait)\nRiz (bio)")
    press(agent, "Enregistrer la semaine")
    assert "« bio » n’est pas un des 14 allergènes" in read(agent.locator("#content-main"))
    agent.get_by_label("Mardi 2 mars").fill("Omelette (œufs, lait)\nRiz (aucun)")
    press(agent, "Enregistrer la semaine")

    claire = visit(world.people["parent"], "/mon-compte/", size=PHONE, java_script_enabled=False)
    assert "Au menu, lundi 1er mars" in read(claire.locator("main"))
    follow(claire, "Tous les menus, avec les allergènes")
    assert "Omelette Allergènes : œufs, lait Allergie de Louane : œufs" in read(claire.locator("main"))

    review = world.objects["review"]
    agent.goto(f"/admin/portal/review/{review.pk}/change/")
    press(agent, "Publier l’avis")
    claire.goto("/reservations/activite/cantine-aiguilhe/")
    follow(claire, "Laisser un avis")
    assert "4,0 sur 5" in read(claire.locator("main"))
    press(claire, "Retirer mon avis")
    assert messages(claire) == ["Votre avis est retiré."]
    claire.get_by_label("5 : très satisfait").check()
    claire.get_by_label("Votre avis").fill("Encore meilleur.")
    press(claire, "Envoyer mon avis")
    assert messages(claire) == ["Merci ! Un agent lit votre avis avant de le publier."]
