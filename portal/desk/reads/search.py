"""The agents' one search: families first, then accounts without one, orders, payments, requests and CESU codes."""

import re
import uuid
from dataclasses import dataclass, field

from django.urls import reverse

from accounts.models import User
from accounts.reads.search import people_asked, rows_found
from cesu.models import AidAccount
from common.values.asked import read
from common.values.dates import date_short
from common.values.money import euros
from families.models import Family
from families.reads.search import find as find_families
from reservations.models import Order
from services.models import RequestLine
from wallet.models import CardPayment

MOST = 12  # more are no answer: the page asks for another word
NUMBERED = re.compile(r"(?:(commande|demande)\s*)?(?:n[°o]\.?|#)?\s*([0-9]{1,9})", re.IGNORECASE)
CESU_CODE = re.compile(r"[0-9]{8}", re.ASCII)
REFERENCE = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}", re.IGNORECASE)


@dataclass(frozen=True)
class Hit:
    """Something that is no family: what it is, what is known of it, where it is read."""

    label: str
    detail: str
    address: str


@dataclass
class Found:
    """``is_near``: nobody has these words, names that differ by a letter are shown; ``is_cut``: there are more."""

    families: list[Family] = field(default_factory=list)
    others: list[Hit] = field(default_factory=list)
    is_near: bool = False
    is_cut: bool = False

    @property
    def only(self) -> str | None:
        """The one page that was meant, when there is no doubt."""
        if self.is_near or len(self.families) + len(self.others) != 1:
            return None
        return reverse("admin:family_file", args=[self.families[0].pk]) if self.families else self.others[0].address


def find(agent: User, typed: str) -> Found:
    """What an agent may see of what was typed, in a handful of queries. Raise NothingAsked, TooMuchAsked."""
    asked = read(typed)
    others = _numbered(agent, asked.text)
    found = Found(others=others)
    if agent.has_perm("families.view_family"):
        families = find_families(agent, asked, MOST)
        if not (families.is_near and others):
            found = Found(families.families, others, families.is_near, families.is_cut)
    found.others += _people(agent, typed)
    return found


def _numbered(agent: User, text: str) -> list[Hit]:
    hits = []
    if match := NUMBERED.fullmatch(text):
        hits += _orders(agent, match) + _requests(agent, match)
    if CESU_CODE.fullmatch(text):
        hits += _aid_accounts(agent, text)
    if REFERENCE.fullmatch(text):
        hits += _payments(agent, text.replace("-", ""))
    return hits


def _orders(agent: User, match: re.Match) -> list[Hit]:
    if (match[1] or "").lower() == "demande" or not agent.has_perm("reservations.view_order"):
        return []
    rows = Order.objects.filter(pk=int(match[2]), family__in=Family.objects.of_agent(agent)).select_related("family")
    return [_hit(each, str(each), f"{each.family} · {date_short(each.at)}") for each in rows]


def _requests(agent: User, match: re.Match) -> list[Hit]:
    if (match[1] or "").lower() == "commande" or not agent.has_perm("services.view_requestline"):
        return []
    rows = RequestLine.objects.of_agent(agent).filter(pk=int(match[2])).select_related("member", "request__service")
    return [
        _hit(each, f"Demande {each.pk}", f"{each.member} · {each.request.service.name} · {each.get_status_display()}")
        for each in rows
    ]


def _payments(agent: User, signs: str) -> list[Hit]:
    """By the whole reference of a card payment, or its beginning: eight signs or more."""
    if len(signs) > 32 or not agent.has_perm("wallet.view_cardpayment"):
        return []
    span = uuid.UUID(signs.ljust(32, "0")), uuid.UUID(signs.ljust(32, "f"))
    rows = CardPayment.objects if agent.is_superuser else CardPayment.objects.of_agent(agent)
    return [
        _hit(
            each,
            f"Paiement par carte de {euros(each.cents)}",
            f"{each.label} · {date_short(each.created_at)} · {each.get_status_display()}",
        )
        for each in rows.filter(reference__range=span)[:MOST]
    ]


def _aid_accounts(agent: User, code: str) -> list[Hit]:
    if not agent.has_perm("cesu.view_aidaccount"):
        return []
    rows = AidAccount.objects.of_agent(agent).filter(holder__code=code).select_related("holder", "funder")
    return [_hit(each, f"CESU {code}", f"{each.holder} · {each.funder}") for each in rows]


def _people(agent: User, typed: str) -> list[Hit]:
    """Accounts that no family has yet."""
    if not agent.has_perm("accounts.view_user"):
        return []
    alone = User.objects.of_agent(agent).residents().filter(guardian=None)
    return [
        _hit(each, f"Compte de {each.get_full_name()}", f"{each.identifier} · {each.get_status_display()}")
        for each in rows_found(alone, typed, people_asked)[:MOST]
    ]


def _hit(row, label: str, detail: str) -> Hit:
    return Hit(label, detail, reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]))
