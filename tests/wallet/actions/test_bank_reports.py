"""What the bank answers (pain.002): read safely, shown, applied once."""

import pytest
import time_machine

from common.writing.once import make_key
from tests.factories.accounts import ManagerFactory
from tests.factories.sepa import (
    ANNOUNCED,
    COLLECTED,
    creditor,
    debtor,
    refund,
    refund_file,
    report,
    said,
    with_file,
)
from tests.factories.wallet import balance_of, family_with, wallet_with
from wallet import checks
from wallet.actions.bank_reports import FOREIGN, NOTHING, apply_report, preview_report
from wallet.actions.debits import announce_debits, settle_debits
from wallet.gateways.sepa_files import MAX_REPORT, NotAReport, ReportTooBig
from wallet.models import DirectDebit, DirectDebitRun, Operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Three families' debits of 1, 2 and 3 €, given to the bank and credited."""
    with time_machine.travel("2026-11-23 02:10+01:00", tick=True):
        creditor()
        for cents in (100, 200, 300):
            debtor(cents)
        announce_debits(ANNOUNCED)
        run = with_file(DirectDebitRun.objects.get())
        settle_debits(COLLECTED)
        yield run


def names(run):
    return list(run.debits.order_by("pk").values_list("end_to_end", flat=True))


def apply(codes, agent=None, key=None):
    agent = agent or ManagerFactory()
    return apply_report(agent=agent, codes=codes, key=key or make_key(agent.owner, "bank-report"))


def outcomes(preview):
    return [(line.reference, line.outcome) for line in preview.lines]


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_each_line_says_what_it_will_change(run, version):
    one, two, three = names(run)
    data = report(
        run.message, said(one), said(two, "ACSP", ""), said("AUTRE-1"), said(three, code="AC04"), version=version
    )
    preview = preview_report(data)
    assert outcomes(preview) == [
        (one, "Sera rejeté : AM04 – Provision insuffisante"),
        (two, "Accepté par la banque : rien ne change."),
        ("AUTRE-1", "Ignoré : cette référence n’est pas du portail."),
        (three, "Sera rejeté : AC04 – Compte clôturé"),
    ]
    family = DirectDebit.objects.get(end_to_end=one).wallet.family
    assert preview.lines[0].what == f"Prélèvement de 1,00\u00a0€, {family.name} ({family.reference})"
    assert (preview.codes, preview.remark) == ({one: "AM04", three: "AC04"}, "")
    assert Operation.objects.filter(kind="debit_reject").count() == 0


def test_what_was_shown_is_applied_once_and_the_file_says_nothing_new_then(run):
    one, _, three = names(run)
    data = report(run.message, said(one), said(three, code="MD06"))
    agent = ManagerFactory()
    key, codes = make_key(agent.owner, "bank-report"), preview_report(data).codes
    assert [apply(codes, agent, key), apply(codes, agent, key)] == [2, 2]
    assert list(run.debits.order_by("pk").values_list("status", "reject_code")) == [
        ("rejected", "AM04"),
        ("settled", ""),
        ("rejected", "MD06"),
    ]
    again = preview_report(data)
    assert (again.codes, again.remark) == ({}, NOTHING)
    assert outcomes(again)[0] == (one, "Déjà rejeté : rien ne change.")
    assert apply(codes) == 0
    assert [balance_of(each.wallet) for each in run.debits.order_by("pk")] == [-100, 0, -300]
    assert list(checks.differences()) == []


def test_a_file_rejected_as_a_whole_rejects_all_its_payments(run):
    group = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"
    preview = preview_report(report(run.message, group=group))
    assert preview.codes == dict.fromkeys(names(run), "FF01")
    assert preview.lines[0].outcome == "Sera rejeté : FF01 – Motif technique"
    assert apply(preview.codes) == 3


def test_a_block_rejected_as_a_whole_rejects_its_payments_only(run):
    DirectDebit.objects.filter(end_to_end=names(run)[1]).update(sequence="RCUR")
    block = "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Prtry>X</Prtry></Rsn></StsRsnInf>"
    preview = preview_report(report(run.message, block=block))
    assert preview.codes == {names(run)[0]: "MS03", names(run)[2]: "MS03"}


def test_the_lines_of_a_rejected_block_are_rejected_unless_they_say_otherwise(run):
    block = "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>AG01</Cd></Rsn></StsRsnInf>"
    one, two, three = names(run)
    bare = f"<TxInfAndSts><OrgnlEndToEndId>{one}</OrgnlEndToEndId></TxInfAndSts>"
    preview = preview_report(report(run.message, bare, said(two, "ACCP", ""), block=block))
    assert preview.codes == {one: "AG01", three: "MS03"}  # what is said of a block is not about each family's account
    assert [note for note in preview.notes if f"donne {two} accepté dans un lot qu’elle rejette" in note]


def three_debits():
    """The file of 46,05 €, 32,00 € and 18,50 €, given to the bank and not collected yet."""
    creditor()
    for cents in (4605, 3200, 1850):
        debtor(cents)
    announce_debits(ANNOUNCED)
    return with_file(DirectDebitRun.objects.get())


WHOLES = [
    {"group": "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"},
    {"block": "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"},
    {"group": "<GrpSts>RJCT</GrpSts>", "block": "<PmtInfSts>RJCT</PmtInfSts>"},
]


@pytest.mark.parametrize("whole", WHOLES)
@time_machine.travel("2026-11-23 02:10+01:00", tick=True)
def test_what_is_rejected_as_a_whole_is_rejected_whatever_the_bank_details(whole):
    run = three_debits()
    one, two, three = names(run)
    preview = preview_report(report(run.message, said(one, code="AM04"), **whole))
    other = "FF01" if "FF01" in str(whole) else "MS03"
    assert preview.codes == {one: "AM04", two: other, three: other}
    assert ["3 paiements, 96,55\u00a0€, détaillés ou non" in note for note in preview.notes] == [True]
    assert DirectDebit.objects.filter(status="pending").count() == 3  # the preview writes nothing
    agent = ManagerFactory()
    key = make_key(agent.owner, "bank-report")
    assert [apply(preview.codes, agent, key) for _ in range(2)] == [3, 3]
    settle_debits(COLLECTED)
    assert [balance_of(each.wallet) for each in run.debits.order_by("pk")] == [-4605, -3200, -1850]
    assert Operation.objects.filter(kind__in=("direct_debit", "debit_reject")).count() == 0
    assert list(checks.differences()) == []


@pytest.mark.parametrize("part", [{}, {"group": "", "block": "<PmtInfSts>PART</PmtInfSts>"}])
@time_machine.travel("2026-11-23 02:10+01:00", tick=True)
def test_what_a_bank_accepts_in_part_without_saying_which_is_told_before_it_is_confirmed(part):
    run = three_debits()
    one, two, three = names(run)
    preview = preview_report(report(run.message, said(one), **part))
    assert preview.codes == {one: "AM04"}
    (note,) = preview.notes
    assert "détaille 1 paiement(s) sur 3. Les autres (2 paiements, 50,50\u00a0€) restent comme acceptés" in note
    every = report(run.message, said(one), said(two, "ACSP", ""), said(three, "ACSP", ""), **part)
    assert list(preview_report(every).notes) == []


def test_a_rejected_block_that_is_not_of_the_file_is_told_and_rejects_nothing(run):
    data = report(run.message, block="<PmtInfSts>RJCT</PmtInfSts>").replace(b"-FRST<", b"-AUTRE<")
    preview = preview_report(data)
    assert preview.codes == {}
    assert ["un lot que le portail n’a pas fait" in note for note in preview.notes] == [True, False]


def test_a_whole_rejection_ends_no_mandate(run):
    group = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf>"
    preview = preview_report(report(run.message, group=group))
    assert preview.codes == dict.fromkeys(names(run), "MS03")
    apply(preview.codes)
    assert {each.mandate.ended_at for each in run.debits.select_related("mandate")} == {None}


def test_a_code_that_is_none_of_iso_is_untold(run):
    one = names(run)[0]
    assert preview_report(report(run.message, said(one, code="<b/>"))).codes == {one: "MS03"}


def test_an_amount_that_is_not_ours_is_left_to_the_agent(run):
    one, two, _ = names(run)
    preview = preview_report(report(run.message, said(one, amount="12.5"), said(two, amount="2.00")))
    assert preview.codes == {two: "AM04"}
    assert preview.lines[0].outcome == "Ignoré : la banque parle de 12,50\u00a0€. Vérifiez avec elle."


def test_refunds_come_back_by_the_same_file():
    creditor()
    wallet = wallet_with(5000, family_with())
    it = refund(wallet, 2000)
    batch = refund_file()
    preview = preview_report(report(batch.message, said(it.end_to_end, code="AC01")))
    assert preview.lines[0].what.startswith("Remboursement par virement de 20,00\u00a0€, Dupont")
    assert apply(preview.codes) == 1
    assert balance_of(wallet) == 5000


def test_a_file_of_refunds_rejected_as_a_whole_restores_them():
    creditor()
    it = refund(wallet_with(5000, family_with()), 2000)
    batch = refund_file()
    assert preview_report(report(batch.message, group="<GrpSts>RJCT</GrpSts>")).codes == {it.end_to_end: "MS03"}


def test_refunds_come_back_all_when_their_block_is_rejected_and_one_is_detailed():
    creditor()
    refunds = [refund(wallet_with(5000, family_with()), cents) for cents in (2000, 1000)]
    batch = refund_file()
    data = report(batch.message, said(refunds[0].end_to_end, code="AC04"), block="<PmtInfSts>RJCT</PmtInfSts>")
    preview = preview_report(data.replace(b"-FRST<", b"-1<"))
    assert preview.codes == {refunds[0].end_to_end: "AC04", refunds[1].end_to_end: "MS03"}
    assert apply(preview.codes) == 2
    assert [balance_of(each.wallet) for each in refunds] == [5000, 5000]
    assert list(checks.differences()) == []


def test_an_accepted_file_has_nothing_to_do(run):
    assert preview_report(report(run.message, group="<GrpSts>ACCP</GrpSts>")).remark == NOTHING


def test_the_report_of_somebody_else_is_told(run):
    assert preview_report(report("AUTRE", said("AUTRE-1"))).remark == FOREIGN


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><GrpHdr><MsgId>&b;</MsgId></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>&b;</OrgnlMsgId></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"""
FILE = BOMB.replace(b'"ha"', b'SYSTEM "file:///etc/passwd"')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        b"Reference;Montant\n",
        b"<html/>",
        b"%PDF-1.7",
        "<é>".encode("latin-1"),
        b"<a>" * 300,
        b'<?xml version="1.0" encoding="none"?><a/>',
        BOMB,
        FILE,
        BOMB.decode().encode("utf-16"),
        report("M").replace(b"pain.002", b"pain.008"),
        report("M").replace(b"urn:iso:std:iso:20022:tech:xsd:", b"https://example.org/"),
        report("M").replace(b"CstmrPmtStsRpt", b"BkToCstmrStmt"),
        report("M").replace(b"<OrgnlMsgId>M</OrgnlMsgId>", b""),
    ],
    ids=range(15),
)
def test_anything_else_is_no_report(data):
    with pytest.raises(NotAReport):
        preview_report(data)


def test_a_report_is_not_endless():
    with pytest.raises(ReportTooBig):
        preview_report(b" " * (MAX_REPORT + 1))
