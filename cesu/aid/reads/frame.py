"""What frames each page of the space: who gives the aid, whom to call, whose account it is, the menu."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cesu.models import AidAccess, CesuHolder, Funder, issuer

FIRST_YEAR = 2026  # of the line of copyright
MENU = [  # label, page of a holder
    ("Accueil", "home"),
    ("Payer mon intervenant", "pay"),
    ("Historique", "history"),
    ("Mes proches", "helpers"),
    ("Mes informations", "profile"),
]


@dataclass(frozen=True)
class Entry:
    """An entry of the menu."""

    label: str
    url: str
    current: bool


def named(holder: CesuHolder) -> str:
    """« Odette LACOSTE »."""
    return f"{holder.first_name} {holder.last_name.upper()}"


def of_person(name: str) -> str:
    """« d’Odette », « de Jean »."""
    return f"d’{name}" if name[:1].lower() in "aâàeéèêiîoôuyh" else f"de {name}"


class Frame:
    """The frame of a page: ``funder`` None is the e-CESU alone, with the issuer’s texts; ``access`` None the public pages."""

    def __init__(
        self,
        user: User,
        path: str,
        funder: Funder | None,
        access: AidAccess | None = None,
        has_several: bool = False,
    ):
        """``has_several``: whether this person may open the accounts of several holders."""
        self.user, self.path, self.funder, self.access, self.has_several = user, path, funder, access, has_several

    @cached_property
    def whose(self) -> str:
        """« Compte d’Odette LACOSTE »: nobody pays for the wrong person."""
        return f"Compte {of_person(named(self.access.holder))}" if self.access else ""

    @cached_property
    def menu(self) -> list[Entry]:
        if self.access is None:
            return []
        rows = [(label, reverse(f"aid:{page}", args=[self.access.holder_id])) for label, page in MENU]
        if self.funder:
            rows.append(("Mode d’emploi", reverse("aid:how_to", args=[self.funder.slug])))
        here = max((url for _, url in rows if self.path.startswith(url)), key=len, default="")
        return [Entry(label, url, url == here) for label, url in rows]

    # --- Who answers for the space ------------------------------------------------------------------------------------
    @cached_property
    def name(self) -> str:
        return self.funder.name if self.funder else issuer().name

    @cached_property
    def account_name(self) -> str:
        """« Compte Solidarité 31 »."""
        return self.funder.account_name if self.funder else "Compte e-CESU"

    @cached_property
    def phone(self) -> str:
        return (self.funder or issuer()).phone

    @cached_property
    def phone_price(self) -> str:
        return (self.funder or issuer()).phone_price

    @cached_property
    def email(self) -> str:
        return (self.funder or issuer()).email

    @cached_property
    def dialled(self) -> str:
        """The number as a telephone takes it."""
        return "".join(sign for sign in self.phone if sign.isdecimal() or sign == "+")

    @cached_property
    def operator(self) -> str:
        return self.funder.operator if self.funder else issuer().legal_name

    @cached_property
    def controller(self) -> str:
        """Who answers for personal data (S1-33)."""
        return self.funder.controller if self.funder else issuer().legal_name

    @cached_property
    def years(self) -> str:
        """« 2026 », then « 2026 - 2027 »."""
        year = timezone.localdate().year
        return f"{FIRST_YEAR} - {year}" if year > FIRST_YEAR else str(FIRST_YEAR)

    @cached_property
    def colours(self) -> str:
        """The address of the funder’s colours, another one when they change."""
        if self.funder is None:
            return ""
        version = hashlib.sha256(colours_of(self.funder).encode()).hexdigest()[:8]
        return f"{reverse('aid:colours', args=[self.funder.slug])}?v={version}"


def colours_of(funder: Funder) -> str:
    """A funder’s colours as a stylesheet."""
    return f":root{{--pv-brand:{funder.colour_primary};--pv-brand-accent:{funder.colour_accent}}}\n"
