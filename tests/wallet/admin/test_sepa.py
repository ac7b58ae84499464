"""Agents see the direct debits and refunds of their communes; those who manage make the files and enter the rejects."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from families.models import Family
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, UserFactory
from tests.factories.sepa import (
    ANNOUNCED,
    COLLECTED,
    IBAN,
    JOINED,
    KEYLESS,
    OUTSIDE,
    announced,
    creditor,
    debtor,
    mandate_of,
    refund,
    refund_file,
    report,
    said,
    with_file,
)
from tests.factories.wallet import balance_of, family_with, wallet_with
from wallet.actions.debits import announce_debits, settle_debits
from wallet.models import BankRefund, BankRefundBatch, DirectDebit, DirectDebitRun, Operation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel("2026-11-23 09:10+01:00", tick=True):
        yield


@pytest.fixture
def manager(visitor):
    return visitor(ManagerFactory())


def url(name, *args):
    return reverse(f"admin:wallet_{name}", args=args)


def read(response):
    return response.content.decode().replace("&#x27;", "’")


def decide(browser, address, **fields):
    """Open a page of decision and confirm it."""
    return browser.post(address, {"once_key": browser.get(address).context["once_key"]} | fields)


def of_commune(family, commune):
    Family.objects.filter(pk=family.pk).update(commune=commune)


# --- Who sees what --------------------------------------------------------------------------------------------------
def test_an_agent_sees_the_debits_and_refunds_of_their_communes_and_changes_nothing(visitor):
    creditor()
    commune = CommuneFactory()
    mine, other = debtor(100)[1], debtor(200)[1]
    of_commune(mine.family, commune)
    of_commune(other.family, CommuneFactory())
    announce_debits(ANNOUNCED)
    for each in (mine, other):
        wallet_with(5000, each.family)
    refunds = [refund(each, 1000) for each in (mine, other)]
    browser = visitor(AgentFactory(communes=[commune]))
    for table, row, hidden in (
        ("directdebit", mine.direct_debits.get(), other.direct_debits.get()),
        ("bankrefund", refunds[0], refunds[1]),
    ):
        listed = browser.get(url(f"{table}_changelist")).context["cl"].result_list
        assert [each.pk for each in listed] == [row.pk]
        page = browser.get(url(f"{table}_change", row.pk))
        assert (page.status_code, "Rejeter" in read(page)) == (200, False)
        assert IBAN not in read(page)
        assert browser.get(url(f"{table}_change", hidden.pk)).status_code == 404
        assert browser.get(url(f"{table}_reject", row.pk)).status_code == 403
        assert browser.post(url(f"{table}_change", row.pk), {"cents": 1}).status_code == 403
    assert browser.get(url("bankrefund_pay", mine.pk)).status_code == 403
    assert browser.get(url("directdebit_report")).status_code == 403
    assert browser.get(url("bankrefundbatch_make")).status_code == 403
    run = DirectDebitRun.objects.get()
    answers = [
        browser.get(url(f"directdebitrun_{name}", run.pk)).status_code for name in ("change", "file", "download")
    ]
    assert answers == [404, 403, 403]
    assert "Rembourser par virement" not in read(browser.get(url("wallet_change", mine.pk)))


# --- The monthly file -----------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-48")
def test_a_manager_makes_the_file_of_a_month_once_and_downloads_it(manager):
    debit = announced(4605)
    run = debit.run
    page = url("directdebitrun_change", run.pk)
    assert manager.get(url("directdebitrun_download", run.pk)).status_code == 404
    assert "Préparer le fichier" in read(manager.get(page))
    asked = read(manager.get(url("directdebitrun_file", run.pk)))
    assert "1 prélèvement, 46,05\u00a0€, le lundi 7 décembre." in asked
    assert "reporté" not in asked
    assert decide(manager, url("directdebitrun_file", run.pk)).url == page
    assert "Télécharger le fichier" in read(manager.get(page))
    files = [manager.get(url("directdebitrun_download", run.pk)) for _ in range(2)]
    assert files[0].content == files[1].content == bytes(DirectDebitRun.objects.get().file)
    assert files[0].headers["Content-Disposition"] == f'attachment; filename="{run.message}.xml"'
    assert files[0].headers["Cache-Control"].startswith("private, no-store")
    assert files[0].headers["Content-Type"] == "application/xml"


def test_the_manager_is_told_that_a_late_file_moves_the_day(visitor):
    debit = announced(4605)
    with time_machine.travel("2026-12-07 09:00+01:00", tick=True):
        page = read(visitor(ManagerFactory()).get(url("directdebitrun_file", debit.run_id)))
    assert "le prélèvement sera reporté au mercredi 9 décembre." in page


def test_a_refusal_is_told_on_the_page(manager):
    debit = announced(4605)
    creditor(creditor_iban="")
    response = decide(manager, url("directdebitrun_file", debit.run_id))
    assert "Indiquez d’abord l’ICS et l’IBAN de la régie" in read(response)
    assert DirectDebitRun.objects.get().file is None


def test_a_stale_page_makes_no_file(manager):
    debit = announced(4605)
    response = manager.post(url("directdebitrun_file", debit.run_id), {"once_key": "forged"})
    assert "Cette page a été ouverte il y a trop longtemps." in read(response)
    assert DirectDebitRun.objects.get().file is None


def test_the_list_of_months_counts_what_is_kept_and_what_was_rejected(manager):
    debit = announced(1000)
    debtor(300)
    announce_debits(ANNOUNCED)
    decide(manager, url("directdebit_reject", debit.pk), code="DS02")
    run = manager.get(url("directdebitrun_changelist")).context["cl"].result_list[0]
    assert (run.kept, run.cents, run.lost) == (1, 300, 1)
    assert "À préparer" in read(manager.get(url("directdebitrun_changelist")))


# --- Rejects by hand ------------------------------------------------------------------------------------------------
def test_before_the_file_a_debit_can_only_be_withdrawn(manager):
    debit = announced(4605)
    address = url("directdebit_reject", debit.pk)
    page = manager.get(address)
    assert [code for code, _ in page.context["form"].fields["code"].choices] == ["", "DS02"]
    assert "Il ne sera pas mis dans le fichier de la banque." in read(page)
    assert "Sélectionnez un choix valide" in read(decide(manager, address, code="AM04"))
    assert "Ce champ est obligatoire" in read(decide(manager, address))
    assert DirectDebit.objects.get().status == "pending"
    assert decide(manager, address, code="DS02").url == url("directdebit_change", debit.pk)
    assert DirectDebit.objects.get().status == "rejected"


def test_a_settled_debit_is_rejected_by_hand_and_the_page_says_what_it_means(manager):
    debit = announced(4605)
    with_file(debit.run)
    assert "ne le rejetez que si elle l’a refusé" in read(manager.get(url("directdebit_reject", debit.pk)))
    settle_debits(COLLECTED)
    assert "Le crédit sera repris" in read(manager.get(url("directdebit_reject", debit.pk)))
    decide(manager, url("directdebit_reject", debit.pk), code="AM04")
    assert balance_of(debit.wallet) == -4605
    page = read(manager.get(url("directdebit_change", debit.pk)))
    assert "AM04 – Provision insuffisante" in page
    assert url("directdebit_reject", debit.pk) not in page


# --- The bank's report ----------------------------------------------------------------------------------------------
def send(browser, data, name="rejets.xml"):
    return browser.post(url("directdebit_report"), {"file": SimpleUploadedFile(name, data)})


def test_a_report_is_shown_then_applied_once(manager):
    debit = announced(4605)
    with_file(debit.run)
    settle_debits(COLLECTED)
    page = send(manager, report(debit.run.message, said(debit.end_to_end), said("AUTRE")))
    assert "Sera rejeté : AM04 – Provision insuffisante" in read(page)
    assert "Ignoré : cette référence n’est pas du portail." in read(page)
    assert DirectDebit.objects.get().status == "settled"
    sent = {"rows": page.context["rows"], "once_key": page.context["once_key"]}
    for _ in range(2):
        assert manager.post(url("directdebit_report_confirm"), sent).url == url("directdebit_report")
    assert "Paiements rejetés : 1. Les familles sont prévenues." in read(manager.get(url("directdebit_report")))
    assert DirectDebit.objects.get().status == "rejected"
    assert Operation.objects.filter(kind="debit_reject").count() == 1
    whole = read(send(manager, report(debit.run.message, said(debit.end_to_end), group="<GrpSts>RJCT</GrpSts>")))
    assert "La banque rejette tout le fichier : 1 paiement, 46,05\u00a0€, détaillés ou non." in whole
    again = read(send(manager, report(debit.run.message, said(debit.end_to_end))))
    assert "Rien à faire : ce fichier ne contient aucun rejet nouveau." in again
    assert "Enregistrer les rejets" not in again


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Le fichier soumis est vide."),
        (b"pas du XML", "Ce fichier n’est pas un compte rendu de la banque (pain.002)"),
        (b"<a/>" + b" " * 6_000_000, "Ce fichier dépasse 5 Mo"),
        (b" " * 11_000_000, "10 Mo"),
        (report("AUTRE", said("AUTRE-1")), "c’est le compte rendu d’un autre fichier"),
    ],
)
def test_a_wrong_file_is_told_in_words(manager, data, sentence):
    response = send(manager, data)
    assert response.status_code == 200
    assert sentence in read(response).replace("\u00a0", " ")


@pytest.mark.parametrize("rows", ["", "forged", None])
def test_what_no_preview_showed_is_not_applied(manager, rows):
    response = manager.post(url("directdebit_report_confirm"), {"rows": rows} if rows is not None else {})
    assert response.url == url("directdebit_report")
    assert "Cette page est trop ancienne" in read(manager.get(response.url))


def test_the_preview_of_another_agent_is_not_applied(manager, visitor):
    debit = announced(4605)
    with_file(debit.run)
    page = send(manager, report(debit.run.message, said(debit.end_to_end)))
    sent = {"rows": page.context["rows"], "once_key": page.context["once_key"]}
    assert visitor(ManagerFactory()).post(url("directdebit_report_confirm"), sent).status_code == 403
    assert DirectDebit.objects.get().status == "pending"


# --- Refunds --------------------------------------------------------------------------------------------------------
def test_a_manager_refunds_a_family_from_its_wallet(manager):
    wallet = wallet_with(5000, family_with(UserFactory()))
    mandate_of(wallet.family, bic="PSSTFRPPXXX")
    assert url("bankrefund_pay", wallet.pk) in read(manager.get(url("wallet_change", wallet.pk)))
    form = manager.get(url("bankrefund_pay", wallet.pk)).context["form"]
    assert form.initial == {"holder": "Zoé Lefèvre", "iban": IBAN, "bic": "PSSTFRPPXXX"}
    asked = form.initial | {"cents": "20,50", "reason": "Déménagement"}
    assert decide(manager, url("bankrefund_pay", wallet.pk), **asked).url == url("bankrefund_changelist")
    assert BankRefund.objects.get().cents == 2050
    assert balance_of(wallet) == 2950
    assert "FR14 •••• 2606" in read(manager.get(url("bankrefund_changelist")))


@pytest.mark.parametrize(("iban", "warned"), [(IBAN, False), (JOINED[4], False), (KEYLESS, True)])
def test_a_rib_key_that_does_not_fit_is_told_while_the_refund_may_be_withdrawn(manager, iban, warned):
    wallet = wallet_with(5000, family_with(UserFactory()))
    asked = {"holder": "Zoé Lefèvre", "iban": iban, "cents": "20,50", "reason": "Déménagement"}
    done = decide(manager, url("bankrefund_pay", wallet.pk), **asked)
    assert BankRefund.objects.get().iban == iban
    assert ("La clé RIB de l’IBAN FR84 •••• 2607" in read(manager.get(done.url))) is warned


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cents": "50,01"}, "Le porte-monnaie ne contient que 50,00"),
        ({"cents": "beaucoup"}, "Écrivez un montant en euros"),
        ({"iban": "FR00"}, "Cet IBAN n’est pas valable"),
        ({"iban": OUTSIDE[0]}, "Ce compte (TN) est hors de la zone SEPA"),
        ({"iban": "\x00"}, "caractère"),
        ({"holder": "x" * 71}, "au plus 70 caractères"),
        ({"reason": ""}, "Ce champ est obligatoire"),
    ],
)
def test_a_wrong_refund_is_told_on_its_page(manager, changes, sentence):
    wallet = wallet_with(5000, family_with(UserFactory()))
    asked = {"cents": "20", "iban": IBAN, "holder": "Zoé", "bic": "", "reason": "Départ"} | changes
    response = decide(manager, url("bankrefund_pay", wallet.pk), **asked)
    assert sentence in read(response)
    assert balance_of(wallet) == 5000


def test_an_empty_wallet_offers_no_refund(manager):
    wallet = wallet_with(0, family_with())
    assert url("bankrefund_pay", wallet.pk) not in read(manager.get(url("wallet_change", wallet.pk)))


def test_a_manager_makes_the_file_of_refunds_and_enters_one_that_came_back(manager):
    creditor()
    wallet = wallet_with(5000, family_with())
    it = refund(wallet, 2000)
    codes = manager.get(url("bankrefund_reject", it.pk)).context["form"].fields["code"].choices
    assert [code for code, _ in codes] == ["", "DS02"]
    page = read(manager.get(url("bankrefundbatch_make")))
    assert "1 remboursement à virer, 20,00\u00a0€, le mercredi 25 novembre." in page
    assert decide(manager, url("bankrefundbatch_make")).url == url("bankrefundbatch_changelist")
    batch = BankRefundBatch.objects.get()
    assert manager.get(url("bankrefundbatch_download", batch.pk)).content == bytes(batch.file)
    assert url("bankrefundbatch_download", batch.pk) in read(manager.get(url("bankrefundbatch_change", batch.pk)))
    assert decide(manager, url("bankrefund_reject", it.pk), code="AC04").url == url("bankrefund_change", it.pk)
    assert balance_of(wallet) == 5000
    assert "Aucun remboursement n’attend d’être viré." in read(decide(manager, url("bankrefundbatch_make")))


@pytest.mark.parametrize("table", ["directdebitrun", "directdebit", "bankrefund", "bankrefundbatch"])
@pytest.mark.parametrize("number", [1, 3])
def test_a_list_asks_the_same_of_the_database_for_one_row_and_for_three(
    manager, table, number, django_assert_num_queries
):
    creditor()
    for n in range(number):
        _, wallet = debtor(100)
        announce_debits(ANNOUNCED)
        DirectDebitRun.objects.filter(month="2026-12-01").update(month=f"2026-{n + 1:02}-01", message=f"M{n}")
        DirectDebit.objects.filter(end_to_end__startswith="PRV").update(end_to_end=f"X{n}")
        wallet_with(500, wallet.family)
        refund(wallet, 100)
        refund_file()
    manager.get(url(f"{table}_changelist"))
    with django_assert_num_queries(
        {"directdebitrun": 4, "directdebit": 6, "bankrefund": 5, "bankrefundbatch": 4}[table]
    ):
        rows = manager.get(url(f"{table}_changelist")).context["cl"].result_list
    assert len(rows) == number


def test_debits_are_listed_by_month(manager):
    debit = announced(4605)
    listed = [
        [each.pk for each in manager.get(url("directdebit_changelist"), {"mois": month}).context["cl"].result_list]
        for month in ("2026-12", "2026-11", "beaucoup")
    ]
    assert listed == [[debit.pk], [debit.pk], [debit.pk]]
    debit.run.__class__.objects.update(month="2026-11-01")
    page = manager.get(url("directdebitrun_change", debit.run_id))
    assert f"?mois=2026-11&amp;run__purse__id__exact={debit.run.purse_id}" in read(page)
