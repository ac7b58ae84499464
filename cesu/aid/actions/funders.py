"""Funders, their accounts in the ledger, and those of caregivers."""

from django.db.models import Q

from accounts.models import User
from cesu.models import Caregiver, Funder
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions.wallets import open_ledger_account
from wallet.models import Account, AccountKind

OPENING = "open-funder"  # purpose of the key


class FunderTaken(Refusal):
    sentence = "Un financeur a déjà ce nom ou cette adresse."


@outermost
def create_funder(*, agent: User, key: str, **fields) -> Funder:
    """A new funder, with its account in the ledger. Twice is once. Raise FunderTaken."""
    once = claim_key(key, agent.owner, OPENING)
    if once.answer:
        return Funder.objects.get(pk=once.answer["funder"])
    if Funder.objects.filter(Q(slug=fields["slug"]) | Q(name=fields["name"])).exists():
        raise FunderTaken
    funder = open_funder(**fields)
    once.remember({"funder": funder.pk})
    return funder


def open_funder(*, slug: str, **fields) -> Funder:
    """Create a funder with its account in the ledger. The caller's transaction."""
    account = open_ledger_account(AccountKind.CESU_FUNDER, f"aid:{slug}")
    return Funder.objects.create(slug=slug, account=account, **fields)


def payable_account(caregiver: Caregiver) -> Account:
    """What is owed to a caregiver until a transfer pays it."""
    return open_ledger_account(AccountKind.CAREGIVER, f"caregiver:{caregiver.pk}")


def hold_account(reference: str) -> Account:
    """Where the rights and the card money of one payment stand together until both are there."""
    return open_ledger_account(AccountKind.HOLD, f"aid:{reference}", floor=0)


def fee_account() -> Account:
    """« Participation aux frais de traitement » of the card complements."""
    return open_ledger_account(AccountKind.FEES, "aid")
