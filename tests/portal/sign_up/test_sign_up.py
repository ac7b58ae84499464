"""The three-step sign-up."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import Consent, User
from accounts.signing_in.passwords import GUESSABLE, RULE
from common.models import Authority
from families.models import Family, Member
from portal.sign_up import forms
from services.models import Service
from tests.accounts.pages import (
    PASSWORD,
    STEP_1,
    buttons,
    code_sent,
    emails_to,
    errors,
    labels,
    member,
    sign_up,
    words,
)
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def service():
    commune = CommuneFactory(name="Saint-Marcel", insee_code="01371")
    return Service.objects.create(commune=commune, name="Service cantine")


def claire():
    return User.objects.get(email="claire@example.org")


# --- The journey -----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-2", "S3-3", "S3-19", "S2-5")
def test_a_parent_signs_up_waits_is_validated_by_an_agent_and_then_enters(client, visitor, service):
    answer = client.post("/inscription/", STEP_1 | {"members-TOTAL_FORMS": "1"} | member("Louane", 0))
    assert (answer.status_code, answer.url) == (302, "/comptes/confirm-email/")
    answer = client.post(answer.url, {"code": code_sent(), "action": "verify"})
    assert (answer.status_code, answer.url) == (302, "/inscription/filiations/")
    answer = client.post(answer.url, member("Théo", year="2013"))
    assert "Louane 10-05-2018" in words(client.get(answer.url))
    answer = client.post("/inscription/services/", {"service": service.pk})
    assert answer.url == "/comptes/en-attente/"
    assert client.get("/mon-compte/").url == "/comptes/en-attente/"
    user = claire()
    assert (user.commune, user.guardian.family.commune, user.status) == (service.commune, service.commune, "pending")
    agent = visitor(AgentFactory(communes=[service.commune]))
    agent.post(f"/admin/accounts/user/{user.pk}/valider/")
    assert client.get("/mon-compte/").status_code == 200
    assert emails_to("claire@example.org") == [
        "accounts/email_confirmation_signup",
        "accounts/account_received",
        "accounts/account_validated",
    ]


@pytest.mark.seed("S3-20")
def test_each_step_shows_where_the_person_stands(client, service):
    assert (
        "Création facile de votre compte usager en 3 étapes 1 Étape 1 sur 3 : Infos personnelles "
        "2 Étape 2 sur 3 : Mes filiations 3 Étape 3 sur 3 : Mes services"
    ) in words(client.get("/inscription/"))
    sign_up(client)
    for url, current in (("/inscription/filiations/", "Mes filiations"), ("/inscription/services/", "Mes services")):
        step = client.get(url).content.decode().partition('aria-current="step"')[2].partition("</li>")[0]
        assert step.endswith(f"{current}</span>")
        assert f"{current} (terminée)" not in words(client.get(url))


@pytest.mark.seed("S3-24", "S3-18")
def test_the_email_and_password_chosen_at_sign_up_serve_to_sign_in(client, service):
    sign_up(client)
    client.post("/comptes/logout/")
    answer = client.post("/comptes/login/", {"login": "claire@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, "/inscription/filiations/")


# --- Step 1 ----------------------------------------------------------------------------------------------------------
@pytest.mark.seed(
    "S3-25", "S3-26", "S3-27", "S3-28", "S3-29", "S3-31", "S3-32", "S3-33", "S3-34", "S3-35", "S3-36", "S3-37", "S3-38"
)
def test_step_1_has_the_fields_of_the_guide_word_for_word(client):
    Authority(partner_offers=True).save()
    page = client.get("/inscription/")
    assert labels(page) == [
        "Genre",
        "M",
        "Mme",
        "* Prénom",
        "* Nom",
        "* Adresse e-mail",
        "* Mot de passe",
        "Date de naissance",
        "S’inscrire à la newsletter",
        "Recevez les offres spéciales de nos partenaires",
        "Je suis une société",
        "Filiations",
        "* J’accepte les conditions générales et la politique de confidentialité.",
    ]
    assert buttons(page) == ["Ajouter nouveau bénéficiaire +", "Enregistrer >"]
    assert "* Champ requis" in words(page)


@pytest.mark.seed("S2-14", "S3-30")
def test_the_password_rule_is_shown_beside_the_field(client):
    assert RULE in words(client.get("/inscription/"))


@pytest.mark.seed("S3-21", "S3-22", "S3-23")
def test_the_page_says_that_this_is_asked_once_and_can_be_changed(client):
    assert (
        "Renseignez une seule fois vos informations personnelles. Vous n’aurez pas à ressaisir ces informations à "
        "chaque réservation, et vous pourrez les modifier quand vous le souhaitez depuis votre compte usager."
    ) in words(client.get("/inscription/"))


def test_partner_offers_are_not_asked_about_unless_the_authority_proposes_them(client):
    assert "partenaires" not in words(client.get("/inscription/"))
    sign_up(client, partners="on")
    assert Consent.objects.current(claire()) == {"terms": True}


@pytest.mark.seed("S3-39")
def test_no_box_is_ticked_for_the_person(client):
    Authority(partner_offers=True).save()
    assert " checked" not in client.get("/inscription/").content.decode()


@pytest.mark.seed("S3-39")
def test_the_terms_must_be_accepted(client):
    answer = client.post("/inscription/", {**STEP_1, "terms": ""})
    assert "Acceptez les conditions pour continuer." in errors(answer)[0]
    assert not User.objects.exists()


def test_each_box_ticked_is_kept_with_its_date_and_the_terms_with_their_version(client):
    Authority(terms_version="2026-09", partner_offers=True).save()
    before = timezone.now()
    sign_up(client, newsletter="on", company="on")
    rows = Consent.objects.of(claire()).order_by("kind")
    assert [(row.kind, row.given, row.version) for row in rows] == [
        ("company", True, ""),
        ("newsletter", True, ""),
        ("terms", True, "2026-09"),
    ]
    assert all(before <= row.at <= timezone.now() for row in rows)


def test_what_was_typed_in_step_1_is_kept(client):
    sign_up(client, gender="Mme", birth_date="1985-12-31")
    user = claire()
    assert (user.gender, user.first_name, user.last_name, user.birth_date) == (
        "Mme",
        "Claire",
        "Dupont",
        date(1985, 12, 31),
    )
    assert user.check_password(PASSWORD)


def test_the_email_typed_on_the_authentication_page_is_carried_over(client):
    assert 'value="paul@example.org"' in client.get("/inscription/?email=paul@example.org").content.decode()


@pytest.mark.seed("S3-35")
def test_the_button_adds_a_row_without_javascript_and_keeps_what_was_typed(client):
    answer = client.post("/inscription/", STEP_1 | {"add_member": "1", "first_name": "Claire-Marie"})
    page = answer.content.decode()
    assert (answer.status_code, errors(answer)) == (200, [])
    assert 'value="Claire-Marie"' in page
    assert [label for label in labels(answer) if "énéficiaire" in label] == [
        "Bénéficiaire 1",
        "* Nom du bénéficiaire",
        "* Prénom du bénéficiaire",
    ]
    assert not User.objects.exists()


@pytest.mark.seed("S3-35")
def test_with_htmx_the_button_brings_the_rows_alone(client):
    posted = STEP_1 | {"add_member": "1", "members-TOTAL_FORMS": "1"} | member("Louane", 0)
    answer = client.post("/inscription/", posted, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert page.lstrip().startswith('<fieldset id="filiations"')
    assert ('value="Louane"' in page, "Bénéficiaire 2" in page) == (True, True)


@pytest.mark.parametrize("count", ["", "x", "-1", "99999999", "٣"])
def test_a_forged_number_of_rows_adds_one_row_at_most_to_the_limit(client, count):
    answer = client.post("/inscription/", STEP_1 | {"add_member": "1", "members-TOTAL_FORMS": count})
    assert answer.status_code == 200
    assert 1 <= answer.content.decode().count("members-TOTAL_FORMS") <= 12


def test_beneficiaries_given_in_step_1_are_created_with_the_family(client):
    rows = (
        {"members-TOTAL_FORMS": "3"}
        | member("Louane", 0)
        | member("Théo", 2, year="2013")
        | {"members-1-kinship": "father"}
    )
    sign_up(client, **rows)
    family = claire().guardian.family
    assert family.name == "Dupont"
    assert [(row.member.first_name, row.kinship) for row in family.memberships.order_by("pk")] == [
        ("Louane", "mother"),
        ("Théo", "mother"),
    ]


def test_a_faulty_beneficiary_keeps_the_account_from_being_created(client):
    rows = {"members-TOTAL_FORMS": "1"} | member("Louane", 0, year=str(timezone.localdate().year + 1))
    answer = client.post("/inscription/", STEP_1 | rows)
    assert answer.status_code == 200
    assert (User.objects.count(), Member.objects.count()) == (0, 0)


def test_a_fault_in_a_beneficiary_undoes_the_whole_account(client, monkeypatch):
    def fault(*args, **kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("portal.sign_up.actions.place_member", fault)
    with pytest.raises(RuntimeError, match="went away"):
        client.post("/inscription/", STEP_1 | {"members-TOTAL_FORMS": "1"} | member("Louane", 0))
    assert (User.objects.count(), Family.objects.count(), Consent.objects.count()) == (0, 0, 0)


BAD = {
    "a name of 300 characters": ({"last_name": "x" * 300}, "Nom : "),
    "an empty name": ({"first_name": "   "}, "Prénom : "),
    "no email": ({"email": ""}, "Adresse e-mail : "),
    "a broken email": ({"email": "claire@"}, "Adresse e-mail : "),
    "a weak password": ({"password1": "abc1!"}, f"Mot de passe : {RULE}"),
    "a password that anybody guesses": ({"password1": "Password1234!"}, f"Mot de passe : {GUESSABLE}"),
    "a password made of one's own name": ({"password1": "Claire-Dupont-26!"}, f"Mot de passe : {GUESSABLE}"),
    "a password made of one's own birth": (
        {"birth_date": "1985-03-12", "password1": "12031985-19850312-a"},
        f"Mot de passe : {GUESSABLE}",
    ),
    "a birth date in the future": (
        {"birth_date": "2999-01-01"},
        "Date de naissance : La date de naissance ne peut pas être dans le futur.",
    ),
    "a birth date long ago": (
        {"birth_date": "1801-01-01"},
        "Date de naissance : La date de naissance n’est pas plausible.",
    ),
    "a date that does not exist": ({"birth_date": "2026-02-31"}, "Date de naissance : "),
    "another gender": ({"gender": "X"}, "Genre : "),
}


@pytest.mark.parametrize(("fields", "start"), BAD.values(), ids=BAD.keys())
def test_bad_input_gets_a_sentence_on_its_field_and_creates_nothing(client, fields, start):
    answer = client.post("/inscription/", STEP_1 | fields)
    assert answer.status_code == 200
    assert [text[: len(start)] for text in errors(answer)] == [start]
    assert not User.objects.exists()


def test_markup_in_a_name_is_shown_as_typed_and_never_obeyed(client):
    sign_up(client, first_name="<b>Claire</b>", last_name="<script>alert(1)</script>")
    page = client.get("/inscription/filiations/").content.decode()
    assert "<b>Claire</b>" not in page
    assert claire().first_name == "<b>Claire</b>"


# --- The code --------------------------------------------------------------------------------------------------------
def test_a_known_address_gets_the_same_answer_and_its_owner_is_written_to(client):
    UserFactory(email="claire@example.org")
    answer = client.post("/inscription/", STEP_1)
    assert (answer.status_code, answer.url) == (302, "/comptes/confirm-email/")
    assert emails_to("claire@example.org") == ["accounts/account_already_exists"]
    assert User.objects.count() == 1


def test_the_page_of_the_code_is_the_same_for_a_known_and_a_new_address(client):
    UserFactory(email="claire@example.org")
    client.post("/inscription/", STEP_1)
    known = words(client.get("/comptes/confirm-email/"))
    other = type(client)()
    other.post("/inscription/", STEP_1 | {"email": "paule@example.org"})
    new = words(other.get("/comptes/confirm-email/"))
    assert known == new.replace("paule@", "claire@")


@pytest.mark.parametrize("is_known", [True, False])
def test_who_mistyped_their_address_begins_again(client, is_known):
    if is_known:
        UserFactory(email="claire@example.org")
    client.post("/inscription/", STEP_1)
    assert "L’adresse n’est pas la bonne ? Recommencer avec une autre adresse" in words(
        client.get("/comptes/confirm-email/")
    )
    assert client.post("/inscription/recommencer/").url == "/inscription/"
    assert client.get("/inscription/").status_code == 200
    sign_up(client, email="paule@example.org")
    assert User.objects.get(email="paule@example.org").emailaddress_set.get().verified


def test_begin_again_signs_nobody_out(visitor):
    browser = visitor(UserFactory())
    assert browser.post("/inscription/recommencer/").url == "/inscription/"
    assert browser.get("/comptes/profil/").status_code == 200


def test_two_people_at_once_with_the_same_address_get_one_account(client, monkeypatch):
    """Both passed the check; the second meets the constraint."""
    UserFactory(email="claire@example.org")
    monkeypatch.setattr(forms.SignUpForm, "validate_unique_email", lambda form, value: value)
    answer = client.post("/inscription/", STEP_1)
    assert (answer.status_code, answer.url) == (302, "/comptes/confirm-email/")
    assert User.objects.count() == 1


def test_a_wrong_code_opens_nothing_and_three_end_the_try(client):
    client.post("/inscription/", STEP_1)
    for _ in range(2):
        answer = client.post("/comptes/confirm-email/", {"code": "AAAAAA", "action": "verify"})
        assert errors(answer) == ["Code reçu par e-mail : Ce code n’est pas le bon."]
    assert client.post("/comptes/confirm-email/", {"code": "AAAAAA", "action": "verify"}).status_code == 302
    assert client.get("/inscription/filiations/").url.startswith("/comptes/login/")


def test_a_code_older_than_15_minutes_opens_nothing(client, time_machine):
    client.post("/inscription/", STEP_1)
    code = code_sent()
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    client.post("/comptes/confirm-email/", {"code": code, "action": "verify"})
    assert client.get("/inscription/filiations/").url.startswith("/comptes/login/")


# --- Steps 2 and 3, and coming back ----------------------------------------------------------------------------------
def test_coming_back_later_resumes_at_the_missing_step(client, service):
    sign_up(client)
    client.post("/comptes/logout/")
    answer = client.post("/comptes/login/", {"login": "claire@example.org", "password": PASSWORD})
    assert answer.url == "/inscription/filiations/"
    assert "Terminer mon inscription" in buttons(client.get("/comptes/en-attente/"))
    client.post("/inscription/services/", {"service": service.pk})
    client.post("/comptes/logout/")
    answer = client.post("/comptes/login/", {"login": "claire@example.org", "password": PASSWORD})
    assert answer.url == "/comptes/en-attente/"


def test_step_2_adds_and_takes_back_a_beneficiary(client):
    sign_up(client)
    client.post("/inscription/filiations/", member("Louane"))
    louane = Member.objects.get()
    assert client.post("/inscription/filiations/", member("Louane")).status_code == 200
    client.post(f"/inscription/filiations/{louane.pk}/retirer/")
    assert not Member.objects.of_family(claire().guardian.family_id).exists()


def test_step_2_is_obeyed_once_however_often_it_is_clicked(client):
    sign_up(client)
    posted = member("Louane") | {"once_key": once_keys(client.get("/inscription/filiations/"))[0]}
    assert [client.post("/inscription/filiations/", posted).status_code for _ in range(2)] == [302, 302]
    louane = Member.objects.get()
    posted = {"once_key": once_keys(client.get("/inscription/filiations/"))[0]}
    url = f"/inscription/filiations/{louane.pk}/retirer/"
    assert [client.post(url, posted).status_code for _ in range(2)] == [302, 302]
    assert not Member.objects.exists()


def test_step_2_takes_nobody_out_of_another_family(client):
    sign_up(client)
    client.post("/inscription/filiations/", member("Louane"))
    louane = Member.objects.get()
    other = type(client)()
    sign_up(other, email="paul@example.org")
    assert other.post(f"/inscription/filiations/{louane.pk}/retirer/").status_code == 404
    assert Member.objects.filter(pk=louane.pk).exists()


def test_step_3_groups_the_open_services_by_commune(client, service):
    baneins = CommuneFactory(name="Baneins", insee_code="01028")
    Service.objects.create(commune=baneins, name="Service cantine")
    Service.objects.create(commune=baneins, name="Service fermé", is_open=False)
    sign_up(client)
    page = words(client.get("/inscription/services/"))
    assert "Baneins Service cantine de Baneins Saint-Marcel Service cantine de Saint-Marcel Valider" in page


@pytest.mark.parametrize("choice", ["", "0", "x", "999999"])
def test_step_3_refuses_a_service_that_is_not_offered(client, service, choice):
    sign_up(client)
    answer = client.post("/inscription/services/", {"service": choice})
    assert (answer.status_code, len(errors(answer))) == (200, 1)
    assert claire().signed_up_at is None


def test_where_the_authority_does_not_validate_the_account_opens_at_once(client, service):
    Authority(validates_accounts=False).save()
    sign_up(client)
    answer = client.post("/inscription/services/", {"service": service.pk})
    assert answer.url == "/mon-compte/"
    user = claire()
    assert (user.status, user.decided_by) == ("validated", None)
    assert emails_to(user.email)[-1] == "accounts/account_validated"


def test_a_validated_person_does_not_sign_up_again(visitor, service):
    client = visitor(UserFactory())
    for url in ("/inscription/", "/inscription/filiations/", "/inscription/services/"):
        assert client.get(url).url == "/mon-compte/"


def test_a_refused_person_cannot_slip_back_in_through_step_3(client, service, visitor):
    sign_up(client)
    client.post("/inscription/services/", {"service": service.pk})
    agent = visitor(AgentFactory(communes=[service.commune]))
    agent.post(f"/admin/accounts/user/{claire().pk}/refuser/", {"reason": "Adresse hors du territoire."})
    Authority(validates_accounts=False).save()
    assert client.post("/inscription/services/", {"service": service.pk}).status_code == 409
    assert claire().status == "refused"
