"""What goes wrong on the way to Stripe: the same faults that a network and a busy service make."""

import json
import threading
import time
import urllib.error
import urllib.request

import pytest
import stripe

from tests.doubles.test_stripe import BACK, a_paid_page, a_payment, a_refund
from wallet.gateways import stripe as gateway


def opened():
    return gateway.create_checkout(a_payment(), BACK)


def test_an_error_of_the_server_is_asked_again_and_nothing_is_kept_of_it(stripe_double):
    stripe_double.fault("error_500", next=2)
    assert opened().status == "open"
    assert len(stripe_double.sessions()) == 1


def test_errors_that_go_on_leave_no_page(stripe_double):
    payment = a_payment()
    stripe_double.fault("error_500", share=1)
    with pytest.raises(gateway.CardsUnavailable):
        gateway.create_checkout(payment, BACK)
    assert stripe_double.sessions() == []
    stripe_double.calm()
    assert gateway.create_checkout(payment, BACK).status == "open"


def test_too_many_requests_are_told_as_such(stripe_double):
    stripe_double.fault("error_429", next=1)
    with pytest.raises(gateway.CardsUnavailable) as refused:
        opened()
    assert isinstance(refused.value.__cause__, stripe.RateLimitError)
    assert opened().status == "open"


def test_a_line_cut_before_the_work_leaves_nothing_behind(stripe_double):
    stripe_double.fault("cut_before", next=3)
    with pytest.raises(gateway.CardsUnavailable) as refused:
        opened()
    assert isinstance(refused.value.__cause__, stripe.APIConnectionError)
    assert stripe_double.sessions() == []


def test_a_line_cut_after_the_work_gives_its_answer_to_the_next_try(stripe_double):
    page = a_paid_page(stripe_double)
    stripe_double.fault("cut_after", next=1, on="POST /v1/refunds")
    refund = gateway.create_refund(a_refund(page, 300))
    assert [each["id"] for each in stripe_double.refunds()] == [refund.id]


def test_work_done_behind_a_cut_line_is_found_later_under_its_key(stripe_double):
    payment = a_payment()
    stripe_double.fault("cut_after", next=3)
    with pytest.raises(gateway.CardsUnavailable):
        gateway.create_checkout(payment, BACK)
    (session,) = stripe_double.sessions()
    assert gateway.create_checkout(payment, BACK).id == session["id"]


def test_a_fault_strikes_only_the_calls_it_names(stripe_double):
    stripe_double.fault("error_429", share=1, on="GET /v1/checkout/sessions/")
    page = opened()
    with pytest.raises(gateway.CardsUnavailable):
        gateway.read_checkout(page.id)


def test_a_share_of_the_calls_is_struck(stripe_double):
    stripe_double.chaos(seed=4)
    stripe_double.fault("error_429", share=0.3, on="GET")
    page, failed = opened(), 0
    for _ in range(100):
        try:
            gateway.read_checkout(page.id)
        except gateway.CardsUnavailable:
            failed += 1
    assert 15 < failed < 45


def test_a_slow_answer_takes_its_time_and_a_key_at_work_is_refused_to_others(stripe_double):
    payment, errors = a_payment(), []
    stripe_double.fault("slow", next=1, seconds=0.6)
    first = threading.Thread(target=gateway.create_checkout, args=(payment, BACK))
    started = time.monotonic()
    first.start()
    time.sleep(0.2)
    try:
        gateway.create_checkout(payment, BACK)
    except gateway.CardsUnavailable as error:
        errors.append((error.__cause__.http_status, error.__cause__.error.code))
    first.join()
    assert errors == [(409, "idempotency_key_in_use")]
    assert time.monotonic() - started >= 0.6
    assert len(stripe_double.sessions()) == 1


def test_twenty_at_once_with_one_key_make_one_refund(stripe_double):
    page, answers = a_paid_page(stripe_double, 1000), []
    refund = a_refund(page, 100)

    def ask():
        try:
            answers.append(gateway.create_refund(refund).id)
        except gateway.CardsUnavailable as error:
            answers.append(error.__cause__.error.code)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (made,) = stripe_double.refunds()
    assert len(answers) == 20
    assert set(answers) - {"idempotency_key_in_use"} == {made["id"]}


def test_a_fault_that_does_not_exist_is_told(stripe_double):
    with pytest.raises(AssertionError, match="earthquake is none of error_500"):
        stripe_double.fault("earthquake")
    with pytest.raises(AssertionError, match="flood is none of delay"):
        stripe_double.chaos(flood=1)
    with pytest.raises(AssertionError, match="There is no order"):
        stripe_double.order("_intent", payment="cs_1")


def test_an_order_comes_from_no_page_of_the_web(stripe_double):
    request = urllib.request.Request(f"{stripe_double.address}/_control", b'{"do": "reset"}')
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert (answer.code, answer.read()) == (400, b'{"error": {"message": "An order is application/json."}}')


def test_the_state_is_told(stripe_double):
    a_paid_page(stripe_double)
    stripe_double.chaos(drop=0.5)
    stripe_double.fault("slow", seconds=1)
    with urllib.request.urlopen(f"{stripe_double.address}/_control") as answer:
        state = json.load(answer)
    assert state["objects"]["checkout.session"] == 1
    assert (state["held"], state["chaos"]["drop"]) == (4, 0.5)
    assert state["chaos"]["faults"] == [{"kind": "slow", "share": 1.0, "next": None, "on": "", "seconds": 1}]
