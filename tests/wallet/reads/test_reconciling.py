"""« Rapprochement Stripe »: every way in which two sides can differ, and the button that mends what it can."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.writing.once import make_key
from tests.factories.accounts import AgentFactory, ManagerFactory
from tests.factories.wallet import balance_of
from tests.reservations.agents import told, words
from tests.wallet.actions.test_cards import opened, paid
from wallet import checks
from wallet.actions.card_returns import refund_card, sync
from wallet.actions.reconciling import reconciliation, resume
from wallet.gateways import stripe as gateway
from wallet.gateways.stripe import Checkout, Dispute, Refund
from wallet.models import CardDispute, CardPayment, CardRefund, Transfer
from wallet.reads.reconciling import Ours, Reason, Theirs, compare

PAGE, RESUME = reverse("admin:accounting_stripe"), reverse("admin:accounting_stripe_resume")
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
YESTERDAY = NOON - timedelta(days=1)


def payment(status="paid", cents=5000, pk=1, at=NOON, **fields):
    """One of our payments, as the table would hold it."""
    fields = {"session": f"cs_{pk}", "intent": f"pi_{pk}" if status == "paid" else ""} | fields
    return CardPayment(pk=pk, status=status, cents=cents, created_at=at, **fields)


def page_of(row, status="complete", is_paid=True, cents=5000, currency="eur", at=NOON):
    """Stripe's page of a payment; of None, the page of another system."""
    reference, number = (str(row.reference), row.pk) if row else ("facture-12", 99)
    return Checkout(f"cs_{number}", "", status, is_paid, cents, currency, reference, f"pi_{number}", at)


def same_day(instant):
    return instant.date() == NOON.date()


def found(ours, theirs):
    """The reasons and what each side counts, differences then what is going on; the totals say the same."""
    result = compare(ours, theirs, same_day)
    money = [row for row in result.differences if row.reason.is_money]
    assert (result.net.gap != 0) <= bool(money)
    return [(row.reason, row.here, row.there) for row in [*result.differences, *result.going_on]]


# --- Payments ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "theirs", "expected"),
    [
        ("paid", {}, []),
        ("open", {}, [(Reason.PAID_THERE, 0, 5000)]),
        ("expired", {}, [(Reason.PAID_THERE, 0, 5000)]),
        ("created", {}, [(Reason.PAID_THERE, 0, 5000)]),
        ("paid", {"status": "expired", "is_paid": False}, [(Reason.UNPAID_THERE, 5000, 0)]),
        ("paid", {"cents": 4999}, [(Reason.AMOUNT, 5000, 4999)]),
        ("paid", {"currency": "usd"}, [(Reason.AMOUNT, 5000, 5000)]),
        ("open", {"status": "expired", "is_paid": False}, [(Reason.ENDED_THERE, 0, 0)]),
        ("expired", {"status": "expired", "is_paid": False}, []),
        ("open", {"status": "open", "is_paid": False}, [(Reason.STILL_OPEN, 0, 0)]),
        ("expired", {"status": "open", "is_paid": False}, [(Reason.STILL_OPEN, 0, 0)]),
    ],
)
def test_a_payment_that_both_know(status, theirs, expected):
    mine = payment(status)
    assert found(Ours([mine]), Theirs([page_of(mine, **theirs)])) == expected


@pytest.mark.parametrize(
    ("status", "expected"), [("paid", [(Reason.NOT_THERE, 5000, None)]), ("expired", []), ("created", []), ("open", [])]
)
def test_a_payment_that_stripe_does_not_know(status, expected):
    assert found(Ours([payment(status)]), Theirs()) == expected


@pytest.mark.parametrize(("is_paid", "expected"), [(True, [(Reason.UNKNOWN, None, 5000)]), (False, [])])
def test_a_payment_of_another_system_on_the_same_account(is_paid, expected):
    assert found(Ours(), Theirs([page_of(None, is_paid=is_paid)])) == expected


def test_a_pair_belongs_to_the_days_of_either_side():
    asked_before_midnight = payment("open", at=YESTERDAY)
    assert found(Ours([asked_before_midnight]), Theirs([page_of(asked_before_midnight)])) == [
        (Reason.PAID_THERE, 0, 5000)
    ]
    assert found(Ours([asked_before_midnight]), Theirs([page_of(asked_before_midnight, at=YESTERDAY)])) == []
    assert found(Ours([payment(at=YESTERDAY)]), Theirs()) == []


# --- Refunds ----------------------------------------------------------------------------------------------------------
def refund(status="done", cents=500, stripe="re_1", at=NOON, of=None):
    return CardRefund(pk=1, status=status, cents=cents, stripe=stripe, payment=of or payment(), created_at=at)


def told_refund(status="succeeded", cents=500, id="re_1", intent="pi_1", reference="", at=NOON):
    return Refund(id, status, cents, intent, reference, at)


def refunds(mine, theirs):
    """The differences of refunds of a payment that both know."""
    known = payment(at=YESTERDAY)
    return found(Ours([known], mine), Theirs([page_of(known, at=YESTERDAY)], theirs))


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ({}, {}, []),
        ({"status": "requested"}, {"status": "pending"}, []),
        ({"status": "failed"}, {"status": "failed"}, []),
        ({"status": "failed"}, {"status": "canceled"}, []),
        ({}, {"cents": 400}, [(Reason.AMOUNT, 500, 400)]),
        ({}, {"status": "failed"}, [(Reason.FAILED_THERE, 500, 0)]),
        ({"status": "failed"}, {}, [(Reason.DONE_THERE, 0, 500)]),
        ({"status": "requested", "stripe": ""}, None, [(Reason.ASKED_HERE, 500, None)]),
        ({}, None, [(Reason.NOT_THERE, 500, None)]),
        ({"status": "failed"}, None, []),
        (None, {}, [(Reason.REFUNDED_THERE, None, 500)]),
        (None, {"status": "failed"}, []),
        (None, {"intent": "pi_99"}, [(Reason.UNKNOWN, None, 500)]),
    ],
)
def test_a_refund(mine, theirs, expected):
    mine = [] if mine is None else [refund(**mine)]
    assert refunds(mine, [] if theirs is None else [told_refund(**theirs)]) == expected


def test_a_refund_whose_answer_was_lost_is_known_by_our_reference():
    mine = refund("requested", stripe="")
    assert refunds([mine], [told_refund(reference=str(mine.reference))]) == []


def test_a_refund_of_a_payment_that_is_not_booked_yet_is_ours_all_the_same():
    going = payment("open")
    assert found(Ours([going]), Theirs([page_of(going)], [told_refund()])) == [
        (Reason.PAID_THERE, 0, 5000),
        (Reason.REFUNDED_THERE, None, 500),
    ]


# --- Disputes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("open", "under_review", []),
        ("open", "needs_response", [(Reason.TO_ANSWER, 5000, 5000)]),
        ("open", "won", [(Reason.WON_THERE, 5000, 0)]),
        ("open", "lost", [(Reason.LOST_THERE, 5000, 5000)]),
        ("lost", "lost", []),
        ("won", "won", []),
        ("won", "lost", [(Reason.CONTRADICTED, 0, 5000)]),
        ("open", None, [(Reason.NOT_THERE, 5000, None)]),
        ("won", None, []),
        (None, "needs_response", [(Reason.DISPUTED_THERE, None, 5000)]),
        (None, "lost", [(Reason.DISPUTED_THERE, None, 5000)]),
        (None, "won", []),
        (None, "warning_needs_response", []),
    ],
)
def test_a_dispute(mine, theirs, expected):
    known = payment()
    mine = (
        []
        if mine is None
        else [CardDispute(pk=1, status=mine, cents=5000, stripe="dp_1", payment=known, created_at=NOON)]
    )
    theirs = [] if theirs is None else [Dispute("dp_1", theirs, 5000, "pi_1", NOON)]
    assert found(Ours([known], [], mine), Theirs([page_of(known)], [], theirs)) == expected


def test_a_dispute_of_another_amount_or_of_another_system():
    known = payment()
    mine = CardDispute(pk=1, status="open", cents=5000, stripe="dp_1", payment=known, created_at=NOON)
    theirs = [Dispute("dp_1", "needs_response", 4000, "pi_1", NOON), Dispute("dp_2", "lost", 700, "pi_99", NOON)]
    assert found(Ours([known], [], [mine]), Theirs([page_of(known)], [], theirs)) == [
        (Reason.AMOUNT, 5000, 4000),
        (Reason.UNKNOWN, None, 700),
    ]


def test_the_totals_are_of_the_same_pairs_and_what_can_be_mended_is_named_once():
    lost, kept = payment("open", pk=1), payment("paid", pk=2)
    theirs = Theirs([page_of(lost), page_of(kept)], [told_refund(intent="pi_1"), told_refund(id="re_2", intent="pi_2")])
    result = compare(Ours([lost, kept]), theirs, same_day)
    assert [(total.name, total.here, total.there) for total in [*result.totals, result.net]] == [
        ("Paiements", 5000, 10000),
        ("Remboursements", 0, 1000),
        ("Contestations", 0, 0),
        ("Net", 5000, 9000),
    ]
    assert result.mendable == [lost, kept]


# --- With a Stripe that answers ---------------------------------------------------------------------------------------
@pytest.fixture
def exact_books(db):
    yield
    assert list(checks.differences()) == []


def today():
    return timezone.localdate(), timezone.localdate()


def reasons(*span):
    return [row.reason for row in reconciliation(*(span or today())).differences]


def test_what_was_paid_and_heard_of_is_no_difference(stripe_double, exact_books):
    paid(stripe_double, 5000)
    _, _, asked = paid(stripe_double, 3000)
    agent = AgentFactory()
    refund_card(
        agent=agent, payment=asked, cents=500, reason="Doublon", key=make_key(agent.owner, f"refund:{asked.pk}")
    )
    found = reconciliation(*today())
    assert found.differences == []
    assert [(total.here, total.there) for total in [*found.totals, found.net]] == [
        (8000, 8000),
        (500, 500),
        (0, 0),
        (7500, 7500),
    ]


def test_a_payment_whose_news_was_lost_is_taken_up_again_once(stripe_double, exact_books):
    _, wallet, payment = opened(5000)
    stripe_double.pay(payment.session)
    assert reasons() == [Reason.PAID_THERE]
    assert resume(*today()) == (1, 0)
    assert (balance_of(wallet), reasons()) == (5000, [])
    assert resume(*today()) == (0, 0)
    assert Transfer.objects.count() == 1


def test_a_refund_and_a_dispute_made_at_stripe_are_booked_by_taking_up(stripe_double, exact_books):
    _, wallet, first = paid(stripe_double, 5000)
    _, other, second = paid(stripe_double, 3000)
    stripe_double.refund(first.session, 2000)
    stripe_double.dispute(second.session)
    assert sorted(reason.name for reason in reasons()) == ["DISPUTED_THERE", "REFUNDED_THERE"]
    assert resume(*today()) == (2, 0)
    assert (balance_of(wallet), balance_of(other), reasons()) == (3000, 0, [])
    assert [row.reason for row in reconciliation(*today()).going_on] == [Reason.TO_ANSWER]


def test_paid_and_refunded_before_any_news_are_both_booked(stripe_double, exact_books):
    _, wallet, payment = opened(5000)
    stripe_double.pay(payment.session)
    stripe_double.refund(payment.session, 2000)
    assert [reason.name for reason in reasons()] == ["PAID_THERE", "REFUNDED_THERE"]
    assert resume(*today()) == (1, 0)
    assert (balance_of(wallet), reasons()) == (3000, [])


def test_a_refund_booked_on_another_day_than_it_was_made_is_no_difference(stripe_double, exact_books, time_machine):
    time_machine.move_to(NOON)
    _, _, payment = paid(stripe_double, 5000)
    stripe_double.refund(payment.session, 2000)
    time_machine.shift(timedelta(days=3))
    sync(payment)
    assert CardRefund.objects.get().created_at.date() == date(2027, 3, 4)
    assert [reasons(day, day) for day in (date(2027, 3, 1), date(2027, 3, 4))] == [[], []]


def test_a_payment_of_another_system_is_told_and_never_taken_up(stripe_double, exact_books):
    page = stripe_double.open(4200, reference="facture-12")
    stripe_double.pay(page["id"])
    assert reasons() == [Reason.UNKNOWN]
    assert resume(*today()) == (0, 0)


def test_a_page_that_is_not_ours_by_its_amount_is_told_and_credits_nobody(stripe_double, exact_books):
    _, wallet, payment = opened(5000)
    CardPayment.objects.filter(pk=payment.pk).update(cents=4000)
    payment.lines.update(cents=4000)
    stripe_double.pay(payment.session)
    assert resume(*today()) == (1, 0)
    assert (balance_of(wallet), reasons()) == (0, [Reason.PAID_THERE])


def test_stripe_is_asked_before_the_database_is_touched(stripe_double, django_db_blocker, monkeypatch):
    calls = []
    for name in ("checkouts_between", "refunds_between", "disputes_between"):
        read = getattr(gateway, name)
        monkeypatch.setattr(gateway, name, lambda *span, read=read, name=name: calls.append(name) or read(*span))
    with django_db_blocker.block(), pytest.raises(RuntimeError, match="Database access not allowed"):
        reconciliation(*today())
    assert calls == ["checkouts_between", "refunds_between", "disputes_between"]


# --- The page ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def manager(db, visitor):
    return visitor(ManagerFactory())


def test_the_page_says_what_differs_and_the_button_mends_it(manager, stripe_double, exact_books):
    _, wallet, payment = opened(5000)
    stripe_double.pay(payment.session)
    page = manager.get(PAGE)
    text = words(page)
    assert "1 différence" in text
    assert "Payé chez Stripe, pas encore crédité ici." in text
    assert f"{wallet.family.name} ({wallet.family.reference})" in text
    first, last = page.context["span"]
    assert last - first == timedelta(days=6)
    answer = manager.post(RESUME, {"du": first, "au": last}, follow=True)
    assert told(answer) == ["1 paiement repris : la page ci-dessous montre ce qui reste."]
    assert "Tout concorde." in words(answer)
    assert balance_of(wallet) == 5000
    again = manager.post(RESUME, {"du": first, "au": last}, follow=True)
    assert told(again) == ["Rien n’était à reprendre."]
    assert balance_of(wallet) == 5000


def test_a_failure_is_told(manager, stripe_double, monkeypatch):
    def fault(payment):
        raise RuntimeError

    monkeypatch.setattr("wallet.actions.reconciling.fulfil", fault)
    _, _, payment = opened(5000)
    stripe_double.pay(payment.session)
    first, last = today()
    answer = manager.post(RESUME, {"du": first, "au": last}, follow=True)
    assert told(answer) == ["Sans succès pour 1 : le détail est dans le journal du serveur."]


def test_stripe_silent_is_told_kindly(manager, stripe_double):
    stripe_double.fault("error_500", share=1.0)
    page = manager.get(PAGE)
    assert page.status_code == 200
    assert "Stripe ne répond pas pour le moment." in words(page)
    first, last = today()
    answer = manager.post(RESUME, {"du": first, "au": last}, follow=True)
    assert told(answer)[0].startswith("Stripe ne répond pas pour le moment.")


def test_without_card_payment_there_is_nothing_to_compare(manager, settings):
    settings.STRIPE_SECRET_KEY = ""
    assert "Le paiement par carte n’est pas en service sur ce portail" in words(manager.get(PAGE))


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (10, 20, "La première date vient après la dernière."),
        (40, 0, "Choisissez au plus 31 jours."),
        (0, -1, "Au plus tard aujourd’hui"),
    ],
)
def test_days_that_cannot_be_compared(manager, stripe_double, first, last, sentence):
    days = {"du": timezone.localdate() - timedelta(days=first), "au": timezone.localdate() - timedelta(days=last)}
    assert sentence in words(manager.get(PAGE, days))
    assert manager.post(RESUME, days).url == PAGE


def test_31_days_can_be_compared(manager, stripe_double):
    page = manager.get(PAGE, {"du": timezone.localdate() - timedelta(days=30), "au": timezone.localdate()})
    assert "Tout concorde." in words(page)


@pytest.mark.parametrize("asked", [{"du": "hier"}, {"au": "2027-02-30"}, {"du": "\x00", "au": "9999-12-31"}])
def test_dates_that_are_none_are_told(manager, stripe_double, asked):
    page = manager.get(PAGE, asked)
    assert page.context["found"] is None
    assert "Écrivez une date comme 30/04/2027." in words(page) or "Au plus tard" in words(page)


def test_the_page_is_for_those_who_manage_the_portal(db, visitor):
    agent = visitor(AgentFactory())
    assert [agent.get(PAGE).status_code, agent.post(RESUME).status_code] == [403, 403]


def test_taking_up_needs_a_post(manager):
    assert manager.get(RESUME).status_code == 405
