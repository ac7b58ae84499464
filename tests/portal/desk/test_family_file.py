"""The search box and the family file: what an agent may see of a family, on one page; notes that colleagues read."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from common.writing.once import make_key
from families.actions.notes import NoteEmpty, NotePast, NoteTooLong, add_note, end_note, note_purpose
from families.models import FamilyNote
from families.rules import NotYours
from reservations.models import Order
from tests.accounts.pages import words
from tests.factories.accounts import AgentFactory, ManagerFactory, UserFactory
from tests.factories.families import FamilyFactory, GuardianFactory
from tests.factories.money import paid_at_counter
from tests.factories.reservations import LOUANE, THEO, TUESDAY, ActivityFactory, book, household, instant, sessions
from tests.factories.services import line, service_asking

pytestmark = pytest.mark.django_db
SEARCH = "/admin/recherche/"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"))


@pytest.fixture
def home():
    return household(5760, LOUANE, THEO, last_name="Moreau", first_name="Claire")


@pytest.fixture
def agent(home):
    return AgentFactory(communes=[home.family.commune])


def address(family) -> str:
    return f"/admin/familles/{family.pk}/"


def test_the_one_family_meant_is_opened_at_once(visitor, agent, home):
    answer = visitor(agent).get(SEARCH, {"q": "louane moreau"})
    assert (answer.status_code, answer["Location"]) == (302, address(home.family))


def test_several_families_are_listed_with_their_adults_and_children(visitor, agent, home):
    GuardianFactory(
        family=FamilyFactory(name="Moreau", commune=home.family.commune),
        user=UserFactory(first_name="Ali", last_name="Moreau", phone="06 11 22 33 44"),
    )
    read = words(visitor(agent).get(SEARCH, {"q": "moreau"}))
    assert "Claire Moreau" in read
    assert "Ali Moreau 06 11 22 33 44" in read


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Tapez au moins deux lettres"),
        ("a", "Tapez au moins deux lettres"),
        ("%", "Tapez au moins deux lettres"),
        ("\\", "Tapez au moins deux lettres"),
        ("é\0", "Tapez au moins deux lettres"),
        ("x" * 300, "C’est trop long"),
        ("xyzxyz' or 1=1", "Rien dans vos communes"),
    ],
)
def test_what_names_nobody_says_what_to_type(visitor, agent, typed, sentence):
    assert sentence in words(visitor(agent).get(SEARCH, {"q": typed}))


def test_a_wrong_letter_offers_names_that_resemble(visitor, agent, home):
    assert "Noms proches" in words(visitor(agent).get(SEARCH, {"q": "morreau"}))


def test_an_order_and_an_account_without_family_are_found_by_their_number(visitor, agent, home):
    book(home, *sessions(ActivityFactory(service__commune=home.family.commune), TUESDAY))
    order = Order.objects.get()
    found = visitor(agent).get(SEARCH, {"q": f"commande {order.pk}"})
    assert found["Location"] == f"/admin/reservations/order/{order.pk}/change/"
    alone = UserFactory(first_name="Zélie", last_name="Seule", commune=home.family.commune)
    found = visitor(agent).get(SEARCH, {"q": "zelie"})
    assert found["Location"] == f"/admin/accounts/user/{alone.pk}/change/"


def test_a_family_of_elsewhere_is_neither_found_nor_opened(visitor, home):
    client = visitor(AgentFactory(communes=[FamilyFactory().commune]))
    assert "Rien dans vos communes" in words(client.get(SEARCH, {"q": "moreau"}))
    assert client.get(address(home.family)).status_code == 404


def test_the_file_says_who_they_are_what_is_booked_paid_and_asked(visitor, agent, home):
    commune = home.family.commune
    book(home, *sessions(ActivityFactory(service__commune=commune, name="Cantine"), TUESDAY))
    paid_at_counter(home.wallet, 4605, timezone.localdate())
    line(service_asking(commune=commune, name="Service jeunesse"), home.family, home.child, "accepted")
    read = words(visitor(agent).get(address(home.family)))
    for part in (
        "Claire Moreau",
        "Louane",
        "Théo",
        "Cantine",
        "46,05",
        "Service jeunesse",
        "Valide",
        "Quotient familial",
    ):
        assert part in read, part


def test_the_file_takes_as_many_queries_for_a_long_life(visitor, agent, home, django_assert_max_num_queries):
    client = visitor(agent)
    client.get(address(home.family))
    with django_assert_max_num_queries(40) as short:
        client.get(address(home.family))
    activity = ActivityFactory(service__commune=home.family.commune)
    book(home, *sessions(activity, *(TUESDAY + timedelta(days=7 * n) for n in range(4))))
    for n in range(12):
        paid_at_counter(home.wallet, 100 + n, timezone.localdate())
        FamilyNote.objects.create(family=home.family, text=f"Note {n}", by=agent)
    with django_assert_max_num_queries(len(short)):
        client.get(address(home.family))


# --- Notes


def note(agent, family, **fields):
    fields = {"text": "Vient avec sa grand-mère", "until": None, "is_shown": False} | fields
    return add_note(agent=agent, family=family, key=make_key(agent.owner, note_purpose(family)), **fields)


def test_a_note_is_added_once_read_and_ended(visitor, agent, home):
    client, page = visitor(agent), address(home.family)
    key = make_key(agent.owner, note_purpose(home.family))
    for _ in range(2):
        answer = client.post(page, {"text": "<b>Vient</b> avec sa grand-mère", "once_key": key})
        assert answer.status_code == 302
    assert FamilyNote.objects.count() == 1
    assert "&lt;b&gt;Vient&lt;/b&gt; avec sa grand-mère" in client.get(page).content.decode()
    client.post(f"/admin/familles/notes/{FamilyNote.objects.get().pk}/retirer/")
    assert "grand-mère" not in words(client.get(page))
    assert FamilyNote.objects.get().ended_by == agent


def test_a_note_ends_by_itself_after_its_last_day(visitor, agent, home):
    today = timezone.localdate()
    note(agent, home.family, text="Jusqu’à ce soir", until=today)
    FamilyNote.objects.create(family=home.family, text="Hier", until=today - timedelta(days=1), by=agent)
    read = words(visitor(agent).get(address(home.family)))
    assert ("Jusqu’à ce soir" in read, "Hier" in read) == (True, False)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"text": "  "}, NoteEmpty),
        ({"text": "x" * 501}, NoteTooLong),
        ({"until": date(2026, 11, 1)}, NotePast),
    ],
)
def test_what_is_no_note_is_refused(agent, home, fields, refusal):
    with pytest.raises(refusal):
        note(agent, home.family, **fields)
    assert not FamilyNote.objects.exists()


def test_an_agent_of_elsewhere_neither_notes_nor_ends(agent, home, visitor):
    stranger = AgentFactory(communes=[FamilyFactory().commune])
    with pytest.raises(NotYours):
        note(stranger, home.family)
    kept = note(agent, home.family)
    with pytest.raises(NotYours):
        end_note(agent=stranger, note=kept)
    assert visitor(stranger).post(f"/admin/familles/notes/{kept.pk}/retirer/").status_code == 404


def test_who_ended_a_note_first_stays(agent, home):
    kept = note(agent, home.family)
    end_note(agent=agent, note=kept)
    end_note(agent=ManagerFactory(), note=kept)
    assert FamilyNote.objects.get().ended_by == agent


def test_a_note_to_show_is_read_at_the_desk_and_on_the_sheet_of_the_day(visitor, agent, home):
    [session] = sessions(ActivityFactory(service__commune=home.family.commune), TUESDAY)
    book(home, session)
    note(agent, home.family, text="Part avec sa grand-mère", is_shown=True)
    note(agent, home.family, text="Rappeler pour la facture")
    client = visitor(agent)
    for page in (f"/admin/guichet/{home.family.pk}/", f"/admin/presences/{session.pk}/"):
        read = words(client.get(page))
        assert ("Part avec sa grand-mère" in read, "facture" in read) == (True, False), page
