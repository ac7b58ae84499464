"""Payments by card, with a Stripe that answers over HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.wallet import balance_of, family_with, parent_with, spend, wallet_with
from wallet import checks
from wallet.actions import NotEnough, card_events, wallet_of
from wallet.actions.card_returns import NotPaid, ReasonMissing, TooMuch, refund_card, refundable, send_owed, sync
from wallet.actions.cards import PaymentGoing, TopUpRefused, abandon, fulfil, open_top_up, reconcile, start
from wallet.gateways import stripe as gateway
from wallet.models import CardDispute, CardPayment, CardRefund, Operation, Purse, StripeEvent, Transfer

pytestmark = pytest.mark.django_db
Status = CardPayment.Status


@pytest.fixture(autouse=True)
def exact_books(stripe_double):
    yield
    assert list(checks.differences()) == []


def ask(parent, *wallets, cents=5000, email="", key=None):
    """Ask to top up, as a parent who has just opened the page."""
    amounts = {wallet.pk: cents for wallet in wallets}
    return open_top_up(user=parent, cents_by_wallet=amounts, email=email, key=key or make_key(parent.owner, "top-up"))


def opened(cents=5000, balance=0):
    """A family whose payment page is open: (parent, wallet, payment)."""
    parent, wallet = parent_with(balance)
    return parent, wallet, start(ask(parent, wallet, cents=cents))


def paid(double, cents=5000):
    """A family whose top-up is paid and booked."""
    parent, wallet, payment = opened(cents)
    double.pay(payment.session)
    return parent, wallet, fulfil(payment)


def hear(double, *deliveries):
    """What the portal does with the events that wait, each signed and stored as the webhook does."""
    for each in deliveries or double.take():
        event = gateway.read_event(each.body, each.signature)
        card_events.store(event)
        card_events.handle(event.id)


def told(family):
    return list(OutgoingEmail.objects.filter(owner=family.owner).order_by("pk").values_list("template", flat=True))


# Opening


def test_a_top_up_opens_a_page_at_stripe_for_its_amount_and_nothing_moves_before_it_is_paid(stripe_double):
    _, wallet, payment = opened(5000)
    (page,) = stripe_double.sessions()
    assert (payment.status, payment.session, payment.url) == (Status.OPEN, page["id"], page["url"])
    assert (page["amount_total"], page["client_reference_id"]) == (5000, str(payment.reference))
    assert page["payment_method_types"] == ["card"]
    assert page["expires_at"] == int(payment.expires_at.timestamp())
    assert balance_of(wallet) == 0


def test_a_second_click_gets_the_first_payment_and_the_same_page(stripe_double):
    parent, wallet = parent_with(0)
    key = make_key(parent.owner, "top-up")
    first, second = ask(parent, wallet, key=key), ask(parent, wallet, key=key)
    assert start(first).url == start(second).url
    assert len(stripe_double.sessions()) == 1


@pytest.mark.parametrize("cents", [0, -500, 49, 50001])
def test_an_amount_out_of_bounds_is_refused_and_nothing_is_asked(cents, stripe_double):
    parent, wallet = parent_with(0)
    with pytest.raises(TopUpRefused):
        ask(parent, wallet, cents=cents)
    assert not CardPayment.objects.exists()


def test_the_wallet_of_another_family_is_never_topped_up():
    parent, _ = parent_with(0)
    _, other = parent_with(0)
    with pytest.raises(TopUpRefused):
        ask(parent, other)


def test_a_family_pays_one_thing_at_a_time():
    parent, wallet, _ = opened()
    with pytest.raises(PaymentGoing):
        ask(parent, wallet)


def test_a_key_made_for_something_else_opens_nothing():
    parent, wallet = parent_with(0)
    with pytest.raises(StalePage):
        ask(parent, wallet, key=make_key(parent.owner, "confirm:prepaid"))


def test_when_stripe_is_silent_the_payment_waits_and_the_same_page_opens_later(stripe_double):
    parent, wallet = parent_with(0)
    payment = ask(parent, wallet)
    stripe_double.fault("cut_after", next=3)
    with pytest.raises(gateway.CardsUnavailable):
        start(payment)
    payment.refresh_from_db()
    assert payment.status == Status.CREATED
    assert start(payment).status == Status.OPEN
    assert len(stripe_double.sessions()) == 1


def test_an_error_that_passes_is_retried_by_the_library(stripe_double):
    stripe_double.fault("error_500", next=1)
    _, _, payment = opened()
    assert payment.status == Status.OPEN


def test_after_five_minutes_creation_is_no_longer_tried_and_the_payment_ends(time_machine, stripe_double):
    parent, wallet = parent_with(0)
    payment = ask(parent, wallet)
    time_machine.move_to(timezone.now() + timedelta(minutes=6), tick=False)
    with pytest.raises(gateway.CardsUnavailable):
        start(payment)
    reconcile()
    payment.refresh_from_db()
    assert (payment.status, stripe_double.sessions()) == (Status.EXPIRED, [])
    assert start(ask(parent, wallet)).status == Status.OPEN


def test_without_keys_no_card_is_taken(settings):
    settings.STRIPE_SECRET_KEY = ""
    parent, wallet = parent_with(0)
    with pytest.raises(gateway.CardsUnavailable):
        start(ask(parent, wallet))


# Paying


@pytest.mark.seed("S2-57", "S3-82", "S4-34")
def test_a_paid_top_up_credits_the_wallet_once_however_often_it_is_looked_up(stripe_double):
    _, wallet, payment = paid(stripe_double, 5000)
    assert (payment.status, balance_of(wallet)) == (Status.PAID, 5000)
    assert payment.settled_at is not None
    for _ in range(3):
        fulfil(payment)
        hear(stripe_double, *stripe_double.collected)
    assert balance_of(wallet) == 5000
    assert Transfer.objects.filter(reference=f"topup:{payment.pk}:{wallet.account_id}").count() == 1


def test_one_payment_credits_several_wallets():
    parent, wallet = parent_with(0)
    other = wallet_of(wallet.family, Purse.objects.create(code="cdc", name="CDC"))
    key = make_key(parent.owner, "top-up")
    payment = open_top_up(user=parent, cents_by_wallet={wallet.pk: 2000, other.pk: 7930}, key=key)
    assert payment.cents == 9930
    assert {line.account_id: line.cents for line in payment.lines.all()} == {
        wallet.account_id: 2000,
        other.account_id: 7930,
    }


@pytest.mark.seed("S4-51", "S4-52")
def test_the_receipt_goes_to_the_address_that_was_filled_in_and_stands_in_the_portal(stripe_double):
    parent, wallet = parent_with(0)
    payment = start(ask(parent, wallet, email="recu@example.fr"))
    stripe_double.pay(payment.session)
    fulfil(payment)
    (email,) = OutgoingEmail.objects.filter(template="wallet/card_paid")
    assert (email.to, email.owner) == ("recu@example.fr", wallet.family.owner)


def test_without_an_address_the_receipt_stands_in_the_portal_only(stripe_double):
    _, wallet, _ = paid(stripe_double)
    (email,) = OutgoingEmail.objects.filter(template="wallet/card_paid")
    assert (email.to, email.owner) == ("", wallet.family.owner)


def test_a_refused_card_leaves_the_page_open_and_the_wallet_as_it_was(stripe_double):
    _, wallet, payment = opened()
    assert stripe_double.pay(payment.session, "4000000000000002") == "refused"
    assert (fulfil(payment).status, balance_of(wallet)) == (Status.OPEN, 0)


def test_what_was_owed_is_settled_first_by_the_credit(stripe_double):
    parent, wallet = parent_with(0)
    spend(wallet, 4605, kind=Operation.Kind.DEFERRED_DEBIT)
    payment = start(ask(parent, wallet, cents=7930))
    stripe_double.pay(payment.session)
    fulfil(payment)
    assert balance_of(wallet) == 3325


def test_leaving_the_page_closes_it_at_stripe(stripe_double):
    _, wallet, payment = opened()
    assert abandon(payment).status == Status.EXPIRED
    assert stripe_double.sessions()[0]["status"] == "expired"
    assert stripe_double.pay(payment.session) == "closed"
    assert balance_of(wallet) == 0


def test_leaving_a_page_that_was_paid_just_before_books_the_payment(stripe_double):
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    assert (abandon(payment).status, balance_of(wallet)) == (Status.PAID, 5000)


def test_a_page_whose_time_is_over_ends_by_itself(stripe_double):
    _, _, payment = opened()
    stripe_double.expire(payment.session)
    reconcile()
    payment.refresh_from_db()
    assert (payment.status, payment.url, payment.settled_at is not None) == (Status.EXPIRED, "", True)


def test_money_that_comes_after_an_assumed_end_is_booked_all_the_same(stripe_double, time_machine):
    """Stripe was silent past the page's hour: the end was assumed, and Stripe tells later that it was paid."""
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    stripe_double.fault("error_500", share=1)
    time_machine.move_to(payment.expires_at + timedelta(minutes=21), tick=False)
    reconcile()
    payment.refresh_from_db()
    assert (payment.status, balance_of(wallet)) == (Status.EXPIRED, 0)
    stripe_double.calm()
    reconcile()
    payment.refresh_from_db()
    assert (payment.status, balance_of(wallet)) == (Status.PAID, 5000)


def test_a_page_with_another_amount_moves_nothing(stripe_double):
    """What Stripe shows must be what was asked, to the cent, under our reference."""
    _, wallet, payment = opened()
    stranger = stripe_double.open(999_00, reference=str(payment.reference))
    CardPayment.objects.filter(pk=payment.pk).update(session=stranger["id"])
    stripe_double.pay(stranger["id"])
    payment.refresh_from_db()
    assert fulfil(payment).status == Status.TO_CHECK
    assert balance_of(wallet) == 0


def test_what_no_event_told_is_found_by_the_reconciliation(stripe_double):
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    stripe_double.take()  # every event is lost
    assert reconcile() == {"payments": 1, "failed": 0}
    assert balance_of(wallet) == 5000


def test_one_payment_in_trouble_keeps_no_other_waiting(stripe_double):
    _, _, first = opened()
    CardPayment.objects.filter(pk=first.pk).update(session="cs_unknown")
    _, other, second = opened()
    stripe_double.pay(second.session)
    assert reconcile() == {"payments": 2, "failed": 1}
    assert balance_of(other) == 5000


# Events


def test_an_event_is_stored_once_and_never_believed(stripe_double):
    """Its content is not read: Stripe is asked. An event that says « paid » too early changes nothing."""
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    deliveries = [each for each in stripe_double.take() if each.type == "checkout.session.completed"]
    hear(stripe_double, *deliveries, *deliveries)
    assert StripeEvent.objects.count() == 1
    assert balance_of(wallet) == 5000


def test_an_event_about_something_unknown_is_kept_and_retried_without_harm(stripe_double):
    page = stripe_double.open(5000)
    stripe_double.pay(page["id"])
    hear(stripe_double)
    assert not StripeEvent.objects.exclude(handled_at=None).exists()
    assert not Transfer.objects.exists()


def test_a_refund_told_before_its_payment_is_booked_once_the_payment_is(stripe_double, time_machine):
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    stripe_double.refund(payment.session, 2000)
    refunds = [each for each in stripe_double.take() if "refund" in each.type]
    hear(stripe_double, *refunds)
    assert balance_of(wallet) == 0
    fulfil(payment)
    time_machine.move_to(timezone.now() + timedelta(minutes=10), tick=False)
    assert card_events.handle_owed() > 0
    assert balance_of(wallet) == 3000


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, headers: (body, {}),
        lambda body, headers: (body, {"Stripe-Signature": ""}),
        lambda body, headers: (body, {"Stripe-Signature": "t=1,v1=00"}),
        lambda body, headers: (body, {"Stripe-Signature": headers["Stripe-Signature"].replace("v1=", "v0=")}),
        lambda body, headers: (body, {"Stripe-Signature": headers["Stripe-Signature"][:-1]}),
        lambda body, headers: (body, {"Stripe-Signature": headers["Stripe-Signature"].replace("t=", "t=9")}),
        lambda body, headers: (body.replace(b"5000", b"9000"), headers),
        lambda body, headers: (body + b" ", headers),
        lambda body, headers: (b"", headers),
        lambda body, headers: (b"{}", headers),
        lambda body, headers: (b"\xff\xfe", headers),
        lambda body, headers: (body.replace(b"evt_", b"evt_x"), headers),
    ],
)
def test_a_forged_event_is_refused_and_leaves_no_trace(spoil, client, stripe_double):
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    event = next(each for each in stripe_double.take() if each.type == "checkout.session.completed")
    body, headers = spoil(event.body, event.headers)
    headers = {name: text for name, text in headers.items() if name == "Stripe-Signature"}
    answer = client.post("/paiements/stripe/evenements/", body, content_type="application/json", headers=headers)
    assert answer.status_code == 400
    assert not StripeEvent.objects.exists()
    assert balance_of(wallet) == 0


def test_an_event_signed_long_ago_is_refused(client, stripe_double, time_machine):
    _, _, payment = opened()
    stripe_double.pay(payment.session)
    event = stripe_double.take()[0]
    time_machine.move_to(timezone.now() + timedelta(minutes=10), tick=False)
    answer = client.post(
        "/paiements/stripe/evenements/", event.body, content_type="application/json", headers=event.headers
    )
    assert answer.status_code == 400


def test_the_webhook_keeps_the_event_and_answers(client, stripe_double):
    _, wallet, payment = opened()
    stripe_double.pay(payment.session)
    assert set(stripe_double.deliver(client)) == {200}
    assert list(StripeEvent.objects.values_list("type", "handled_at")) == [("checkout.session.completed", None)]
    card_events.handle(StripeEvent.objects.get().pk)
    assert balance_of(wallet) == 5000


# Giving back


def give_back(payment, cents=2000, agent=None, reason="Trop versé", key=None):
    agent = agent or AgentFactory()
    key = key or make_key(agent.owner, f"refund:{payment.pk}")
    return refund_card(agent=agent, payment=payment, cents=cents, reason=reason, key=key)


def test_a_refund_leaves_the_wallet_and_goes_back_to_the_card_once(stripe_double):
    _, wallet, payment = paid(stripe_double)
    agent = AgentFactory()
    key = make_key(agent.owner, f"refund:{payment.pk}")
    refund = give_back(payment, agent=agent, key=key)
    assert give_back(payment, agent=agent, key=key) == refund
    assert (balance_of(wallet), refundable(payment)) == (3000, 3000)
    (at_stripe,) = stripe_double.refunds()
    assert (at_stripe["amount"], refund.stripe) == (2000, at_stripe["id"])
    sync(payment)
    hear(stripe_double)
    assert (balance_of(wallet), CardRefund.objects.count()) == (3000, 1)


@pytest.mark.parametrize("cents", [0, -1, 5001])
def test_no_more_than_the_payment_is_given_back(cents, stripe_double):
    _, wallet, payment = paid(stripe_double)
    with pytest.raises(TooMuch):
        give_back(payment, cents)
    assert balance_of(wallet) == 5000


def test_what_was_given_back_is_not_given_back_again(stripe_double):
    _, _, payment = paid(stripe_double)
    give_back(payment, 3000)
    with pytest.raises(TooMuch):
        give_back(payment, 2001)


def test_a_refund_is_explained(stripe_double):
    _, _, payment = paid(stripe_double)
    with pytest.raises(ReasonMissing):
        give_back(payment, reason="  ")


def test_what_was_not_paid_is_not_given_back():
    _, _, payment = opened()
    with pytest.raises(NotPaid):
        give_back(payment)


def test_money_that_was_spent_is_not_given_back_to_the_card(stripe_double):
    _, wallet, payment = paid(stripe_double)
    spend(wallet, 4000)
    with pytest.raises(NotEnough):
        give_back(payment, 2000)
    assert (balance_of(wallet), stripe_double.refunds()) == (1000, [])


def test_a_refund_that_stripe_refuses_comes_back_to_the_wallet(stripe_double):
    _, wallet, payment = paid(stripe_double)
    stripe_double.refund(payment.session, 4000)  # at Stripe, not told here yet
    with pytest.raises(gateway.CardsRefused):
        give_back(payment, 2000)
    assert balance_of(wallet) == 5000
    assert told(wallet.family)[-1] == "wallet/card_refund_failed"


def test_a_refund_whose_answer_was_lost_is_done_once(stripe_double):
    _, wallet, payment = paid(stripe_double)
    stripe_double.fault("cut_after", next=3)
    assert give_back(payment, 2000).status == CardRefund.Status.REQUESTED
    assert balance_of(wallet) == 3000
    send_owed()
    assert (balance_of(wallet), len(stripe_double.refunds())) == (3000, 1)
    assert CardRefund.objects.get().stripe == stripe_double.refunds()[0]["id"]


def test_a_refund_that_fails_days_later_comes_back_to_the_wallet_once(stripe_double):
    _, wallet, payment = paid(stripe_double)
    refund = give_back(payment, 2000)
    stripe_double.settle(refund.stripe, "failed")
    for _ in range(2):
        sync(payment)
    refund.refresh_from_db()
    assert (refund.status, balance_of(wallet), refundable(payment)) == ("failed", 5000, 5000)


def test_a_refund_made_at_stripe_is_booked_once_even_when_the_money_is_spent(stripe_double):
    _, wallet, payment = paid(stripe_double)
    spend(wallet, 4500)
    stripe_double.refund(payment.session, 2000)
    hear(stripe_double)
    sync(payment)
    assert (balance_of(wallet), CardRefund.objects.get().by) == (-1500, None)


def test_a_dispute_takes_the_money_and_a_won_one_gives_it_back(stripe_double):
    _, wallet, payment = paid(stripe_double)
    spend(wallet, 1000)
    dispute = stripe_double.dispute(payment.session)
    hear(stripe_double)
    assert balance_of(wallet) == -1000
    stripe_double.move_dispute(dispute["id"], "won")
    hear(stripe_double)
    sync(payment)
    assert (balance_of(wallet), CardDispute.objects.get().status) == (4000, "won")


def test_a_lost_dispute_stays_taken(stripe_double):
    _, wallet, payment = paid(stripe_double)
    dispute = stripe_double.dispute(payment.session)
    stripe_double.move_dispute(dispute["id"], "lost")
    sync(payment)
    assert (balance_of(wallet), CardDispute.objects.get().status) == (0, "lost")


def test_an_inquiry_takes_nothing(stripe_double):
    _, wallet, payment = paid(stripe_double)
    stripe_double.dispute(payment.session, status="warning_needs_response")
    hear(stripe_double)
    assert (balance_of(wallet), CardDispute.objects.count()) == (5000, 0)


def test_a_refund_and_a_dispute_take_from_each_wallet_no_more_than_it_got(stripe_double):
    parent, wallet = parent_with(0)
    other = wallet_with(0, wallet.family, Purse.objects.create(code="cdc", name="CDC"))
    key = make_key(parent.owner, "top-up")
    payment = start(open_top_up(user=parent, cents_by_wallet={wallet.pk: 2000, other.pk: 3000}, key=key))
    stripe_double.pay(payment.session)
    payment = fulfil(payment)
    give_back(payment, 2500)
    stripe_double.dispute(payment.session, 2500)
    sync(payment)
    assert (balance_of(wallet), balance_of(other)) == (0, 0)


# Pages


@pytest.mark.seed("S2-58", "S2-70", "S3-83")
def test_the_page_offers_amounts_and_sends_to_stripe(visitor, stripe_double):
    parent, _ = parent_with(0)
    client = visitor(parent)
    page = client.get("/porte-monnaie/recharger/")
    assert "Payez par Carte Bancaire (CB, VISA, MASTERCARD, ...)" in page.content.decode()
    for amount in ("20,00", "30,00", "50,00", "100,00"):
        assert amount in page.content.decode()
    answer = client.post(
        "/porte-monnaie/recharger/", {"offered": "5000", "once_key": page.context["once_key"], "email": ""}
    )
    payment = CardPayment.objects.get()
    assert (answer.status_code, answer.url) == (302, payment.url)
    assert payment.cents == 5000


@pytest.mark.seed("S2-71")
def test_back_from_stripe_the_page_says_that_the_wallet_is_credited_with_its_new_state(visitor, stripe_double):
    parent, _, payment = opened(5000, balance=1240)
    stripe_double.pay(payment.session)
    page = visitor(parent).get(f"/porte-monnaie/paiement/{payment.reference}/").content.decode()
    assert "est à nouveau crédité de 50,00\u00a0€" in page
    assert "62,40\u00a0€" in page


@pytest.mark.parametrize("other", ["", "4,99", "500,01", "-20", "abc", "1e3", "20,001"])
def test_an_amount_typed_out_of_bounds_is_told_beside_its_field(other, visitor):
    parent, _ = parent_with(0)
    client = visitor(parent)
    key = client.get("/porte-monnaie/recharger/").context["once_key"]
    answer = client.post("/porte-monnaie/recharger/", {"offered": "autre", "other": other, "once_key": key})
    assert (answer.status_code, bool(answer.context["form"].errors["other"])) == (200, True)
    assert not CardPayment.objects.exists()


def test_a_parent_without_a_wallet_yet_tops_up(visitor):
    parent = UserFactory()
    family_with(parent)
    client = visitor(parent)
    key = client.get("/porte-monnaie/recharger/").context["once_key"]
    client.post("/porte-monnaie/recharger/", {"offered": "autre", "other": "15,20", "once_key": key})
    assert CardPayment.objects.get().cents == 1520


def test_coming_back_without_paying_closes_the_page(visitor, stripe_double):
    parent, _, payment = opened()
    page = visitor(parent).get(f"/porte-monnaie/paiement/{payment.reference}/?retour=1")
    assert "Paiement abandonné" in page.content.decode()
    assert stripe_double.sessions()[0]["status"] == "expired"


def test_a_payment_that_goes_on_is_resumed_or_given_up(visitor, stripe_double):
    parent, _, payment = opened()
    client = visitor(parent)
    page = client.get(f"/porte-monnaie/paiement/{payment.reference}/").content.decode()
    assert "Reprendre le paiement" in page
    assert "Reprendre le paiement" in client.get("/porte-monnaie/recharger/").content.decode()
    assert client.post(f"/porte-monnaie/paiement/{payment.reference}/reprendre/").url == payment.url
    client.post(f"/porte-monnaie/paiement/{payment.reference}/abandonner/")
    payment.refresh_from_db()
    assert payment.status == Status.EXPIRED


def test_when_stripe_is_silent_each_page_says_what_to_do(visitor, stripe_double):
    parent, _, payment = opened()
    client = visitor(parent)
    stripe_double.fault("error_500", share=1)
    page = client.get(f"/porte-monnaie/paiement/{payment.reference}/")
    assert (page.status_code, "ne répond pas pour le moment" in page.content.decode()) == (200, True)
    client.post(f"/porte-monnaie/paiement/{payment.reference}/abandonner/")
    payment.refresh_from_db()
    assert payment.status == Status.OPEN


def test_the_payment_of_another_family_is_nowhere(visitor):
    _, _, payment = opened()
    stranger, _ = parent_with(0)
    client = visitor(stranger)
    assert client.get(f"/porte-monnaie/paiement/{payment.reference}/").status_code == 404
    assert client.post(f"/porte-monnaie/paiement/{payment.reference}/abandonner/").status_code == 404
    assert client.get(f"/porte-monnaie/paiement/{uuid4()}/").status_code == 404


# What check_ledger finds


@pytest.mark.parametrize(
    ("model", "planted"),
    [
        (CardPayment, {"cents": 4999}),
        (CardRefund, {"cents": 1999}),
        (CardDispute, {"cents": 1}),
        (CardPayment, {"status": "expired", "paid_at": None, "operation": None}),
    ],
)
def test_a_card_payment_that_does_not_fit_the_ledger_is_found(model, planted, stripe_double):
    _, _, payment = paid(stripe_double)
    give_back(payment, 2000)
    stripe_double.dispute(payment.session, 1000)
    sync(payment)
    before = model.objects.values(*planted).get()
    model.objects.update(**planted)
    (found,) = checks.differences()
    assert found.endswith(f" {model.objects.get().pk}: not what the ledger says")
    model.objects.update(**before)
