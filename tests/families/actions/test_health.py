"""What parents say of a child's health, whom to call, what is allowed."""

import re

import pytest
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from common.documents.refusals import DocumentUnreadable
from common.models import OutgoingEmail
from common.writing.once import make_key
from families.actions import answer_consents, remove_member, save_contact, write_health
from families.actions.health import contact_purpose, forget_health
from families.models import Contact, HealthContent, HealthReading, HealthSheet, Member, MemberConsent, Membership
from families.rules import ChangedMeanwhile, NotInFamily
from tests.client import once_keys
from tests.factories.families import MemberFactory, MembershipFactory, parent_of
from tests.forms import fields_of

pytestmark = pytest.mark.django_db
SAID = HealthContent(
    has_pai=True,
    allergens=("peanuts", "milk"),
    allergies="Piqûres de guêpe",
    treatments="Anapen dans le cartable bleu",
    diet=("no_pork",),
    doctor="Dr Lemoine",
    doctor_phone="04 71 00 00 00",
)
POSTED = {
    "has_pai": "on",
    "allergens": ["milk", "peanuts"],
    "allergies": "Piqûres de guêpe",
    "treatments": "Anapen dans le cartable bleu",
    "diet": ["no_pork"],
    "doctor": "Dr Lemoine",
    "doctor_phone": "04 71 00 00 00",
}
GRANDMOTHER = {
    "name": "Odette Dupont",
    "phone": "06 12 34 56 78",
    "kinship": "Grand-mère",
    "is_emergency": "on",
    "may_collect": "on",
    "rank": "1",
}


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    return parent_of(louane)


def page(name: str, *pks) -> str:
    return reverse(f"families:{name}", args=pks)


def write(user, member, content=SAID, version=""):
    write_health(user=user, member=member, content=content, key=make_key(user.owner, f"health:{member.pk}", version))


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).replace("&nbsp;", " ").split())


# --- The sheet --------------------------------------------------------------------------------------------------------
def test_a_parent_fills_the_sheet_in_and_reads_it_again(visitor, claire, louane):
    browser = visitor(claire)
    form = browser.get(page("health_edit", louane.pk))
    answer = browser.post(page("health_edit", louane.pk), POSTED | {"once_key": once_keys(form)[0]}, follow=True)
    assert answer.redirect_chain == [(page("health", louane.pk), 302)]
    assert HealthSheet.objects.get(member=louane).content == SAID
    read = text_of(answer)
    for words in ("Arachides, Lait", "Piqûres de guêpe", "Anapen dans le cartable bleu", "Sans porc", "Dr Lemoine"):
        assert words in read


def test_the_form_comes_back_as_it_was_filled_in(visitor, claire, louane):
    write(claire, louane)
    fields = fields_of(visitor(claire).get(page("health_edit", louane.pk)))
    sent = {name: value if isinstance(value, list) else [value] for name, value in POSTED.items()}
    assert {name: fields[name] for name in POSTED} == sent | {"allergens": ["peanuts", "milk"]}


def test_the_database_alone_says_nothing_of_the_child(claire, louane):
    write(claire, louane)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM families_healthsheet")
        row = b" ".join(
            bytes(each) if isinstance(each, memoryview) else str(each).encode() for each in cursor.fetchone()
        )
    for word in ("peanuts", "Anapen", "no_pork", "Lemoine", "has_pai"):
        assert word.encode() not in row


def test_a_sheet_moved_to_another_child_does_not_open(claire, louane):
    write(claire, louane)
    sealed = HealthSheet.objects.get(member=louane).sealed
    other = HealthSheet.objects.create(member=MemberFactory(), sealed=sealed, updated_by=claire)
    with pytest.raises(DocumentUnreadable):
        _ = other.content


def test_a_sheet_whose_key_is_lost_is_said_to_be_unreadable_and_can_be_written_again(visitor, claire, louane, settings):
    write(claire, louane)
    settings.DOCUMENT_KEYS = {"new": b"n" * 32}
    browser = visitor(claire)
    assert "Cette fiche ne peut plus être lue" in text_of(browser.get(page("health", louane.pk)))
    form = browser.get(page("health_edit", louane.pk))
    assert "L’ancienne fiche ne peut plus être lue" in text_of(form)
    browser.post(page("health_edit", louane.pk), POSTED | {"once_key": once_keys(form)[0]})
    assert HealthSheet.objects.get(member=louane).content.doctor == "Dr Lemoine"


@pytest.mark.parametrize("word", ["Halal", "casher", "repas KASHER"])
def test_a_religion_is_never_written(visitor, claire, louane, word):
    browser = visitor(claire)
    form = browser.get(page("health_edit", louane.pk))
    answer = browser.post(page("health_edit", louane.pk), POSTED | {"allergies": word, "once_key": once_keys(form)[0]})
    assert "N’indiquez pas de religion" in text_of(answer)
    assert not HealthSheet.objects.exists()


def test_no_box_of_the_sheet_asks_for_a_religion_or_a_handicap(visitor, claire, louane):
    said = text_of(visitor(claire).get(page("health_edit", louane.pk)))
    assert not re.search("halal|casher", said, re.I)
    assert "N’indiquez pas la nature d’un handicap." in said
    assert "nous n’enregistrons jamais de religion" in said


@pytest.mark.parametrize(
    "wrong", [{"allergens": ["gold"]}, {"diet": ["halal"]}, {"allergies": "a" * 1001}, {"treatments": "\x00"}]
)
def test_a_wrong_answer_is_told_and_nothing_is_written(visitor, claire, louane, wrong):
    browser = visitor(claire)
    key = once_keys(browser.get(page("health_edit", louane.pk)))[0]
    answer = browser.post(page("health_edit", louane.pk), POSTED | wrong | {"once_key": key})
    assert (answer.status_code, HealthSheet.objects.count()) == (200, 0)
    assert 'class="pv-errors"' in answer.content.decode()


def test_a_second_click_writes_and_mails_nothing(visitor, claire, louane):
    browser = visitor(claire)
    sent = POSTED | {"once_key": once_keys(browser.get(page("health_edit", louane.pk)))[0]}
    for _ in range(2):
        answer = browser.post(page("health_edit", louane.pk), sent)
    assert answer.url == page("health", louane.pk)
    assert OutgoingEmail.objects.filter(template="families/health_changed").count() == 1


def test_both_parents_of_a_shared_child_see_and_change_the_sheet_and_are_told_without_its_content(
    visitor, claire, louane
):
    julien = parent_of(louane, first_name="Julien", email="julien@example.org")
    write(claire, louane)
    browser = visitor(julien)
    assert "Anapen dans le cartable bleu" in text_of(browser.get(page("health", louane.pk)))
    form = browser.get(page("health_edit", louane.pk))
    browser.post(page("health_edit", louane.pk), {"treatments": "Ventoline", "once_key": once_keys(form)[0]})
    assert HealthSheet.objects.get(member=louane).content.treatments == "Ventoline"
    mails = OutgoingEmail.objects.filter(template="families/health_changed").order_by("pk")
    assert [(each.to, each.context["by"]) for each in mails] == [
        (claire.email, "Claire Dupont"),
        (julien.email, "Claire Dupont"),
        (claire.email, "Julien Dupont"),
        (julien.email, "Julien Dupont"),
    ]
    assert not re.search("Anapen|Ventoline|peanuts|porc", str([each.context for each in mails]))


def test_of_two_parents_who_write_at_once_the_second_is_asked_to_read_again(visitor, claire, louane):
    write(claire, louane)
    browser = visitor(claire)
    sent = POSTED | {"once_key": once_keys(browser.get(page("health_edit", louane.pk)))[0], "doctor": "Dr Roux"}
    julien = parent_of(louane, first_name="Julien")
    version = HealthSheet.objects.get(member=louane).updated_at.isoformat()
    write(julien, louane, HealthContent(treatments="Ventoline"), version)
    answer = browser.post(page("health_edit", louane.pk), sent)
    assert ChangedMeanwhile.sentence in text_of(answer)
    assert HealthSheet.objects.get(member=louane).content.treatments == "Ventoline"


def test_a_parent_who_lost_the_child_writes_nothing(claire, louane):
    Membership.objects.update(withdrawn_at="2026-01-01T00:00Z")
    with pytest.raises(NotInFamily):
        write(claire, louane)


# --- Contacts ---------------------------------------------------------------------------------------------------------
def test_a_parent_adds_a_contact_who_is_called_and_may_collect(visitor, claire, louane):
    browser = visitor(claire)
    form = browser.get(page("contact_add", louane.pk))
    answer = browser.post(page("contact_add", louane.pk), GRANDMOTHER | {"once_key": once_keys(form)[0]}, follow=True)
    contact = Contact.objects.get()
    assert (contact.member_id, contact.is_emergency, contact.may_collect, contact.rank) == (louane.pk, True, True, 1)
    read = text_of(answer)
    assert "Odette Dupont , Grand-mère 06 12 34 56 78 À prévenir en cas d’urgence, peut venir chercher Louane" in read


def test_contacts_stand_in_the_order_in_which_they_are_called(visitor, claire, louane):
    browser = visitor(claire)
    for name, rank in (("Zoé Roux", "2"), ("Odette Dupont", "1")):
        form = browser.get(page("contact_add", louane.pk))
        sent = GRANDMOTHER | {"name": name, "rank": rank, "once_key": once_keys(form)[0]}
        browser.post(page("contact_add", louane.pk), sent)
    assert [each.name for each in louane.contacts.all()] == ["Odette Dupont", "Zoé Roux"]
    assert fields_of(browser.get(page("contact_add", louane.pk)))["rank"] == ["3"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "Indiquez le nom de cette personne."),
        ({"phone": "appelez-moi"}, "Un téléphone français a 10 chiffres, comme 06 12 34 56 78"),
        ({"phone": "06 12 34 56"}, "Un téléphone français a 10 chiffres, comme 06 12 34 56 78"),
        ({"kinship": ""}, "Indiquez le lien de cette personne avec l’enfant."),
        ({"is_emergency": "", "may_collect": ""}, "Cochez au moins une case"),
    ],
)
def test_a_contact_that_cannot_be_right_is_refused_with_a_sentence(visitor, claire, louane, wrong, sentence):
    browser = visitor(claire)
    form = browser.get(page("contact_add", louane.pk))
    sent = {name: value for name, value in (GRANDMOTHER | wrong).items() if value}
    answer = browser.post(page("contact_add", louane.pk), sent | {"once_key": once_keys(form)[0]})
    assert sentence in text_of(answer)
    assert not Contact.objects.exists()


def add(user, member, **changes):
    details = {"name": "Odette Dupont", "phone": "0612345678", "kinship": "Grand-mère", "rank": 1}
    key = make_key(user.owner, contact_purpose(member.pk, None))
    uses = {"is_emergency": True, "may_collect": True}
    save_contact(user=user, member=member, contact=None, key=key, **details | uses | changes)
    return Contact.objects.latest("pk")


def test_the_same_person_is_not_entered_twice(visitor, claire, louane):
    add(claire, louane)
    browser = visitor(claire)
    form = browser.get(page("contact_add", louane.pk))
    sent = GRANDMOTHER | {"name": "odette dupont", "once_key": once_keys(form)[0]}
    answer = browser.post(page("contact_add", louane.pk), sent)
    assert "Cette personne figure déjà parmi les contacts" in text_of(answer)


def test_a_child_has_at_most_eight_contacts(visitor, claire, louane):
    for number in range(8):
        add(claire, louane, name=f"Voisin {number}")
    browser = visitor(claire)
    form = browser.get(page("contact_add", louane.pk))
    answer = browser.post(page("contact_add", louane.pk), GRANDMOTHER | {"once_key": once_keys(form)[0]})
    assert "Un enfant a au plus 8 contacts" in text_of(answer)
    assert louane.contacts.count() == 8


def test_a_contact_is_corrected_and_removed_once_and_parents_are_told_each_time(visitor, claire, louane):
    contact = add(claire, louane)
    browser = visitor(claire)
    form = browser.get(page("contact_edit", louane.pk, contact.pk))
    edit_key, removal_key = once_keys(form)
    changed = GRANDMOTHER | {"phone": "07 00 00 00 00", "once_key": edit_key}
    browser.post(page("contact_edit", louane.pk, contact.pk), changed)
    assert Contact.objects.get().phone == "07 00 00 00 00"
    for _ in range(2):
        answer = browser.post(page("contact_remove", louane.pk, contact.pk), {"once_key": removal_key})
        assert answer.url == page("health", louane.pk)
    assert not Contact.objects.exists()
    mails = OutgoingEmail.objects.filter(template="families/health_changed")
    assert [each.context["what"] for each in mails] == ["les contacts"] * 3


# --- Consents ---------------------------------------------------------------------------------------------------------
def test_nothing_is_ticked_for_the_parent(visitor, claire, louane):
    fields = fields_of(visitor(claire).get(page("consents", louane.pk)))
    assert not {"photo", "outings", "hospital"} & fields.keys()


def test_each_answer_is_dated_signed_and_kept_and_the_last_one_counts(visitor, claire, louane):
    browser = visitor(claire)
    browser.post(page("consents", louane.pk), {"photo": "oui", "hospital": "oui"})
    answer = browser.post(page("consents", louane.pk), {"photo": "non", "hospital": "oui"}, follow=True)
    rows = MemberConsent.objects.order_by("pk").values_list("kind", "given", "by")
    assert list(rows) == [("photo", True, claire.pk), ("hospital", True, claire.pk), ("photo", False, claire.pk)]
    read = text_of(answer)
    assert re.search("Photos et vidéos Non autorisé par Claire Dupont", read)
    assert re.search("Sorties Sans réponse", read)
    assert re.search("Soins en urgence Autorisé par Claire Dupont", read)


def test_the_other_parent_may_withdraw_a_consent(claire, louane):
    julien = parent_of(louane, first_name="Julien")
    answer_consents(user=claire, member=louane, answers={"photo": True})
    answer_consents(user=julien, member=louane, answers={"photo": False})
    assert [(row.given, row.by) for row in MemberConsent.objects.standing()] == [(False, julien)]


@pytest.mark.parametrize("change", ["update", "delete"])
@pytest.mark.parametrize("table", [MemberConsent, HealthReading])
def test_consents_and_readings_are_never_changed(claire, louane, table, change):
    answer_consents(user=claire, member=louane, answers={"photo": True})
    HealthReading.objects.create(member=louane, by=claire, purpose="fiche santé")
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        table.objects.update(at="2020-01-01T00:00Z") if change == "update" else table.objects.all().delete()


def test_a_child_with_consents_is_withdrawn_and_one_without_is_deleted_with_its_sheet(claire, louane):
    theo = MembershipFactory(family=claire.guardian.family).member
    write(claire, louane)
    write(claire, theo)
    answer_consents(user=claire, member=louane, answers={"photo": True})
    for member in (louane, theo):
        remove_member(user=claire, member=member)
    assert list(Member.objects.all()) == [louane]
    assert list(HealthSheet.objects.values_list("member", flat=True)) == [louane.pk]


def test_forgetting_a_child_leaves_nothing_but_who_read(claire, louane):
    theo = MembershipFactory(family=claire.guardian.family).member
    for child in (louane, theo):
        write(claire, child)
        add(claire, child)
        answer_consents(user=claire, member=child, answers={"photo": True})
        HealthReading.objects.create(member=child, by=claire, purpose="fiche santé")
    forget_health([louane.pk])
    for table in (HealthSheet, Contact, MemberConsent):
        assert list(table.objects.values_list("member", flat=True)) == [theo.pk]
    assert HealthReading.objects.count() == 2


# --- Who comes in -----------------------------------------------------------------------------------------------------
PAGES = ["health", "health_edit", "contact_add", "consents"]


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_finds_no_page_of_the_child(visitor, louane, claire, name):
    browser = visitor(parent_of(MemberFactory()))
    assert [browser.get(page(name, louane.pk)).status_code, browser.post(page(name, louane.pk)).status_code] == [
        404,
        404,
    ]


def test_a_contact_of_another_family_is_not_found(visitor, claire, louane):
    contact = add(claire, louane)
    own = MemberFactory()
    browser = visitor(parent_of(own))
    for pk in (louane.pk, own.pk):
        assert browser.get(page("contact_edit", pk, contact.pk)).status_code == 404
        assert browser.post(page("contact_remove", pk, contact.pk)).status_code == 404
    assert Contact.objects.count() == 1


def test_a_contact_belongs_to_its_child_only(visitor, claire, louane):
    contact = add(claire, louane)
    theo = MembershipFactory(family=claire.guardian.family).member
    assert visitor(claire).get(page("contact_edit", theo.pk, contact.pk)).status_code == 404


def test_adults_and_withdrawn_children_have_no_page(visitor, claire, louane):
    adult = MembershipFactory(family=claire.guardian.family, kinship="self").member
    gone = MembershipFactory(family=claire.guardian.family, withdrawn_at="2026-01-01T00:00Z").member
    browser = visitor(claire)
    assert [browser.get(page("health", each.pk)).status_code for each in (adult, gone, louane)] == [404, 404, 200]
    assert text_of(browser.get(reverse("families:members"))).count("Santé et contacts") == 1


@pytest.mark.parametrize("name", ["health", "health_edit", "contact_add", "consents"])
def test_the_pages_are_kept_by_no_cache(visitor, claire, louane, name):
    assert "no-store" in visitor(claire).get(page(name, louane.pk))["Cache-Control"]


def test_a_forged_key_writes_nothing(visitor, claire, louane):
    browser = visitor(claire)
    assert browser.post(page("health_edit", louane.pk), POSTED | {"once_key": "forged"}).status_code == 409
    assert browser.post(page("contact_add", louane.pk), GRANDMOTHER | {"once_key": "forged"}).status_code == 409
    assert not HealthSheet.objects.exists()
    assert not Contact.objects.exists()


def test_a_key_for_one_child_does_not_write_for_another(visitor, claire, louane):
    theo = MembershipFactory(family=claire.guardian.family).member
    browser = visitor(claire)
    key = once_keys(browser.get(page("health_edit", theo.pk)))[0]
    assert browser.post(page("health_edit", louane.pk), POSTED | {"once_key": key}).status_code == 409


@pytest.mark.parametrize("size", [1, 3])
def test_the_page_takes_the_same_number_of_queries_for_any_number_of_contacts(
    visitor, claire, louane, size, django_assert_num_queries
):
    write(claire, louane)
    for number in range(size):
        add(claire, louane, name=f"Voisin {number}")
        HealthReading.objects.create(member=louane, by=parent_of(MemberFactory()), purpose="fiche santé")
    browser = visitor(claire)
    browser.get(page("health", louane.pk))
    with django_assert_num_queries(8):
        browser.get(page("health", louane.pk))
