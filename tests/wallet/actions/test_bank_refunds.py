"""Refunds to families by bank transfer: taken once, given to the bank once, restored once."""

from datetime import date

import pytest
import time_machine
from lxml import etree

from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.factories.accounts import ManagerFactory, UserFactory
from tests.factories.sepa import IBAN, OTHER_IBAN, creditor, refund, refund_file
from tests.factories.wallet import balance_of, family_with, parent_with, spend, wallet_with
from wallet import checks
from wallet.actions import set_floor
from wallet.actions.bank_refunds import (
    AlreadyBack,
    NothingToSend,
    RefundRefused,
    UnknownCode,
    make_refund_file,
    refund_to_bank,
    reject_refund,
)
from wallet.gateways.sepa_files import CreditorMissing, SepaFileInvalid
from wallet.models import BankRefund, BankRefundBatch, Operation

pytestmark = pytest.mark.django_db
NS = {"x": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def found(file, path):
    return [each.text for each in etree.fromstring(bytes(file)).iterfind(f".//x:{path.replace('/', '/x:')}", NS)]


def reject(it, code="AC04", agent=None, key=None):
    agent = agent or ManagerFactory()
    key = key or make_key(agent.owner, f"reject-refund:{it.pk}")
    return reject_refund(agent=agent, refund=it, code=code, key=key)


def test_a_refund_leaves_the_wallet_at_once_and_the_family_is_told():
    user, wallet = parent_with(5000)
    agent = ManagerFactory()
    it = refund(wallet, 2000, agent, iban="FR14 2004 1010 0505 0001 3M02 606")
    assert (it.status, it.cents, it.iban, it.by) == ("ready", 2000, IBAN, agent)
    assert it.end_to_end == f"RMB-{wallet.family.reference}-{wallet.purse_id}-1"
    transfer = it.operation.transfers.get()
    assert (it.operation.kind, it.operation.label) == ("bank_refund", "Remboursement par virement (FR14 •••• 2606)")
    assert (transfer.target.kind, transfer.reference) == ("bank_transfer", f"bank-refund:{it.end_to_end}")
    assert balance_of(wallet) == 3000
    email = OutgoingEmail.objects.get()
    subject, text, _ = mailing.render(email)
    assert (email.to, subject) == (user.email, "Nous vous remboursons 20,00 €")
    assert "sur le compte FR14 •••• 2606 de Zoé Lefèvre" in text
    assert "votre nouveau solde est de 30,00\u00a0€" in text
    assert list(checks.differences()) == []


def test_a_second_click_refunds_once():
    _, wallet = parent_with(5000)
    agent = ManagerFactory()
    key = make_key(agent.owner, f"bank-refund:{wallet.pk}")
    asked = {"agent": agent, "wallet": wallet, "cents": 2000, "iban": IBAN, "holder": "Zoé", "reason": "Départ"}
    assert refund_to_bank(**asked, key=key) == refund_to_bank(**asked, key=key)
    assert balance_of(wallet) == 3000


def test_each_refund_of_a_wallet_has_its_own_reference():
    wallet = wallet_with(5000, family_with(UserFactory()))
    assert [refund(wallet, 100).end_to_end[-2:] for _ in range(3)] == ["-1", "-2", "-3"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cents": 0}, "Le montant doit être supérieur à zéro."),
        ({"cents": -100}, "Le montant doit être supérieur à zéro."),
        ({"cents": 5001}, "Le porte-monnaie ne contient que 50,00\u00a0€."),
        ({"iban": "FR1420041010050500013M02607"}, "Cet IBAN n’est pas valable"),
        ({"iban": "BR1800360305000010009795493C1"}, "Ce compte (BR) est hors de la zone SEPA"),
        ({"iban": ""}, "Cet IBAN n’est pas valable"),
        ({"bic": "PSST"}, "Ce BIC n’est pas valable"),
        ({"holder": " "}, "Indiquez le titulaire du compte."),
        ({"reason": " "}, "Indiquez le motif"),
    ],
)
def test_a_wrong_refund_is_refused_in_french_and_moves_nothing(changes, sentence):
    wallet = wallet_with(5000, family_with(UserFactory()))
    with pytest.raises(RefundRefused) as refused:
        refund(wallet, **changes)
    assert [each[: len(sentence)] for each in refused.value.sentences] == [sentence]
    assert (balance_of(wallet), BankRefund.objects.count()) == (5000, 0)


def test_all_reasons_are_told_at_once():
    with pytest.raises(RefundRefused) as refused:
        refund(wallet_with(100, family_with()), 0, iban="x", bic="x", holder="", reason="")
    assert len(refused.value.sentences) == 5


def test_what_may_be_borrowed_is_not_refunded():
    """The floor lets families book below zero; it is no money of theirs."""
    wallet = wallet_with(1000, family_with())
    set_floor(wallet.purse, -5000)
    with pytest.raises(RefundRefused):
        refund(wallet, 1001)
    refund(wallet, 1000)
    assert balance_of(wallet) == 0


def test_a_key_made_for_another_wallet_refunds_nothing():
    wallet, agent = wallet_with(1000, family_with()), ManagerFactory()
    with pytest.raises(StalePage):
        refund_to_bank(
            agent=agent, wallet=wallet, cents=1, iban=IBAN, holder="x", reason="x", key=make_key(agent.owner, "x")
        )


def test_the_file_holds_all_that_waits_once():
    creditor()
    one, two = (wallet_with(5000, family_with(name=name)) for name in ("Dupont", "Martin"))
    refunds = [refund(one, 2000), refund(two, 305, iban=OTHER_IBAN, holder="Élodie O’Brien & fils", bic="COBADEFFXXX")]
    with time_machine.travel("2026-12-23 09:00+01:00", tick=True):
        batch = refund_file()
        with pytest.raises(NothingToSend):
            refund_file()
    assert batch.executed_on == date(2026, 12, 28)
    assert found(batch.file, "GrpHdr/MsgId") == [batch.message]
    assert found(batch.file, "PmtInf/PmtInfId") == [f"{batch.message}-1"]
    assert found(batch.file, "GrpHdr/CtrlSum") == ["23.05"]
    assert found(batch.file, "ReqdExctnDt/Dt") == ["2026-12-28"]
    assert found(batch.file, "Dbtr/Nm") == ["Communaute de communes de la Dombes"]
    assert found(batch.file, "DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]
    assert found(batch.file, "Cdtr/Nm") == ["Zoe Lefevre", "Elodie O'Brien fils"]
    assert found(batch.file, "CdtrAcct/Id/IBAN") == [IBAN, OTHER_IBAN]
    assert found(batch.file, "EndToEndId") == [each.end_to_end for each in refunds]
    assert found(batch.file, "InstdAmt") == ["20.00", "3.05"]
    assert list(BankRefund.objects.values_list("status", "batch")) == [("sent", batch.pk)] * 2
    assert list(checks.differences()) == []


def test_a_second_click_makes_one_file():
    creditor()
    refund(wallet_with(5000, family_with()))
    agent = ManagerFactory()
    key = make_key(agent.owner, "refund-file")
    assert make_refund_file(agent=agent, key=key) == make_refund_file(agent=agent, key=key)
    assert BankRefundBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "refusal"), [({"creditor_iban": ""}, CreditorMissing), ({"creditor_bic": "zz"}, SepaFileInvalid)]
)
def test_without_a_sound_account_of_the_authority_nothing_leaves(changes, refusal):
    creditor(**changes)
    it = refund(wallet_with(5000, family_with()))
    with pytest.raises(refusal):
        refund_file()
    it.refresh_from_db()
    assert (it.status, BankRefundBatch.objects.count()) == ("ready", 0)


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_refund_that_comes_back_is_in_the_wallet_again_once(is_sent):
    creditor()
    _, wallet = parent_with(5000)
    it, agent = refund(wallet, 2000), ManagerFactory()
    if is_sent:
        refund_file()
    it = reject(it, "AC04", agent)
    assert (it.status, it.rejection.kind, it.rejection.actor) == ("rejected", "reversal", agent)
    assert it.rejection.label == "Virement non abouti (AC04 – Compte clôturé)"
    assert balance_of(wallet) == 5000
    with pytest.raises(AlreadyBack):
        reject(it)
    subject, text, _ = mailing.render(OutgoingEmail.objects.get(template="wallet/bank_refund_rejected"))
    assert subject == "Votre remboursement de 20,00 € n’a pas abouti"
    assert "n’a pas eu lieu\u00a0: le compte est clôturé.\nLa somme est revenue" in text
    assert list(checks.differences()) == []


def test_a_refund_withdrawn_before_the_file_is_not_in_it():
    creditor()
    wallet = wallet_with(5000, family_with())
    withdrawn, kept = refund(wallet, 2000), refund(wallet, 100)
    reject(withdrawn, "DS02")
    assert found(refund_file().file, "EndToEndId") == [kept.end_to_end]


def test_a_second_click_restores_once():
    it, agent = refund(wallet_with(5000, family_with())), ManagerFactory()
    key = make_key(agent.owner, f"reject-refund:{it.pk}")
    assert reject(it, agent=agent, key=key) == reject(it, agent=agent, key=key)
    assert Operation.objects.filter(kind="reversal").count() == 1


def test_a_refund_comes_back_with_one_of_its_codes():
    it = refund(wallet_with(5000, family_with()))
    with pytest.raises(UnknownCode):
        reject(it, "MD06")
    assert balance_of(it.wallet) == 3000


def test_what_is_spent_meanwhile_is_not_refunded():
    wallet = wallet_with(1000, family_with())
    spend(wallet, 600)
    with pytest.raises(RefundRefused):
        refund(wallet, 500)


def test_what_has_no_letter_is_named_by_its_reference():
    creditor()
    it = refund(wallet_with(5000, family_with()), 100, holder="😀", reason="😀")
    batch = refund_file()
    assert found(batch.file, "Cdtr/Nm") == found(batch.file, "RmtInf/Ustrd") == [it.end_to_end]
