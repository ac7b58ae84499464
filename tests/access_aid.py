"""Who may open the pages of the beneficiaries' space, and a beneficiary with something at every address (see access.py)."""

from django.utils import timezone

from cesu.aid.actions.people import links
from cesu.aid.actions.rights.imports import keep_sheet
from cesu.aid.actions.transfers import prepare_transfers
from cesu.models import AidAccess, AidInvitation, AidTransferBatch
from tests.access_cesu import OWN
from tests.factories.aid import (
    aid_account_of,
    aid_user,
    caregiver_with,
    funder_with,
    holder_with,
    payment_of,
    right_with,
)

EVERYBODY = " ".join(["200"] * 10)
# What a GET answers to: anonymous, pending, alone, parent, other, agent, stranger, manager, employer; then a beneficiary.
ANSWERS = {
    EVERYBODY: [
        "aid:how_to",
        "aid:privacy",
        "aid:contact",
        "aid:colours",
        "aid:affiliation",
        "aid:sign_up",
        "aid:sign_up_done",
        "aid:forgotten",
        "aid:activate",
        "aid:confirm_access",
        "aid:new_password",
        "aid:invitation",
    ],
    " ".join([">aid:sign_up"] * 10): ["aid:sign_up_email"],
    " ".join([">aid:welcome"] * 10): ["aid:funders"],  # there is one
    "200 wait account account account work work work >cesu:home >aid:space": ["aid:welcome"],
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home 200": [
        "aid:home",
        "aid:helpers",
        "aid:helper_revoke",
        "aid:profile",
        "aid:pay",
        "aid:amounts",
        "aid:payment",
        "aid:proof",
        "aid:history",
        "aid:hours",
    ],
    ">aid:funders wait 405 405 405 405 405 405 >cesu:home 405": ["aid:invitation_withdraw"],
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home >aid:amounts": ["aid:confirm"],  # nothing was chosen
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home 404": ["aid:card"],  # no card pays this one
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home >aid:home": ["aid:space"],
    "login wait gate gate gate 403 403 200": [
        "admin:cesu_aidtransferbatch_hand_over",
        "admin:cesu_aidtransferbatch_download",
        "admin:cesu_aidtransferbatch_report",
        "admin:cesu_aidpayment_reject",
    ],
    "login wait gate gate gate 403 403 >admin:cesu_aidtransferbatch_report": [
        "admin:cesu_aidtransferbatch_report_confirm"
    ],
}
OF_THE_FUNDER = [
    "welcome",
    "colours",
    "how_to",
    "privacy",
    "contact",
    "sign_up",
    "sign_up_email",
    "sign_up_done",
    "forgotten",
]
ANSWERS["login wait gate gate gate 403 403 >admin:cesu_caregiver_bring"] = ["admin:cesu_caregiver_bring_confirm"]
OF_ROWS = [
    *(
        f"admin:cesu_aidaccount_{page}"
        for page in (
            "plan",
            "suspend",
            "resume",
            "end",
            "reopen",
            "payments",
            "correct",
            "authorise",
            "give_code",
            "confirm",
            "revoke",
        )
    ),
    *(f"admin:cesu_funder_{page}" for page in ("returns", "returns_file")),
    *(f"admin:cesu_rightsimport_{page}" for page in ("sheet", "codes")),
    "admin:cesu_caregiver_end",
]
ANSWERS["login wait gate gate gate 403 403 200"] = [
    "admin:cesu_rightsimport_sample",
    "admin:cesu_caregiver_bring",
    "admin:cesu_caregiver_sample",
    *ANSWERS.get("login wait gate gate gate 403 403 200", []),
    *OF_ROWS,
]
# The tables of those who pay the caregivers, then those of the funders' staff: nothing for agents of communes.
TABLES = {
    "cesu_aidtransferbatch": ("", "list"),
    "cesu_aidpayment": ("", "list"),
    "cesu_aidaccount": ("", "list"),
    "cesu_aidrule": ("", "list add"),
    "cesu_caregiver": ("", "list"),
    "cesu_rightsimport": ("", "list add"),
    "cesu_funder": ("", "list add"),
}
ELSEWHERE = ("login", ">cesu:login")  # what is shut to who is not signed in


def fill(world) -> None:
    """A funder, its beneficiary « beneficiary » with a right, and rows for every address."""
    funder = funder_with(name="Département de la Haute-Garonne", slug="haute-garonne")
    holder = holder_with(code="12345678")
    right = right_with(aid_account_of(holder, funder))
    beneficiary = aid_user(holder, password="Cantine-Facile-2026")
    world.people["beneficiary"] = beneficiary
    payment = payment_of((right, 60), caregiver=caregiver_with(holder), by=beneficiary)
    prepare_transfers(timezone.localdate())
    world.objects |= {"funder": funder, "holder": holder, "aidpayment": payment}
    world.objects |= {"aidaccount": right.aid_account, "right": right, "aidrule": funder.rules.first()}
    world.objects["caregiver"] = payment.caregiver
    world.objects["aidtransferbatch"] = AidTransferBatch.objects.get()
    world.objects |= _of_people(holder, funder, beneficiary)
    agent = world.people["manager"]
    read = keep_sheet(agent=agent, funder=funder, file_name="novembre.csv", lines=[], faults={})
    world.objects["rightsimport"] = read


def _of_people(holder, funder, beneficiary) -> dict:
    """Who signs up, who only looks, who helps and who is invited to."""
    waiting = holder_with(code="23456789", contact_email="fille@famille.example")
    signing_up = holder_with(code="34567890")
    for each in (waiting, signing_up):
        aid_account_of(each, funder)
    invited = {"first_name": "Luc", "last_name": "Lacoste", "email": "luc@famille.example"}
    return {
        "looking": aid_user(waiting, confirmed=False).aid_accesses.get(),
        "signing_up": signing_up,
        "helper": aid_user(holder, role=AidAccess.Role.HELPER, first_name="Anne").aid_accesses.get(),
        "aidinvitation": AidInvitation.objects.create(holder=holder, by=beneficiary, **invited),
    }


def paths(world) -> dict[str, dict]:
    """The parts of addresses that name a row."""
    of_the_funder = {"funder": world.objects["funder"].slug}
    of_the_holder = {"holder": world.objects["holder"].pk}
    signing_up = links.sign_up_path(world.objects["signing_up"], world.objects["funder"], "odette@famille.example")
    payment = world.objects["aidpayment"]
    of_the_payment, payee = {"reference": payment.reference}, {"caregiver": payment.caregiver_id}
    batch = {"pk": world.objects["aidtransferbatch"].pk}
    return {
        **{f"admin:cesu_aidtransferbatch_{page}": batch for page in ("hand_over", "download")},
        "admin:cesu_aidpayment_reject": {"pk": world.objects["aidpayment"].pk},
        **{f"aid:{page}": of_the_funder for page in OF_THE_FUNDER},
        **{name: _row(world, name) for name in OF_ROWS},
        "aid:activate": token_of(signing_up),
        "aid:confirm_access": token_of(links.confirm_path(world.objects["looking"])),
        "aid:new_password": token_of(links.password_path(world.people["beneficiary"])),
        **{f"aid:{page}": of_the_holder for page in ("home", "helpers", "profile")},
        "aid:helper_revoke": of_the_holder | {"pk": world.objects["helper"].pk},
        "aid:invitation_withdraw": of_the_holder | {"pk": world.objects["aidinvitation"].pk},
        "aid:invitation": token_of(links.invitation_path(world.objects["aidinvitation"])),
        **{f"aid:{page}": of_the_holder for page in ("pay", "history", "hours")},
        **{f"aid:{page}": of_the_holder | payee for page in ("amounts", "confirm")},
        **{f"aid:{page}": of_the_holder | of_the_payment for page in ("payment", "proof", "card")},
    }


def _row(world, name: str) -> dict[str, int]:
    """The row of a page of the admin: « admin:cesu_funder_returns » is of the funder."""
    of_others = {"correct": "right", "confirm": "looking", "revoke": "helper"}
    row = of_others.get(name.split("_")[-1], name.split("_")[1])
    return {"pk": world.objects[row].pk}


def token_of(path: str) -> dict[str, str]:
    return {"token": path.rstrip("/").rsplit("/", 1)[1]}


def elsewhere(name: str, row: dict[str, str]) -> str:
    """What a beneficiary is answered outside their space: the public's pages, their own account, else the way back."""
    opens = row["anonymous"] not in ELSEWHERE or name.startswith(("admin:", *OWN))
    return ">aid:space" if not opens or row["alone"] == "account" else row["alone"]
