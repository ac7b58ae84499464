"""Guide 004, « Profil »: a parent sets a security question; forgetting the password leads through it."""

import pytest

from common.models import OutgoingEmail
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.reading import follow, messages, press, read, title
from tests.journeys.test_health import clean
from tests.journeys.town import PASSWORD, add_duponts


@pytest.mark.seed("S4-8", "S4-109", "S4-113")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_question_is_set_then_asked_of_who_forgot_the_password(visit, town, size):
    claire = add_duponts(town.aiguilhe)
    page = visit(claire, "/comptes/profil/", size=size, java_script_enabled=size is DESKTOP)
    follow(page, "Question de sécurité")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Continuer")
    page.get_by_label("Votre question").fill("Comment s’appelait ma première maîtresse ?")
    page.get_by_label("Votre réponse").fill("Éléonore")
    if size is DESKTOP:
        assert clean(visit, page) == []
    press(page, "Enregistrer")
    assert (title(page), messages(page)) == ("Profil", ["Votre question de sécurité est enregistrée."])

    page = visit(path="/comptes/password/reset/", size=size, java_script_enabled=size is DESKTOP)
    page.get_by_label("Adresse e-mail").fill(claire.email)
    press(page, "Recevoir le lien")
    letter = OutgoingEmail.objects.get(template="accounts/password_question")
    page.goto(letter.context["password_reset_url"].removeprefix("http://testserver"))
    page.get_by_label("Votre réponse").fill("Rose")
    press(page, "Continuer")
    assert "Ce n’est pas la bonne réponse." in read(page.locator("main"))
    page.get_by_label("Votre réponse").fill("eleonore")
    press(page, "Continuer")
    assert title(page) == "Choisissez un nouveau mot de passe"
