"""The night's files of transfers, and what the bank sends back."""

from datetime import date, timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone
from lxml import etree

from cesu.aid.actions import bank_reports, transfers
from cesu.aid.actions.transfers import (
    AlreadyBack,
    NotSent,
    NotTransferred,
    hand_over,
    handing_over,
    prepare_transfers,
    reject_by_hand,
    rejecting,
)
from cesu.models import AidAccount, AidPayment, AidTransferBatch, MonthlyRight
from cesu.rules.aid import executed_on
from common.models import OutgoingEmail
from common.writing.once import make_key
from tests.concurrency import own_pid, someone_else
from tests.factories.aid import (
    aid_account_of,
    aid_user,
    caregiver_with,
    funder_with,
    holder_with,
    left,
    payment_of,
    right_with,
)
from tests.factories.sepa import OUTSIDE, report, said
from wallet.actions import balance
from wallet.actions.bank_refunds import UnknownCode
from wallet.actions.wallets import open_ledger_account, system_account
from wallet.models import AccountKind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
SPACE = {"x": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def a_payment(minutes=120, *, funder=None, caregiver=None, complement=0, by=None, **month):
    """Two hours of a right of ten, paid."""
    funder = funder or funder_with()
    right = right_with(aid_account_of(holder_with(), funder), 600, **month)
    by = by or aid_user(right.aid_account.holder)
    return payment_of((right, minutes), caregiver=caregiver or caregiver_with(), by=by, complement=complement)


def agent_of(funder, **fields):
    user = aid_user(**fields)
    user.is_staff = True
    user.save()
    funder.staff.add(user)
    return user


def owed(caregiver) -> int:
    return balance(open_ledger_account(AccountKind.CAREGIVER, f"caregiver:{caregiver.pk}"))


def reject(payment, code="AC04", agent=None):
    agent = agent or agent_of(payment.aid_account.funder)
    key = make_key(agent.owner, rejecting(payment))
    return reject_by_hand(agent=agent, payment=payment, code=code, key=key)


@pytest.mark.seed("S1-6", "S1-7")
def test_the_night_s_file_names_each_payee_with_the_exact_amount_and_day(settings):
    today = timezone.localdate()
    caregiver = caregiver_with(account_holder="Mme Fatima BESSON-DUPRÉ")
    payment = a_payment(caregiver=caregiver)
    assert prepare_transfers(today) == {"files": 1, "transfers": 1}
    batch = AidTransferBatch.objects.get()
    payment.refresh_from_db()
    assert (payment.status, payment.batch, payment.iban) == ("sent", batch, caregiver.iban)
    root = etree.fromstring(bytes(batch.file))
    texts = [
        root.findtext(f".//x:{path}", namespaces=SPACE)
        for path in (
            "GrpHdr/x:MsgId",
            "PmtInf/x:ReqdExctnDt/x:Dt",
            "PmtInf/x:Dbtr/x:Nm",
            "PmtInf/x:DbtrAcct/x:Id/x:IBAN",
            "CdtTrfTxInf/x:Cdtr/x:Nm",
            "CdtTrfTxInf/x:CdtrAcct/x:Id/x:IBAN",
            "CdtTrfTxInf/x:Amt/x:InstdAmt",
            "CdtTrfTxInf/x:PmtId/x:EndToEndId",
            "CdtTrfTxInf/x:RmtInf/x:Ustrd",
        )
    ]
    funder = payment.aid_account.funder
    assert texts == [
        batch.message,
        f"{executed_on(today):%Y-%m-%d}",
        "DEPARTEMENT DE LA HAUTE-GARONNE",
        funder.iban,
        "Mme Fatima BESSON-DUPRE",
        caregiver.iban,
        f"{payment.cents / 100:.2f}",
        f"AIDE-{payment.pk}",
        "Lacoste Odette, 2 h 00",
    ]
    assert batch.executed_on <= payment.credited_by
    assert owed(caregiver) == 0
    assert balance(system_account(AccountKind.BANK_TRANSFER)) == payment.cents


def test_a_second_run_sends_nothing_twice_and_each_payer_has_its_file():
    one, two = a_payment(), a_payment(complement=50_00)
    today = timezone.localdate()
    assert prepare_transfers(today) == {"files": 2, "transfers": 2}
    assert prepare_transfers(today) == {"files": 0, "transfers": 0}
    later = a_payment(funder=one.aid_account.funder)
    assert prepare_transfers(today) == {"files": 1, "transfers": 1}
    messages = AidTransferBatch.objects.filter(funder=one.aid_account.funder).order_by("pk")
    assert [each.message[-2:] for each in messages] == ["-1", "-2"]
    assert AidPayment.objects.get(pk=later.pk).batch == messages[1]
    assert AidTransferBatch.objects.get(funder=two.aid_account.funder).cents == two.cents + 50_00


def test_a_funder_without_a_bank_account_stops_no_other():
    poor, rich = a_payment(funder=funder_with(iban="")), a_payment()
    with pytest.raises(NotTransferred, match="indiquez le titulaire et l’IBAN"):
        prepare_transfers(timezone.localdate())
    assert [AidPayment.objects.get(pk=each.pk).status for each in (poor, rich)] == ["confirmed", "sent"]


def test_what_the_bank_would_refuse_waits_and_stops_no_other():
    bad = a_payment(caregiver=caregiver_with(iban="FR00"))
    good = a_payment()
    with pytest.raises(NotTransferred, match="La banque refuserait ce fichier"):
        prepare_transfers(timezone.localdate())
    assert [AidPayment.objects.get(pk=each.pk).status for each in (bad, good)] == ["confirmed", "sent"]
    assert AidTransferBatch.objects.count() == 1


def test_an_account_outside_sepa_of_other_times_is_in_no_file_and_told_by_name():
    lost = a_payment(caregiver=caregiver_with(iban=OUTSIDE[0]))
    good = a_payment(funder=lost.aid_account.funder)
    with pytest.raises(
        NotTransferred, match=rf"Paiement n° {lost.pk} attend, le compte de .+ est hors de la zone SEPA"
    ):
        prepare_transfers(timezone.localdate())
    assert [AidPayment.objects.get(pk=each.pk).status for each in (lost, good)] == ["confirmed", "sent"]
    assert OUTSIDE[0] not in bytes(AidTransferBatch.objects.get().file).decode()


def test_an_agent_notes_once_that_the_file_is_at_the_bank():
    payment = a_payment()
    prepare_transfers(timezone.localdate())
    agent, batch = agent_of(payment.aid_account.funder), AidTransferBatch.objects.defer("file").get()
    key = make_key(agent.owner, handing_over(batch))
    hand_over(agent=agent, batch=batch, key=key)
    first = AidTransferBatch.objects.get().handed_over_at
    hand_over(agent=agent, batch=batch, key=key)
    assert (AidTransferBatch.objects.get().handed_over_at, AidTransferBatch.objects.get().handed_over_by) == (
        first,
        agent,
    )


# --- Rejects ------------------------------------------------------------------------------------------------------------
def test_a_rejected_transfer_gives_the_hours_back_once_and_tells_the_person(mailoutbox):
    payment = a_payment()
    right = payment.lines.get().right
    prepare_transfers(timezone.localdate())
    agent = agent_of(payment.aid_account.funder)
    key = make_key(agent.owner, rejecting(payment))
    for _ in range(2):
        reject_by_hand(agent=agent, payment=payment, code="AC04", key=key)
    assert left(right) == (600, right.granted_cents)
    assert (owed(payment.caregiver), balance(system_account(AccountKind.BANK_TRANSFER))) == (0, 0)
    with pytest.raises(AlreadyBack):
        reject(payment, agent=agent)
    email = OutgoingEmail.objects.get(template="aid/transfer_rejected")
    assert (email.to, email.context["hours"], email.context["words"]) == (
        payment.by.aid_login.email,
        "2 h 00",
        "Compte clôturé",
    )


def test_who_helps_and_the_beneficiary_both_read_of_a_reject():
    holder = holder_with()
    right = right_with(aid_account_of(holder, funder_with()), 600)
    owner, helper = aid_user(holder), aid_user(holder, role="3")
    payment = payment_of((right, 60), caregiver=caregiver_with(), by=helper)
    prepare_transfers(timezone.localdate())
    reject(payment)
    told = OutgoingEmail.objects.filter(template="aid/transfer_rejected").values_list("to", flat=True)
    assert sorted(told) == sorted([owner.aid_login.email, helper.aid_login.email])


def test_what_has_not_left_or_for_no_known_reason_is_not_rejected():
    payment = a_payment()
    with pytest.raises(NotSent):
        reject(payment)
    prepare_transfers(timezone.localdate())
    with pytest.raises(UnknownCode):
        reject(payment, code="XXXX")
    assert AidPayment.objects.get().status == "sent"


def test_a_right_that_expired_meanwhile_is_open_again_for_the_funder_s_days():
    payment = a_payment(month=date(2026, 1, 1))
    prepare_transfers(timezone.localdate())
    reject(payment)
    right = MonthlyRight.objects.get()
    assert right.reopened_until == timezone.localdate() + timedelta(payment.aid_account.funder.reopening_days)


def test_the_card_money_of_a_rejected_payment_goes_back_to_the_card(stripe_double):
    payment = a_payment(complement=50_00)
    prepare_transfers(timezone.localdate())
    with transaction.atomic():
        transfers.reject(None, {payment.pk: "AC04"})
    hold = open_ledger_account(AccountKind.HOLD, f"aid:{payment.reference}")
    assert balance(hold) == 50_70
    refund_in_full = transfers.card_returns._owe_in_full
    refund = refund_in_full(payment.card_payment_id, "Rejeté")
    assert (refund.cents, balance(hold), refund.by) == (50_70, 0, None)
    assert refund_in_full(payment.card_payment_id, "Rejeté") is None


@pytest.mark.django_db(transaction=True)
def test_two_agents_at_once_restore_a_payment_once():
    payment = a_payment()
    prepare_transfers(timezone.localdate())
    with transaction.atomic():
        transfers.reject(None, {payment.pk: "AC04"})
        rival = someone_else(reject, payment)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(AlreadyBack):
        rival.result()
    assert left(payment.lines.get().right)[0] == 600


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_send_a_payment_once():
    payment = a_payment()
    rivals = [someone_else(partial(prepare_transfers, timezone.localdate())) for _ in range(2)]
    assert sum(rival.result()["transfers"] for rival in rivals) == 1
    assert AidTransferBatch.objects.get() == AidPayment.objects.get(pk=payment.pk).batch


# --- The bank's report --------------------------------------------------------------------------------------------------
def test_the_bank_s_report_is_shown_then_applied_once_to_the_agent_s_own_files():
    funder = funder_with()
    payments = [a_payment(funder=funder) for _ in range(3)]
    prepare_transfers(timezone.localdate())
    batch, agent = AidTransferBatch.objects.get(), agent_of(funder)
    data = report(batch.message, said(payments[0].end_to_end, code="AC04"), said("AIDE-999999"))
    preview = bank_reports.preview_report(agent, data)
    assert preview.codes == {payments[0].end_to_end: "AC04"}
    assert [line.outcome for line in preview.lines] == [
        "Sera rejeté : AC04 – Compte clôturé",
        "Ignoré : cette référence n’est pas de ce fichier.",
    ]
    key = make_key(agent.owner, bank_reports.PURPOSE)
    for _ in range(2):
        assert bank_reports.apply_report(agent=agent, codes=preview.codes, key=key) == 1
    assert [AidPayment.objects.get(pk=each.pk).status for each in payments] == ["rejected", "sent", "sent"]
    assert bank_reports.preview_report(agent, data).remark == bank_reports.NOTHING


def test_a_file_rejected_as_a_whole_brings_all_its_payments_back():
    funder = funder_with()
    payments = [a_payment(funder=funder) for _ in range(2)]
    prepare_transfers(timezone.localdate())
    group = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>"
    data = report(AidTransferBatch.objects.get().message, group=group)
    preview = bank_reports.preview_report(agent_of(funder), data)
    assert preview.codes == {each.end_to_end: "AM04" for each in payments}


@pytest.mark.parametrize("whole", [{"group": "<GrpSts>RJCT</GrpSts>"}, {"block": "<PmtInfSts>RJCT</PmtInfSts>"}])
def test_a_file_rejected_as_a_whole_that_details_one_payment_brings_all_back(whole, exact_books):
    funder = funder_with()
    payments = [a_payment(funder=funder) for _ in range(3)]
    prepare_transfers(timezone.localdate())
    agent, message = agent_of(funder), AidTransferBatch.objects.get().message
    data = report(message, said(payments[0].end_to_end, code="AC04"), **whole).replace(b"-FRST<", b"-1<")
    preview = bank_reports.preview_report(agent, data)
    first, *others = (each.end_to_end for each in payments)
    assert preview.codes == {first: "AC04"} | dict.fromkeys(others, "MS03")
    assert "3 paiements" in preview.notes[0]
    key = make_key(agent.owner, bank_reports.PURPOSE)
    assert bank_reports.apply_report(agent=agent, codes=preview.codes, key=key) == 3
    assert {AidPayment.objects.get(pk=each.pk).status for each in payments} == {"rejected"}


def test_another_funder_s_file_is_foreign():
    payment = a_payment()
    prepare_transfers(timezone.localdate())
    stranger = agent_of(funder_with())
    data = report(AidTransferBatch.objects.get().message, said(payment.end_to_end, code="AC04"))
    assert bank_reports.preview_report(stranger, data).remark == bank_reports.FOREIGN
    key = make_key(stranger.owner, bank_reports.PURPOSE)
    assert bank_reports.apply_report(agent=stranger, codes={payment.end_to_end: "AC04"}, key=key) == 0


def test_nobody_writes_of_a_reject_to_who_died():
    payment = a_payment(by=aid_user(role="3"))
    own = aid_user(payment.aid_account.holder)
    prepare_transfers(timezone.localdate())
    today = timezone.localdate()
    AidAccount.objects.update(ended_on=today, closes_on=today + timedelta(60), end_reason=AidAccount.End.DEATH)
    reject(payment)
    told = list(OutgoingEmail.objects.filter(template="aid/transfer_rejected").values_list("to", flat=True))
    assert told == [payment.by.aid_login.email] != [own.aid_login.email]
