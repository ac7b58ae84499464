"""Many requests decided at once: the easy ones accepted, or all refused with one reason."""

import pytest

from services.models import RequestLine
from tests.forms import fields_of
from tests.services.agents import REQUESTS, Desk, choose, faults, letters, page_of, statuses, told, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def browser(visitor, desk):
    return visitor(desk.agent)


def test_the_easy_ones_are_accepted_together_and_the_others_named_and_left(browser, desk):
    easy = desk.another("Théo")
    lacking, undecided = desk.another("Malo", piece=None), desk.another("Inès", piece="pending")
    done = desk.another("Jules", "accepted")
    everyone = [desk.line, easy, lacking, undecided, done]
    page = browser.post(
        f"{REQUESTS}?statut=toutes", {"action": "accept_selected", "_selected_action": [r.pk for r in everyone]}
    )
    text = words(page)
    for said in [
        "1 demande choisie n’attend pas de décision et ne change pas.",
        "Malo Dupont (Famille Dupont), Baneins – Cantine : il manque Attestation.",
        "Inès Dupont (Famille Dupont), Baneins – Cantine : À valider : Attestation.",
        "2 demandes",
        "Votre demande est acceptée",
    ]:
        assert said in text
    assert letters() == []
    answer = browser.post(REQUESTS, fields_of(page), follow=True)
    assert told(answer) == ["Accès accepté : 2 demandes."]
    assert statuses(*everyone) == ["accepted", "accepted", "pending", "pending", "accepted"]
    assert letters() == ["services/lines_decided"]
    assert "Accès accepté" in words(browser.get(page_of(easy, "history"), follow=True))


def test_a_forged_confirmation_accepts_no_request_whose_pieces_lack(browser, desk):
    lacking = desk.another("Malo", piece=None)
    choose(browser, "accept_selected", desk.line, lacking, confirmed="1")
    assert statuses(desk.line, lacking) == ["accepted", "pending"]


def test_several_are_refused_with_one_reason(browser, desk):
    other = desk.another("Théo", piece=None)
    page = choose(browser, "refuse_selected", desk.line, other)
    assert "Votre demande n’est pas acceptée" in words(page)
    empty = choose(browser, "refuse_selected", desk.line, other, confirmed="1", reason=" ")
    assert faults(empty) == ["Indiquez le motif : la famille le lira."]
    assert statuses(desk.line, other) == ["pending", "pending"]
    choose(browser, "refuse_selected", desk.line, other, confirmed="1", reason="Le service est complet.")
    rows = RequestLine.objects.filter(pk__in=[desk.line.pk, other.pk]).values_list("status", "reason", "decided_by")
    assert set(rows) == {("refused", "Le service est complet.", desk.agent.pk)}


@pytest.mark.parametrize(("action", "fields"), [("accept_selected", {}), ("refuse_selected", {"reason": "Complet."})])
def test_a_bulk_decision_confirmed_twice_is_one(browser, desk, action, fields):
    answers = [choose(browser, action, desk.line, confirmed="1", **fields) for _ in range(2)]
    assert told(answers[1]) == ["Ces demandes étaient déjà décidées : rien n’a changé."]
    assert letters() == ["services/lines_decided"]


def test_when_nothing_can_be_accepted_the_page_says_so(visitor):
    desk = Desk(piece=None)
    page = choose(visitor(desk.agent), "accept_selected", desk.line)
    assert "Aucune des demandes choisies ne peut recevoir cette réponse maintenant." in words(page)
