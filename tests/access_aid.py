"""Who may open the pages of the beneficiaries' space, and a beneficiary with something at every address (see access.py)."""

from tests.access_cesu import OWN
from tests.factories.aid import aid_account_of, aid_user, funder_with, holder_with, right_with

EVERYBODY = " ".join(["200"] * 10)
# What a GET answers to: anonymous, pending, alone, parent, other, agent, stranger, manager, employer; then a beneficiary.
ANSWERS = {
    EVERYBODY: ["aid:how_to", "aid:privacy", "aid:colours"],
    " ".join([">aid:welcome"] * 10): ["aid:funders"],  # there is one
    "200 wait account account account work work work >cesu:home >aid:space": ["aid:welcome"],
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home 200": ["aid:home"],
    ">aid:funders wait 404 404 404 404 404 404 >cesu:home >aid:home": ["aid:space"],
}
ELSEWHERE = ("login", ">cesu:login")  # what is shut to who is not signed in


def fill(world) -> None:
    """A funder, its beneficiary « beneficiary » with a right, and rows for every address."""
    funder = funder_with(name="Département de la Haute-Garonne", slug="haute-garonne")
    holder = holder_with(code="12345678")
    right_with(aid_account_of(holder, funder))
    world.people["beneficiary"] = aid_user(holder, password="Cantine-Facile-2026")
    world.objects |= {"funder": funder, "holder": holder}


def paths(world) -> dict[str, dict]:
    """The parts of addresses that name a row."""
    of_the_funder = {"funder": world.objects["funder"].slug}
    of_the_holder = {"holder": world.objects["holder"].pk}
    return {
        **{f"aid:{page}": of_the_funder for page in ("welcome", "colours", "how_to", "privacy")},
        **{f"aid:{page}": of_the_holder for page in ("home",)},
    }


def elsewhere(name: str, row: dict[str, str]) -> str:
    """What a beneficiary is answered outside their space: the public's pages, their own account, else the way back."""
    opens = row["anonymous"] not in ELSEWHERE or name.startswith(("admin:", *OWN))
    return ">aid:space" if not opens or row["alone"] == "account" else row["alone"]
