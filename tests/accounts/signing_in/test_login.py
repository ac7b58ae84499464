"""The « Authentification » page, and who may sign in."""

import pytest

from accounts.models import User
from tests.accounts.pages import PASSWORD, buttons, emails_to, errors, labels, last_email, words
from tests.factories.accounts import PendingUserFactory, UserFactory

pytestmark = pytest.mark.django_db


def log_in(client, login, password=PASSWORD):
    return client.post("/comptes/login/", {"login": login, "password": password})


@pytest.mark.seed("S3-14", "S3-15", "S3-16", "S3-17", "S2-9", "S3-9")
def test_the_authentication_page_has_the_two_blocks_of_the_guide(client):
    page = client.get("/comptes/login/")
    assert "<h1>Authentification</h1>" in page.content.decode()
    first, second = words(page).partition("Déjà inscrit ?")[::2]
    assert "Créez votre compte" in first
    assert first.rstrip().endswith("Adresse e-mail Créer votre compte")
    assert second.lstrip().startswith(
        "* Adresse e-mail ou identifiant * Mot de passe Mot de passe oublié ? Connexion Page sécurisée"
    )
    assert labels(page) == ["Adresse e-mail", "* Adresse e-mail ou identifiant", "* Mot de passe"]
    assert buttons(page) == ["Créer votre compte", "Connexion"]


@pytest.mark.seed("S3-8", "S3-15", "S2-9")
def test_the_first_block_leads_to_the_sign_up_with_the_address(client):
    page = client.get("/comptes/login/").content.decode()
    assert '<form method="get" action="/inscription/">' in page
    assert 'value="paul@example.org"' in client.get("/inscription/?email=paul%40example.org").content.decode()


@pytest.mark.parametrize("login", ["claire@example.org", " Claire@Example.org ", "F0000012", "f0000012"])
@pytest.mark.seed("S3-18", "S4-2", "S4-3")
def test_people_sign_in_with_their_email_or_identifier(client, login):
    UserFactory(email="claire@example.org", identifier="F0000012", password=PASSWORD)
    assert log_in(client, login).url == "/mon-compte/"


@pytest.mark.seed("S4-2")
def test_a_person_without_an_email_signs_in_with_the_identifier(client):
    UserFactory(email=None, identifier="F0000012", password=PASSWORD)
    assert log_in(client, "F0000012").url == "/mon-compte/"
    assert client.get("/comptes/profil/").status_code == 200


def test_an_address_never_verified_is_verified_before_the_door_opens(client):
    user = UserFactory(email="claire@example.org", password=PASSWORD)
    user.emailaddress_set.update(verified=False)
    assert log_in(client, "claire@example.org").url == "/comptes/confirm-email/"
    assert client.get("/mon-compte/").url.startswith("/comptes/login/")
    assert emails_to("claire@example.org") == ["accounts/email_confirmation_signup"]


@pytest.mark.parametrize(
    ("login", "sentence"),
    [
        ("claire@example.org", "L’adresse e-mail ou le mot de passe n’est pas le bon."),
        ("nobody@example.org", "L’adresse e-mail ou le mot de passe n’est pas le bon."),
        ("F0000012", "L’identifiant ou le mot de passe n’est pas le bon."),
        ("F9999999", "L’identifiant ou le mot de passe n’est pas le bon."),
    ],
)
def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(client, login, sentence):
    UserFactory(email="claire@example.org", identifier="F0000012", password=PASSWORD)
    assert errors(log_in(client, login, "not-the-password-1")) == [sentence]


def test_after_five_wrong_passwords_even_the_right_one_waits(client):
    UserFactory(email="claire@example.org", password=PASSWORD)
    for _ in range(5):
        log_in(client, "claire@example.org", "not-the-password-1")
    assert errors(log_in(client, "claire@example.org")) == [
        "Trop d’essais de connexion. Attendez quelques minutes, puis recommencez."
    ]


# --- A browser that signed in before -----------------------------------------------------------------------------------
TOO_MANY = ["Trop d’essais de connexion. Attendez quelques minutes, puis recommencez."]


def elsewhere(client, login="claire@example.org", tries=6):
    """A stranger tries passwords from another place, more than are judged."""
    stranger = type(client)(REMOTE_ADDR="192.0.2.66")
    answers = [errors(log_in(stranger, login, f"not-the-password-{n}")) for n in range(tries)]
    assert answers[-1] == TOO_MANY


@pytest.fixture
def known(client):
    """A browser in which Claire signed in, and out again."""
    UserFactory(email="claire@example.org", identifier="F0000012", password=PASSWORD)
    log_in(client, "claire@example.org")
    client.post("/comptes/logout/")
    return client


@pytest.mark.parametrize("login", ["claire@example.org", "F0000012", " Claire@Example.org"])
def test_wrong_passwords_elsewhere_do_not_lock_ones_own_browser_out(known, login):
    elsewhere(known)
    assert errors(log_in(type(known)(), login)) == TOO_MANY or login == "F0000012"
    assert log_in(known, login).url == "/mon-compte/"


def test_wrong_passwords_from_the_same_network_do_not_either(known):
    stranger = type(known)()
    for number in range(12):
        log_in(stranger, f"nobody{number}@example.org", "not-the-password-1")
    assert errors(log_in(stranger, "somebody@example.org")) == TOO_MANY
    assert log_in(known, "claire@example.org").url == "/mon-compte/"


def test_a_known_browser_has_five_tries_of_its_own(known):
    for _ in range(5):
        assert errors(log_in(known, "claire@example.org", "not-the-password-1")) != TOO_MANY
    assert errors(log_in(known, "claire@example.org")) == TOO_MANY
    assert log_in(type(known)(REMOTE_ADDR="192.0.2.7"), "claire@example.org").url == "/mon-compte/"


def test_a_browser_is_known_for_its_own_account_only(known):
    UserFactory(email="paul@example.org", password=PASSWORD)
    elsewhere(known, "paul@example.org")
    assert errors(log_in(known, "paul@example.org")) == TOO_MANY


def test_a_changed_password_ends_what_the_browser_was_known_for(known):
    user = User.objects.get(email="claire@example.org")
    user.set_password("une-autre-2026-cantine")
    user.save()
    elsewhere(known)
    assert errors(log_in(known, "claire@example.org", "une-autre-2026-cantine")) == TOO_MANY


@pytest.mark.parametrize("forged", ["x", "", "eyJuYW1lIjoieCJ9:1:1", '{"name": "x", "accounts": {"1": "x"}}'])
def test_a_forged_cookie_makes_no_browser_known(known, client, settings, forged):
    elsewhere(known)
    known.cookies[settings.KNOWN_COOKIE_NAME] = forged
    assert errors(log_in(known, "claire@example.org")) == TOO_MANY


def test_the_cookie_is_read_by_no_script_and_says_nothing_of_the_person(known, settings):
    cookie = known.cookies[settings.KNOWN_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 365 * 24 * 3600)
    assert "claire" not in cookie.value


def test_a_closed_account_does_not_sign_in(client):
    UserFactory(email="claire@example.org", password=PASSWORD, status="closed", is_active=False)
    answer = log_in(client, "claire@example.org")
    assert answer.url == "/comptes/inactive/"
    assert "Ce compte est fermé" in words(client.get(answer.url))
    assert client.get("/mon-compte/").url.startswith("/comptes/login/")


def test_signing_in_never_leads_to_another_site(client):
    UserFactory(email="claire@example.org", password=PASSWORD)
    answer = client.post(
        "/comptes/login/?next=https://evil.example/", {"login": "claire@example.org", "password": PASSWORD}
    )
    assert answer.url == "/mon-compte/"


@pytest.mark.seed("S3-19")
def test_an_account_nobody_validated_signs_in_to_the_waiting_page_only(client):
    PendingUserFactory(email="claire@example.org", password=PASSWORD)
    assert log_in(client, "claire@example.org").url == "/comptes/en-attente/"


@pytest.mark.seed("S2-8", "S2-9")
def test_one_button_of_the_home_page_serves_to_create_or_to_sign_in(client):
    page = client.get("/").content.decode()
    assert '<a class="btn btn-primary" href="/comptes/login/">Créer ou accéder à mon compte usager</a>' in page
    assert buttons(client.get("/comptes/login/")) == ["Créer votre compte", "Connexion"]


# --- Password forgotten ----------------------------------------------------------------------------------------------
def link_sent(to="claire@example.org"):
    return last_email(to, "password_reset_key").context["password_reset_url"].removeprefix("http://testserver")


@pytest.mark.seed("S3-9", "S3-10")
def test_a_forgotten_password_is_replaced_with_a_link_that_serves_once(client):
    UserFactory(email="claire@example.org", password=PASSWORD)
    client.post("/comptes/password/reset/", {"email": "claire@example.org"})
    link = link_sent()
    form = client.get(link).url
    new = "une-autre-2026-cantine"
    answer = client.post(form, {"password1": new, "password2": new})
    assert answer.url == "/comptes/password/reset/key/done/"
    assert errors(log_in(client, "claire@example.org")) == ["L’adresse e-mail ou le mot de passe n’est pas le bon."]
    assert log_in(client, "claire@example.org", new).url == "/mon-compte/"
    again = type(client)().get(link)
    assert "Ce lien n’est plus valable" in words(again)
    assert emails_to("claire@example.org") == ["accounts/password_reset_key", "accounts/password_reset"]


def test_a_link_is_worth_nothing_after_two_hours(client, time_machine):
    UserFactory(email="claire@example.org", password=PASSWORD)
    time_machine.move_to("2026-03-02 10:00")
    client.post("/comptes/password/reset/", {"email": "claire@example.org"})
    time_machine.move_to("2026-03-02 12:01")
    assert "Ce lien n’est plus valable" in words(client.get(link_sent()))


def test_a_weak_new_password_is_refused_with_the_rule(client):
    UserFactory(email="claire@example.org", password=PASSWORD)
    client.post("/comptes/password/reset/", {"email": "claire@example.org"})
    answer = client.post(client.get(link_sent()).url, {"password1": "abc1!", "password2": "abc1!"})
    assert errors(answer)[0].startswith("Nouveau mot de passe : Le mot de passe doit être de 13 caractères")
    assert User.objects.get().check_password(PASSWORD)


def test_an_unknown_address_gets_the_same_page(client):
    UserFactory(email="claire@example.org")
    known = client.post("/comptes/password/reset/", {"email": "claire@example.org"})
    unknown = client.post("/comptes/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_the_link_stands_on_the_public_address_whatever_host_was_named(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    UserFactory(email="claire@example.org", password=PASSWORD)
    client.post("/comptes/password/reset/", {"email": "claire@example.org"}, headers={"host": "evil.example"})
    url = last_email("claire@example.org", "password_reset_key").context["password_reset_url"]
    assert url.startswith("http://testserver/comptes/password/reset/key/")
