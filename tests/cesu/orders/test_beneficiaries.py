"""« Bénéficiaires »: added, corrected, archived; the form of their titles is their own choice."""

import re
from datetime import date

import pytest
from django.db import transaction
from django.urls import reverse

from cesu.models import Beneficiary, CesuHolder, Employer, VoucherLine, VoucherOrder, new_code
from cesu.orders.actions import beneficiaries as people
from cesu.orders.actions.beneficiaries import add_beneficiary, archive, person_of, restore, update_beneficiary
from cesu.rules.people import Namesake, NumberTaken, WrongBeneficiary
from common.background import mailing
from common.models import OutgoingEmail
from common.writing.once import make_key
from tests.client import PortalClient, once_keys
from tests.concurrency import own_pid, someone_else
from tests.factories.cesu import beneficiary_of, employer_with, manager_of

LOU = {
    "last_name": "Bézu",
    "first_name": "Lou",
    "birth_date": date(1985, 4, 12),
    "employee_number": "77",
    "email": "lou@salarie.example",
    "address": "",
    "postcode": "33610",
    "city": "Cestas",
    "delivery_point": "",
    "department": "",
    "category": "all",
    "form": "paper",
    "form_chosen_on": None,
    "usual_vouchers": 10,
    "usual_face_cents": 1500,
    "usual_share": 50,
}
CHOSEN = {"form": "e", "form_chosen_on": date(2026, 1, 5)}


@pytest.fixture
def nadia(db):
    """The primary manager of « Mairie de Cestas »."""
    return manager_of(employer_with())


@pytest.fixture
def page(nadia):
    client = PortalClient()
    client.force_login(nadia)
    return client


def add(by, key=None, twin=False, **person):
    key = key or make_key(by.owner, people.ADDING)
    return add_beneficiary(by=by, person=LOU | person, twin=twin, key=key)


def typed(**more) -> dict:
    """The form as the browser sends it."""
    return {name: value for name, value in LOU.items() if value is not None} | {"usual_face_cents": "15,00"} | more


def held_by(user) -> list[str]:
    return [str(row) for row in Beneficiary.objects.of(user)]


@pytest.mark.seed("S0-44", "S0-45", "S0-46", "S0-47", "S0-48")
def test_a_beneficiary_is_added_with_the_words_of_the_guide(page, nadia):
    home = page.get(reverse("cesu:home")).content.decode()
    assert ("Données financeur" in home, reverse("cesu:beneficiaries") in home) == (True, True)
    listed = page.get(reverse("cesu:beneficiaries")).content.decode()
    assert "Ajouter un bénéficiaire</a>" in listed
    form = page.get(reverse("cesu:beneficiary_add"))
    assert ">Terminer</button>" in form.content.decode()
    answer = page.post(reverse("cesu:beneficiary_add"), typed(once_key=once_keys(form)[-1]), follow=True)
    assert "Le nouveau bénéficiaire a bien été créé." in answer.content.decode()
    lou = Beneficiary.objects.of(nadia).get()
    assert person_of(lou) == LOU
    assert not OutgoingEmail.objects.exists()


def test_adding_twice_is_once(nadia):
    key = make_key(nadia.owner, people.ADDING)
    assert add(nadia, key) == add(nadia, key)
    assert CesuHolder.objects.count() == 1


def test_the_list_is_alphabetical_searched_and_the_employer_s_own(page, nadia):
    employer = nadia.manager.employer
    for name in ("Zola", "Évrard", "de Brito", "Émile", "Fabre"):
        beneficiary_of(employer, name)
    beneficiary_of(employer_with(), "Autre")
    assert held_by(nadia) == ["de Brito Léa", "Émile Léa", "Évrard Léa", "Fabre Léa", "Zola Léa"]
    found = page.get(reverse("cesu:beneficiaries"), {"q": "léa éVR"})
    assert [str(row) for row in found.context["page"]] == ["Évrard Léa"]
    assert "Aucun bénéficiaire ne correspond" in page.get(reverse("cesu:beneficiaries"), {"q": "xyz"}).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(page, nadia, count, django_assert_num_queries):
    for number in range(count):
        beneficiary_of(nadia.manager.employer, f"Martin{number}")
    page.get(reverse("cesu:beneficiaries"))
    with django_assert_num_queries(5):
        page.get(reverse("cesu:beneficiaries"))


@pytest.mark.parametrize("name", ["edit", "archive", "restore"])
def test_another_employer_s_beneficiary_does_not_exist(page, name):
    theirs = beneficiary_of(employer_with())
    assert page.post(reverse(f"cesu:beneficiary_{name}", args=[theirs.pk]), typed()).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("last_name", "", "Ce champ est obligatoire."),
        ("postcode", "3361", "Un code postal a 5 chiffres, comme 33610."),
        ("birth_date", "2020-01-01", "Un salarié est né après 1900 et a au moins 14 ans."),
        ("usual_vouchers", "0", "Un carnet compte de 1 à 100 titres."),
        ("usual_vouchers", "101", "Un carnet compte de 1 à 100 titres."),
        ("usual_face_cents", "0,50", "La valeur faciale va de 1,00\xa0€ à 100,00\xa0€."),
        ("usual_face_cents", "quinze", "Écrivez un montant en euros, comme 15,20."),
        ("usual_share", "101", "La part patronale va de 1 à 100 %."),
        ("usual_share", "-5", "La part patronale va de 1 à 100 %."),
        ("form_chosen_on", "2999-01-01", "Le salarié n’a pas pu choisir dans le futur."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(page, field, value, sentence):
    form = page.post(reverse("cesu:beneficiary_add"), typed(**{field: value})).context["form"]
    assert form.errors == {field: [sentence]}


def test_the_action_refuses_what_a_form_let_through(nadia):
    with pytest.raises(WrongBeneficiary) as refused:
        add(nadia, usual_share=0, usual_vouchers=10_000, first_name="")
    assert len(refused.value.sentences) == 3
    assert not CesuHolder.objects.exists()


# --- e-CESU is the employee's choice ---------------------------------------------------------------------------------
def test_ecesu_asks_for_the_choice_the_birth_date_and_the_address(page):
    asked = typed(form="e", birth_date="", email="")
    form = page.post(reverse("cesu:beneficiary_add"), asked).context["form"]
    assert sorted(form.errors) == ["birth_date", "email", "form_chosen_on"]
    assert "choix du salarié" in form.errors["form_chosen_on"][0]


def test_who_chose_ecesu_alone_learns_their_code(page, nadia):
    lou = add(nadia, **CHOSEN)
    email = OutgoingEmail.objects.get()
    assert (email.to, email.secret, email.owner) == ("lou@salarie.example", True, "")
    assert lou.holder.code in mailing.render(email)[1]
    for address in (reverse("cesu:beneficiaries"), reverse("cesu:beneficiary_edit", args=[lou.pk])):
        assert lou.holder.code not in page.get(address).content.decode()


@pytest.mark.parametrize(("first", "then"), [("paper", "e"), ("e", "paper")])
def test_another_form_needs_another_choice(nadia, first, then):
    lou = add(nadia, form=first, form_chosen_on=date(2026, 1, 5))
    with pytest.raises(WrongBeneficiary, match="indiquez quand il l’a fait"):
        update_beneficiary(by=nadia, beneficiary=lou, person=LOU | {"form": then})
    update_beneficiary(by=nadia, beneficiary=lou, person=LOU | {"form": first, "city": "Pessac"})
    lou.refresh_from_db()
    assert (lou.city, lou.form_chosen_on) == ("Pessac", date(2026, 1, 5))
    update_beneficiary(by=nadia, beneficiary=lou, person=LOU | {"form": then, "form_chosen_on": date(2026, 2, 1)})
    lou.refresh_from_db()
    assert (lou.form, lou.form_chosen_on) == (then, date(2026, 2, 1))
    assert OutgoingEmail.objects.count() == 1


# --- Twice the same --------------------------------------------------------------------------------------------------
def test_a_number_serves_once_among_the_current_ones(nadia, page):
    lou = add(nadia)
    with pytest.raises(NumberTaken):
        add(nadia, last_name="Autre")
    archive(by=nadia, beneficiary=lou, key=make_key(nadia.owner, people.archiving(lou)))
    add(nadia, last_name="Autre")
    key = make_key(nadia.owner, people.archiving(lou))
    answer = page.post(reverse("cesu:beneficiary_restore", args=[lou.pk]), {"once_key": key}, follow=True)
    assert NumberTaken.sentence in answer.content.decode()


def test_a_namesake_is_warned_of_and_confirmed_by_a_tick(nadia, page):
    add(nadia)
    same = typed(employee_number="78", last_name="BEZU")
    key = make_key(nadia.owner, people.ADDING)
    form = page.post(reverse("cesu:beneficiary_add"), same | {"once_key": key})
    assert form.context["form"].non_field_errors() == [Namesake.sentence]
    page.post(reverse("cesu:beneficiary_add"), same | {"once_key": key, "twin": "on"})
    assert Beneficiary.objects.count() == 2
    assert add(nadia, employee_number="79", birth_date=date(1990, 1, 1)).holder.birth_date == date(1990, 1, 1)


def test_correcting_an_address_does_not_ask_about_a_namesake_again(nadia):
    add(nadia)
    twin = add(nadia, employee_number="78", twin=True)
    update_beneficiary(by=nadia, beneficiary=twin, person=LOU | {"employee_number": "78", "city": "Pessac"})
    with pytest.raises(NumberTaken):
        update_beneficiary(by=nadia, beneficiary=twin, person=LOU)


# --- Archived --------------------------------------------------------------------------------------------------------
def test_an_archived_beneficiary_leaves_the_drafts_and_keeps_the_history(nadia, page):
    lou, other = add(nadia), add(nadia, last_name="Autre", employee_number="")
    draft = VoucherOrder.objects.create(employer=nadia.manager.employer, by=nadia)
    for each in (lou, other):
        line = {"category": "all", "form": "paper", "vouchers": 10, "face_cents": 1500, "share": 50}
        VoucherLine.objects.create(order=draft, beneficiary=each, **line)
    asked = page.get(reverse("cesu:beneficiary_archive", args=[lou.pk]))
    for _ in range(2):
        page.post(reverse("cesu:beneficiary_archive", args=[lou.pk]), {"once_key": once_keys(asked)[-1]})
    assert [line.beneficiary for line in draft.lines.all()] == [other]
    assert [str(row) for row in page.get(reverse("cesu:beneficiaries")).context["page"]] == ["Autre Lou"]
    archived = page.get(reverse("cesu:beneficiaries"), {"archives": 1})
    assert [str(row) for row in archived.context["page"]] == ["Bézu Lou"]
    restore(by=nadia, beneficiary=lou, key=make_key(nadia.owner, people.archiving(lou)))
    assert held_by(nadia) == ["Autre Lou", "Bézu Lou"]
    assert Beneficiary.objects.current().count() == 2


# --- Two at once -----------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_same_employee_added_twice_at_once_is_one():
    nadia = manager_of(employer_with())
    with transaction.atomic():
        employer = Employer.objects.select_for_update(no_key=True).get()
        rival = someone_else(add, nadia)
        assert rival.wait_until_blocked() == [own_pid()]
        people._create(employer, [LOU])
    with pytest.raises(NumberTaken):
        rival.result()
    assert Beneficiary.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_employer_s_lock_the_constraint_tells(monkeypatch):
    """The control: both look before either has written, and the table still keeps one, with the same sentence."""
    nadia = manager_of(employer_with())
    monkeypatch.setattr(people, "_lock_employer", lambda user: user.manager.employer)
    with transaction.atomic():
        people._create(nadia.manager.employer, [LOU])
        rival = someone_else(add, nadia)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NumberTaken):
        rival.result()


def test_a_new_code_has_eight_digits_that_a_spreadsheet_keeps():
    codes = [new_code() for _ in range(1000)]
    assert [code for code in codes if not re.fullmatch(r"[1-9][0-9]{7}", code)] == []
