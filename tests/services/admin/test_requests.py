"""« Demandes d’accès »: agents read and decide what their services were asked, once, and nothing else."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.background.mailing import render
from common.models import OutgoingEmail
from families.models import Quotient
from services.models import RequestLine
from tests.client import PortalClient
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.families import MemberFactory, MembershipFactory, SchoolingFactory
from tests.factories.services import DocumentTypeFactory, document, line, service_asking
from tests.forms import fields_of
from tests.services.agents import Desk, choose, faults, letters, page_of, statuses, told, words

pytestmark = pytest.mark.django_db
LIST = reverse("admin:services_requestline_changelist")
LIST_QUERIES, PAGE_QUERIES = 11, 14
DECISIONS = ["accepter", "refuser", "pieces"]
REASON = {"accepter": {}, "refuser": {"reason": "Hors commune."}, "pieces": {"reason": "Merci d’envoyer : RIB."}}
BECOMES = {"accepter": "accepted", "refuser": "refused", "pieces": "incomplete"}


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def browser(visitor, desk):
    return visitor(desk.agent)


def names(response) -> list[str]:
    return [row.member.first_name for row in response.context["cl"].result_list]


def decide(browser, line, word, **fields):
    """Open the page of a decision and confirm it."""
    page = page_of(line, word)
    return browser.post(page, fields_of(browser.get(page)) | REASON[word] | fields, follow=True)


# --- The list -----------------------------------------------------------------------------------------------------------
def test_the_list_shows_what_waits_oldest_first(browser, desk):
    desk.another("Théo", asked_at=timezone.now() - timedelta(3))
    desk.another("Acceptée", "accepted")
    assert names(browser.get(LIST)) == ["Théo", "Louane"]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("accepted", ["Jules"]),
        ("refused", ["Inès"]),
        ("incomplete", ["Malo"]),
        ("expired", []),
        ("toutes", ["Louane", "Jules", "Inès", "Malo"]),
        ("autre", []),
    ],
)
def test_the_list_is_filtered_by_status(browser, desk, status, found):
    for name, its in [("Jules", "accepted"), ("Inès", "refused"), ("Malo", "incomplete")]:
        desk.another(name, its)
    assert names(browser.get(LIST, {"statut": status})) == found


def test_the_list_is_filtered_by_a_service_of_the_agent(browser, desk):
    garderie = service_asking(commune=desk.commune, name="Garderie")
    elsewhere = service_asking(commune=CommuneFactory(), name="Ailleurs")
    desk.another("Théo", service=garderie)
    desk.another("Étranger", service=elsewhere)
    found = {row: names(browser.get(LIST, {"service": row.pk})) for row in (desk.service, garderie, elsewhere)}
    assert found == {desk.service: ["Louane"], garderie: ["Théo"], elsewhere: ["Louane", "Théo"]}
    assert "Ailleurs" not in words(browser.get(LIST))


@pytest.mark.parametrize("term", ["louane", "Dupont", "louane dupont", "claire"])
def test_a_request_is_found_by_the_names_of_the_child_and_of_the_parents(browser, desk, term):
    desk.another("Théo", asked_at=timezone.now() + timedelta(1))
    assert names(browser.get(LIST, {"q": term}))[0] == "Louane"


def test_a_request_is_found_by_the_familys_reference_alone(browser, desk):
    desk.another("Théo")
    assert names(browser.get(LIST, {"q": desk.family.reference})) == ["Louane"]
    assert names(browser.get(LIST, {"q": "louane"})) == ["Louane"]
    assert names(browser.get(LIST, {"q": "D99999999999999999999"})) == []


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        ("validated", "Toutes validées"),
        ("pending", "1 à valider"),
        (None, "1 manquante"),
        ("refused", "1 manquante"),
    ],
)
def test_the_list_says_how_the_pieces_stand(visitor, piece, said):
    assert said in words(visitor(Desk(piece=piece).agent).get(LIST))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_whatever_its_length(browser, desk, count, django_assert_num_queries):
    for number in range(count - 1):
        desk.another(f"Enfant{number}")
    browser.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        browser.get(LIST)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_a_request_costs_the_same_whatever_its_lines(browser, desk, count, django_assert_num_queries):
    sheet = DocumentTypeFactory(name="Fiche sanitaire", per_member=True)
    desk.service.required_documents.create(type=sheet)
    for number in range(count - 1):
        child = MembershipFactory(family=desk.family, member__first_name=f"Enfant{number}").member
        line(desk.service, desk.family, child, "pending")
        document(desk.family, sheet, member=child)
        type = DocumentTypeFactory()
        desk.service.required_documents.create(type=type)
        document(desk.family, type)
        desk.another(f"Voisin{number}")
    browser.get(page_of(desk.line))
    with django_assert_num_queries(PAGE_QUERIES):
        browser.get(page_of(desk.line))


# --- Whose requests -----------------------------------------------------------------------------------------------------
def strangers(desk):
    """Agents who have no business with the request: of another commune, and of another service by name."""
    other = service_asking(commune=desk.commune, name="Garderie")
    named = AgentFactory(communes=[desk.commune])
    other.agents.set([named])
    return [AgentFactory(communes=[CommuneFactory()]), named]


def test_agents_of_another_commune_or_service_find_nothing(visitor, desk):
    for agent in strangers(desk):
        browser = visitor(agent)
        assert names(browser.get(LIST, {"statut": "toutes"})) == []
        pages = [browser.get(page_of(desk.line, page)).status_code for page in ["change", "history", *DECISIONS]]
        assert pages == [404] * 5


@pytest.mark.parametrize("word", DECISIONS)
def test_agents_of_another_commune_or_service_decide_nothing(visitor, desk, word):
    for agent in strangers(desk):
        sent = {"lines": [f"{desk.line.pk}:pending"]} | REASON[word]
        assert visitor(agent).post(page_of(desk.line, word), sent).status_code == 404
    assert statuses(desk.line) == ["pending"]


@pytest.mark.parametrize("action", ["accept_selected", "refuse_selected"])
def test_a_forged_bulk_choice_leaves_the_requests_of_others_alone(visitor, desk, action):
    for agent in strangers(desk):
        choose(visitor(agent), action, desk.line, confirmed="1", reason="Non.")
    assert (statuses(desk.line), letters()) == (["pending"], [])


@pytest.mark.parametrize("word", DECISIONS)
def test_a_line_of_another_request_is_not_decided_along(browser, desk, word):
    theirs = desk.another("Théo")
    sent = {"lines": [f"{theirs.pk}:pending"]} | REASON[word]
    assert browser.post(page_of(desk.line, word), sent).status_code == 404
    assert statuses(desk.line, theirs) == ["pending", "pending"]


def test_the_agents_whom_a_service_names_decide_for_it(visitor, desk):
    desk.service.agents.set([desk.agent])
    assert names(visitor(desk.agent).get(LIST)) == ["Louane"]
    assert names(visitor(ManagerFactory()).get(LIST)) == ["Louane"]


def test_nobody_enters_without_a_second_factor(desk):
    client = PortalClient()
    client.force_login(desk.agent)
    assert [client.get(page_of(desk.line, page)).status_code for page in ["change", *DECISIONS]] == [302] * 4


def test_lines_are_neither_added_nor_deleted_nor_edited_as_fields(visitor, desk):
    browser = visitor(ManagerFactory())
    assert browser.get(reverse("admin:services_requestline_add")).status_code == 403
    assert browser.post(page_of(desk.line, "delete"), {"post": "yes"}).status_code == 403
    assert browser.post(page_of(desk.line), {"status": "accepted"}).status_code == 405
    assert statuses(desk.line) == ["pending"]


# --- The page of a request ----------------------------------------------------------------------------------------------
def test_the_page_says_who_asks_for_what_with_which_pieces(browser, desk):
    SchoolingFactory(member=desk.child, school_class__name="CP de Mme Roy", school_class__school__name="Les Étangs")
    Quotient.objects.create(family=desk.family, value=512, effective_from="2020-01-01", recorded_by=desk.agent)
    text = words(browser.get(page_of(desk.line)))
    for said in [
        "Famille Dupont – Baneins – Cantine",
        "Claire Dupont, adresse non renseignée",
        "claire@example.org",
        "Quotient familial : 512.",
        "Louane Dupont 10-05-2018 (",
        "CP de Mme Roy (Les Étangs) Enfants",
        "Attestation fiche.pdf",
        "Validée",
        "Le message qui sera envoyé Votre demande est acceptée : Baneins – Cantine",
    ]:
        assert said in text


def test_the_family_is_a_link_only_for_agents_who_may_open_it(visitor, desk):
    """A family of another commune may ask for the service of this one."""
    address = reverse("admin:family_file", args=[desk.family.pk])
    assert address not in visitor(desk.agent).get(page_of(desk.line)).content.decode()
    assert address in visitor(ManagerFactory()).get(page_of(desk.line)).content.decode()


def test_a_request_that_lacks_a_piece_says_so_and_cannot_be_accepted_from_its_page(visitor):
    desk = Desk(piece=None)
    response = visitor(desk.agent).get(page_of(desk.line))
    assert response.context["form"] is None
    assert "Louane Dupont : il manque Attestation." in words(response)
    assert 'value="Accepter"' not in response.content.decode()


def test_looking_changes_nothing_and_sends_nothing(browser, desk):
    for page in ["change", *DECISIONS]:
        assert browser.get(page_of(desk.line, page)).status_code == 200
    assert (statuses(desk.line), letters()) == (["pending"], [])


# --- One decision -------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-46", "S3-60")
def test_a_request_is_accepted_from_its_page_with_the_email_that_was_shown(browser, desk):
    page = browser.get(page_of(desk.line))
    subject, text = page.context["email"]
    answer = browser.post(page_of(desk.line, "accepter"), fields_of(page), follow=True)
    desk.line.refresh_from_db()
    assert (desk.line.status, desk.line.decided_by) == ("accepted", desk.agent)
    assert told(answer) == ["Famille Dupont : accès accepté.", "Plus aucune demande n’attend."]
    assert letters() == ["services/lines_decided"]
    assert email_text() == (subject, text)
    assert "Accès accepté" in words(browser.get(page_of(desk.line, "history"), follow=True))


def email_text():
    return render(OutgoingEmail.objects.get(template="services/lines_decided"))[:2]


@pytest.mark.parametrize("word", DECISIONS)
def test_each_decision_shows_its_email_then_sends_it(browser, desk, word):
    shown = browser.get(page_of(desk.line, word))
    decide(browser, desk.line, word)
    subject, text = shown.context["email"]
    given = REASON[word].get("reason", "")
    expected = text.replace("(votre motif)", given).replace("Merci d’envoyer : ", given) if given else text
    assert (statuses(desk.line), letters(), email_text()) == (
        [BECOMES[word]],
        ["services/lines_decided"],
        (subject, expected),
    )


@pytest.mark.parametrize("word", DECISIONS)
def test_a_decision_confirmed_twice_is_one_and_says_the_same(browser, desk, word):
    sent = fields_of(browser.get(page_of(desk.line, word))) | REASON[word]
    answers = [browser.post(page_of(desk.line, word), sent, follow=True) for _ in range(2)]
    assert told(answers[0]) == told(answers[1])
    assert (statuses(desk.line), letters()) == ([BECOMES[word]], ["services/lines_decided"])


@pytest.mark.parametrize("word", ["refuser", "pieces"])
def test_what_another_agent_decided_meanwhile_is_told_and_stays(browser, desk, word):
    sent = fields_of(browser.get(page_of(desk.line, word))) | REASON[word]
    RequestLine.objects.filter(pk=desk.line.pk).update(status="accepted", decided_at=timezone.now())
    answer = browser.post(page_of(desk.line, word), sent)
    assert faults(answer) == ["Cette étape n’est plus possible : l’état a changé entre-temps. Rechargez la page."]
    assert (statuses(desk.line), letters()) == (["accepted"], [])


@pytest.mark.parametrize(
    ("word", "fields", "sentence"),
    [
        ("refuser", {"reason": "  "}, "Indiquez le motif : la famille le lira."),
        ("refuser", {"lines": []}, "Cochez au moins une personne."),
        (
            "refuser",
            {"reason": "x" * 1001},
            "Assurez-vous que cette valeur comporte au plus 1000 caractères (actuellement 1001).",
        ),
        ("pieces", {"reason": ""}, "Dites quelles pièces il faut : la famille le lira."),
        ("pieces", {"lines": []}, "Cochez au moins une personne."),
        ("accepter", {"lines": []}, "Cochez au moins une personne."),
        ("accepter", {"lines": ["x"]}, "Sélectionnez un choix valide. x n’en fait pas partie."),
        ("accepter", {"lines": ["1:pending;"]}, "Sélectionnez un choix valide. 1:pending; n’en fait pas partie."),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_with_a_sentence(browser, desk, word, fields, sentence):
    answer = decide(browser, desk.line, word, **fields)
    assert (answer.status_code, faults(answer)) == (200, [sentence])
    assert (statuses(desk.line), letters()) == (["pending"], [])


@pytest.mark.parametrize(
    ("piece", "sentence"),
    [
        (None, "Louane Dupont : il manque Attestation."),
        ("refused", "Louane Dupont : il manque Attestation."),
        ("expired", "Louane Dupont : il manque Attestation."),
        ("pending", "Louane Dupont : à valider d’abord : Attestation."),
    ],
)
def test_a_request_whose_pieces_are_not_validated_is_not_accepted(visitor, piece, sentence):
    desk = Desk(piece=piece)
    answer = decide(visitor(desk.agent), desk.line, "accepter")
    assert faults(answer) == [sentence]
    assert (statuses(desk.line), letters()) == (["pending"], [])


def test_one_child_is_accepted_and_the_other_waits(browser, desk):
    theo = line(desk.service, desk.family, MemberFactory(first_name="Théo"), "pending")
    decide(browser, desk.line, "accepter", lines=[f"{desk.line.pk}:pending"])
    assert statuses(desk.line, theo) == ["accepted", "pending"]


def test_the_text_that_asks_for_pieces_names_what_lacks(visitor):
    desk = Desk(piece=None)
    form = visitor(desk.agent).get(page_of(desk.line, "pieces")).context["form"]
    assert form["reason"].value() == "Merci d’envoyer : Attestation."


def test_an_access_is_withdrawn_with_a_reason(visitor):
    desk = Desk("accepted")
    decide(visitor(desk.agent), desk.line, "refuser", reason="A quitté la commune.")
    desk.line.refresh_from_db()
    assert (desk.line.status, desk.line.reason) == ("refused", "A quitté la commune.")


def test_a_family_without_an_address_reads_it_in_the_portal(browser, desk):
    type(desk.parent).objects.filter(pk=desk.parent.pk).update(email=None)
    assert "Claire Dupont (sans adresse : dans le portail)" in words(browser.get(page_of(desk.line, "refuser")))
    decide(browser, desk.line, "refuser")
    assert list(OutgoingEmail.objects.values_list("to", "owner")) == [("", desk.parent.owner)]


# --- The next one -------------------------------------------------------------------------------------------------------
def test_after_a_decision_the_next_request_comes(browser, desk):
    later = [desk.another(name, asked_at=timezone.now() + timedelta(n)) for n, name in enumerate(["Théo", "Malo"], 1)]
    answer = decide(browser, desk.line, "accepter")
    assert answer.redirect_chain == [(page_of(later[0]), 302)]
    assert answer.context["next_address"] == page_of(later[1])
    assert "1 autre demande à décider." in words(answer)


def test_after_the_last_request_come_those_that_were_passed_over(browser, desk):
    first = desk.another("Théo", asked_at=timezone.now() - timedelta(2))
    assert decide(browser, desk.line, "accepter").redirect_chain == [(page_of(first), 302)]


def test_the_next_request_is_of_the_service_that_the_agent_chose_in_the_list(browser, desk):
    garderie = service_asking(commune=desk.commune, name="Garderie")
    desk.another("Théo", service=garderie, asked_at=timezone.now() + timedelta(1))
    malo = desk.another("Malo", asked_at=timezone.now() + timedelta(2))
    query = f"?_changelist_filters=service%3D{desk.service.pk}"
    page = browser.get(page_of(desk.line) + query)
    assert page.context["next_address"] == page_of(malo) + query
    answer = browser.post(page_of(desk.line, "accepter") + query, fields_of(page))
    assert answer.url == page_of(malo) + query


@pytest.mark.parametrize("service", ["x", "9" * 30, "-1", "²"])
def test_a_forged_service_in_the_address_is_not_a_fault(browser, desk, service):
    answer = browser.get(page_of(desk.line), {"_changelist_filters": f"service={service}"})
    assert answer.status_code == 200


# --- A piece of a child who did not ask ---------------------------------------------------------------------------------
def test_the_piece_of_a_sibling_who_did_not_ask_is_not_the_agents(browser, desk):
    sheet = DocumentTypeFactory(name="Fiche sanitaire", per_member=True, is_health=True)
    desk.service.required_documents.create(type=sheet)
    theo = MembershipFactory(family=desk.family, member__first_name="Théo").member
    own, other = (document(desk.family, sheet, member=child) for child in (desk.child, theo))
    assert [browser.get(page_of(piece)).status_code for piece in (own, other)] == [200, 404]


def test_pieces_are_asked_for_the_child_who_lacks_one_first(browser, desk):
    sheet = DocumentTypeFactory(name="Fiche sanitaire", per_member=True)
    desk.service.required_documents.create(type=sheet)
    theo = MembershipFactory(family=desk.family, member__first_name="Théo").member
    theirs = line(desk.service, desk.family, theo, "pending")
    document(desk.family, sheet, member=desk.child, status="validated")
    form = browser.get(page_of(desk.line, "pieces")).context["form"]
    assert (form["lines"].value(), form["reason"].value()) == (
        [f"{theirs.pk}:pending"],
        "Merci d’envoyer : Fiche sanitaire (Théo).",
    )
