"""What Stripe answers or tells that makes no sense: set aside, told to an agent and to the family, never an error."""

import json
import time

import pytest
from django.urls import reverse

from common.models import OutgoingEmail
from common.writing.once import make_key
from portal.desk.reads.worklist import worklist
from tests.concurrency import own_pid, someone_else
from tests.doubles.stripe import webhooks
from tests.factories.accounts import ManagerFactory
from tests.factories.wallet import balance_of, parent_with
from wallet import checks
from wallet.actions import card_events, cards
from wallet.actions.card_returns import sync
from wallet.actions.cards import abandon, check_again, fulfil, open_top_up, reconcile, start
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment, StripeEvent

pytestmark = pytest.mark.django_db
Status = CardPayment.Status


@pytest.fixture(autouse=True)
def exact_books(stripe_double):
    yield
    assert list(checks.differences()) == []


def opened(cents=5000):
    """A family whose payment page is open: (parent, wallet, payment)."""
    parent, wallet = parent_with(0)
    key = make_key(parent.owner, "top-up")
    return parent, wallet, start(open_top_up(user=parent, cents_by_wallet={wallet.pk: cents}, key=key))


def swapped(double, cents=5000, reference="", paid=True):
    """A payment whose page at Stripe is not what was asked."""
    parent, wallet, payment = opened()
    page = double.open(cents, reference=reference or str(payment.reference))
    CardPayment.objects.filter(pk=payment.pk).update(session=page["id"])
    if paid:
        double.pay(page["id"])
    payment.refresh_from_db()
    return parent, wallet, payment


def tasks(agent):
    return {task.label: task.count for task in worklist(agent)}


def told(payment):
    return OutgoingEmail.objects.filter(owner=payment.family.owner, template="wallet/card_to_check").count()


# Answers
@pytest.mark.parametrize("other", [{"cents": 99_900}, {"reference": "une-autre"}, {"cents": 4999, "reference": "x"}])
def test_a_page_that_is_not_what_was_asked_goes_to_an_agent_once_and_moves_nothing(other, stripe_double):
    _, wallet, payment = swapped(stripe_double, **other)
    assert [fulfil(payment).status for _ in range(2)] == [Status.TO_CHECK] * 2
    payment.refresh_from_db()
    assert "Stripe la dit payée" in payment.mismatch
    assert (balance_of(wallet), told(payment), payment.settled_at is not None) == (0, 1, True)
    assert tasks(ManagerFactory())["Paiements par carte à vérifier"] == 1
    assert reconcile()["failed"] == 0


@pytest.mark.parametrize("field", ["amount_total", "currency", "client_reference_id", "created", "payment_intent"])
def test_an_answer_with_a_hole_is_no_error(field, stripe_double, monkeypatch):
    _, wallet, payment = opened()
    page = gateway._client().v1.checkout.sessions.retrieve(payment.session)
    for spoilt in ({**page.to_dict(), field: None}, {k: v for k, v in page.to_dict().items() if k != field}):
        read = gateway._checkout(gateway.stripe.StripeObject.construct_from(spoilt, "key"))
        cards._record(payment.pk, read)
    payment.refresh_from_db()
    harmless = field in ("created", "payment_intent")
    assert payment.status == (Status.OPEN if harmless else Status.TO_CHECK)
    assert balance_of(wallet) == 0


@pytest.mark.parametrize("way", ["", "?retour=1", "abandonner/"])
def test_the_family_reads_it_on_the_page_and_may_pay_anew(way, stripe_double, visitor):
    parent, _, payment = swapped(stripe_double, 99_900, paid=way != "abandonner/")
    client, page = visitor(parent), f"/porte-monnaie/paiement/{payment.reference}/"
    answer = client.post(page + way, follow=True) if way == "abandonner/" else client.get(page + way)
    assert answer.status_code == 200
    assert "un agent vérifie ce paiement de 50,00\u00a0€" in answer.content.decode()
    key = client.get("/porte-monnaie/recharger/").context["once_key"]
    again = client.post("/porte-monnaie/recharger/", {"offered": "2000", "once_key": key})
    assert (again.status_code, CardPayment.objects.going().get().cents) == (302, 2000)


def test_an_unpaid_page_that_differs_is_told_too_when_it_is_left(stripe_double):
    _, wallet, payment = swapped(stripe_double, 99_900, paid=False)
    assert abandon(payment).status == Status.TO_CHECK
    assert balance_of(wallet) == 0


def test_two_who_find_it_at_once_tell_it_once(stripe_double, transactional_db):
    _, _, payment = swapped(stripe_double, 99_900)
    read = gateway.read_checkout(payment.session)
    with cards.transaction.atomic():
        cards._record.__wrapped__(payment.pk, read)
        rival = someone_else(fulfil, payment)
        assert rival.wait_until_blocked() == [own_pid()]
    assert (rival.result().status, told(payment)) == (Status.TO_CHECK, 1)


# The agent's check
def verify(browser, payment, note="Remboursé dans Stripe"):
    address = reverse("admin:wallet_cardpayment_verify", args=[payment.pk])
    key = browser.get(address).context["once_key"]
    return [browser.post(address, {"note": note, "once_key": key}) for _ in range(2)]


def test_an_agent_closes_a_check_with_a_note_once(stripe_double, visitor):
    _, wallet, payment = swapped(stripe_double, 99_900)
    fulfil(payment)
    manager = ManagerFactory()
    browser = visitor(manager)
    assert "Vérifier" in browser.get(reverse("admin:wallet_cardpayment_change", args=[payment.pk])).content.decode()
    assert [answer.status_code for answer in verify(browser, payment)] == [302, 302]
    payment.refresh_from_db()
    assert (payment.status, payment.checked_by, payment.checked_note) == (
        Status.EXPIRED,
        manager,
        "Remboursé dans Stripe",
    )
    assert (balance_of(wallet), "Paiements par carte à vérifier" in tasks(manager)) == (0, False)
    assert fulfil(payment).status == Status.EXPIRED  # what was closed is not asked again


def test_what_stripe_puts_right_is_booked_by_the_check(stripe_double, visitor):
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    CardPayment.objects.filter(pk=payment.pk).update(
        status="to_check", url="", mismatch="Stripe annonçait autre chose."
    )
    verify(visitor(ManagerFactory()), payment)
    payment.refresh_from_db()
    assert (payment.status, balance_of(wallet)) == (Status.PAID, 5000)


def test_a_check_that_is_closed_or_was_never_asked_is_refused(stripe_double):
    _, _, payment = opened()
    agent = ManagerFactory()
    abandon(payment)
    payment.refresh_from_db()
    with pytest.raises(cards.AlreadyChecked):
        check_again(agent=agent, payment=payment, key=make_key(agent.owner, cards.checking(payment)), note="x")


def test_a_dispute_is_a_task_until_it_is_over(stripe_double):
    _, _, payment = opened()
    stripe_double.pay(payment.session)
    payment = fulfil(payment)
    manager, label = ManagerFactory(), "Paiements contestés : répondre dans Stripe"
    dispute = stripe_double.dispute(payment.session, 5000)
    sync(payment)
    assert tasks(manager)[label] == 1
    stripe_double.move_dispute(dispute["id"], "won")
    sync(payment)
    assert label not in tasks(manager)


def test_the_task_of_a_dispute_leads_to_its_payment(stripe_double, visitor):
    _, _, payment = opened()
    stripe_double.pay(payment.session)
    payment = fulfil(payment)
    stripe_double.dispute(payment.session, 5000)
    sync(payment)
    manager = ManagerFactory()
    (task,) = [task for task in worklist(manager) if "contestés" in task.label]
    assert list(visitor(manager).get(task.address).context["cl"].result_list) == [payment]


# Events
def post(client, double, event):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = webhooks.headers(body, double.secret, int(time.time()))
    headers = {"Stripe-Signature": headers["Stripe-Signature"]}
    return client.post("/paiements/stripe/evenements/", body, content_type="application/json", headers=headers)


SESSION = {"id": "cs_1", "object": "checkout.session", "payment_intent": None}
DONE = "checkout.session.completed"
ABSURD = [
    {"id": "evt_1", "type": DONE, "data": {}},
    {"id": "evt_1", "type": DONE},
    {"id": "evt_1", "type": DONE, "data": None},
    {"id": "evt_1", "type": DONE, "data": {"object": []}},
    {"id": "evt_1", "type": DONE, "data": {"object": {}}},
    {"id": "evt_1", "type": DONE, "data": "x"},
    {"id": "evt_1", "type": None, "data": {"object": SESSION}},
    {"id": "evt_1", "type": 12, "data": {"object": SESSION}},
    {"id": "evt_1", "type": ["checkout"], "data": {"object": SESSION}},
    {"id": "evt_1", "type": "x" * 81, "data": {"object": SESSION}},
    {"id": "evt_1", "type": "customer.created", "data": {}},
    {"id": "evt_1", "type": DONE, "data": {"object": {**SESSION, "id": None}}},
    {"id": "evt_1", "type": DONE, "data": {"object": {**SESSION, "id": 12}}},
    {"id": "evt_1", "type": DONE, "data": {"object": {**SESSION, "id": "cs_\x00"}}},
    {"id": "evt_1", "type": DONE, "data": {"object": {**SESSION, "payment_intent": {"id": "pi_1"}}}},
    {"id": "evt_1", "type": "charge.dispute.created", "data": {"object": SESSION}},
    {"id": "evt_1", "type": "refund.updated", "data": {"object": {**SESSION, "object": None}}},
    {"id": None, "type": DONE, "data": {"object": SESSION}},
    {"id": {"x": 1}, "type": DONE, "data": {"object": SESSION}},
    {"id": "evt/1 é", "type": DONE, "data": {"object": SESSION}},
    {"id": "e" * 121, "type": DONE, "data": {"object": SESSION}},
    [],
    "evt_1",
    None,
    b"\xef\xbb\xbf{}",
    b"[" * 5000,
    b"",
]


@pytest.mark.parametrize("event", ABSURD, ids=range(len(ABSURD)))
def test_a_signed_event_that_makes_no_sense_is_kept_set_aside_and_told(event, client, stripe_double):
    assert [post(client, stripe_double, event).status_code for _ in range(2)] == [200, 200]
    (kept,) = StripeEvent.objects.to_check()
    assert kept.error.startswith("Événement incompréhensible")
    card_events.handle(kept.pk)
    card_events.handle_owed()
    kept.refresh_from_db()
    assert (kept.tries, kept.handled_at) == (0, None)
    assert tasks(ManagerFactory())["Événements de Stripe à vérifier"] == 1


def test_an_event_of_no_concern_is_answered_and_not_kept(client, stripe_double):
    event = {"id": "evt_1", "type": "customer.created", "data": {"object": {"id": "cus_1", "object": "customer"}}}
    assert post(client, stripe_double, event).status_code == 200
    assert not StripeEvent.objects.exists()


def test_an_event_whose_payment_is_never_found_is_told_in_the_end(client, stripe_double, monkeypatch):
    monkeypatch.setattr(card_events, "MAX_TRIES", 2)
    post(client, stripe_double, {"id": "evt_1", "type": DONE, "data": {"object": SESSION}})
    StripeEvent.objects.update(tries=0, is_set_aside=False)
    for _ in range(2):
        card_events.handle("evt_1")
    kept = StripeEvent.objects.to_check().get()
    assert (kept.tries, kept.error) == (2, "Son paiement n’est pas du portail")


def test_an_agent_says_once_that_an_event_was_looked_at(client, stripe_double, visitor):
    post(client, stripe_double, ABSURD[0])
    browser = visitor(ManagerFactory())
    page = browser.get(reverse("admin:wallet_stripeevent_change", args=["evt_1"])).content.decode()
    assert "Noter comme vu" in page
    address = reverse("admin:wallet_stripeevent_look", args=["evt_1"])
    key = browser.get(address).context["once_key"]
    assert [browser.post(address, {"once_key": key}).status_code for _ in range(2)] == [302, 302]
    assert StripeEvent.objects.get().handled_at is not None
    assert not StripeEvent.objects.to_check().exists()
