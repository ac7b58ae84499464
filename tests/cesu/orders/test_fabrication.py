"""Orders are debited and made: each title once, whatever dies on the way."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from cesu.models import MonthlyRight, Voucher, VoucherOrder
from cesu.orders.actions import fabrication
from cesu.orders.actions.dispatch import (
    BeingPaid,
    NotMadeYet,
    ReasonMissing,
    cancel_order,
    deciding,
    deliver_order,
    ship_order,
)
from cesu.orders.actions.fabrication import make, make_due, start_order
from cesu.rules.vouchers import ends_on, tier_of, vintage_of, vintage_of_number
from common.models import OutgoingEmail
from common.writing.once import make_key
from common.writing.states import WrongState
from tests.factories.accounts import ManagerFactory
from tests.factories.cesu import beneficiary_of, employer_with, manager_of, pay_in, placed, status
from wallet.actions import balance

PARIS = ZoneInfo("Europe/Paris")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]


def made(*lines, **fields):
    """An order that was paid and made."""
    employer = employer_with(10**9)
    order = placed(employer, *lines, **fields)
    assert make_due() == {"started": 1, "made": 1}
    return VoucherOrder.objects.get(pk=order.pk)


def test_the_vintage_is_the_next_year_s_from_december_on():
    assert [vintage_of(day) for day in (date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 1))] == [2026, 2027, 2027]
    assert ends_on(2026) == date(2027, 1, 31)
    assert [tier_of(days) for days in (61, 60, 31, 30, 8, 7, 0, -1)] == [None, 60, 60, 30, 30, 7, 7, None]


def test_fabrication_waits_for_the_money_of_an_employer_without_credit():
    employer = employer_with()
    order = placed(employer)
    pay_in(employer, order.total_cents - 1)
    assert make_due() == {"started": 0, "made": 0}
    assert status(order) == "taken"
    pay_in(employer, 1)
    assert make_due() == {"started": 1, "made": 1}
    assert status(order) == "making"
    assert balance(employer.account) == 0


def test_an_order_that_cannot_be_paid_does_not_hold_up_a_smaller_one():
    employer = employer_with()
    large, small = placed(employer, {"booklets": 50}), placed(employer)
    pay_in(employer, small.total_cents)
    assert make_due() == {"started": 1, "made": 1}
    assert (status(large), status(small)) == ("taken", "making")


def test_a_contract_may_allow_an_order_before_it_is_paid():
    order = made()
    assert balance(order.employer.account) == -order.total_cents


def test_each_title_has_its_number_and_booklets_run_on():
    order = made({"booklets": 2, "vouchers": 3}, {"booklets": 1, "vouchers": 2})
    titles = list(Voucher.objects.values_list("number", "line", "booklet"))
    first, second = order.lines.order_by("pk").values_list("pk", flat=True)
    start = titles[0][0]
    assert titles == [
        *((start + n, first, 1) for n in range(3)),
        *((start + 3 + n, first, 2) for n in range(3)),
        *((start + 6 + n, second, 1) for n in range(2)),
    ]
    assert {vintage_of_number(number) for number, _, _ in titles} == {vintage_of(timezone.localdate())}


def test_the_printer_gets_a_line_for_each_booklet():
    employer = employer_with(10**9)
    lea = beneficiary_of(employer, 'O"Neil', "Léa", employee_number="A7", delivery_point="Mairie")
    placed(employer, {"beneficiary": lea, "booklets": 2, "vouchers": 10, "face_cents": 1550})
    make_due()
    order = VoucherOrder.objects.get()
    header, *lines = bytes(order.fabrication.file).decode().splitlines()
    first = Voucher.objects.earliest("number").number
    end = f"{ends_on(vintage_of(timezone.localdate())):%d/%m/%Y}"
    assert header.split(";")[:4] == ["carnet", "premier titre", "dernier titre", "valeur faciale"]
    assert lines == [
        f'{n};{first + 10 * n - 10};{first + 10 * n - 1};15,50;all;"O""Neil";"Léa";"A7";"Mairie";{end}' for n in (1, 2)
    ]


@pytest.mark.seed("S0-3", "S0-72")
def test_the_manager_is_told_that_the_order_is_made_and_when_it_arrives():
    order = made()
    letter = OutgoingEmail.objects.get(template="cesu/order_made")
    assert letter.to == order.by.manager.email
    assert letter.context["number"] == order.number
    assert letter.context["delivery"]


def test_e_cesu_go_to_the_holder_s_right_and_the_holder_is_told():
    employer = employer_with(10**9)
    holder = beneficiary_of(employer, form="e", form_chosen_on=date(2026, 1, 5), email="lea@example.org")
    line = {"beneficiary": holder, "form": "e", "booklets": 1, "vouchers": 10}
    orders = [placed(employer, line), placed(employer, line, {})]
    assert make_due() == {"started": 2, "made": 2}
    right = MonthlyRight.objects.get()
    assert (right.aid_account.holder, balance(right.account)) == (holder.holder, 30000)
    assert [status(order) for order in orders] == ["delivered", "making"]  # nothing of the first travels
    assert [each.context["amount"] for each in OutgoingEmail.objects.filter(to="lea@example.org")] == [
        "150,00\u00a0€"
    ] * 2


# --- The day of delivery ------------------------------------------------------------------------------------------------
def late_order(employer, chosen=date(2026, 11, 25)):
    """An order of 16 November for Wednesday 25, by a transport of 4 business days, that nobody has paid."""
    with time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=PARIS)):
        return placed(employer, by=manager_of(employer), delivery_on=chosen)


def test_money_that_comes_too_late_puts_the_delivery_off_and_the_new_day_is_told_everywhere(client):
    employer = employer_with()
    order = late_order(employer)
    client.force_login(order.by)
    with time_machine.travel(datetime(2026, 12, 1, 10, tzinfo=PARIS)):
        waiting = client.get(f"/cesu/commandes/{order.number}/").content.decode()
        assert "lundi 7 décembre au plus tôt" in waiting
        assert "la date choisie, mercredi 25 novembre, ne peut plus être tenue" in waiting
        assert "pas avant le 07-12-2026" in client.get("/cesu/commandes/").content.decode()
        pay_in(employer, order.total_cents)
        assert make_due() == {"started": 1, "made": 1}
        order.refresh_from_db()
        assert (order.delivery_on, order.delivery_chosen_on) == (date(2026, 12, 7), date(2026, 11, 25))
        told = OutgoingEmail.objects.get(template="cesu/order_made").context
        assert (told["delivery"], told["chosen"]) == ("lundi 7 décembre", "mercredi 25 novembre")
        page = client.get(f"/cesu/commandes/{order.number}/").content.decode()
        assert "lundi 7 décembre, au lieu de mercredi 25 novembre" in page
        assert "07-12-2026" in client.get("/cesu/commandes/historique/").content.decode()


def test_money_that_comes_in_time_keeps_the_day_chosen():
    employer = employer_with()
    order = late_order(employer)
    with time_machine.travel(datetime(2026, 11, 19, 10, tzinfo=PARIS)):  # Friday, Monday, Tuesday, Wednesday
        pay_in(employer, order.total_cents)
        make_due()
    order.refresh_from_db()
    assert (order.delivery_on, order.delivery_chosen_on) == (date(2026, 11, 25), None)


def test_a_parcel_that_leaves_after_its_day_is_announced_for_a_day_to_come():
    employer = employer_with(10**9)
    order = late_order(employer)
    with time_machine.travel(datetime(2026, 11, 17, 10, tzinfo=PARIS)):
        make_due()
    with time_machine.travel(datetime(2026, 11, 26, 10, tzinfo=PARIS)):
        decide(ship_order, order, "ship", tracking="6A1")
    told = OutgoingEmail.objects.get(template="cesu/order_shipped").context
    assert (told["delivery"], told["chosen"]) == ("mercredi 2 décembre", "mercredi 25 novembre")


def test_a_second_run_changes_nothing():
    order = made()
    assert make_due() == {"started": 0, "made": 0}
    assert not start_order(order.pk)
    assert not make(order.pk)
    assert Voucher.objects.count() == 20
    assert OutgoingEmail.objects.filter(template="cesu/order_made").count() == 1


def test_a_large_order_is_made_in_several_transactions(monkeypatch):
    monkeypatch.setattr(fabrication, "CHUNK", 5)
    monkeypatch.setattr(fabrication, "LINES", 2)
    made(*({"booklets": 1, "vouchers": 4} for _ in range(5)))
    assert Voucher.objects.count() == 20
    numbers = list(Voucher.objects.values_list("number", flat=True))
    assert numbers == list(range(numbers[0], numbers[0] + 20))


# --- The staff's decisions ----------------------------------------------------------------------------------------------
def decide(action, order, what, **fields):
    agent = ManagerFactory()
    key = make_key(agent.owner, deciding(order, what))
    action(agent=agent, order=order, key=key, **fields)
    action(agent=agent, order=order, key=key, **fields)  # a second click


def test_an_order_is_shipped_then_delivered_and_the_manager_told_once():
    order = made()
    decide(ship_order, order, "ship", tracking="6A123")
    assert OutgoingEmail.objects.get(template="cesu/order_shipped").context["tracking"] == "6A123"
    decide(deliver_order, order, "deliver")
    assert status(order) == "delivered"
    with pytest.raises(WrongState):
        decide(deliver_order, order, "deliver")


def test_nothing_is_shipped_before_it_is_made():
    employer = employer_with(10**9)
    order = placed(employer)
    start_order(order.pk)
    with pytest.raises(NotMadeYet):
        decide(ship_order, order, "ship", tracking="")
    make_due()


def test_a_cancelled_order_has_its_credit_note_and_is_never_made():
    employer = employer_with()
    order = placed(employer)
    with pytest.raises(ReasonMissing):
        decide(cancel_order, order, "cancel", reason=" ")
    decide(cancel_order, order, "cancel", reason="Demande de l’employeur")
    assert order.invoice.credit_note.cents == order.total_cents
    assert OutgoingEmail.objects.get(template="cesu/order_cancelled").context["reason"] == "Demande de l’employeur"
    pay_in(employer, order.total_cents)
    assert make_due() == {"started": 0, "made": 0}
    with pytest.raises(WrongState):
        decide(cancel_order, order, "cancel", reason="Encore")


def test_an_order_being_made_is_not_cancelled():
    with pytest.raises(WrongState):
        decide(cancel_order, made(), "cancel", reason="Trop tard")


def test_an_order_being_paid_by_card_is_not_cancelled(stripe_double):
    from cesu.orders.actions.payments import pay_by_card, paying

    employer = employer_with()
    user = manager_of(employer)
    order = placed(employer, by=user)
    pay_by_card(user=user, order=order, key=make_key(user.owner, paying(order)))
    with pytest.raises(BeingPaid):
        decide(cancel_order, order, "cancel", reason="Erreur")
