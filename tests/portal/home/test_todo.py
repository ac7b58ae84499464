"""« À faire » on a parent's home: each kind of thing with its sentence and button, in order, in one query."""

from datetime import timedelta

import pytest
from django.utils import timezone

from families.actions import invite, withdraw_invitation
from families.models import Certification
from portal.home.todo import to_do
from reservations.actions.telling.reminders import low
from reservations.models import CartLine
from reservations.reads.family import family_facts
from reservations.reads.upcoming import waited_for
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    household,
    sessions,
)
from tests.factories.sepa import announced
from tests.factories.services import DocumentTypeFactory, document, line, service_asking
from tests.factories.waiting import full_day, queue_up
from tests.factories.wallet import spend
from tests.reservations.conftest import NOW
from tests.reservations.reading import text
from wallet.models import CardPayment, Purse

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(NOW)


@pytest.fixture
def purse_reminded():
    """The main purse, with a reminder below 10 €."""
    found = Purse.objects.get(is_default=True)
    found.reminder_below = 1_000
    found.save()
    return found


def things(home):
    facts = family_facts(home.family.pk, timezone.localdate())
    return to_do(home.user, facts, [entry for entry in waited_for(home.user) if entry.is_offered])


def said(home) -> list[tuple[str, str]]:
    return [(each.sentence.replace("\xa0", " "), each.address) for each in things(home)]


def pay(home, purpose="topup") -> CardPayment:
    later = timezone.now() + timedelta(hours=1)
    words = {"purpose": purpose, "label": "Recharge", "cents": 2000, "expires_at": later}
    return CardPayment.objects.create(family=home.family, user=home.user, **words)


def test_nothing_to_do_is_said_calmly(visitor):
    home = household()
    line(service_asking(), home.family, home.children[0])
    assert things(home) == []
    assert "Rien n’attend : tout est à jour." in text(visitor(home.user).get("/mon-compte/"))


def test_both_carts_say_that_nothing_is_booked_and_until_when():
    home, canteen, centre = household(10_000, LOUANE, THEO), ActivityFactory(), LeisureFactory()
    for activity in (canteen, centre):
        sessions(activity, TUESDAY, THURSDAY)
    choose(home, canteen, THURSDAY, TUESDAY)
    choose(home, centre, THURSDAY, members=home.children[:1])
    assert said(home) == [
        (
            "4 jours dans votre panier, pas encore confirmés : à confirmer avant le lundi 9 novembre à 23 h 59.",
            "/reservations/panier/",
        ),
        (
            "1 jour dans vos demandes, pas encore confirmé : à confirmer avant le mercredi 11 novembre à 23 h 59.",
            "/reservations/demandes/",
        ),
    ]


def test_a_cart_without_a_day_in_time_names_no_past_moment(time_machine):
    home, canteen = household(), ActivityFactory()
    sessions(canteen, TUESDAY)
    choose(home, canteen, TUESDAY)
    time_machine.move_to(NOW + timedelta(days=9))
    assert [sentence for sentence, _ in said(home)] == ["1 jour dans votre panier, pas encore confirmé."]


def test_a_payment_under_way_speaks_for_its_cart():
    home, canteen = household(), ActivityFactory()
    sessions(canteen, TUESDAY)
    choose(home, canteen, TUESDAY)
    cart = CartLine.objects.get().cart
    cart.payment = pay(home, f"cart:{cart.pk}")
    cart.save()
    page = f"/porte-monnaie/paiement/{cart.payment.reference}/"
    assert said(home) == [("Un paiement par carte de 20,00 € est en cours : rien n’est réservé avant sa fin.", page)]


def test_a_piece_refused_or_out_of_date_is_asked_again_once_a_service_wants_it():
    home, sheet = household(10_000, LOUANE, THEO), DocumentTypeFactory(name="Fiche sanitaire", per_member=True)
    louane, theo = home.children
    decided = {"decided_at": timezone.now(), "refusal_reason": "Illisible."}
    refused = document(home.family, sheet, status="refused", member=louane, **decided)
    expired = document(home.family, sheet, status="expired", member=theo)
    assert things(home) == []
    service = service_asking(sheet, name="Garderie")
    line(service, home.family, louane)
    line(service, home.family, theo, status="incomplete", reason="Il manque la fiche.")
    assert set(said(home)) == {
        ("La pièce « Fiche sanitaire (Louane) » a été refusée.", f"/mes-services/documents/{refused.pk}/remplacer/"),
        ("La pièce « Fiche sanitaire (Théo) » n’est plus valable.", f"/mes-services/documents/{expired.pk}/remplacer/"),
        ("Il manque une pièce à votre demande : Garderie, Théo.", f"/mes-services/{service.pk}/pieces/"),
    }


def test_a_debt_is_told_until_a_direct_debit_is_announced_for_it():
    home = household(0)
    spend(home.wallet, 4605, kind="deferred_debit")
    [(sentence, _)] = said(home)
    assert sentence == "Il reste 46,05 € à régler sur votre porte-monnaie."


def test_a_direct_debit_to_come_is_told_with_its_day():
    debit = announced()
    family = debit.wallet.family
    facts = family_facts(family.pk, timezone.localdate())
    [thing] = [each for each in to_do(family.guardians.first().user, facts, []) if "prélèvement" in each.sentence]
    assert "46,05" in thing.sentence
    assert str(debit.run.collected_on.day) in thing.sentence
    assert thing.address == "/porte-monnaie/prelevement/"


def test_a_purse_is_low_as_the_reminder_says_and_not_told_twice_when_it_owes(purse_reminded):
    home, canteen, centre = household(2_000), ActivityFactory(), LeisureFactory()
    book(home, *sessions(canteen, TUESDAY))
    assert things(home) == []
    book(home, *sessions(centre, TUESDAY, THURSDAY))
    top_up = f"/porte-monnaie/recharger/?porte-monnaie={purse_reminded.code}"
    assert said(home) == [("Il reste 8,60 € sur votre porte-monnaie, réservations à venir déduites.", top_up)]
    assert [wallet.left for wallet in low(NOW.date())] == [860]
    spend(home.wallet, 1_000)
    [(sentence, _)] = said(home)
    assert sentence == "Il manque 1,40 € sur votre porte-monnaie pour vos réservations à venir."
    spend(home.wallet, home.balance + 100, kind="deferred_debit")
    assert [sentence for sentence, _ in said(home)] == ["Il reste 1,00 € à régler sur votre porte-monnaie."]


def test_an_invitation_waits_until_it_is_answered_withdrawn_or_over(time_machine):
    home = household()
    sent = invite(user=home.user, email="marc@example.org", kind="household")
    until = "Votre invitation à marc@example.org attend sa réponse, jusqu’au mercredi 2 décembre."
    assert said(home) == [(until, "/mes-filiations/")]
    withdraw_invitation(user=home.user, invitation=sent)
    assert things(home) == []
    invite(user=home.user, email="marc@example.org", kind="household")
    time_machine.move_to(NOW + timedelta(days=31))
    assert things(home) == []


def test_they_stand_in_order_and_never_those_of_another_family(visitor):
    it, [first] = full_day(offer_only_days=30)
    home = queue_up(it).home
    cancel(first, first.booking)
    sessions(canteen := ActivityFactory(), FRIDAY)
    choose(home, canteen, FRIDAY)
    spend(home.wallet, home.balance + 100, kind="deferred_debit")
    pay(home)
    Certification.objects.filter(family=home.family).delete()
    labels = ["Reprendre ou abandonner", "Voir mon panier", "Répondre", "Régler", "Vérifier mes informations"]
    assert [each.label for each in things(home)] == labels
    page = visitor(home.user).get("/mon-compte/")
    words = text(page)
    assert [words.index(label) for label in labels] == sorted(words.index(label) for label in labels)
    assert things(household()) == []


def test_one_query_whatever_waits(django_assert_num_queries):
    home, canteen = household(), ActivityFactory()
    sessions(canteen, TUESDAY, THURSDAY)
    choose(home, canteen, TUESDAY, THURSDAY)
    pay(home)
    facts = family_facts(home.family.pk, timezone.localdate())
    with django_assert_num_queries(1):
        assert len(to_do(home.user, facts, [])) == 2


def test_nothing_is_called_up_to_date_while_the_account_still_asks_for_a_service(visitor):
    page = text(visitor(household().user).get("/mon-compte/"))
    assert "Demandez l’accès à un service" in page
    assert "Rien n’attend" not in page
