"""What every page shows: the authority, the tabs, the wallet's balance."""

from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property

from cesu.access import manager_of
from cesu.orders.menu import MENU
from common.models import authority
from families.models import Guardian
from reservations.reads.family import facts_of

FOOTER = [
    ("Mentions légales", "mentions-legales"),
    ("Données personnelles", "donnees-personnelles"),
    ("Accessibilité : non conforme", "accessibilite"),
    ("Paramétrage des cookies", "cookies"),
    ("Contact", "contact"),
]


@dataclass
class Tab:
    """An entry of the navigation, with those below it; ``current`` when the page belongs to it."""

    label: str
    url: str
    current: bool = False
    entries: list["Tab"] = field(default_factory=list)


class Page:
    """Lazy parts of the context: a page that shows no header reads no family."""

    def __init__(self, request):
        self.request = request

    @cached_property
    def facts(self):
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated or not user.may_enter:
            return None
        try:
            return facts_of(user)
        except Guardian.DoesNotExist:
            return None

    @cached_property
    def tabs(self) -> list[Tab]:
        user = getattr(self.request, "user", None)
        if user is not None and user.is_authenticated and manager_of(user):
            return menu_of_managers(getattr(self.request, "tab", self.request.path))
        if self.facts is None:
            return []
        in_cart = f" ({self.facts.in_cart})" if self.facts.in_cart else ""
        rows = [
            ("Accueil", reverse("account")),
            ("Cantine", reverse("reservations:products", args=["cantine"])),
            ("Réservations", reverse("reservations:selection")),
            ("Mes réservations", reverse("reservations:bookings")),
            ("Suivi", reverse("reservations:following")),
            (f"Panier{in_cart}", reverse("reservations:cart")),
            ("Historiques", reverse("reservations:history")),
            ("Soldes et paiements", reverse("reservations:balances")),
            ("Mes filiations", reverse("families:members")),
            ("Mes services", reverse("services:services")),
            ("Profil", reverse("profile")),
        ]
        here = getattr(self.request, "tab", self.request.path)
        if here.startswith(reverse("wallet:statement")):
            here = reverse("reservations:balances")
        best = max((url for _, url in rows if here.startswith(url)), key=len, default="")
        return [Tab(label, url, url == best) for label, url in rows]


def menu_of_managers(here: str) -> list[Tab]:
    """The parts of the employers' space, each leading to its first entry."""
    rows = [(part, label, reverse(name)) for part, entries in MENU for label, name in entries]
    best = max((url for _, _, url in rows if here.startswith(url)), key=len, default="")
    tabs = []
    for part, _ in MENU:
        entries = [Tab(label, url, url == best) for its, label, url in rows if its == part]
        current = any(entry.current for entry in entries)
        tabs.append(Tab(part, entries[0].url, current, entries if len(entries) > 1 else []))
    return tabs


def page(request):
    """Context of base.html."""
    parts = Page(request)
    return {
        "authority": authority(),
        "tabs": parts.tabs,
        "wallet_balance": parts.facts.balance if parts.facts else None,
        "wallet_debts": parts.facts.debts if parts.facts else (),
        "footer_links": _footer_links(),
    }


def _footer_links() -> list[dict]:
    links = [{"label": label, "url": reverse("legal", args=[slug])} for label, slug in FOOTER]
    if settings.DEMO:
        links += [
            {"label": "Démonstration : e-mails envoyés", "url": reverse("inbox")},
            {"label": "Démonstration : code des agents", "url": reverse("codes")},
        ]
    return links
