"""« Coordonnées »: the managers of an employer."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cesu.models import Employer, Manager, VoucherOrder
from cesu.orders.actions.access import managers
from cesu.orders.actions.access.managers import add_manager, remove_manager, retire_primary
from cesu.orders.actions.orders import place_order
from cesu.rules.people import AlreadyManager, NotPrimary, PrimaryStays
from common.background import mailing
from common.models import OutgoingEmail
from common.writing.once import make_key
from tests.client import PortalClient, once_keys
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.cesu import beneficiary_of, employer_with, manager_of, place_args, ready_draft

PASSWORD = "Cantine-Facile-2026"
KARIM = {"first_name": "Karim", "last_name": "Benali", "email": "karim@employeur.example", "phone": ""}


@pytest.fixture
def nadia(db):
    """The primary manager of « Mairie de Cestas », D100200."""
    return manager_of(employer_with(client_reference="D100200"))


def browser(user):
    client = PortalClient()
    client.force_login(user)
    return client


def add(by, key=None, **person):
    return add_manager(by=by, person=KARIM | person, key=key or make_key(by.owner, managers.ADDING))


def remove(by, manager, key=None):
    remove_manager(by=by, manager=manager, key=key or make_key(by.owner, managers.removal(manager)))


@pytest.mark.seed("S0-52", "S0-53", "S0-54", "S0-55", "S0-56")
def test_a_primary_manager_adds_a_colleague_who_enters_with_an_identifier_of_their_own(nadia):
    client = browser(nadia)
    home = client.get(reverse("cesu:home")).content.decode()
    assert "Profil gestionnaire" in home
    assert "Ajouter un gestionnaire" in client.get(reverse("cesu:profile")).content.decode()
    page = client.get(reverse("cesu:manager_add"))
    assert ">Valider</button>" in page.content.decode()
    client.post(reverse("cesu:manager_add"), KARIM | {"once_key": once_keys(page)[-1]})
    email = OutgoingEmail.objects.get()
    text = mailing.render(email)[1]
    assert (email.to, email.secret, "Votre identifiant : D100200-2" in text) == (KARIM["email"], True, True)
    karim = PortalClient()
    chosen = {"password": PASSWORD, "again": PASSWORD, "terms": "on"}
    assert karim.post(email.context["path"], chosen).url == reverse("cesu:home")
    assert PortalClient().post(reverse("cesu:login"), {"login": "D100200-2", "password": PASSWORD}).url == reverse(
        "cesu:home"
    )


@pytest.mark.seed("S0-50", "S0-51")
def test_a_secondary_manager_places_orders_that_show_who_placed_them(nadia):
    karim = User.objects.select_related("manager__employer").get(pk=add(nadia).user_id)
    beneficiary_of(nadia.manager.employer)
    ready_draft(karim)
    number = place_order(**place_args(karim))["order"]
    assert VoucherOrder.objects.of(nadia).get().by == karim
    for address in (reverse("cesu:history"), reverse("cesu:order", args=[number])):
        assert "Karim Benali" in browser(nadia).get(address).content.decode()


def test_adding_twice_is_once_and_an_address_serves_once(nadia):
    key = make_key(nadia.owner, managers.ADDING)
    assert add(nadia, key) == add(nadia, key)
    with pytest.raises(AlreadyManager):
        add(nadia, email="KARIM@employeur.example")
    assert Manager.objects.count() == 2


def test_a_removed_manager_is_signed_out_everywhere_and_once(nadia):
    karim = add(nadia)
    client = browser(karim.user)
    assert client.get(reverse("cesu:home")).status_code == 200
    page = browser(nadia).get(reverse("cesu:manager_remove", args=[karim.pk]))
    for _ in range(2):
        browser(nadia).post(reverse("cesu:manager_remove", args=[karim.pk]), {"once_key": once_keys(page)[-1]})
    assert client.get(reverse("cesu:home")).url.startswith(reverse("cesu:login"))
    karim.user.refresh_from_db()
    assert (karim.user.status, karim.user.is_active) == (User.Status.CLOSED, False)
    assert OutgoingEmail.objects.filter(template="cesu/manager_removed").count() == 1
    assert add(nadia).user.identifier == "D100200-3"


@pytest.mark.parametrize(("active", "template"), [(False, "cesu/manager_invited"), (True, "cesu/password_link")])
def test_the_link_is_sent_again_once(nadia, active, template):
    karim = add(nadia)
    OutgoingEmail.objects.all().delete()
    Manager.objects.filter(pk=karim.pk).update(activated_at=timezone.now() if active else None)
    key = make_key(nadia.owner, managers.resending(karim))
    for _ in range(2):
        browser(nadia).post(reverse("cesu:manager_resend", args=[karim.pk]), {"once_key": key})
    assert [(email.template, email.to) for email in OutgoingEmail.objects.all()] == [(template, karim.email)]


def test_a_removed_colleague_is_sent_nothing(nadia):
    karim = add(nadia)
    remove(nadia, karim)
    key = make_key(nadia.owner, managers.resending(karim))
    before = OutgoingEmail.objects.count()
    assert browser(nadia).post(reverse("cesu:manager_resend", args=[karim.pk]), {"once_key": key}).status_code == 404
    managers.resend_link(by=nadia, manager=karim, key=key)
    assert OutgoingEmail.objects.count() == before


def test_a_secondary_manager_sees_and_changes_nothing(nadia):
    karim, lea = add(nadia), add(nadia, email="lea@employeur.example")
    client = browser(User.objects.get(pk=karim.user_id))
    page = client.get(reverse("cesu:profile")).content.decode()
    assert "lea@employeur.example" in page
    assert reverse("cesu:manager_add") not in page
    assert client.get(reverse("cesu:manager_add")).status_code == 404
    assert client.get(reverse("cesu:manager_remove", args=[lea.pk])).status_code == 404
    with pytest.raises(NotPrimary):
        add(karim.user, email="autre@employeur.example")
    with pytest.raises(NotPrimary):
        remove(karim.user, lea)


def test_another_employer_s_manager_does_not_exist(nadia):
    stranger = manager_of(employer_with(), primary=False).manager
    client = browser(nadia)
    assert client.get(reverse("cesu:manager_remove", args=[stranger.pk])).status_code == 404
    assert client.post(reverse("cesu:manager_resend", args=[stranger.pk])).status_code == 404
    with pytest.raises(Manager.DoesNotExist):
        remove(nadia, stranger)


def test_the_primary_manager_stays_until_the_staff_retires_them(nadia):
    with pytest.raises(PrimaryStays):
        remove(nadia, nadia.manager)
    agent = AgentFactory()
    retire_primary(agent=agent, manager=nadia.manager, key=make_key(agent.owner, managers.removal(nadia.manager)))
    assert not User.objects.filter(identifier="D100200").exists()
    assert manager_of(nadia.manager.employer).identifier == "D100200"


def test_own_details_hold_at_once_and_the_old_address_is_told(nadia):
    old = nadia.manager.email
    typed = {
        "first_name": "Nadia",
        "last_name": "Roux-Petit",
        "email": "n.roux@employeur.example",
        "phone": "0556000000",
    }
    page = browser(nadia).post(reverse("cesu:profile"), typed, follow=True).content.decode()
    assert "Vos coordonnées sont enregistrées." in page
    nadia = User.objects.select_related("manager").get(pk=nadia.pk)
    assert (nadia.last_name, nadia.phone, nadia.email) == ("Roux-Petit", "05 56 00 00 00", None)
    assert (nadia.manager.email, OutgoingEmail.objects.get().to) == ("n.roux@employeur.example", old)


def test_an_address_of_a_colleague_is_refused(nadia):
    add(nadia)
    typed = {"first_name": "Nadia", "last_name": "Roux", "email": KARIM["email"], "phone": ""}
    page = browser(nadia).post(reverse("cesu:profile"), typed)
    assert page.context["form"].non_field_errors() == [AlreadyManager.sentence]


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_added_at_once_have_two_identifiers():
    nadia = manager_of(employer_with(client_reference="D100200"))
    with transaction.atomic():
        employer = Employer.objects.select_for_update(no_key=True).get()
        rival = someone_else(add, nadia)
        assert rival.wait_until_blocked() == [own_pid()]
        taken = managers._create(employer, "lea@employeur.example", first_name="Léa", last_name="Martin", phone="")
    identifiers = [rival.result().user.identifier, taken.user.identifier]
    assert identifiers == ["D100200-3", "D100200-2"]


def test_a_manager_removed_meanwhile_adds_nobody(nadia):
    Manager.objects.filter(user=nadia).update(removed_at=timezone.now())
    with pytest.raises(NotPrimary):
        add(nadia)
