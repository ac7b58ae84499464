"""« Mes filiations » as a parent sees it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.models import OutgoingEmail
from families import hooks
from families.models import Certification, Guardian, Invitation, Kinship, Member, Membership
from tests.factories.accounts import PendingUserFactory, UserFactory
from tests.factories.families import (
    FamilyFactory,
    GuardianFactory,
    MemberFactory,
    MembershipFactory,
    SchoolClassFactory,
    parent_of,
)

pytestmark = pytest.mark.django_db
MEMBERS = "/mes-filiations/"
LOUANE = {
    "last_name": "Dupont",
    "first_name": "Louane",
    "birth_date_day": "10",
    "birth_date_month": "5",
    "birth_date_year": "2018",
    "kinship": "father",
}


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def parent(louane):
    return parent_of(louane, first_name="Claire")


def key_of(response) -> str:
    return response.context["once_key"]


def add(client, **changes):
    return client.post(MEMBERS, LOUANE | {"once_key": key_of(client.get(MEMBERS))} | changes)


def text(response) -> str:
    """The words of a page, without its tags."""
    return " ".join(response.content.decode().replace("&nbsp;", " ").split())


@pytest.mark.seed("S2-15", "S3-41", "S3-42", "S3-43", "S3-44", "S3-45")
def test_the_table_shows_name_first_name_birth_date_kinship_and_action(visitor, parent, louane):
    page = text(visitor(parent).get(MEMBERS))
    assert '<a href="/mes-filiations/" aria-current="page">Mes filiations</a>' in page
    headings = ["Nom", "Prénom", "Date de naissance", "Type de filiation", "Action"]
    assert "".join(f'<th scope="col">{each}</th>' for each in headings) in page
    assert "<caption>Mes Filiations</caption>" in page
    assert ">Dupont</td>" in page
    assert "<span>Louane</span>" in page
    assert ">10-05-2018</td>" in page
    assert ">Père</td>" in page
    assert f'href="/mes-filiations/{louane.pk}/"' in page


@pytest.mark.seed("S3-46", "S3-47", "S3-48", "S3-50", "S3-51")
def test_the_block_to_add_someone_carries_the_labels_of_the_guide(visitor, parent):
    response = visitor(parent).get(MEMBERS)
    form, page = response.context["form"], text(response)
    assert [field.label for field in form] == [
        "* Nom du bénéficiaire",
        "* Prénom du bénéficiaire",
        "* Date de naissance",
        "Type de Filiation",
    ]
    assert form["kinship"].initial == Kinship.FATHER
    assert "<h2>Ajouter une filiation</h2>" in page
    assert '<button class="btn btn-primary">Ajouter un nouveau bénéficiaire +</button>' in page


def test_the_type_of_filiation_begins_with_mother_for_a_person_who_said_mme(visitor):
    form = visitor(UserFactory(gender="Mme")).get(MEMBERS).context["form"]
    assert form["kinship"].initial == Kinship.MOTHER


@pytest.mark.seed("S3-49")
def test_the_birth_date_is_three_selectors_with_month_names_and_nothing_chosen(visitor, parent):
    page = text(visitor(parent).get(MEMBERS))
    selectors = [page.index(f'name="birth_date_{part}"') for part in ("day", "month", "year")]
    assert selectors == sorted(selectors)
    assert [page.count(f'aria-label="{name}"') for name in ("Jour", "Mois", "Année")] == [1, 1, 1]
    assert '<option value="8">août</option>' in page
    assert f'<option value="{timezone.localdate().year}">' in page
    assert '<option value="1900">' in page
    assert [page.count(f'<option value="" selected>{name}</option>') for name in ("Jour", "Mois", "Année")] == [1, 1, 1]


@pytest.mark.seed("S3-40", "S3-115")
def test_a_parent_adds_a_beneficiary(visitor):
    user = UserFactory()
    client = visitor(user)
    assert add(client).url == MEMBERS
    assert str(Membership.objects.of(user).get()) == "Louane Dupont – Père"
    assert "Louane figure maintenant dans vos filiations." in text(client.get(MEMBERS))


def test_the_same_body_posted_twice_adds_one(visitor):
    client = visitor(UserFactory())
    body = LOUANE | {"once_key": key_of(client.get(MEMBERS))}
    assert [client.post(MEMBERS, body).status_code for _ in range(2)] == [302, 302]
    assert Member.objects.count() == 1


def test_the_same_person_twice_is_told_in_a_sentence(visitor, parent):
    assert "Cette personne figure déjà dans vos filiations." in text(add(visitor(parent)))
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first_name": "L" * 300}, "au plus 80 caractères"),
        ({"first_name": "  "}, "Indiquez le prénom du bénéficiaire."),
        ({"birth_date_day": "31", "birth_date_month": "2"}, "Cette date n’existe pas."),
        ({"birth_date_year": ""}, "Cette date n’existe pas."),
        ({"birth_date_year": "99999999"}, "Cette date n’existe pas."),
        ({"kinship": "king"}, "Sélectionnez un choix valide."),
        ({"first_name": "\x00"}, "Le caractère nul n’est pas autorisé"),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(visitor, changes, sentence):
    response = add(visitor(UserFactory()), **changes)
    assert response.status_code == 200
    assert sentence in text(response)
    assert Member.objects.count() == 0


def test_a_birth_date_in_the_future_is_refused(visitor):
    day = timezone.localdate() + timedelta(days=1)
    parts = {"birth_date_day": day.day, "birth_date_month": day.month, "birth_date_year": day.year}
    assert "La date de naissance ne peut pas être dans le futur." in text(add(visitor(UserFactory()), **parts))
    assert Member.objects.count() == 0


def test_markup_in_a_name_is_shown_as_text(visitor):
    client = visitor(UserFactory())
    add(client, first_name="<b>Lou</b>")
    page = client.get(MEMBERS).content.decode()
    assert "<b>Lou</b>" not in page
    assert "&lt;b&gt;Lou&lt;/b&gt;" in page


@pytest.mark.seed("S3-55")
def test_a_parent_corrects_a_beneficiary(visitor, parent, louane):
    client = visitor(parent)
    page = client.get(f"{MEMBERS}{louane.pk}/")
    assert [page.context["form"][name].value() for name in ("last_name", "first_name", "kinship")] == [
        "Dupont",
        "Louane",
        "father",
    ]
    body = LOUANE | {"first_name": "Louanne", "kinship": "mother", "birth_date_year": "2017"}
    assert client.post(f"{MEMBERS}{louane.pk}/", body).url == MEMBERS
    louane.refresh_from_db()
    assert (louane.first_name, louane.birth_date.year, louane.memberships.get().kinship) == ("Louanne", 2017, "mother")


@pytest.mark.seed("S3-56")
def test_each_beneficiary_has_the_button_to_remove_them_and_a_page_to_confirm(visitor, parent, louane):
    client, address = visitor(parent), f"{MEMBERS}{louane.pk}/supprimer/"
    page = text(client.get(f"{MEMBERS}{louane.pk}/"))
    assert page.count("Supprimer un bénéficiaire</a>") == 1
    assert f'href="{address}"' in page
    body = {"once_key": key_of(client.get(address))}
    assert Member.objects.count() == 1
    assert [client.post(address, body).url for _ in range(2)] == [MEMBERS, MEMBERS]
    assert Member.objects.count() == 0


def test_removing_without_the_page_s_key_changes_nothing(visitor, parent, louane):
    assert visitor(parent).post(f"{MEMBERS}{louane.pk}/supprimer/").status_code == 409
    assert Member.objects.count() == 1


def test_bookings_to_come_are_told_on_the_page(visitor, parent, louane):
    client, address = visitor(parent), f"{MEMBERS}{louane.pk}/supprimer/"
    body = {"once_key": key_of(client.get(address))}
    hooks.upcoming_bookings.register(busy := lambda family, member: 1)
    try:
        response = client.post(address, body, follow=True)
    finally:
        hooks.upcoming_bookings.answers.remove(busy)
    assert "annulez-les d’abord" in text(response)
    assert list(Member.objects.of(parent)) == [louane]


def test_a_withdrawn_beneficiary_comes_back(visitor, parent, louane):
    louane.memberships.update(withdrawn_at=timezone.now())
    client = visitor(parent)
    assert f'action="{MEMBERS}{louane.pk}/reprendre/"' in text(client.get(MEMBERS))
    client.post(f"{MEMBERS}{louane.pk}/reprendre/")
    assert list(Member.objects.of(parent)) == [louane]


def test_a_parent_chooses_the_class_and_sees_it_in_the_table(visitor, parent, louane):
    cp = SchoolClassFactory(school__commune=parent.guardian.family.commune, school__name="École du Lac")
    client = visitor(parent)
    client.post(f"{MEMBERS}{louane.pk}/classe/", {"school_class": cp.pk})
    assert "CP, École du Lac" in text(client.get(MEMBERS))


@pytest.mark.parametrize("forged", ["999999999999999999999", "x", "\x00"])
def test_a_forged_class_changes_nothing(visitor, parent, louane, forged):
    response = visitor(parent).post(f"{MEMBERS}{louane.pk}/classe/", {"school_class": forged}, follow=True)
    assert "Cette classe n’est pas proposée à votre enfant." in text(response)
    assert louane.schoolings.count() == 0


ADDRESSES = ["", "supprimer/", "classe/", "reprendre/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_finds_nothing_at_the_address_of_another_family_s_child(visitor, parent, louane, address):
    client = visitor(parent_of(MemberFactory()))
    answers = [call(f"{MEMBERS}{louane.pk}/{address}").status_code for call in (client.get, client.post)]
    assert answers == ([404, 404] if address in ("", "supprimer/") else [405, 404])
    assert list(Member.objects.of(parent)) == [louane]


def test_a_stranger_finds_nothing_at_the_address_of_another_family_s_invitation(visitor, parent, louane):
    invitation = sent(visitor(parent), louane)
    address = f"{MEMBERS}invitations/{invitation.pk}/retirer/"
    assert visitor(UserFactory()).post(address).status_code == 404
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is None


def test_reading_pages_writes_nothing(visitor, parent, louane):
    client = visitor(parent)
    token = token_of(sent(client, louane))
    before = [model.objects.count() for model in (Member, Membership, Guardian, Invitation, Certification)]
    pages = ["", f"{louane.pk}/", f"{louane.pk}/supprimer/", "verifier/", "inviter/", f"invitation/{token}/"]
    stranger = visitor(UserFactory())
    for page in pages:
        client.get(f"{MEMBERS}{page}")
        stranger.get(f"{MEMBERS}{page}")
    assert [model.objects.count() for model in (Member, Membership, Guardian, Invitation, Certification)] == before


@pytest.mark.parametrize("address", ["", "verifier/"])
def test_pages_take_the_same_number_of_queries_with_one_and_with_three_members(visitor, address):
    counts = []
    for size in (1, 3):
        family = FamilyFactory()
        for _ in range(size):
            MembershipFactory(family=family)
        client = visitor(GuardianFactory(family=family).user)
        client.get(f"{MEMBERS}{address}")
        counts.append(queries_of(client, f"{MEMBERS}{address}"))
    assert counts == [6, 6]


def queries_of(client, address) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


# --- Certification ---------------------------------------------------------------------------------------------------
def test_the_details_to_verify_are_listed_with_the_way_to_change_them(visitor, louane):
    parent = parent_of(louane, address="3 rue du Lac", phone="06 00 00 00 00")
    page = text(visitor(parent).get(f"{MEMBERS}verifier/"))
    for shown in ("3 rue du Lac", "06 00 00 00 00", "Louane Dupont", "10-05-2018", reverse("profile_edit")):
        assert shown in page
    assert "Je certifie que ces informations sont exactes</button>" in page


def test_certifying_leads_back_to_the_page_that_asked_but_never_elsewhere(visitor, parent):
    client = visitor(parent)
    assert client.post(f"{MEMBERS}verifier/", {"suite": "/reservations/panier/"}).url == "/reservations/panier/"
    assert client.post(f"{MEMBERS}verifier/", {"suite": "https://elsewhere.example/"}).url == MEMBERS
    assert Certification.objects.get().by == parent
    assert "Je certifie" not in text(client.get(f"{MEMBERS}verifier/"))


# --- The other parent ------------------------------------------------------------------------------------------------
def sent(client, *children, kind="shared", email="marc@example.org") -> Invitation:
    """Send an invitation from the page and return it."""
    address = f"{MEMBERS}inviter/"
    body = {"email": email, "kind": kind, "members": [child.pk for child in children]}
    client.post(address, body | {"once_key": key_of(client.get(address))})
    return Invitation.objects.get(email=email)


def token_of(invitation) -> str:
    email = OutgoingEmail.objects.get(to=invitation.email)
    return email.context["path"].rstrip("/").rsplit("/", 1)[-1]


def test_a_parent_invites_sees_the_pending_invitation_and_withdraws_it(visitor, parent, louane):
    client = visitor(parent)
    invitation = sent(client, louane)
    assert "marc@example.org : en attente jusqu’au" in text(client.get(MEMBERS))
    client.post(f"{MEMBERS}invitations/{invitation.pk}/retirer/")
    assert "marc@example.org : en attente" not in text(client.get(MEMBERS))
    answer = visitor(UserFactory()).get(f"{MEMBERS}invitation/{token_of(invitation)}/")
    assert answer.status_code == 409
    assert "Cette invitation a été retirée" in text(answer)


def test_the_child_of_another_family_cannot_be_put_in_an_invitation(visitor, parent):
    stranger = MembershipFactory().member
    client, address = visitor(parent), f"{MEMBERS}inviter/"
    body = {"email": "a@example.org", "kind": "shared", "members": [stranger.pk]}
    response = client.post(address, body | {"once_key": key_of(client.get(address))})
    assert response.status_code == 200
    assert Invitation.objects.count() == 0


def test_an_invited_person_without_account_is_led_to_sign_up_and_back(client, visitor, parent, louane):
    address = f"{MEMBERS}invitation/{token_of(sent(visitor(parent), louane))}/"
    page = text(client.get(address))
    assert f'href="{reverse("account_login")}?next={address}"' in page
    assert f'href="{reverse("signup")}?next={address}"' in page
    assert "Louane" not in page
    assert client.post(address).status_code == 404


def test_a_person_who_waits_for_an_agent_is_told_to_come_back(visitor, parent, louane):
    address = f"{MEMBERS}invitation/{token_of(sent(visitor(parent), louane))}/"
    waiting = visitor(PendingUserFactory())
    page = text(waiting.get(address))
    assert "Dès que votre compte est validé, ouvrez de nouveau le lien reçu par e-mail" in page
    assert "Louane" not in page
    assert waiting.post(address).status_code == 404


def test_a_validated_person_accepts_and_finds_the_child(visitor, parent, louane):
    address = f"{MEMBERS}invitation/{token_of(sent(visitor(parent), louane))}/"
    father = UserFactory(first_name="Marc")
    client = visitor(father)
    assert "Louane Dupont</li>" in text(client.get(address))
    assert not Guardian.objects.filter(user=father).exists()
    assert [client.post(address).url for _ in range(2)] == [MEMBERS, MEMBERS]
    assert list(Guardian.objects.get(user=father).family.members.all()) == [louane]


def test_a_refused_acceptance_is_told_in_a_sentence(visitor, parent):
    address = f"{MEMBERS}invitation/{token_of(sent(visitor(parent), kind='household'))}/"
    response = visitor(parent_of(MemberFactory())).post(address)
    assert response.status_code == 409
    assert "Vous avez déjà votre propre famille sur le portail" in text(response)


@pytest.mark.parametrize("token", ["x", "a" * 300])
def test_a_wrong_link_is_told_in_a_sentence(client, token):
    response = client.get(f"{MEMBERS}invitation/{token}/")
    assert response.status_code == 409
    assert "Ce lien d’invitation n’est pas valable." in text(response)


def test_a_visitor_who_is_not_signed_in_sees_no_family(client):
    assert client.get(MEMBERS).url.startswith(reverse("account_login"))
