"""Agents book and cancel for a family that agrees, paid from its wallet; late, at its own price; never over capacity."""

from datetime import date

import pytest
from django.db import transaction
from django.urls import reverse

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Family
from reservations.actions import confirm_cart, debit_the_day
from reservations.actions.cancelling import AlreadyCancelled
from reservations.actions.checkout import DaysRefused
from reservations.actions.desk import (
    ConsentMissing,
    ReasonMissing,
    book_for_family,
    booking_purpose,
    cancel_for_family,
)
from reservations.actions.places.baskets import CartChanged
from reservations.models import Booking, Forgiveness, Order, Session, Tariff
from reservations.reads.days.desk import NOBODY, NOT_CERTIFIED, read_desk
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    choose,
    household,
    instant,
    key_for,
    session,
    sessions,
    tariff,
)
from tests.reservations.agents import told, words
from wallet.actions import NotEnough
from wallet.models import Operation

pytestmark = pytest.mark.django_db
CONSENT = "Claire Dupont, par téléphone, lundi 2 novembre 08:50"
SAID = {"qui": "Claire Dupont", "comment": "par téléphone", "quand": "2026-11-02T08:50"}


@pytest.fixture
def activity():
    return ActivityFactory(slug="cantine", name="Cantine")


@pytest.fixture
def agent(activity):
    return AgentFactory(communes=[activity.service.commune])


@pytest.fixture
def home(activity):
    return household(10_000, LOUANE, THEO, commune=activity.service.commune)


def asking(agent, home, activity, *days, members=None, consent=CONSENT, key=None):
    """What the recap page sends."""
    pks = [each.pk for each in members or [home.child]]
    found = {row.pk: row for row in Session.objects.filter(activity=activity, date__in=days)}
    content = read_desk(home.family, activity, pks, found).content
    key = key or make_key(agent.owner, booking_purpose(home.family, activity), content)
    return {
        "agent": agent,
        "family": home.family,
        "activity": activity,
        "members": pks,
        "days": days,
        "consent": consent,
        "key": key,
    }


def cancelling(agent, booking, recredit=True, consent=CONSENT, reason="Enfant malade", key=None):
    key = key or make_key(agent.owner, f"desk-cancel:{booking.pk}")
    said = {"consent": consent, "reason": reason, "recredit": recredit}
    return cancel_for_family(agent=agent, booking=booking, key=key, **said)


@pytest.mark.seed("S2-74", "S2-75")
def test_an_agent_books_what_the_parent_forgot_from_the_wallet_with_the_consent_written_down(agent, home, activity):
    session(activity, capacity=2)
    order = Order.objects.get(pk=book_for_family(**asking(agent, home, activity, TUESDAY))["order"])
    [booking] = order.bookings.all()
    assert (booking.family, booking.member, booking.cents, booking.origin) == (home.family, home.child, 380, "agent")
    assert (order.by, order.consent, order.booked_cents, order.operation.kind) == (agent, CONSENT, 380, "booking")
    assert (home.balance, Session.objects.get().booked) == (9620, 1)


@pytest.mark.seed("S2-75")
@pytest.mark.parametrize("consent", ["", "  "])
def test_without_the_parents_agreement_nothing_is_booked_nor_cancelled(agent, home, activity, consent):
    it = session(activity)
    with pytest.raises(ConsentMissing):
        book_for_family(**asking(agent, home, activity, TUESDAY, consent=consent))
    assert (Booking.objects.count(), home.balance) == (0, 10_000)
    [booking] = book(home, it, members=[home.child])
    with pytest.raises(ConsentMissing):
        cancelling(agent, booking, consent=consent)
    assert (Booking.objects.active().count(), home.balance) == (1, 9620)


def test_every_guardian_is_told_what_was_booked_and_with_whose_agreement(agent, home, activity):
    session(activity)
    book_for_family(**asking(agent, home, activity, TUESDAY))
    [told_] = OutgoingEmail.objects.filter(template="reservations/booked_by_agent")
    assert told_.to == home.user.email
    assert told_.context == {
        "activity": str(activity),
        "days": [
            {"day": "mardi 10 novembre", "member": "Louane", "price": "3,80\u00a0€", "late": False, "forgiven": False}
        ],
        "total": "3,80\u00a0€",
        "prepaid": True,
        "consent": CONSENT,
    }


def test_past_the_deadline_it_costs_the_late_price(agent, home, activity, time_machine):
    tariff(activity, 570, kind=Tariff.Kind.LATE)
    session(activity)
    time_machine.move_to(instant(TUESDAY, "08:30"))
    book_for_family(**asking(agent, home, activity, TUESDAY))
    booking = Booking.objects.get()
    assert (booking.cents, booking.origin, home.balance) == (570, "late", 9430)


def test_the_first_late_day_of_a_child_and_a_school_year_costs_the_normal_price_where_the_activity_forgives(
    agent, home, activity, time_machine
):
    activity.forgives_first = True
    activity.save()
    tariff(activity, 570, kind=Tariff.Kind.LATE)
    sessions(activity, TUESDAY, THURSDAY, bookable_until=instant(TUESDAY))
    time_machine.move_to(instant(TUESDAY, "08:30"))
    book_for_family(**asking(agent, home, activity, TUESDAY, THURSDAY, members=home.children))
    rows = Booking.objects.order_by("session__date", "member__birth_date").values_list("cents", "origin")
    assert list(rows) == [(380, "late"), (380, "late"), (570, "late"), (570, "late")]
    days = set(Forgiveness.objects.values_list("member", "booking__session__date", "school_year"))
    assert days == {(child.pk, TUESDAY, 2026) for child in home.children}
    assert home.balance == 10_000 - 2 * 380 - 2 * 570


def test_what_costs_no_more_is_not_forgiven(agent, home, activity, time_machine):
    activity.forgives_first = True
    activity.save()
    session(activity)
    time_machine.move_to(instant(TUESDAY, "08:30"))
    book_for_family(**asking(agent, home, activity, TUESDAY))
    assert (Booking.objects.get().cents, Forgiveness.objects.count()) == (380, 0)


def test_without_a_late_tariff_the_normal_price_holds(agent, home, activity, time_machine):
    session(activity)
    time_machine.move_to(instant(TUESDAY, "08:30"))
    book_for_family(**asking(agent, home, activity, TUESDAY))
    booking = Booking.objects.get()
    assert (booking.cents, booking.origin) == (380, "late")


def test_in_time_the_late_tariff_is_not_taken(agent, home, activity):
    tariff(activity, 570, kind=Tariff.Kind.LATE)
    session(activity)
    book_for_family(**asking(agent, home, activity, TUESDAY))
    assert Booking.objects.get().cents == 380


def test_a_deferred_day_is_debited_the_night_of_the_day(agent, home, time_machine):
    activity = LeisureFactory(cents=1330, service__commune=home.family.commune)
    session(activity)
    book_for_family(**asking(agent, home, activity, TUESDAY))
    assert home.balance == 10_000
    time_machine.move_to(instant(TUESDAY, "20:00"))
    assert (debit_the_day(TUESDAY)["bookings"], home.balance) == (1, 8670)


# --- Refusals ---------------------------------------------------------------------------------------------------------
def refused(agent, home, activity, *days, members=None):
    with pytest.raises(DaysRefused) as refusal:
        book_for_family(**asking(agent, home, activity, *days, members=members))
    assert (
        Booking.objects.filter(origin__in=["agent", "late"]).count(),
        Order.objects.exclude(consent="").count(),
    ) == (0, 0)
    return refusal.value.sentences


def test_a_full_day_is_full_for_agents_too(agent, home, activity):
    it = session(activity, capacity=1)
    book(household(), it)
    assert refused(agent, home, activity, TUESDAY) == ["Louane, mardi 10 novembre : il n’y a plus de place."]


def test_two_children_do_not_share_the_last_place(agent, home, activity):
    session(activity, capacity=1)
    sentences = refused(agent, home, activity, TUESDAY, members=home.children)
    assert sentences == ["mardi 10 novembre : il ne reste que 1 place."]


def test_nobody_passes_before_those_who_wait(agent, home, activity):
    session(activity, capacity=2, waiting=1, waiting_capacity=3)
    [sentence] = refused(agent, home, activity, TUESDAY)
    assert sentence == "Louane, mardi 10 novembre : des enfants attendent une place : personne ne passe devant eux."
    Session.objects.update(waiting=0)


def test_all_reasons_are_told_at_once(agent, home, activity, time_machine):
    session(activity, TUESDAY)
    session(activity, THURSDAY, closed_at=instant(TUESDAY), closed_reason="Grève")
    book(home, Session.objects.get(date=TUESDAY), members=[home.child])
    assert refused(agent, home, activity, TUESDAY, THURSDAY) == [
        "Louane, mardi 10 novembre : déjà réservé.",
        "Louane, jeudi 12 novembre : fermé (Grève).",
    ]


def test_a_day_gone_by_is_added_on_the_attendance_sheet_instead(agent, home, activity, time_machine):
    session(activity)
    time_machine.move_to(instant(THURSDAY, "08:00"))
    [sentence] = refused(agent, home, activity, TUESDAY)
    assert sentence == "Louane, mardi 10 novembre : ce jour est passé : ajoutez l’enfant sur la feuille de présence."


def test_before_the_opening_of_bookings_agents_wait_as_families_do(agent, home, activity):
    activity.booking_opens_at = instant(date(2026, 11, 5))
    activity.save()
    session(activity)
    [sentence] = refused(agent, home, activity, TUESDAY)
    assert sentence == "Louane, mardi 10 novembre : les réservations n’ont pas encore ouvert."


def test_a_family_that_has_not_certified_certifies_first(agent, activity):
    home = household(commune=activity.service.commune, certified=False)
    session(activity)
    assert refused(agent, home, activity, TUESDAY) == [NOT_CERTIFIED]


def test_a_child_of_another_family_is_not_booked(agent, home, activity):
    session(activity)
    assert refused(agent, home, activity, TUESDAY, members=[household().child]) == [NOBODY]


def test_a_wallet_that_cannot_pay_books_nothing(agent, activity):
    home = household(200, commune=activity.service.commune)
    session(activity, capacity=2)
    with pytest.raises(NotEnough):
        book_for_family(**asking(agent, home, activity, TUESDAY))
    assert (Booking.objects.count(), Session.objects.get().booked, home.balance) == (0, 0, 200)


def test_an_agent_of_another_commune_books_nothing(home, activity):
    session(activity)
    with pytest.raises(Family.DoesNotExist):
        book_for_family(**asking(AgentFactory(communes=[]), home, activity, TUESDAY))
    assert Booking.objects.count() == 0


def test_a_price_that_changed_since_the_page_books_nothing(agent, home, activity):
    session(activity)
    asked = asking(agent, home, activity, TUESDAY)
    Tariff.objects.update(cents=500)
    with pytest.raises(CartChanged):
        book_for_family(**asked)
    assert home.balance == 10_000


def test_a_second_click_gets_the_first_answer(agent, home, activity):
    session(activity)
    asked = asking(agent, home, activity, TUESDAY)
    assert book_for_family(**asked) == book_for_family(**asked)
    assert (Booking.objects.count(), home.balance) == (1, 9620)


def test_a_forged_key_books_nothing(agent, home, activity):
    session(activity)
    with pytest.raises(StalePage):
        book_for_family(**asking(agent, home, activity, TUESDAY, key="x"))


# --- Cancelling -------------------------------------------------------------------------------------------------------
def test_in_time_a_cancellation_is_always_recredited(agent, home, activity):
    [booking] = book(home, session(activity, capacity=1), members=[home.child])
    assert cancelling(agent, booking, recredit=False)["recredited"] == 380
    assert (home.balance, Session.objects.get().booked) == (10_000, 0)


@pytest.mark.parametrize(("recredit", "balance"), [(True, 10_000), (False, 9620)])
def test_past_the_deadline_the_agent_decides(agent, home, activity, time_machine, recredit, balance):
    [booking] = book(home, session(activity, capacity=1), members=[home.child])
    time_machine.move_to(instant(TUESDAY, "08:00"))
    order = Order.objects.get(pk=cancelling(agent, booking, recredit=recredit)["order"])
    booking.refresh_from_db()
    assert (booking.status, booking.cancelled_by, home.balance) == ("cancelled", agent, balance)
    assert (order.consent, bool(order.operation), Session.objects.get().booked) == (CONSENT, recredit, 0)
    [mail] = OutgoingEmail.objects.filter(template="reservations/cancelled_by_agent")
    assert mail.context["reason"] == "Enfant malade"
    assert (mail.context["recredited"], mail.context["kept"]) == (
        ("3,80\u00a0€", "") if recredit else ("", "3,80\u00a0€")
    )


@pytest.mark.parametrize(("recredit", "balance"), [(True, 10_000), (False, 8670)])
def test_a_deferred_day_cancelled_late_is_debited_only_without_recredit(agent, home, time_machine, recredit, balance):
    activity = LeisureFactory(cents=1330, service__commune=home.family.commune)
    [booking] = book(home, session(activity), members=[home.child])
    time_machine.move_to(instant(TUESDAY, "08:00"))
    cancelling(agent, booking, recredit=recredit)
    debit_the_day(TUESDAY)
    assert home.balance == balance


def test_a_cancellation_has_its_reason(agent, home, activity):
    [booking] = book(home, session(activity), members=[home.child])
    with pytest.raises(ReasonMissing):
        cancelling(agent, booking, reason=" ")
    assert home.balance == 9620


def test_a_booking_is_cancelled_once(agent, home, activity):
    [booking] = book(home, session(activity), members=[home.child])
    key = make_key(agent.owner, f"desk-cancel:{booking.pk}")
    assert cancelling(agent, booking, key=key) == cancelling(agent, booking, key=key)
    with pytest.raises(AlreadyCancelled):
        cancelling(agent, booking)
    assert (home.balance, Operation.objects.filter(kind="cancellation").count()) == (10_000, 1)


def test_an_agent_of_another_commune_cancels_nothing(home, activity):
    [booking] = book(home, session(activity), members=[home.child])
    with pytest.raises(Booking.DoesNotExist):
        cancelling(AgentFactory(communes=[]), booking)


# --- Two at once ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_agent_and_a_parent_want_the_last_place(agent, home, activity):
    it, parent = session(activity, capacity=1), household()
    choose(parent, activity, TUESDAY)
    confirming = {"user": parent.user, "billing": "prepaid", "key": key_for(parent)}
    asked = asking(agent, home, activity, TUESDAY)
    with transaction.atomic():
        confirm_cart.__wrapped__(**confirming)
        rival = someone_else(book_for_family, **asked)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused, match="il n’y a plus de place"):
        rival.result()
    it.refresh_from_db()
    assert (it.booked, home.balance, parent.balance) == (1, 10_000, 9620)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_day_only_the_constraint_would_stop_the_agent(agent, home, activity, monkeypatch):
    """The control: the place that the parent is taking is still seen free."""
    monkeypatch.setattr("reservations.actions.desk.lock_sessions", lambda pks: Session.objects.in_bulk(pks))
    session(activity, capacity=1)
    parent = household()
    choose(parent, activity, TUESDAY)
    confirming = {"user": parent.user, "billing": "prepaid", "key": key_for(parent)}
    asked = asking(agent, home, activity, TUESDAY)
    with transaction.atomic():
        confirm_cart.__wrapped__(**confirming)
        rival = someone_else(book_for_family, **asked)
        rival.wait_until_blocked()
    with pytest.raises(Exception, match="session_within_capacity"):
        rival.result()


# --- The pages --------------------------------------------------------------------------------------------------------
@pytest.fixture
def client(visitor, agent):
    return visitor(agent)


def family_page(home):
    return reverse("admin:desk_family", args=[home.family.pk])


def book_page(home):
    return reverse("admin:desk_book", args=[home.family.pk])


@pytest.mark.parametrize("term", ["Dupont", "dup", "Louane", "{reference}"])
def test_a_family_is_found_by_its_name_its_reference_or_a_child(client, home, term):
    household(last_name="Martin")
    page = client.get(reverse("admin:desk"), {"q": term.format(reference=home.family.reference)})
    assert page.context["families"] == [home.family]


def test_the_days_of_the_month_are_offered_with_what_the_agent_must_know(client, home, activity, time_machine):
    sessions(activity, TUESDAY, capacity=3)
    session(activity, THURSDAY, capacity=1, booked=1)
    session(activity, date(2026, 11, 2))
    page = client.get(family_page(home), {"activite": activity.pk, "enfant": home.child.pk, "mois": "2026-11"})
    assert [(row.date, row.note, row.is_full) for row in page.context["days"]] == [
        (date(2026, 11, 2), "réservation tardive", False),
        (TUESDAY, "3 places", False),
        (THURSDAY, "0 place", True),
    ]
    Session.objects.filter(date=THURSDAY).update(booked=0)


def test_the_agent_reads_the_prices_then_books_with_the_consent(client, home, activity):
    sessions(activity, TUESDAY, THURSDAY)
    asked = {"activite": activity.pk, "enfant": home.pks, "jour": [TUESDAY, THURSDAY], "mois": "2026-11"}
    recap = client.get(book_page(home), asked)
    assert "Total : 15,20 € , pris sur le porte-monnaie" in words(recap)
    done = client.post(book_page(home), asked | SAID | {"once_key": recap.context["once_key"]}, follow=True)
    assert told(done) == ["C’est réservé. La famille est prévenue par e-mail."]
    assert (Booking.objects.count(), home.balance, Order.objects.get().consent) == (4, 8480, CONSENT)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"qui": ""}, "Ce champ est obligatoire."),
        ({"quand": "2026-11-02T09:01"}, "L’accord a été donné avant maintenant."),
        ({"quand": "x"}, "Saisissez une date et une heure valides."),
        ({"comment": "télépathie"}, "Sélectionnez un choix valide."),
        ({"once_key": "x"}, "Cette page a été ouverte il y a trop longtemps."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_booked(client, home, activity, fields, said):
    session(activity)
    asked = {"activite": activity.pk, "enfant": home.child.pk, "jour": TUESDAY} | SAID
    key = client.get(book_page(home), asked).context["once_key"]
    assert said in words(client.post(book_page(home), asked | {"once_key": key} | fields))
    assert Booking.objects.count() == 0


@pytest.mark.parametrize(
    "fields", [{}, {"activite": "x"}, {"enfant": "x"}, {"jour": "x"}, {"enfant": "99999999999999999999"}]
)
def test_a_recap_of_nothing_leads_back(client, home, activity, fields):
    session(activity)
    asked = {"activite": activity.pk, "enfant": home.child.pk, "jour": TUESDAY} | fields if fields else {}
    answer = client.get(book_page(home), asked, follow=True)
    assert answer.status_code == 200
    assert Booking.objects.count() == 0


def test_the_agent_cancels_without_recredit_on_the_page(visitor, agent, home, activity, time_machine):
    [booking] = book(home, session(activity), members=[home.child])
    time_machine.move_to(instant(TUESDAY, "08:00"))
    client = visitor(agent)
    page = reverse("admin:desk_cancel", args=[booking.pk])
    shown = client.get(page)
    assert "Le délai d’annulation est passé" in words(shown)
    sent = SAID | {"motif": "Prévenu trop tard", "recrediter": "non", "once_key": shown.context["once_key"]}
    done = client.post(page, sent, follow=True)
    assert told(done) == ["C’est annulé, rien n’est recrédité. La famille est prévenue par e-mail."]
    assert (home.balance, client.get(page).status_code) == (9620, 404)


def test_families_and_bookings_of_other_communes_are_not_found(visitor, home, activity):
    [booking] = book(home, session(activity), members=[home.child])
    stranger = visitor(AgentFactory(communes=[ActivityFactory().service.commune]))
    pages = [family_page(home), book_page(home), reverse("admin:desk_cancel", args=[booking.pk])]
    assert [stranger.get(each).status_code for each in pages] == [404, 404, 404]
    assert stranger.get(reverse("admin:desk"), {"q": "Dupont"}).context["families"] == []
