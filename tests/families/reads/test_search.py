"""A family is found by whatever an agent hears on the telephone, and only by agents who may see it."""

import string
import unicodedata

import pytest
from django.db import connection

from common.values.asked import nearly, read
from common.values.words import PLAIN, name_key
from families.models import Family, Membership
from families.reads.search import find, rows_asked
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.families import FamilyFactory, GuardianFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune():
    return CommuneFactory()


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


@pytest.fixture
def family(commune):
    """Hélène D’Aubigné, her son Jean-Paul Lebœuf."""
    family = FamilyFactory(name="D’Aubigné", commune=commune)
    person = {
        "first_name": "Hélène",
        "last_name": "D’Aubigné",
        "phone": "06 12 34 56 78",
        "email": "helene@example.org",
    }
    GuardianFactory(
        family=family, **{f"user__{name}": value for name, value in person.items()}, user__identifier="F1234567"
    )
    MembershipFactory(family=family, member__first_name="Jean-Paul", member__last_name="Lebœuf")
    other = FamilyFactory(name="Martin", commune=commune)
    GuardianFactory(family=other, user__first_name="Paule", user__last_name="Martin", user__phone="06 12 34 99 99")
    MembershipFactory(family=other, member__first_name="Zoé", member__last_name="Martin")
    return family


EXACT = [
    "helene", "HÉLÈNE", "Helène d'aubigné", "daubigne", "d aubigne", "aubigne", "D’AUBIGNÉ Hélène",
    "jean-paul", "jean paul", "jeanpaul", "JEAN", "leboeuf", "Lebœuf", "LEBŒUF jean", "leb", "lebœuf hélène",
    "06 12 34 56 78", "+33612345678", "061234567", "612345678", "helene@example.org", "HELENE@exa", "f1234567",
    "{reference}", "{reference} leboeuf", "daubigne%", "' daubigne --", "hel%ene",
]  # fmt: skip


@pytest.mark.parametrize("typed", EXACT)
def test_a_family_is_found(agent, family, typed):
    found = find(agent, read(typed.format(reference=family.reference)))
    assert (found.families, found.is_near) == ([family], False)
    assert found.only == family


@pytest.mark.parametrize(
    "typed", ["lebeuf", "leboeff", "helenne", "hlene", "heléne dabigne", "jeanpaol", "lebouef", "daubignee"]
)
def test_a_wrong_letter_finds_it_as_a_near_name(agent, family, typed):
    found = find(agent, read(typed))
    assert (found.families, found.only) == ([family], None)
    assert found.is_near


@pytest.mark.parametrize(
    "typed",
    [
        "inconnu",
        "zoe leboeuf",
        "0712345678",
        "D99999999999",
        "f7654321",
        "autre@example.org",
        "_elene@example.org",
        "0000",
        "lxbxeuf",
    ],
)
def test_what_nobody_has_finds_nobody(agent, family, typed):
    assert find(agent, read(typed)).families == []


def test_an_agent_finds_the_families_of_their_communes_only(agent, family):
    stranger = AgentFactory(communes=[CommuneFactory()])
    for typed in ("helene", "0612345678", family.reference, "helenne", "helene@example.org", "f1234567"):
        assert find(stranger, read(typed)).families == []
    assert find(ManagerFactory(), read("helene")).families == [family]


def test_families_of_that_very_name_come_first_and_a_long_list_is_cut(agent, commune):
    for number in range(4):
        FamilyFactory(name=f"Martinet {number}", commune=commune)
    named = FamilyFactory(name="Saint Martin", commune=commune)
    found = find(agent, read("martin"), most=3)
    assert found.families[0] == named
    assert (len(found.families), found.is_cut) == (3, True)


def test_a_new_name_is_found_at_once_and_the_old_no_more(agent, family):
    Family.objects.filter(pk=family.pk).update(name="Moreau")
    guardian = family.guardians.get().user
    guardian.last_name = "Moreau"
    guardian.save()
    assert find(agent, read("moreau")).families == [family]
    assert find(agent, read("aubigne")).families == []


def test_a_list_of_people_keeps_the_rows_of_the_child_that_is_named(family):
    MembershipFactory(family=family, member__first_name="Rose", member__last_name="Lebœuf")
    rows = Membership.objects.all()

    def named(typed):
        return {row.member.first_name for row in rows_asked(rows, typed, member="member")}

    assert named("rose") == named("rosse") == {"Rose"}
    assert named("leboeuf") == named("hélène") == {"Jean-Paul", "Rose"}
    assert named("rose hélène") == {"Rose"}
    assert named("x") == named("y" * 300) == set()


def test_the_database_and_the_page_read_every_letter_alike():
    """What PostgreSQL keeps of a name begins with what Python asks for, for all letters of European names."""
    blocks = [*range(0xC0, 0x250), *range(0x1E00, 0x1F00), 0xFB01, 0x2019, 0x2011]
    signs = [sign for sign in map(chr, blocks) if unicodedata.category(sign)[0] in "LP"]
    names = [f"Ma{sign}tin" for sign in [*signs, *string.punctuation.replace("\\", "")]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, tsvector_to_array(lib_search_words(name)) FROM unnest(%s::text[]) name", [names])
        kept = dict(cursor.fetchall())
    differing = [name for name in names if name_key(name) not in kept[name]]
    assert {unicodedata.name(name[2]) for name in differing} == set()
    assert all(chr(sign) in "".join(signs) or chr(sign) in "ð" for sign in PLAIN)


@pytest.mark.parametrize("written", ["dupont", "dupond", "duponnt", "dupnt", "udpont", "dupot", "xupont"])
def test_two_words_of_one_wrong_letter_meet_in_the_database(written):
    with connection.cursor() as cursor:
        cursor.execute("SELECT lib_search_words('Dupont') @@ %s::tsquery", [nearly(written)])
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT lib_search_words('Martin') @@ %s::tsquery", [nearly(written)])
        assert cursor.fetchone() == (False,)


def test_a_name_without_letters_is_kept_as_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT lib_search_words('', '–', '   ')::text, lib_search_phone('')")
        assert cursor.fetchone() == ("", "")
