"""Two managers at once: numbers without gaps, one draft each, one order a key."""

import pytest
from django.db import transaction

from cesu.models import Numbering, VoucherLine, VoucherOrder
from cesu.orders.actions import orders
from cesu.orders.actions.beneficiaries import archive, archiving
from cesu.orders.actions.drafts import save_draft, start_draft
from cesu.orders.actions.orders import place_order
from cesu.rules.orders import NoDraft, NothingOrdered
from common.writing.once import make_key
from tests.concurrency import own_pid, someone_else
from tests.factories.cesu import beneficiary_of, employer_with, manager_of, place_args, ready_draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two():
    """Two managers of an employer, each with a draft to validate."""
    employer = employer_with()
    beneficiary_of(employer)
    managers = [manager_of(employer), manager_of(employer, primary=False)]
    for manager in managers:
        ready_draft(manager)
    return managers


def numbers():
    return sorted(VoucherOrder.objects.placed().values_list("number", "invoice__number"))


def test_two_managers_place_at_once_and_no_number_is_missing(two):
    first, second = map(place_args, two)
    with transaction.atomic():
        place_order.__wrapped__(**first)
        rival = someone_else(place_order, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    year = numbers()[0][0][1:5]
    assert numbers() == [(f"C{year}-00000{n}", f"F{year}-00000{n}") for n in (1, 2)]


def test_a_number_given_back_is_given_again(two):
    first, second = map(place_args, two)
    with transaction.atomic():
        place_order.__wrapped__(**first)
        rival = someone_else(place_order, **second)
        rival.wait_until_blocked()
        transaction.set_rollback(True)
    rival.result()
    place_order(**place_args(two[0]))
    assert [number[-6:] for number, _ in numbers()] == ["000001", "000002"]


def test_a_number_read_without_the_lock_would_be_given_twice(two):
    """The control: meanwhile whoever only reads finds no number given."""
    with transaction.atomic():
        place_order.__wrapped__(**place_args(two[0]))
        seen = someone_else(lambda: Numbering.objects.count()).result()
    assert (seen, Numbering.objects.count()) == (0, 2)


def test_the_same_click_twice_at_once_is_one_order(two):
    sent = place_args(two[0])
    with transaction.atomic():
        answer = place_order.__wrapped__(**sent)
        rival = someone_else(place_order, **sent)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == answer
    assert len(numbers()) == 1


def test_a_cell_typed_while_the_order_is_placed_changes_nothing(two):
    line = VoucherLine.objects.get(order__by=two[0])
    with transaction.atomic():
        place_order.__wrapped__(**place_args(two[0]))
        rival = someone_else(save_draft, user=two[0], lines={line.pk: {"booklets": 9}}, delivery={})
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NoDraft):
        rival.result()
    line.refresh_from_db()
    assert line.booklets == 2


def test_commander_in_two_tabs_at_once_makes_one_draft():
    employer = employer_with()
    beneficiary_of(employer)
    manager = manager_of(employer)
    with transaction.atomic():
        draft = start_draft.__wrapped__(user=manager)
        rival = someone_else(start_draft, user=manager)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == draft
    assert VoucherLine.objects.count() == 1


def archiving_of(two):
    """The second manager archives the one person that the first one orders for."""
    person = VoucherLine.objects.get(order__by=two[0]).beneficiary
    return {"by": two[1], "beneficiary": person, "key": make_key(two[1].owner, archiving(person))}


def counted(order):
    """What an order says it costs, and what its lines come to."""
    order.refresh_from_db()
    return order.face_cents, sum(line.cents for line in order.lines.all())


def test_an_order_being_placed_keeps_the_line_of_somebody_who_is_archived(two):
    order = VoucherOrder.objects.draft_of(two[0]).get()
    asked = archiving_of(two)
    with transaction.atomic():
        place_order.__wrapped__(**place_args(two[0]))
        rival = someone_else(archive, **asked)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert counted(order) == (30000, 30000)


def test_somebody_archived_first_is_not_ordered_for(two):
    sent = place_args(two[0])
    asked = archiving_of(two)
    with transaction.atomic():
        archive.__wrapped__(**asked)
        rival = someone_else(place_order, **sent)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NothingOrdered):
        rival.result()


def test_an_order_that_does_not_hold_its_people_loses_a_line_that_it_counted(two, monkeypatch):
    """The control."""
    monkeypatch.setattr(orders, "hold_people", lambda order: None)
    order = VoucherOrder.objects.draft_of(two[0]).get()
    asked = archiving_of(two)
    with transaction.atomic():
        place_order.__wrapped__(**place_args(two[0]))
        someone_else(archive, **asked).result()
    assert counted(order) == (30000, 0)
