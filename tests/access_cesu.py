"""Who may open the pages of the employers' space, and an employer with something at every address (see access.py)."""

from django.utils import timezone

from cesu.actions.links import link_path
from tests.factories.cesu import (
    beneficiary_of,
    employer_with,
    invoice_of,
    manager_of,
    place,
    ready_draft,
    terms,
    transport,
)
from wallet.models import CardPayment

# What a GET answers to: anonymous, pending, alone, parent, other, agent, stranger, manager; then to an employer.
ANSWERS = {
    "200 200 200 200 200 200 200 200 200": [
        "cesu:welcome",
        "cesu:forgotten",
        "cesu:sign_up",
        "cesu:sign_up_done",
        "cesu:activate",
    ],
    " ".join([">cesu:sign_up"] * 9): ["cesu:sign_up_person"],
    "200 wait account account account work work work >cesu:home": ["cesu:login"],
    ">cesu:login wait 404 404 404 404 404 404 200": [
        "cesu:home",
        "cesu:orders",
        "cesu:table",
        "cesu:recap",
        "cesu:history",
        "cesu:order",
        "cesu:invoice",
        "cesu:pay",
        "cesu:statement",
        "cesu:oppositions",
        "cesu:profile",
        "cesu:beneficiaries",
        "cesu:beneficiary_add",
        "cesu:beneficiary_import",
        "cesu:beneficiary_import_model",
        "cesu:order_import",
        "cesu:order_import_model",
        "cesu:beneficiary_edit",
        "cesu:beneficiary_archive",
        "cesu:manager_add",
        "cesu:manager_remove",
    ],
    ">cesu:login wait 405 405 405 405 405 405 405": [
        "cesu:manager_resend",
        "cesu:beneficiary_restore",
        "cesu:beneficiary_import_confirm",
        "cesu:order_import_confirm",
        "cesu:abandon",
    ],
    ">cesu:login wait 404 404 404 404 404 404 404": ["cesu:certificate"],  # nothing was made for them yet
    ">cesu:login wait 404 404 404 404 404 404 >cesu:order": ["cesu:payment"],
}
OF_A_BENEFICIARY = ("edit", "archive", "restore")
# Pages of everybody's own account.
OWN = ("account_", "mfa_", "profile", "security_question", "waiting", "ask_again")


def fill(world) -> None:
    """An employer, their manager « employer », and rows for every address."""
    employer = employer_with(name="Mairie de Cestas", client_reference="D100200")
    world.people["employer"] = manager_of(employer, password="Cantine-Facile-2026")
    transport()
    terms()
    world.objects |= {
        "employer": employer,
        "colleague": manager_of(employer, primary=False, first_name="Karim").manager,
        "invoice": invoice_of(employer),
        "beneficiary": beneficiary_of(employer),
    }
    ready_draft(world.people["employer"])
    world.objects["voucherorder"] = place(world.people["employer"])
    ready_draft(world.people["employer"])
    world.objects["orderpayment"] = CardPayment.objects.create(
        user=world.people["employer"],
        purpose=f"cesu:{world.objects['voucherorder'].pk}",
        label="Commande de CESU",
        cents=5000,
        status=CardPayment.Status.EXPIRED,
        expires_at=timezone.now(),
        settled_at=timezone.now(),
    )


def paths(world) -> dict[str, dict]:
    """The parts of addresses that name a row."""
    colleague = {"pk": world.objects["colleague"].pk}
    of_the_order = {"number": world.objects["voucherorder"].number}
    return {
        "cesu:activate": {"token": link_path(world.people["employer"]).split("/")[3]},
        "cesu:order": {"number": world.objects["voucherorder"].number},
        **{f"cesu:beneficiary_{page}": {"pk": world.objects["beneficiary"].pk} for page in OF_A_BENEFICIARY},
        **{f"cesu:{name}": of_the_order for name in ("order", "invoice", "pay", "abandon")},
        "cesu:payment": {"reference": world.objects["orderpayment"].reference},
        "cesu:certificate": {"pk": world.objects["beneficiary"].pk, "year": 2026},
        "cesu:manager_remove": colleague,
        "cesu:manager_resend": colleague,
    }


def elsewhere(name: str, row: dict[str, str]) -> str:
    """What an employer is answered outside their space: the public's pages, their own account, else the way back."""
    opens = row["anonymous"] != "login" or name.startswith(("admin:", *OWN))
    return ">cesu:home" if not opens or row["alone"] == "account" else row["alone"]
