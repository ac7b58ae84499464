"""« Profil »: details, boxes, email, password, messages."""

import pytest

from accounts.forms import EMAIL_REASON
from accounts.models import Consent
from common.background import mailing
from common.models import OutgoingEmail
from tests.accounts.pages import PASSWORD, code_sent, emails_to, errors, labels, words
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
DETAILS = {"gender": "Mme", "first_name": "Claire", "last_name": "Dupont", "postcode": "01330"}


@pytest.fixture
def user():
    return UserFactory(email="claire@example.org", password=PASSWORD)


@pytest.fixture
def me(visitor, user):
    client = visitor(user)
    client.post("/comptes/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.mark.seed("S4-8", "S4-109", "S4-110", "S4-111", "S4-112")
def test_the_profile_leads_to_change_and_says_why_the_address_matters(me):
    page = me.get("/comptes/profil/")
    assert 'href="/comptes/profil/modifier/"' in page.content.decode()
    assert "Modifier" in words(page)
    edit = me.get("/comptes/profil/modifier/")
    assert EMAIL_REASON in words(edit)
    for link in ("/comptes/email/", "/comptes/password/change/"):
        assert f'href="{link}"' in edit.content.decode()


@pytest.mark.seed("S4-112")
def test_the_reason_is_the_guides(me):
    assert EMAIL_REASON == (
        "Votre adresse e-mail sert à recevoir le compte rendu de vos réservations et leur évolution, notamment "
        "si vous êtes en liste d’attente et que la place vous a été attribuée."
    )
    assert EMAIL_REASON in words(me.get("/comptes/email/"))


@pytest.mark.seed("S3-23")
def test_personal_details_are_changed_at_any_time(me, user):
    answer = me.post("/comptes/profil/modifier/", DETAILS | {"phone": "04 74 00 00 00", "city": "Saint-Marcel"})
    assert answer.url == "/comptes/profil/"
    user.refresh_from_db()
    assert (user.gender, user.phone, user.postcode, user.city) == ("Mme", "04 74 00 00 00", "01330", "Saint-Marcel")


@pytest.mark.parametrize(
    ("typed", "stored"), [("0474000000", "04 74 00 00 00"), ("+33 4 74 00 00 00", "04 74 00 00 00")]
)
def test_a_telephone_is_stored_in_one_form(me, user, typed, stored):
    me.post("/comptes/profil/modifier/", DETAILS | {"phone": typed})
    user.refresh_from_db()
    assert user.phone == stored


@pytest.mark.parametrize("typed", ["14/05/38", "02/09/21"])
def test_a_year_of_birth_of_two_digits_is_asked_for_in_full(me, user, typed):
    answer = me.post("/comptes/profil/modifier/", DETAILS | {"birth_date": typed})
    assert "Écrivez la date en entier, comme 31/12/1980." in answer.content.decode()
    user.refresh_from_db()
    assert user.birth_date is None


def test_a_telephone_without_its_ten_digits_is_refused(me):
    answer = me.post("/comptes/profil/modifier/", DETAILS | {"phone": "06 12 34 56"})
    assert "Un téléphone français a 10 chiffres" in answer.content.decode()


def test_the_form_shows_what_is_known_and_what_was_ticked(me, user):
    Consent.objects.create(user=user, kind="newsletter", given=True)
    page = me.get("/comptes/profil/modifier/")
    assert labels(page)[-2:] == ["S’inscrire à la newsletter", "Je suis une société"]
    assert page.content.decode().count(" checked") == 1
    assert 'value="Dupont"' in page.content.decode()


def test_taking_a_box_back_is_dated_and_both_answers_are_kept(me, user):
    me.post("/comptes/profil/modifier/", DETAILS | {"newsletter": "on"})
    me.post("/comptes/profil/modifier/", DETAILS)
    rows = Consent.objects.of(user).order_by("pk").values_list("kind", "given")
    assert list(rows) == [("newsletter", True), ("newsletter", False)]
    assert "Newsletter : non" in words(me.get("/comptes/profil/"))


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"first_name": "x" * 300}, "Prénom"),
        ({"last_name": ""}, "Nom"),
        ({"birth_date": "2999-01-01"}, "Date de naissance"),
        ({"postcode": "1330"}, "Code postal"),
        ({"address": "x" * 201}, "Adresse"),
    ],
)
def test_bad_input_changes_nothing(me, user, fields, label):
    answer = me.post("/comptes/profil/modifier/", DETAILS | fields)
    assert [text.partition(" : ")[0] for text in errors(answer)] == [label]
    user.refresh_from_db()
    assert (user.postcode, user.last_name) == ("", "Dupont")


def test_nobody_makes_themselves_an_agent(me, user):
    me.post("/comptes/profil/modifier/", DETAILS | {"is_staff": "on", "status": "validated", "commune": "1"})
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser) == (False, False)


# --- Email -----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-111")
def test_the_address_changes_once_its_code_was_typed_and_the_old_one_is_told(me, user):
    answer = me.post("/comptes/email/", {"email": "Nouvelle@example.org", "action_add": "1"}, follow=True)
    user.refresh_from_db()
    assert user.email == "claire@example.org"
    assert answer.redirect_chain[-1][0] in ("/comptes/email/", "/comptes/confirm-email/")
    code = code_sent("nouvelle@example.org", "email_confirmation")
    me.post("/comptes/confirm-email/", {"code": code, "action": "verify"})
    user.refresh_from_db()
    assert user.email == "nouvelle@example.org"
    assert list(user.emailaddress_set.values_list("email", "verified")) == [("nouvelle@example.org", True)]
    assert emails_to("claire@example.org") == ["accounts/email_changed"]


@pytest.mark.seed("S4-111")
def test_a_person_without_an_address_gives_one(visitor):
    user = UserFactory(email=None, password=PASSWORD)
    client = visitor(user)
    client.post("/comptes/reauthenticate/", {"password": PASSWORD})
    client.post("/comptes/email/", {"email": "jeanne@example.org", "action_add": "1"})
    template = OutgoingEmail.objects.get(to="jeanne@example.org").template.removeprefix("accounts/")
    code = code_sent("jeanne@example.org", template)
    client.post("/comptes/confirm-email/", {"code": code, "action": "verify"})
    user.refresh_from_db()
    assert user.email == "jeanne@example.org"


def test_an_address_that_another_account_took_meanwhile_is_refused_politely(me, user):
    me.post("/comptes/email/", {"email": "prise@example.org", "action_add": "1"})
    code = code_sent("prise@example.org", "email_confirmation")
    UserFactory(email="prise@example.org")
    answer = me.post("/comptes/confirm-email/", {"code": code, "action": "verify"})
    assert errors(answer) == ["Code reçu par e-mail : Un compte existe déjà avec cette adresse e-mail."]
    user.refresh_from_db()
    assert user.email == "claire@example.org"


def test_an_address_taken_at_the_very_same_moment_is_refused_politely(me, user, monkeypatch):
    """Both passed the check; the second meets the constraint."""
    monkeypatch.setattr("allauth.account.forms.email_already_exists", lambda **kwargs: (kwargs["email"], False))
    me.post("/comptes/email/", {"email": "prise@example.org", "action_add": "1"})
    code = code_sent("prise@example.org", "email_confirmation")
    UserFactory(email="prise@example.org")
    answer = me.post("/comptes/confirm-email/", {"code": code, "action": "verify"}, follow=True)
    assert "Cette adresse e-mail ne peut pas être utilisée" in words(answer)
    user.refresh_from_db()
    assert user.email == "claire@example.org"


def test_the_only_address_is_replaced_never_taken_away(me, user):
    me.post("/comptes/email/", {"email": "claire@example.org", "action_remove": "1"})
    user.refresh_from_db()
    assert user.email == "claire@example.org"


def test_the_address_is_not_changed_without_the_password(visitor, user):
    client = visitor(user)
    client.post("/comptes/email/", {"email": "pirate@example.org", "action_add": "1"})
    assert emails_to("pirate@example.org") == []


# --- Password --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-110")
def test_the_password_changes_with_the_old_one_and_the_session_stays(me, user):
    new = "une-autre-2026-cantine"
    answer = me.post("/comptes/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.url == "/comptes/profil/"
    user.refresh_from_db()
    assert user.check_password(new)
    assert me.get("/comptes/profil/").status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        ("faux", "une-autre-2026-cantine", "une-autre-2026-cantine", "Ce n’est pas votre mot de passe actuel."),
        (PASSWORD, "abc1!", "abc1!", "Le mot de passe doit être de 13 caractères"),
        (PASSWORD, "une-autre-2026-cantine", "une-autre-2026-cantine2", "Nouveau mot de passe, une seconde fois"),
    ],
)
def test_a_faulty_change_keeps_the_password(me, user, old, new, again, sentence):
    answer = me.post("/comptes/password/change/", {"oldpassword": old, "password1": new, "password2": again})
    assert sentence in " ".join(errors(answer))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_change_of_password_signs_out_everywhere_else(visitor, me, user):
    elsewhere = visitor(user)
    new = "une-autre-2026-cantine"
    me.post("/comptes/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert elsewhere.get("/comptes/profil/").url == "/comptes/login/?next=/comptes/profil/"


# --- Messages --------------------------------------------------------------------------------------------------------
def test_messages_are_read_in_the_portal_even_without_an_address(visitor):
    user = UserFactory(email=None, first_name="Jeanne")
    mailing.queue("accounts/account_validated", owner=user.owner, context={"first_name": "Jeanne"})
    client = visitor(user)
    assert "Votre compte est validé" in words(client.get("/comptes/messages/"))
    message = OutgoingEmail.objects.get()
    assert "Bonjour Jeanne," in words(client.get(f"/comptes/messages/{message.pk}/"))


def test_a_strangers_message_does_not_exist(visitor):
    mailing.queue("accounts/account_validated", owner=UserFactory().owner, context={"first_name": "Jeanne"})
    other = visitor(UserFactory())
    assert "Aucun message pour le moment" in words(other.get("/comptes/messages/"))
    assert other.get(f"/comptes/messages/{OutgoingEmail.objects.get().pk}/").status_code == 404


def test_codes_and_links_are_not_kept_among_the_messages(client, visitor, user):
    client.post("/comptes/password/reset/", {"email": "claire@example.org"})
    assert "Aucun message pour le moment" in words(visitor(user).get("/comptes/messages/"))
