"""Menus: agents write a week in one go, families read it with their own children's allergens, the public without."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Allergen, HealthContent, HealthReading, HealthSheet, Kinship, Membership
from portal.models import Dish, Kitchen, Menu
from portal.talk.actions.menus import copy_week, copying, version_of, week_of, write_week, writing
from portal.talk.rules import (
    ALLERGENS,
    MenuFaults,
    NothingToCopy,
    NotYourKitchen,
    WeekChanged,
    WeekTaken,
    current_monday,
    dish_line,
    read_dish,
    read_dishes,
)
from tests.accounts.pages import words
from tests.client import once_keys
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.families import MemberFactory, SchoolClassFactory, SchoolFactory, SchoolingFactory, parent_of
from tests.factories.reservations import ActivityFactory, Household, book, certify, session
from tests.factories.wallet import wallet_with

MONDAY = date(2027, 3, 1)
QUERIES = 10  # the session, the person, the family and their page of menus
LUNCH = "Œuf mayonnaise (œufs, moutarde)\nHachis parmentier (lait, gluten)\nPomme (aucun)\nRiz"
READ = [
    ("Œuf mayonnaise", ["eggs", "mustard"]),
    ("Hachis parmentier", ["gluten", "milk"]),
    ("Pomme", []),
    ("Riz", None),
]


@pytest.fixture
def commune():
    return CommuneFactory(name="Cestas")


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


@pytest.fixture
def school(commune):
    return SchoolFactory(commune=commune)


@pytest.fixture
def kitchen(commune, school):
    kitchen = Kitchen.objects.create(commune=commune, name="Cantine du Bourg")
    kitchen.schools.add(school)
    return kitchen


@pytest.fixture(autouse=True)
def _on_a_monday(time_machine):
    time_machine.move_to("2027-03-01 10:00")


def key_for(agent, kitchen, monday=MONDAY):
    return make_key(agent.owner, writing(kitchen.pk, monday), version_of(week_of(kitchen, monday)))


def write(agent, kitchen, key=None, **days):
    dated = {date.fromisoformat(f"2027-03-{day[1:]}"): read_dishes(text) for day, text in days.items()}
    return write_week(agent=agent, kitchen=kitchen, monday=MONDAY, days=dated, key=key or key_for(agent, kitchen))


def copy(agent, source, target, to, key=None):
    key = key or make_key(agent.owner, copying(source.pk, MONDAY))
    return copy_week(agent=agent, source=source, monday=MONDAY, target=target, to=to, key=key)


def child_of_the_school(school, **content):
    """A parent and a child of the school, with a health sheet."""
    child = MemberFactory(first_name="Louane")
    parent = parent_of(child)
    SchoolingFactory(
        member=child, school_class=SchoolClassFactory(school=school, school_year=2026, name=f"CP {child.pk}")
    )
    if content:
        sealed = HealthSheet.seal(child.pk, HealthContent(**content))
        HealthSheet.objects.create(member=child, sealed=sealed, updated_by=parent)
    return parent


# --- What agents type ------------------------------------------------------------------------------------------------
def test_a_line_is_a_dish_with_its_allergens():
    assert read_dishes(f"{LUNCH}\n\n - Pain (BLE ; Sesames)\n") == [*READ, ("Pain", ["gluten", "sesame"])]


def test_what_is_read_is_written_the_same():
    assert [read_dish(dish_line(*dish)) for dish in READ] == READ


def test_the_fourteen_allergens_are_those_of_the_health_sheets():
    assert list(ALLERGENS) == Allergen.values
    assert [read_dish(f"Plat ({Allergen(each).label})")[1] for each in ALLERGENS] == [[each] for each in ALLERGENS]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Riz (bio)", ["« Riz (bio) » : « bio » n’est pas un des 14 allergènes."]),
        (
            "Pain (blé, kiwi)\nRiz (bio)",
            [
                "« Pain (blé, kiwi) » : « kiwi » n’est pas un des 14 allergènes.",
                "« Riz (bio) » : « bio » n’est pas un des 14 allergènes.",
            ],
        ),
        ("Riz (aucun, lait)", ["« Riz (aucun, lait) » : « aucun » n’est pas un des 14 allergènes."]),
        ("x" * 121, [f"« {'x' * 30}… » : un plat compte au plus 120 caractères."]),
        ("Riz\n" * 16, ["Un menu compte au plus 15 plats."]),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_words(text, sentences):
    with pytest.raises(MenuFaults) as refusal:
        read_dishes(text)
    assert refusal.value.sentences == sentences


def test_empty_brackets_say_nothing_rather_than_no_allergen():
    assert read_dish("Riz ()") == ("Riz", None)


def test_at_the_weekend_the_week_is_the_next_one():
    days = {day: current_monday(date(2027, 3, day)) for day in (1, 5, 6, 7, 8)}
    assert days == {1: MONDAY, 5: MONDAY, 6: date(2027, 3, 8), 7: date(2027, 3, 8), 8: date(2027, 3, 8)}


# --- Written, copied -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_an_agent_writes_a_week_on_one_page(visitor, agent, kitchen):
    page = f"/admin/portal/kitchen/{kitchen.pk}/menus/?semaine=2027-03-03"
    browser = visitor(agent)
    key = once_keys(browser.get(page))[0]
    for _ in range(2):
        answer = browser.post(page, {"jour_0": LUNCH, "jour_3": "Soupe", "once_key": key})
        assert answer.url == f"/admin/portal/kitchen/{kitchen.pk}/menus/?semaine=2027-03-01"
    assert week_of(kitchen, MONDAY) == {MONDAY: READ, date(2027, 3, 4): [("Soupe", None)]}
    assert "Hachis parmentier (gluten, lait)" in browser.get(page).content.decode()


@pytest.mark.django_db
def test_a_faulty_line_keeps_what_was_typed_and_writes_nothing(visitor, agent, kitchen):
    page = f"/admin/portal/kitchen/{kitchen.pk}/menus/?semaine=2027-03-01"
    browser = visitor(agent)
    key = once_keys(browser.get(page))[0]
    answer = browser.post(page, {"jour_0": "Riz (bio)", "jour_1": "Soupe", "once_key": key})
    assert "« Riz (bio) » : « bio » n’est pas un des 14 allergènes." in words(answer)
    assert "Soupe</textarea>" in answer.content.decode()
    assert Menu.objects.count() == 0


@pytest.mark.django_db
def test_an_emptied_day_has_no_menu_and_the_others_stay(agent, kitchen):
    assert write(agent, kitchen, d01=LUNCH, d02="Soupe") == 2
    kept = Menu.objects.get(date=MONDAY).pk
    assert write(agent, kitchen, d01=LUNCH, d02="") == 1
    assert list(Menu.objects.values_list("pk", flat=True)) == [kept]


@pytest.mark.django_db
def test_a_week_that_a_colleague_wrote_meanwhile_is_shown_and_not_overwritten_unseen(visitor, agent, kitchen):
    page = f"/admin/portal/kitchen/{kitchen.pk}/menus/?semaine=2027-03-01"
    browser = visitor(agent)
    old = once_keys(browser.get(page))[0]
    write(agent, kitchen, d01="Soupe")
    with pytest.raises(WeekChanged):
        write(agent, kitchen, key=old, d01="Riz")
    answer = browser.post(page, {"jour_0": "Riz", "once_key": old})
    assert "ont changé pendant votre saisie" in words(answer)
    assert "lundi 1er mars : Soupe" in words(answer)
    assert week_of(kitchen, MONDAY) == {MONDAY: [("Soupe", None)]}
    browser.post(page, {"jour_0": "Riz", "once_key": once_keys(answer)[0]})
    assert week_of(kitchen, MONDAY) == {MONDAY: [("Riz", None)]}


@pytest.mark.django_db
def test_the_kitchen_of_another_commune_is_not_there(visitor, agent, kitchen):
    stranger = AgentFactory(communes=[CommuneFactory()])
    for page in ("menus", "menus/copier"):
        assert visitor(stranger).get(f"/admin/portal/kitchen/{kitchen.pk}/{page}/").status_code == 404
    with pytest.raises(NotYourKitchen):
        write(stranger, kitchen, d01="Soupe")
    own = Kitchen.objects.create(commune=stranger.communes.get(), name="Cantine")
    write(agent, kitchen, d01="Soupe")
    for source, target in [(kitchen, own), (own, kitchen)]:
        with pytest.raises(NotYourKitchen):
            copy(stranger, source, target, date(2027, 3, 8))
    with pytest.raises(StalePage):
        write(agent, kitchen, key=key_for(stranger, kitchen), d01="Riz")
    assert Dish.objects.count() == 1


@pytest.mark.django_db
def test_a_kitchen_serves_schools_of_its_commune_only(visitor, commune, kitchen, school):
    elsewhere = SchoolFactory()
    agent = AgentFactory(communes=[commune, elsewhere.commune])
    fields = {"commune": commune.pk, "name": "Cantine", "schools": [school.pk, elsewhere.pk]}
    page = visitor(agent).post(f"/admin/portal/kitchen/{kitchen.pk}/change/", fields)
    assert "Une cuisine sert des écoles de sa commune" in words(page)
    assert list(kitchen.schools.all()) == [school]


@pytest.mark.django_db
def test_a_week_is_copied_with_its_allergens_but_not_onto_a_public_holiday(visitor, agent, kitchen):
    write(agent, kitchen, d01=LUNCH, d02="Soupe (céleri)")
    page = f"/admin/portal/kitchen/{kitchen.pk}/menus/copier/?semaine=2027-03-01"
    browser = visitor(agent)
    key = once_keys(browser.get(page))[0]
    for _ in range(2):
        browser.post(
            page, {"cuisine": kitchen.pk, "semaine": "2027-03-31", "once_key": key}
        )  # Easter Monday is the 29th
    assert week_of(kitchen, date(2027, 3, 29)) == {date(2027, 3, 30): [("Soupe", ["celery"])]}


@pytest.mark.django_db
def test_a_copy_never_overwrites_and_never_copies_nothing(agent, commune, kitchen):
    other = Kitchen.objects.create(commune=commune, name="Cantine des Pins")
    with pytest.raises(NothingToCopy):
        copy(agent, kitchen, other, MONDAY)
    write(agent, kitchen, d01="Soupe")
    with pytest.raises(WeekTaken):
        copy(agent, kitchen, kitchen, MONDAY)
    assert copy(agent, kitchen, other, MONDAY) == 1
    with pytest.raises(WeekTaken):
        copy(agent, kitchen, other, MONDAY)
    assert Menu.objects.count() == 2


@pytest.mark.django_db
def test_a_kitchen_has_one_menu_a_day(kitchen):
    Menu.objects.create(kitchen=kitchen, date=MONDAY)
    with pytest.raises(IntegrityError, match="one_menu_a_day"):
        Menu.objects.create(kitchen=kitchen, date=MONDAY)


# --- Read ------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_everybody_reads_the_menus_with_their_allergens_and_nothing_of_a_child(client, agent, kitchen, school):
    child_of_the_school(school, allergens=("eggs",))
    write(agent, kitchen, d01=LUNCH)
    assert "Cantine du Bourg" in words(client.get("/menus/"))
    page = words(client.get(f"/menus/{kitchen.pk}/"))
    assert "Œuf mayonnaise Allergènes : œufs, moutarde" in page
    assert "Riz Allergènes inconnus" in page
    assert "Pomme Aucun des 14 allergènes" in page
    assert "Louane" not in page


@pytest.mark.django_db
def test_a_parent_is_warned_of_what_concerns_their_own_children(visitor, agent, kitchen, school):
    parent = child_of_the_school(school, allergens=("eggs", "milk"), allergies="Kiwi.")
    other = child_of_the_school(school, allergens=("celery",))
    write(agent, kitchen, d01=LUNCH)
    page = words(visitor(parent).get("/mes-menus/"))
    assert "Louane : plats comparés avec ses allergènes (œufs, lait)." in page
    assert "L’allergie écrite en toutes lettres dans sa fiche n’est pas comparée" in page
    assert "Œuf mayonnaise Allergènes : œufs, moutarde Allergie de Louane : œufs" in page
    assert "Hachis parmentier Allergènes : gluten, lait Allergie de Louane : lait" in page
    assert "Riz Allergènes inconnus Allergènes inconnus : à vérifier pour Louane" in page
    assert "Pomme Aucun des 14 allergènes" in page
    theirs = words(visitor(other).get("/mes-menus/"))
    assert "Allergie de" not in theirs
    assert HealthReading.objects.count() == 0  # a parent reads their own child's sheet


@pytest.mark.django_db
def test_a_child_without_structured_allergens_gets_no_warning(visitor, agent, kitchen, school):
    write(agent, kitchen, d01=LUNCH)
    for content in ({}, {"has_pai": True, "diet": ("no_pork",)}):
        page = words(visitor(child_of_the_school(school, **content)).get("/mes-menus/"))
        assert "aucun allergène coché dans sa fiche santé" in page
        assert "à vérifier" not in page
        assert "Allergie de" not in page


@pytest.mark.django_db
def test_a_sheet_that_does_not_open_is_told_rather_than_taken_for_no_allergy(visitor, agent, kitchen, school):
    parent = child_of_the_school(school, allergens=("eggs",))
    HealthSheet.objects.update(sealed=b"damaged")
    write(agent, kitchen, d01=LUNCH)
    assert "fiche santé illisible, aucun plat n’est comparé" in words(visitor(parent).get("/mes-menus/"))


@pytest.mark.django_db
def test_a_child_taken_out_of_the_family_and_a_parent_at_school_are_not_told_of(visitor, agent, kitchen, school):
    parent = child_of_the_school(school, allergens=("eggs",))
    write(agent, kitchen, d01=LUNCH)
    Membership.objects.update(kinship=Kinship.SELF)
    assert "Aucune cantine pour vos enfants" in words(visitor(parent).get("/mes-menus/"))
    Membership.objects.update(kinship=Kinship.MOTHER, withdrawn_at=timezone.now())
    assert "Aucune cantine pour vos enfants" in words(visitor(parent).get("/mes-menus/"))


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["", "hier", "9999-12-31", "0001-01-01", "2027-02-30", "2027-03-05"])
def test_any_week_may_be_asked_for_and_nonsense_shows_the_current_one(client, kitchen, asked):
    assert "semaine du lundi 1er mars" in words(client.get(f"/menus/{kitchen.pk}/", {"semaine": asked}))


@pytest.mark.django_db
@pytest.mark.seed("S4-10")
def test_the_home_pages_tell_of_the_menus(visitor, client, agent, kitchen, school):
    parent = child_of_the_school(school, allergens=("eggs",))
    assert "Menus de la cantine" not in words(client.get("/"))
    write(agent, kitchen, d01=LUNCH, d02="Soupe")
    assert "Menus de la cantine" in words(client.get("/"))
    page = words(visitor(parent).get("/mon-compte/"))
    assert "Au menu, lundi 1er mars Cantine du Bourg : Œuf mayonnaise, Hachis parmentier, Pomme, Riz" in page
    assert "Allergie" not in page


@pytest.mark.django_db
def test_the_next_menu_has_a_block_and_the_others_stand_under_the_days_that_are_booked(visitor, agent, kitchen, school):
    parent = child_of_the_school(school, allergens=("eggs",))
    write(agent, kitchen, d01=LUNCH, d02="Soupe")
    family = parent.guardian.family
    home = Household(parent, family, wallet_with(1_000, family), list(family.members.all()))
    certify(family)
    book(home, session(ActivityFactory(), date(2027, 3, 2)))
    page = words(visitor(parent).get("/mon-compte/"))
    assert "Prochainement mardi 2 mars Cantine du Bourg : Soupe Louane Cantine" in page
    assert "Au menu, lundi 1er mars Cantine du Bourg : Œuf mayonnaise" in page
    assert page.count("Soupe") == page.count("Hachis parmentier") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["Soupe", LUNCH])
def test_a_week_takes_the_same_queries_for_one_dish_and_for_many(
    visitor, agent, kitchen, school, text, django_assert_num_queries
):
    parent = child_of_the_school(school, allergens=("eggs",))
    write(agent, kitchen, d01=text, d02=text)
    browser = visitor(parent)
    browser.get("/mes-menus/")
    with django_assert_num_queries(QUERIES):
        browser.get("/mes-menus/")


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_who_write_one_week_at_once_the_second_is_told():
    commune = CommuneFactory()
    kitchen = Kitchen.objects.create(commune=commune, name="Cantine")
    first, second = AgentFactory(communes=[commune]), AgentFactory(communes=[commune])
    key = key_for(second, kitchen)
    with transaction.atomic():
        Kitchen.objects.select_for_update(no_key=True).get()
        rival = someone_else(write, second, kitchen, key, d01="Riz")
        rival.wait_until_blocked()
        Menu.objects.create(kitchen=kitchen, date=MONDAY).dishes.create(rank=0, name="Soupe")
    with pytest.raises(WeekChanged):
        rival.result()
    assert week_of(kitchen, MONDAY) == {MONDAY: [("Soupe", None)]}
    assert write(first, kitchen, d01="Purée") == 1
