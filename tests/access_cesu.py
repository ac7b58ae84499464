"""Who may open the pages of the employers' space, and an employer with something at every address (see access.py)."""

from django.utils import timezone

from cesu.models import (
    ActivationRequest,
    Ceiling,
    Fabrication,
    HelpRequest,
    Opposition,
    SpaceNews,
    UsefulDocument,
    Voucher,
    issuer,
)
from cesu.orders.actions.access.links import link_path
from cesu.orders.actions.documents import VAULT
from common.documents import vault
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
from tests.factories.services import PDF
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
        "cesu:documents",
        "cesu:document",
        "cesu:help",
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
    "login wait gate gate gate 403 403 200": [
        "admin:cesu_usefuldocument_publish",
        "admin:cesu_usefuldocument_withdraw",
        "admin:cesu_usefuldocument_download",
        "admin:cesu_helprequest_answer",
        "admin:cesu_voucherorder_ship",
        "admin:cesu_voucherorder_deliver",
        "admin:cesu_voucherorder_cancel",
        "admin:cesu_activationrequest_accept",
        "admin:cesu_activationrequest_refuse",
        "admin:cesu_employer_contract",
        "admin:cesu_employer_invoice",
        "admin:cesu_employer_credit",
        "admin:cesu_employer_statement",
        "admin:cesu_employer_link",
        "admin:cesu_employer_retire",
    ],
    "login wait gate gate gate 403 403 405": ["admin:cesu_fabrication_download"],
}
OF_A_BENEFICIARY = ("edit", "archive", "restore")
# The tables of the issuer's staff: nothing for agents of communes; what those who manage the portal may.
TABLES = {
    "cesu_activationrequest": ("", "list"),
    "cesu_employer": ("", "list add"),
    "cesu_fabrication": ("", "list"),
    "cesu_opposition": ("", "list"),
    "cesu_voucher": ("", "list"),
    "cesu_voucherorder": ("", "list"),
    "cesu_ceiling": ("", "list add"),
    "cesu_helprequest": ("", "list"),
    "cesu_issuer": ("", "list"),
    "cesu_spacenews": ("", "list add"),
    "cesu_terms": ("", "list add"),
    "cesu_transport": ("", "list add"),
    "cesu_usefuldocument": ("", "list add"),
}
# Pages of everybody's own account.
OWN = ("account_", "mfa_", "profile", "security_question", "waiting", "ask_again")


def fill(world) -> None:
    """An employer, their manager « employer », and rows for every address."""
    employer = employer_with(name="Mairie de Cestas", client_reference="D100200")
    world.people["employer"] = manager_of(employer, password="Cantine-Facile-2026")
    world.objects |= {
        "employer": employer,
        "colleague": manager_of(employer, primary=False, first_name="Karim").manager,
        "invoice": invoice_of(employer),
        "beneficiary": beneficiary_of(employer),
        **_of_the_issuer(employer, world.people["employer"]),
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
    world.objects |= _of_the_orders(world, world.objects["voucherorder"])


def _of_the_issuer(employer, user) -> dict:
    """What its staff writes and answers."""
    return {
        "ceiling": Ceiling.objects.get_or_create(year=2027, defaults={"cents": 259100})[0],
        "helprequest": HelpRequest.objects.create(employer=employer, by=user, subject="Livraison", message="Quand ?"),
        "issuer": issuer(),
        "spacenews": SpaceNews.objects.create(kind="vintage", title="Le millésime 2027 arrive", text="Dès décembre."),
        "terms": terms(),
        "transport": transport(),
        "usefuldocument": UsefulDocument.objects.create(title="Guide du CESU", key=vault.store(PDF, VAULT)),
    }


def _of_the_orders(world, order) -> dict:
    """What a title that was made and stopped leaves; the order itself stays where it is."""
    stopped = {"first": 27_0000000001, "last": 27_0000000001, "reason": "lost"}
    opposition = Opposition.objects.create(employer=order.employer, by=order.by, **stopped)
    asked = {"client_reference": "D999", "invoice_number": "F1", "first_name": "Ana", "last_name": "Diaz"}
    return {
        "fabrication": Fabrication.objects.create(order=order, vintage=2027, file=b"titre"),
        "opposition": opposition,
        "voucher": Voucher.objects.create(number=opposition.first, line=order.lines.first(), booklet=1),
        "activationrequest": ActivationRequest.objects.create(**asked, email="ana@example.org"),
    }


def paths(world) -> dict[str, dict]:
    """The parts of addresses that name a row."""
    colleague = {"pk": world.objects["colleague"].pk}
    of_the_order = {"number": world.objects["voucherorder"].number}
    document = {"pk": world.objects["usefuldocument"].pk}
    rows = {name: {"pk": world.objects[name].pk} for name in ("employer", "voucherorder", "activationrequest")}
    return {
        **{f"admin:cesu_employer_{page}": rows["employer"] for page in ("contract", "invoice", "credit", "statement")},
        **{f"admin:cesu_employer_{page}": {"pk": world.people["employer"].manager.pk} for page in ("link", "retire")},
        **{f"admin:cesu_voucherorder_{page}": rows["voucherorder"] for page in ("ship", "deliver", "cancel")},
        **{f"admin:cesu_activationrequest_{page}": rows["activationrequest"] for page in ("accept", "refuse")},
        "admin:cesu_fabrication_download": {"pk": world.objects["fabrication"].pk},
        **{f"admin:cesu_usefuldocument_{page}": document for page in ("publish", "withdraw", "download")},
        "admin:cesu_helprequest_answer": {"pk": world.objects["helprequest"].pk},
        "cesu:document": document,
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
