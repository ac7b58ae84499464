"""The first gate: closed by default, on every request."""

import pytest
from django.urls import URLResolver, get_resolver, reverse

from accounts.middleware import FREE_PREFIXES
from tests.accounts.pages import buttons, words
from tests.factories.accounts import AgentFactory, PendingUserFactory, UserFactory

pytestmark = pytest.mark.django_db
GATED = ["/mon-compte/", "/mes-filiations/", "/porte-monnaie/", "/reservations/mes-reservations/"]


def routes(resolver=None, prefix="/"):
    """Every address of the portal that takes no argument, with its view."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif "<" not in route and "(" not in route:
            yield route.rstrip("$"), pattern.callback


def test_no_address_opens_to_a_person_who_waits_but_the_free_and_public_ones(visitor):
    client = visitor(PendingUserFactory())
    opened = []
    for route, view in routes():
        answer = client.get(route)
        free = route.startswith(FREE_PREFIXES) or not getattr(view, "login_required", True)
        if not free and not (answer.status_code == 302 and answer.url == "/comptes/en-attente/"):
            opened.append(route)
    assert opened == ["/mes-services/mandat/"]  # a request may be completed while the account waits


def test_no_address_but_the_public_ones_opens_to_a_stranger(client):
    opened = []
    for route, view in routes():
        answer = client.get(route)
        public = not getattr(view, "login_required", True)
        if not public and not (
            answer.status_code == 302
            and answer.url.startswith(("/comptes/login/", "/admin/login/", "/cesu/connexion/", "/aide/?next="))
        ):
            opened.append((route, answer.status_code))
    assert opened == []


@pytest.mark.seed("S3-19")
@pytest.mark.parametrize("status", ["pending", "refused"])
def test_an_account_that_is_not_validated_is_led_to_the_waiting_page(visitor, status):
    reason = {"refusal_reason": "Hors du territoire."} if status == "refused" else {}
    client = visitor(UserFactory(status=status, **reason))
    assert [client.get(url).url for url in GATED] == ["/comptes/en-attente/"] * len(GATED)


def test_a_post_is_stopped_as_well(visitor):
    client = visitor(PendingUserFactory())
    assert client.post("/mes-filiations/").url == "/comptes/en-attente/"


def test_a_piece_asked_for_by_htmx_turns_into_the_whole_waiting_page(visitor):
    answer = visitor(PendingUserFactory()).get("/mon-compte/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/comptes/en-attente/")


def test_a_piece_asked_for_by_htmx_without_a_session_turns_into_the_login_page(client):
    answer = client.get("/mon-compte/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/comptes/login/?next=/mon-compte/")


def test_an_account_refused_while_its_owner_is_signed_in_is_stopped_at_once(visitor):
    user = UserFactory()
    client = visitor(user)
    assert client.get("/comptes/en-attente/").url == "/mon-compte/"
    type(user).objects.filter(pk=user.pk).update(status="refused", refusal_reason="Erreur de validation.")
    assert client.get("/porte-monnaie/").url == "/comptes/en-attente/"


def test_an_account_closed_while_its_owner_is_signed_in_is_signed_out(visitor):
    user = UserFactory()
    client = visitor(user)
    type(user).objects.filter(pk=user.pk).update(status="closed", is_active=False)
    assert client.get("/porte-monnaie/").url == "/comptes/login/?next=/porte-monnaie/"


def test_agents_pass(visitor):
    assert visitor(AgentFactory(status="pending")).get("/mon-compte/").url == "/admin/"


# --- The waiting page ------------------------------------------------------------------------------------------------
def test_the_waiting_page_says_what_happens_next(visitor):
    page = visitor(PendingUserFactory(first_name="Claire", email="claire@example.org")).get("/comptes/en-attente/")
    assert "Merci Claire. Votre demande est complète." in words(page)
    assert "Vous recevez un e-mail à l’adresse claire@example.org." in words(page)


def test_the_waiting_page_leads_to_the_missing_steps(visitor):
    page = visitor(PendingUserFactory(signed_up_at=None)).get("/comptes/en-attente/")
    assert buttons(page) == ["Terminer mon inscription"]
    assert f'href="{reverse("signup_members")}"' in page.content.decode()


def test_a_refused_person_reads_the_reason_and_asks_again(visitor):
    user = UserFactory(status="refused", refusal_reason="Le nom <b>n’est pas</b> lisible.")
    client = visitor(user)
    page = client.get("/comptes/en-attente/")
    assert "Le nom &lt;b&gt;n’est pas&lt;/b&gt; lisible." in page.content.decode()
    assert buttons(page) == ["Demander un nouvel examen", "Corriger mes informations"]
    client.post("/comptes/en-attente/nouvel-examen/")
    user.refresh_from_db()
    assert (user.status, user.decided_at, user.refusal_reason) == ("pending", None, "")


def test_looking_at_the_page_that_asks_again_changes_nothing(visitor):
    user = UserFactory(status="refused", refusal_reason="Hors du territoire.")
    assert visitor(user).get("/comptes/en-attente/nouvel-examen/").status_code == 405
    user.refresh_from_db()
    assert user.status == "refused"
