"""Who may open the pages of the beneficiaries' space, and a beneficiary with something at every address (see access.py)."""

from django.utils import timezone

from cesu.aid.actions.transfers import prepare_transfers
from cesu.models import AidTransferBatch
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
    EVERYBODY: ["aid:how_to", "aid:privacy", "aid:colours"],
    " ".join([">aid:welcome"] * 10): ["aid:funders"],  # there is one
    "200 wait account account account work work work >cesu:home >aid:space": ["aid:welcome"],
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home 200": ["aid:home"],
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
# The tables of those who pay the caregivers.
TABLES = {"cesu_aidtransferbatch": ("", "list"), "cesu_aidpayment": ("", "list")}
ELSEWHERE = ("login", ">cesu:login")  # what is shut to who is not signed in


def fill(world) -> None:
    """A funder, its beneficiary « beneficiary » with a right, and rows for every address."""
    funder = funder_with(name="Département de la Haute-Garonne", slug="haute-garonne")
    holder = holder_with(code="12345678")
    right = right_with(aid_account_of(holder, funder))
    beneficiary = aid_user(holder, password="Cantine-Facile-2026")
    world.people["beneficiary"] = beneficiary
    payment = payment_of((right, 60), caregiver=caregiver_with(), by=beneficiary)
    prepare_transfers(timezone.localdate())
    world.objects |= {"funder": funder, "holder": holder, "aidpayment": payment}
    world.objects["aidtransferbatch"] = AidTransferBatch.objects.get()


def paths(world) -> dict[str, dict]:
    """The parts of addresses that name a row."""
    of_the_funder = {"funder": world.objects["funder"].slug}
    of_the_holder = {"holder": world.objects["holder"].pk}
    batch = {"pk": world.objects["aidtransferbatch"].pk}
    return {
        **{f"admin:cesu_aidtransferbatch_{page}": batch for page in ("hand_over", "download")},
        "admin:cesu_aidpayment_reject": {"pk": world.objects["aidpayment"].pk},
        **{f"aid:{page}": of_the_funder for page in ("welcome", "colours", "how_to", "privacy")},
        **{f"aid:{page}": of_the_holder for page in ("home",)},
    }


def elsewhere(name: str, row: dict[str, str]) -> str:
    """What a beneficiary is answered outside their space: the public's pages, their own account, else the way back."""
    opens = row["anonymous"] not in ELSEWHERE or name.startswith(("admin:", *OWN))
    return ">aid:space" if not opens or row["alone"] == "account" else row["alone"]
