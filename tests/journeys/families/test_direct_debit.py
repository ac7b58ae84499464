"""A month of direct debit in a browser, scripts off: announced, given to the bank, credited, sent back; a refund."""

from datetime import date

import pytest
import time_machine

from common.models import Authority
from tests.factories.sepa import IBAN, mandate_of, report, said
from tests.factories.wallet import spend, wallet_with
from tests.journeys.reading import click, follow, press, read, rows
from tests.journeys.town import add_duponts
from wallet import checks
from wallet.actions.debits import announce_debits, settle_debits
from wallet.models import DirectDebit, Operation

ANNOUNCED, COLLECTED = date(2027, 3, 22), date(2027, 4, 5)  # 14 days before Monday 5 April


@pytest.fixture
def open_plain(visit):
    """Open a window where scripts are off."""
    return lambda user, path: visit(user, path, java_script_enabled=False)


@pytest.fixture
def debit(town):
    """The Duponts owe 46,05 € and have signed a mandate; the night has announced their debit."""
    Authority.objects.update(creditor_id="FR72ZZZ123456", creditor_iban=IBAN)
    wallet = wallet_with(0, add_duponts(town.aiguilhe).guardian.family)
    mandate_of(wallet.family)
    spend(wallet, 4605, kind=Operation.Kind.DEFERRED_DEBIT)
    with time_machine.travel("2027-03-22 02:10+01:00", tick=True):
        announce_debits(ANNOUNCED)
    return wallet.direct_debits.get()


@pytest.mark.seed("S2-48")
def test_a_month_of_direct_debit(open_plain, town, debit):
    family = debit.wallet.family
    parent, manager = family.guardians.get().user, town.manager
    page = open_plain(parent, "/porte-monnaie/")
    assert (
        f"Prélèvement de 46,05 € le lundi 5 avril, mandat {family.reference}-M1, compte FR14 •••• 2606."
        in read_main(page)
    )

    agents = open_plain(manager, "/admin/")
    click(agents.get_by_role("link", name="Fichiers de prélèvement à préparer"))
    follow(agents, "Avril 2027")
    follow(agents, "Préparer le fichier")
    press(agents, "Préparer le fichier")
    with agents.expect_download() as file:
        follow(agents, "Télécharger le fichier")
    assert file.value.suggested_filename == f"{debit.run.message}.xml"
    assert debit.end_to_end.encode() in file.value.path().read_bytes()

    settle_debits(COLLECTED)
    page.reload()
    assert rows(page.locator("main"))[0][0].startswith("Prélèvement du 5 avril 2027")

    agents.goto("/admin/wallet/directdebit/")
    follow(agents, "Compte rendu de la banque")
    answer = report(debit.run.message, said(debit.end_to_end, code="AC04"))
    agents.get_by_label("Compte rendu de la banque (pain.002)").set_input_files(
        {"name": "rejets.xml", "mimeType": "text/xml", "buffer": answer}
    )
    press(agents, "Lire le fichier")
    assert rows(agents.locator("main"))[0][2] == "Sera rejeté : AC04 – Compte clôturé"
    press(agents, "Enregistrer les rejets")
    assert "Paiements rejetés : 1. Les familles sont prévenues." in read_main(agents)

    page.goto("/porte-monnaie/prelevement/")
    assert rows(page.locator("main")) == [["lundi 5 avril", "FR14 •••• 2606", "Rejeté", "46,05 €"]]
    assert "Mettre en place le prélèvement" in read_main(page)
    assert DirectDebit.objects.get().mandate.end_note == "Prélèvement rejeté par la banque (AC04)"
    assert list(checks.differences()) == []


def test_a_family_that_leaves_is_paid_back(open_plain, town):
    Authority.objects.update(creditor_id="FR72ZZZ123456", creditor_iban=IBAN)
    family = add_duponts(town.aiguilhe, 2000).guardian.family
    page = open_plain(town.manager, "/admin/wallet/wallet/")
    click(page.locator("#result_list tbody a").first)
    follow(page, "Rembourser par virement")
    page.get_by_label("Montant").fill("20")
    page.get_by_label("Titulaire du compte").fill("Claire Dupont")
    page.get_by_label("IBAN").fill("FR14 2004 1010 0505 0001 3M02 606")
    page.get_by_label("Motif").fill("Déménagement")
    press(page, "Rembourser")
    page.goto("/admin/")
    click(page.get_by_role("link", name="Remboursements à virer"))
    assert "1 remboursement à virer, 20,00 €" in read_main(page)
    press(page, "Préparer le fichier")
    parent = open_plain(family.guardians.get().user, "/porte-monnaie/")
    assert rows(parent.locator("main"))[0][0] == "Remboursement par virement (FR14 •••• 2606) Déménagement"


def read_main(page):
    """What is visible of the page's main part."""
    return read(page.locator("main"))
