"""Monthly direct debits: announced, given to the bank, credited, sent back."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import etree

from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import SepaMandate
from portal import tasks
from tests.factories.accounts import ManagerFactory
from tests.factories.sepa import (
    ANNOUNCED,
    COLLECTED,
    JOINED,
    OUTSIDE,
    announced,
    creditor,
    debtor,
    mandate_of,
    with_file,
)
from tests.factories.wallet import balance_of, spend, wallet_with
from wallet import checks
from wallet.actions import debits
from wallet.actions.debits import (
    AlreadyRejected,
    NothingToCollect,
    UnknownCode,
    announce_debits,
    make_debit_file,
    reject_debit,
    settle_debits,
)
from wallet.gateways.sepa_files import CreditorMissing, SepaFileInvalid
from wallet.models import DirectDebit, DirectDebitRun, Operation, Purse

pytestmark = pytest.mark.django_db
NS = {"x": "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"}


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel("2026-11-23 02:10+01:00", tick=True):
        yield


def owed_to(wallet) -> list[tuple]:
    return list(wallet.direct_debits.order_by("pk").values_list("cents", "status", "sequence"))


def reject(debit, code="AM04", agent=None, key=None):
    agent = agent or ManagerFactory()
    key = key or make_key(agent.owner, f"reject-debit:{debit.pk}")
    return reject_debit(agent=agent, debit=debit, code=code, key=key)


def settled(owed=4605) -> DirectDebit:
    debit = announced(owed)
    with_file(debit.run)
    settle_debits(COLLECTED)
    debit.refresh_from_db()
    return debit


def letter(template):
    """The one message of a kind: (subject, text)."""
    return mailing.render(OutgoingEmail.objects.get(template=template))[:2]


# --- The announcement -----------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-48")
def test_a_family_with_a_mandate_is_told_once_of_what_it_owes():
    creditor()
    user, wallet = debtor(4605)
    assert announce_debits(ANNOUNCED - timedelta(1)) == {"announced": 0}
    assert [announce_debits(ANNOUNCED), announce_debits(ANNOUNCED)] == [{"announced": 1}, {"announced": 0}]
    debit = wallet.direct_debits.get()
    assert (debit.cents, debit.status, debit.sequence) == (4605, "pending", "FRST")
    assert (debit.run.month, debit.run.collected_on) == (date(2026, 12, 1), COLLECTED)
    assert (debit.run.message, debit.end_to_end) == (
        f"PRV{wallet.purse_id}-202612",
        f"PRV{wallet.purse_id}-202612-{wallet.family.reference}",
    )
    email = OutgoingEmail.objects.get()
    assert (email.to, email.owner) == (user.email, user.owner)
    subject, text, _ = mailing.render(email)
    assert subject == "Prélèvement de 46,05 € le lundi 7 décembre"
    for words in (
        "46,05\u00a0€ sur votre compte bancaire le lundi 7 décembre",
        "Compte prélevé\u00a0: FR14 •••• 2606",
        f"Référence unique du mandat\u00a0: {wallet.family.reference}-M1",
        "Créancier\u00a0: Communauté de communes de la Dombes, identifiant (ICS) FR72ZZZ123456",
        "regie@dombes.example, 04 74 00 00 00",
        "demander à votre banque de refuser ce prélèvement",
    ):
        assert words in text
    assert balance_of(wallet) == -4605


def test_only_those_who_owe_and_have_a_standing_mandate_are_debited():
    creditor()
    _, owing = debtor(1000)
    _, paid_up = debtor(0)
    without = wallet_with(0)
    spend(without, 500, kind=Operation.Kind.DEFERRED_DEBIT)
    ended = debtor(700)[1]
    ended.family.mandates.update(ended_at="2026-10-01T00:00Z")
    announce_debits(ANNOUNCED)
    assert [owed_to(each) for each in (owing, paid_up, without, ended)] == [[(1000, "pending", "FRST")], [], [], []]


def test_what_is_announced_already_is_not_asked_twice():
    creditor(debit_notice=28)
    _, wallet = debtor(1000)
    announce_debits(date(2026, 11, 9))
    spend(wallet, 300, kind=Operation.Kind.DEFERRED_DEBIT)
    with_file(wallet.direct_debits.get().run)
    announce_debits(date(2026, 12, 8))
    assert owed_to(wallet) == [(1000, "pending", "FRST"), (300, "pending", "RCUR")]


def test_a_family_that_pays_meanwhile_keeps_its_debit_as_announced():
    debit = announced(1000)
    wallet_with(1000, debit.wallet.family)
    with_file(debit.run)
    settle_debits(COLLECTED)
    assert balance_of(debit.wallet) == 1000


def test_each_purse_has_its_own_run():
    creditor()
    _, wallet = debtor(1000)
    leisure = wallet_with(0, wallet.family, Purse.objects.create(code="cdc", name="Centres de loisirs"))
    spend(leisure, 200, kind=Operation.Kind.DEFERRED_DEBIT)
    assert announce_debits(ANNOUNCED) == {"announced": 2}
    assert DirectDebitRun.objects.count() == 2
    assert (owed_to(wallet), owed_to(leisure)) == ([(1000, "pending", "FRST")], [(200, "pending", "RCUR")])


@pytest.mark.parametrize("missing", ["creditor_id", "creditor_iban"])
def test_nothing_is_announced_before_the_creditor_is_set_up(missing):
    creditor(**{missing: ""})
    debtor()
    assert announce_debits(ANNOUNCED) == {"announced": 0}
    assert DirectDebitRun.objects.count() == 0


def test_nobody_owes_so_no_run_is_opened():
    creditor()
    debtor(0)
    announce_debits(ANNOUNCED)
    assert DirectDebitRun.objects.count() == 0


def test_missed_nights_move_the_collection_and_shorten_no_notice():
    creditor()
    _, wallet = debtor()
    announce_debits(date(2026, 12, 1))
    assert wallet.direct_debits.get().run.collected_on == date(2026, 12, 15)


def test_a_latecomer_is_told_in_time_or_next_month():
    """Announced on Saturday 28 November, collected on Monday 14 December: until Monday 30 there are 14 days."""
    creditor()
    early, late, later = (debtor(100 * n)[1] for n in (1, 2, 3))
    SepaMandate.objects.exclude(family=early.family).update(ended_at="2026-11-01T00:00Z")
    announce_debits(date(2026, 11, 28))
    assert early.direct_debits.get().run.collected_on == date(2026, 12, 14)
    late.family.mandates.update(ended_at=None)
    assert announce_debits(date(2026, 11, 30)) == {"announced": 1}
    later.family.mandates.update(ended_at=None)
    assert announce_debits(date(2026, 12, 1)) == {"announced": 0}
    assert (owed_to(late), owed_to(later)) == ([(200, "pending", "FRST")], [])


def test_nothing_joins_a_run_whose_file_is_made():
    debit = announced()
    with_file(debit.run)
    debtor(200)
    assert announce_debits(ANNOUNCED) == {"announced": 0}


def test_a_night_that_crashed_goes_on_where_it_stopped(monkeypatch):
    creditor()
    wallets = [debtor(100 + n)[1] for n in range(5)]
    monkeypatch.setattr(debits, "CHUNK", 2)
    whole = debits._announce

    def fail_on_the_second(run, pks, *rest):
        if wallets[2].pk in pks:
            raise OSError("the machine stops")
        return whole(run, pks, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(debits, "_announce", fail_on_the_second)
        with pytest.raises(OSError, match="stops"):
            announce_debits(ANNOUNCED)
    assert DirectDebit.objects.count() == OutgoingEmail.objects.count() == 2
    assert announce_debits(ANNOUNCED) == {"announced": 3}
    assert sorted(DirectDebit.objects.values_list("cents", flat=True)) == [100, 101, 102, 103, 104]
    assert OutgoingEmail.objects.count() == 5


@pytest.mark.parametrize("number", [1, 4])
def test_a_chunk_asks_the_same_of_the_database_for_one_family_and_for_four(number):
    creditor()
    for _ in range(number):
        debtor(100)
    with CaptureQueriesContext(connection) as captured:
        announce_debits(ANNOUNCED)
    assert len(captured) == 22


def test_an_account_outside_sepa_of_other_times_is_not_collected_from():
    creditor()
    _, wallet = debtor()
    SepaMandate.objects.filter(family=wallet.family).update(iban=OUTSIDE[0])
    assert announce_debits(ANNOUNCED) == {"announced": 0}
    SepaMandate.objects.filter(family=wallet.family).update(iban=JOINED[4])
    assert announce_debits(ANNOUNCED) == {"announced": 1}


def test_a_mandate_unused_for_three_years_ends_and_the_family_is_told():
    creditor()
    _, old = debtor()
    old.family.mandates.update(signed_on=date(2023, 11, 23))
    _, young = debtor(200)
    young.family.mandates.update(signed_on=date(2023, 11, 24))
    assert announce_debits(ANNOUNCED) == {"announced": 1}
    mandate = SepaMandate.objects.get(family=old.family)
    assert (mandate.ended_at is None, mandate.end_note) == (False, "Sans prélèvement depuis 36 mois")
    subject, text = letter("wallet/mandate_lapsed")
    assert subject == "Votre mandat de prélèvement a pris fin"
    assert mandate.rum in text


def test_an_old_mandate_that_serves_stands():
    debit = announced()
    SepaMandate.objects.update(signed_on=date(2020, 1, 1))
    announce_debits(date(2026, 12, 21))
    assert SepaMandate.objects.get(pk=debit.mandate_id).ended_at is None


# --- The file -------------------------------------------------------------------------------------------------------
def found(file, path):
    return [each.text for each in etree.fromstring(bytes(file)).iterfind(f".//x:{path.replace('/', '/x:')}", NS)]


@pytest.mark.seed("S2-48")
def test_the_file_names_creditor_day_mandates_and_amounts():
    debit = announced(4605)
    run = with_file(debit.run)
    assert found(run.file, "GrpHdr/MsgId") == [run.message]
    assert found(run.file, "GrpHdr/CreDtTm") == [f"{timezone.localtime(run.created_at):%Y-%m-%dT%H:%M:%S}"]
    assert found(run.file, "GrpHdr/NbOfTxs") == ["1"]
    assert found(run.file, "GrpHdr/CtrlSum") == ["46.05"]
    assert found(run.file, "PmtInf/PmtInfId") == [f"{run.message}-FRST"]
    assert found(run.file, "ReqdColltnDt") == ["2026-12-07"]
    assert found(run.file, "Cdtr/Nm") == ["Communaute de communes de la Dombes"]
    assert found(run.file, "CdtrSchmeId/Id/PrvtId/Othr/Id") == ["FR72ZZZ123456"]
    assert found(run.file, "MndtRltdInf/MndtId") == [debit.mandate.rum]
    assert found(run.file, "MndtRltdInf/DtOfSgntr") == ["2026-09-01"]
    assert found(run.file, "Dbtr/Nm") == ["Zoe Lefevre"]
    assert found(run.file, "DbtrAcct/Id/IBAN") == [debit.mandate.iban]
    assert found(run.file, "EndToEndId") == [debit.end_to_end]
    assert found(run.file, "InstdAmt") == ["46.05"]


def test_first_and_recurrent_debits_are_blocks_of_one_file():
    creditor()
    _, used = debtor(100)
    announce_debits(ANNOUNCED)
    with_file(used.direct_debits.get().run)
    settle_debits(COLLECTED)
    spend(used, 300, kind=Operation.Kind.DEFERRED_DEBIT)
    debtor(200)
    with time_machine.travel("2026-12-22 02:10+01:00", tick=False):
        announce_debits(date(2026, 12, 22))
        run = with_file(DirectDebitRun.objects.get(month=date(2027, 1, 1)))
    assert found(run.file, "SeqTp") == ["RCUR", "FRST"]
    assert found(run.file, "PmtInf/CtrlSum") == ["3.00", "2.00"]
    assert found(run.file, "GrpHdr/CtrlSum") == ["5.00"]


def test_a_file_is_made_once_and_is_the_same_to_the_byte():
    debit = announced()
    first = bytes(with_file(debit.run).file)
    with time_machine.travel("2026-11-25 09:00+01:00", tick=False):
        assert bytes(with_file(debit.run).file) == first
        DirectDebitRun.objects.update(file=None)
        assert bytes(with_file(debit.run).file) == first


def test_a_debit_withdrawn_before_the_file_is_not_in_it():
    debit = announced(1000)
    other = debtor(300)[1]
    announce_debits(ANNOUNCED)
    reject(debit, "DS02")
    run = with_file(debit.run)
    assert found(run.file, "EndToEndId") == [other.direct_debits.get().end_to_end]
    subject, text = letter("wallet/debit_rejected")
    assert subject == "Votre prélèvement de 10,00 € est retiré"
    assert "annoncé pour le lundi 7 décembre n’aura pas lieu\u00a0: nous l’avons retiré." in text


def test_a_run_without_any_debit_left_gives_no_file():
    debit = announced()
    reject(debit, "DS02")
    with pytest.raises(NothingToCollect):
        with_file(debit.run)


def test_a_file_made_too_late_moves_the_collection_and_the_families_are_told():
    debit = announced()
    OutgoingEmail.objects.all().delete()
    with time_machine.travel("2026-12-06 09:00+01:00", tick=False):
        run = with_file(debit.run)
    assert (run.collected_on, found(run.file, "ReqdColltnDt")) == (date(2026, 12, 8), ["2026-12-08"])
    subject, text = letter("wallet/debit_announced")
    assert subject == "Votre prélèvement est reporté au mardi 8 décembre"
    assert "Le prélèvement que nous vous avions annoncé est reporté." in text


def test_a_creditor_who_is_no_longer_set_up_gives_no_file():
    debit = announced()
    creditor(creditor_iban="")
    with pytest.raises(CreditorMissing):
        with_file(debit.run)


def test_a_file_that_the_bank_would_refuse_is_not_kept():
    debit = announced()
    creditor(creditor_bic="trop-court")
    with pytest.raises(SepaFileInvalid):
        with_file(debit.run)
    assert DirectDebitRun.objects.get().file is None


def test_a_key_made_for_something_else_makes_no_file():
    debit, agent = announced(), ManagerFactory()
    with pytest.raises(StalePage):
        make_debit_file(agent=agent, run=debit.run, key=make_key(agent.owner, "debit-file:0"))


# --- The collection -------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-48")
def test_a_debit_is_credited_once_on_its_day():
    debit = announced(4605)
    with_file(debit.run)
    assert settle_debits(COLLECTED - timedelta(1)) == {"settled": 0}
    assert [settle_debits(COLLECTED), settle_debits(COLLECTED)] == [{"settled": 1}, {"settled": 0}]
    debit.refresh_from_db()
    transfer = debit.operation.transfers.get()
    assert (debit.status, debit.operation.kind, debit.operation.label) == (
        "settled",
        "direct_debit",
        "Prélèvement du 7 décembre 2026",
    )
    assert (transfer.reference, transfer.source.kind, transfer.cents) == (
        f"debit:{debit.end_to_end}",
        "direct_debit",
        4605,
    )
    assert transfer.label == f"Mandat {debit.mandate.rum}, compte FR14 •••• 2606"
    assert balance_of(debit.wallet) == 0
    assert list(checks.differences()) == []


def test_a_debit_never_given_to_the_bank_is_not_credited():
    debit = announced()
    assert settle_debits(COLLECTED + timedelta(30)) == {"settled": 0}
    assert balance_of(debit.wallet) == -4605


def test_thousands_are_credited_in_chunks_that_a_crash_keeps(monkeypatch):
    creditor()
    wallets = [debtor(100)[1] for _ in range(5)]
    announce_debits(ANNOUNCED)
    with_file(DirectDebitRun.objects.get())
    monkeypatch.setattr(debits, "CHUNK", 2)
    with monkeypatch.context() as broken:
        real, calls = debits.post_all, []
        broken.setattr(debits, "post_all", lambda drafts: calls.append(1) or (1 / 0 if calls[1:] else real(drafts)))
        with pytest.raises(ZeroDivisionError):
            settle_debits(COLLECTED)
    assert sum(balance_of(each) for each in wallets) == -300
    assert settle_debits(COLLECTED) == {"settled": 3}
    assert sum(balance_of(each) for each in wallets) == 0
    assert list(checks.differences()) == []


def test_the_night_settles_then_announces():
    jobs = list(tasks.JOBS)
    assert jobs.index("debits") < jobs.index("settlements") < jobs.index("announcements")
    assert (tasks.JOBS["settlements"], tasks.JOBS["announcements"]) == (
        settle_debits,
        announce_debits,
    )


# --- The rejects ----------------------------------------------------------------------------------------------------
def test_a_reject_before_the_collection_moves_no_money():
    debit = announced()
    with_file(debit.run)
    debit = reject(debit, "AM04")
    assert (debit.status, debit.reject_code, debit.operation, debit.rejection) == ("rejected", "AM04", None, None)
    assert settle_debits(COLLECTED) == {"settled": 0}
    assert balance_of(debit.wallet) == -4605
    assert list(checks.differences()) == []


def test_a_reject_after_the_collection_takes_the_credit_back_once_even_when_it_is_spent():
    debit = settled(4605)
    wallet_with(3000, debit.wallet.family)
    spend(debit.wallet, 3000)
    agent = ManagerFactory()
    debit = reject(debit, "AM04", agent)
    assert (debit.status, debit.rejection.kind, debit.rejection.actor) == ("rejected", "debit_reject", agent)
    assert debit.rejection.label == "Prélèvement rejeté (7 décembre 2026)"
    assert balance_of(debit.wallet) == -4605
    with pytest.raises(AlreadyRejected):
        reject(debit, "AM04")
    assert list(checks.differences()) == []
    subject, text = letter("wallet/debit_rejected")
    assert subject == "Votre prélèvement de 46,05 € a été rejeté"
    assert "n’a pas abouti\u00a0: le compte n’avait pas une provision suffisante ce jour-là." in text
    assert "il vous reste 46,05\u00a0€ à régler" in text
    assert debit.wallet.purse.top_up_address in text
    assert "a pris fin" not in text


def test_a_second_click_rejects_once():
    debit, agent = settled(), ManagerFactory()
    key = make_key(agent.owner, f"reject-debit:{debit.pk}")
    assert reject(debit, agent=agent, key=key) == reject(debit, agent=agent, key=key)
    assert Operation.objects.filter(kind="debit_reject").count() == 1


@pytest.mark.parametrize("code", ["", "AM99", "am04", "<b>"])
def test_a_reject_has_one_of_the_codes(code):
    debit = announced()
    with pytest.raises(UnknownCode):
        reject(debit, code)
    assert DirectDebit.objects.get().status == "pending"


@pytest.mark.parametrize(
    ("code", "ends"), [("AC04", True), ("MD01", True), ("AM04", False), ("MD06", False), ("DS02", False)]
)
def test_some_codes_end_the_mandate(code, ends):
    debit = reject(announced(), code)
    mandate = SepaMandate.objects.get(pk=debit.mandate_id)
    assert (mandate.ended_at is not None, mandate.end_note) == (
        ends,
        f"Prélèvement rejeté par la banque ({code})" if ends else "",
    )
    assert ("Votre mandat de prélèvement a pris fin." in letter("wallet/debit_rejected")[1]) is ends


def test_a_first_debit_that_never_came_in_is_first_again():
    debit = announced(1000)
    reject(debit, "AM04")
    announce_debits(date(2026, 12, 22))
    assert owed_to(debit.wallet) == [(1000, "rejected", "FRST"), (1000, "pending", "FRST")]


def test_after_one_that_came_in_the_next_is_recurrent_even_if_it_was_sent_back():
    debit = settled(1000)
    reject(debit, "MD06")
    announce_debits(date(2026, 12, 22))
    assert owed_to(debit.wallet) == [(1000, "rejected", "FRST"), (1000, "pending", "RCUR")]


def test_a_new_mandate_begins_with_a_first_debit():
    debit = settled(1000)
    reject(debit, "AC04")
    mandate_of(debit.wallet.family)
    announce_debits(date(2026, 12, 22))
    assert owed_to(debit.wallet)[-1] == (1000, "pending", "FRST")


def test_a_holder_without_a_letter_is_named_by_the_mandate():
    creditor()
    _, wallet = debtor(100)
    wallet.family.mandates.update(holder="😀")
    announce_debits(ANNOUNCED)
    run = with_file(wallet.direct_debits.get().run)
    assert found(run.file, "Dbtr/Nm") == [wallet.family.mandates.get().rum]
