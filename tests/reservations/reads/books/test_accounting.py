"""The authority's books: the month ties to the cent, the day lists every transfer."""

from dataclasses import asdict
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from reservations.reads.books.accounting import MEANS, SET_ASIDE, month_after, month_of, month_of_services, span_of
from reservations.reads.books.journal import AUTOMATIC, entries, journal_rows, totals_of, transfers_of
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.reservations import TUESDAY, book, cancel, instant
from tests.factories.services import ServiceFactory
from tests.factories.wallet import family_with, spend, wallet_with
from tests.reservations.books import Books, histories
from wallet.actions import Move, post, reverse, system_account
from wallet.actions.wallets import hold_account
from wallet.models import AccountKind, Operation

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)


def filled(line) -> dict:
    """The amounts of a line that are not zero."""
    return {name: value for name, value in asdict(line).items() if name != "name" and value}


# --- The month --------------------------------------------------------------------------------------------------------
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_a_month_ties_to_the_cent_whatever_happened(history, db):
    with transaction.atomic():
        canteen, leisure = ServiceFactory(), ServiceFactory()
        codes = {f"service:{canteen.pk}": str(canteen), f"service:{leisure.pk}": str(leisure)}
        start, after = span_of(NOVEMBER, date(2026, 11, 30))
        books = Books(start, [*codes, "divers"])
        for act in history:
            books.do(*act)
        month = month_of(NOVEMBER)
        names = {wallet.purse.name for wallet in books.wallets} | {SET_ASIDE}
        expected = {name: line for name in names if (line := books.purse(name, after))}
        assert {line.name: filled(line) for line in month.purses if filled(line)} == expected
        assert [line.gap for line in [*month.purses, month.all_purses]] == [0] * (len(month.purses) + 1)
        expected = {AccountKind(kind).label: line for kind in MEANS if (line := books.means(kind, after))}
        assert {line.name: filled(line) for line in month.means if filled(line)} == expected
        expected = {name: books.service(code, after) for code, name in [*codes.items(), ("divers", "Recettes divers")]}
        found = {line.name: (line.sold, line.cancelled) for line in month.services}
        assert {name: found.get(name, (0, 0)) for name in expected} == expected
        assert month.all_services.net == -month.all_purses.consumed
        assert month.all_means.net == sum(
            line.received + line.corrected + line.unpaid + line.refunded for line in month.purses
        )
        transaction.set_rollback(True)


def test_a_month_follows_the_next():
    wallet = wallet_with(0)
    receive(wallet, 5000, instant(date(2026, 10, 31), "23:59"))
    spend(wallet, 380, at=instant(date(2026, 11, 1), "00:00"))
    spend(wallet, 420, at=instant(date(2026, 11, 30), "23:59"))
    spend(wallet, 6000, at=instant(date(2026, 12, 1), "00:00"), kind=Operation.Kind.DEFERRED_DEBIT)
    months = [month_of(month_after(NOVEMBER, number)).all_purses for number in (-1, 0, 1, 2)]
    assert [(line.before, line.received, line.consumed, line.after) for line in months] == [
        (0, 5000, 0, 5000),
        (5000, 0, -800, 4200),
        (4200, 0, -6000, -1800),
        (-1800, 0, 0, -1800),
    ]
    assert [(line.held_after, line.owed_after) for line in months[1:3]] == [(4200, 0), (0, 1800)]


def receive(wallet, cents, at=None, means="cheque", actor=None):
    """Money that comes in by a means."""
    move = Move(system_account(means).pk, wallet.account_id, cents, f"received:{wallet.pk}:{means}:{cents}:{at}")
    return post(Operation.Kind.COUNTER_CREDIT, [move], actor=actor, label="Règlement au guichet", at=at)


def test_what_some_have_does_not_hide_what_others_owe():
    rich, poor = wallet_with(0), wallet_with(0)
    receive(rich, 5000)
    spend(poor, 1500, kind=Operation.Kind.DEFERRED_DEBIT)
    (line,) = month_of(NOVEMBER).purses
    assert (line.held_after, line.owed_after, line.after) == (5000, 1500, 3500)


def test_a_day_booked_then_cancelled_is_sold_and_given_back(home, canteen):
    _, theo = book(home, canteen.sessions.get(date=TUESDAY))
    cancel(home, theo)
    (line,) = month_of(NOVEMBER).services
    assert (line.name, line.sold, line.cancelled, line.net) == (str(canteen.service), 760, 380, 380)


def test_a_bounced_cheque_is_unpaid_and_a_mistake_is_corrected():
    wallet = wallet_with(0)
    bounced, mistaken = receive(wallet, 5000), receive(wallet, 2000)
    reverse(bounced, actor=None, label="Chèque impayé", kind=Operation.Kind.BOUNCED_CHEQUE)
    reverse(mistaken, actor=None, label="Rectification")
    (line,) = month_of(NOVEMBER).means
    assert (line.name, line.received, line.corrected, line.unpaid, line.net) == ("Chèques", 7000, -2000, -5000, 0)


def test_a_dispute_that_is_won_leaves_nothing_unpaid():
    wallet = wallet_with(0)
    receive(wallet, 5000, means="card")
    move = Move(wallet.account_id, system_account("card").pk, 5000, "dispute:1")
    dispute = post(Operation.Kind.DISPUTE, [move], actor=None, label="Paiement contesté")
    assert month_of(NOVEMBER).all_means.unpaid == -5000
    reverse(dispute, actor=None, label="Contestation gagnée")
    assert month_of(NOVEMBER).all_means.unpaid == 0


def test_an_empty_month_has_no_lines():
    assert filled(month_of(NOVEMBER)) == {"first": NOVEMBER}


def test_an_agent_reads_the_services_that_are_theirs(home, canteen, leisure):
    agent = AgentFactory(communes=[leisure.service.commune])
    book(home, canteen.sessions.get(date=TUESDAY))
    assert month_of_services(NOVEMBER, agent).services == []
    agent.communes.add(canteen.service.commune)
    month = month_of_services(NOVEMBER, agent)
    assert [(line.name, line.net) for line in month.services] == [(str(canteen.service), 760)]
    assert (month.means, month.purses) == ([], [])


def test_a_service_given_to_a_colleague_by_name_is_not_the_agents(home, canteen):
    agent, colleague = (AgentFactory(communes=[canteen.service.commune]) for _ in range(2))
    book(home, canteen.sessions.get(date=TUESDAY))
    canteen.service.agents.add(colleague)
    assert month_of_services(NOVEMBER, agent).services == []


@pytest.mark.parametrize("number", [1, 12])
def test_a_month_takes_three_queries_and_an_agents_two(number, django_assert_num_queries):
    agent = AgentFactory(communes=[CommuneFactory()])
    for _ in range(number):
        spend(wallet_with(1000), 380)
    with django_assert_num_queries(3):
        month_of(NOVEMBER)
    with django_assert_num_queries(2):
        month_of_services(NOVEMBER, agent)


@pytest.mark.parametrize(
    ("months", "found"), [(1, date(2026, 12, 1)), (2, date(2027, 1, 1)), (-11, date(2025, 12, 1)), (0, NOVEMBER)]
)
def test_months_are_counted_over_the_years(months, found):
    assert month_after(NOVEMBER, months) == found


def test_a_month_begins_and_ends_at_midnight_in_paris():
    first, after = span_of(date(2026, 3, 1), date(2026, 3, 31))
    assert (first.utcoffset(), after.utcoffset()) == (timedelta(hours=1), timedelta(hours=2))
    assert (first.isoformat()[:16], after.isoformat()[:16]) == ("2026-03-01T00:00", "2026-04-01T00:00")


# --- The day ----------------------------------------------------------------------------------------------------------
def test_the_journal_names_both_accounts_what_how_much_and_by_whom(home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY), members=home.children[:1])
    receive(home.wallet, 5000, at=instant(date(2026, 11, 2), "10:00"), actor=home.user)
    opening, booking, cheque = entries(transfers_of(date(2026, 11, 2)))
    family = f"{home.wallet.purse.name} – {home.family.name} ({home.family.reference})"
    assert (opening.debit, opening.credit, opening.by) == ("Reprise des soldes", family, AUTOMATIC)
    assert (booking.debit, booking.credit, booking.cents) == (family, f"Recettes – {canteen.service}", 380)
    assert (booking.label, booking.by) == ("Réservations", str(home.user))
    assert booking.detail.startswith("Louane, ")
    assert (cheque.debit, cheque.credit, cheque.kind) == ("Chèques", family, "Règlement au guichet")
    assert (booking.written, cheque.written.hour) == (None, 8)  # written an hour before it counts


def test_a_day_is_counted_on_the_clocks_of_paris():
    wallet = wallet_with(0)
    for at in ("2026-10-24 23:59", "2026-10-25 00:00", "2026-10-25 23:59", "2026-10-26 00:00"):
        receive(wallet, 100, instant(date.fromisoformat(at[:10]), at[11:]))
    days = [date(2026, 10, number) for number in (24, 25, 26)]
    assert [totals_of(transfers_of(day)).lines for day in days] == [1, 2, 1]


def test_the_totals_of_a_day_by_kind_of_account_balance():
    wallet = wallet_with(1000)
    spend(wallet, 380)
    spend(wallet, 420)
    totals = totals_of(transfers_of(date(2026, 11, 2)))
    assert [(line.name, line.debit, line.credit) for line in totals.kinds] == [
        ("Porte-monnaie", 800, 1000),
        ("Recettes d’un service", 0, 800),
        ("Reprise des soldes", 1000, 0),
    ]
    assert (totals.lines, totals.debit, totals.credit) == (3, 1800, 1800)


def test_a_day_without_operations_has_no_totals():
    totals = totals_of(transfers_of(date(2026, 11, 2)))
    assert (totals.kinds, totals.lines, totals.debit) == ([], 0, 0)


def test_takings_of_an_unknown_service_keep_their_code():
    spend(wallet_with(1000), 380)
    assert [entry.credit for entry in entries(transfers_of(date(2026, 11, 2)))][1] == "Recettes – service:1"


def test_money_set_aside_stays_its_purses_and_its_wallet_is_on_the_same_line():
    wallet = wallet_with(1000)
    post(
        Operation.Kind.HOLD,
        [Move(wallet.account_id, hold_account(wallet).pk, 400, "hold:1")],
        actor=None,
        label="Mise de côté",
    )
    assert [entry.credit for entry in entries(transfers_of(date(2026, 11, 2)))][1] == "Somme mise de côté"
    (line,) = month_of(NOVEMBER).purses
    assert (line.name, line.held_after, line.set_aside) == (wallet.purse.name, 1000, 0)


def test_the_journal_of_a_spreadsheet_has_a_row_for_each_transfer():
    wallet = wallet_with(0, family_with(name="=Durand"))
    receive(wallet, 123456)
    titles, row = journal_rows(date(2026, 11, 2))
    shown = dict(zip(titles, row, strict=True))
    assert (shown["Date"], shown["Écrite le"], shown["Montant"]) == ("02/11/2026 09:00", "02/11/2026 09:00", "1234,56")
    assert shown["Compte crédité"] == f"{wallet.purse.name} – =Durand (D{wallet.family_id + 1000})"


@pytest.mark.parametrize("number", [1, 12])
def test_the_journal_takes_three_queries(number, django_assert_num_queries):
    for _ in range(number):
        spend(wallet_with(1000), 380)
    transfers = transfers_of(date(2026, 11, 2))
    with django_assert_num_queries(3):
        assert len(list(entries(transfers))) == totals_of(transfers).lines == 2 * number
