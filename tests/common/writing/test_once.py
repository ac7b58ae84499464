"""A form that confirms is obeyed once."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from common.models import IdempotencyKey
from common.refusals import StalePage
from common.writing.once import MAX_AGE, claim_key, make_key
from tests.concurrency import someone_else

pytestmark = pytest.mark.django_db


def confirm(key, owner="user:3", purpose="cancel:12"):
    """An action in small: (the answer, whether it was the first)."""
    with transaction.atomic():
        once = claim_key(key, owner, purpose)
        return (once.answer, False) if once.answer else (once.remember({"order": 7}), True)


def test_the_second_click_gets_the_first_answer():
    key = make_key("user:3", "cancel:12")
    assert [confirm(key), confirm(key)] == [({"order": 7}, True), ({"order": 7}, False)]
    assert IdempotencyKey.objects.count() == 1


def test_two_pages_for_the_same_act_have_keys_of_their_own():
    first, second = make_key("user:3", "cancel:12"), make_key("user:3", "cancel:12")
    assert [confirm(first)[1], confirm(second)[1]] == [True, True]


def test_what_the_page_showed_comes_back_with_the_key():
    once = claim_key(make_key("user:3", "confirm:prepaid", "cart:5:abc"), "user:3", "confirm:prepaid")
    assert (once.detail, once.answer) == ("cart:5:abc", None)


def test_a_refused_confirmation_leaves_the_key_unused():
    key = make_key("user:3", "cancel:12")
    with transaction.atomic():
        claim_key(key, "user:3", "cancel:12")
        transaction.set_rollback(True)
    assert confirm(key)[1] is True


@pytest.mark.parametrize(
    ("owner", "purpose"), [("user:4", "cancel:12"), ("user:3", "cancel:13"), ("user:3", "confirm:12")]
)
def test_a_key_made_for_someone_or_something_else_is_refused(owner, purpose):
    with pytest.raises(StalePage):
        claim_key(make_key("user:3", "cancel:12"), owner, purpose)
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.parametrize("forged", ["", None, "x", "a:b:c", "\x00", "é" * 500])
def test_a_forged_key_is_refused(forged):
    with pytest.raises(StalePage):
        claim_key(forged, "user:3", "cancel:12")


def test_a_key_with_a_letter_changed_is_refused():
    key = make_key("user:3", "cancel:12")
    with pytest.raises(StalePage):
        claim_key(("B" if key[0] != "B" else "C") + key[1:], "user:3", "cancel:12")


def test_a_page_left_open_overnight_still_works_and_an_older_one_does_not():
    with time_machine.travel("2026-11-03 18:00+01:00", tick=False) as clock:
        key = make_key("user:3", "cancel:12")
        clock.shift(timedelta(seconds=MAX_AGE))
        assert confirm(key)[1] is True
        clock.shift(timedelta(seconds=1))
        with pytest.raises(StalePage):
            confirm(key)


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_the_same_moment_the_second_waits_and_reads_the_first_answer():
    key = make_key("user:3", "cancel:12")
    with transaction.atomic():
        once = claim_key(key, "user:3", "cancel:12")
        rival = someone_else(confirm, key)
        rival.wait_until_blocked()
        once.remember({"order": 1})
    assert rival.result() == ({"order": 1}, False)
