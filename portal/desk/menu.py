"""The agents' menu: what there is to do in plain words, and « Réglages », the one door to all the rest.

Whoever may not open a page does not see its entry: a table asks its own page, any other page has its right in ``pages``.
"""

from dataclasses import dataclass
from functools import cache, cached_property

from django.apps import apps
from django.contrib.admin import site
from django.urls import reverse
from django.utils.text import capfirst

from accounts.backends import is_agent

FEW = 12  # entries that are seen at once; of more the groups are folded but the one where the page is


@dataclass(frozen=True)
class Entry:
    """A thing to do: the table where it is done (« families.family »), or the page, whose right ``pages`` knows.

    ``also``: other addresses of the agents' side that belong to it.
    """

    label: str
    table: str = ""
    page: str = ""
    also: str = ""
    is_managers: bool = False

    @property
    def address(self) -> str:
        return _address(self.page or f"{self.table.replace('.', '_')}_changelist")

    def may_be_opened(self, request) -> bool:
        """Whether the agent of this request may open it."""
        if self.is_managers and not request.user.is_superuser:
            return False
        if not self.table:
            return is_agent(request.user) and (not (right := rights()[self.page]) or request.user.has_perm(right))
        page = site.get_model_admin(apps.get_model(self.table))
        return page.has_module_permission(request) and page.has_view_or_change_permission(request)

    def reach(self, path: str) -> int:
        """How much of a path leads to this entry; 0 for the page of another one."""
        others = [_address("index") + self.also] if self.also else []
        return max(len(start) if path.startswith(start) else 0 for start in [self.address, *others])


@cache
def rights() -> dict[str, str]:
    """The right that each page takes; read once the site stands, for the pages' modules register tables on it."""
    from portal.desk.pages import RIGHTS

    return RIGHTS


@cache
def _address(page: str) -> str:
    return reverse(f"admin:{page}")


TASKS = {
    "Aujourd’hui": [
        Entry("Feuilles de présence", page="attendance_day"),
        Entry("Effectifs", page="headcounts"),
        Entry("Santé et contacts", "families.healthfile"),
        Entry("Menus des cantines", "portal.kitchen"),
        Entry("Calendrier", page="calendar"),
        Entry("Fermer une journée", page="closing"),
    ],
    "Familles": [
        Entry("Familles", "families.family", also="familles/"),
        Entry("Comptes usagers", "accounts.user"),
        Entry("Demandes d’accès", "services.requestline"),
        Entry("Pièces justificatives", "services.supportingdocument"),
        Entry("Réserver pour une famille", page="desk"),
        Entry("Absences signalées", "reservations.absence"),
        Entry("Liste d’attente", "reservations.waitlistentry"),
        Entry("Messages reçus", "portal.contactmessage"),
    ],
    "Argent": [
        Entry("Règlements au guichet", "wallet.counterpayment"),
        Entry("Porte-monnaie", "wallet.wallet"),
        Entry("Paiements par carte", "wallet.cardpayment"),
        Entry("Prélèvements du mois", "wallet.directdebitrun"),
        Entry("Prélèvements des familles", "wallet.directdebit"),
        Entry("Remboursements", "wallet.bankrefund"),
        Entry("Fichiers de virements", "wallet.bankrefundbatch"),
        Entry("Comptabilité du mois", page="accounting_month"),
        Entry("Journal du jour", page="accounting_journal"),
        Entry("Rapprochement Stripe", page="accounting_stripe"),
    ],
    "Bilan": [
        Entry("Chiffres", page="figures"),
        Entry("Avis des familles", "portal.review"),
    ],
    "CESU des employeurs": [
        Entry("Employeurs", "cesu.employer"),
        Entry("Inscriptions en ligne", "cesu.activationrequest"),
        Entry("Commandes de CESU", "cesu.voucherorder"),
        Entry("Lots de fabrication", "cesu.fabrication"),
        Entry("Oppositions", "cesu.opposition"),
        Entry("Titres", "cesu.voucher"),
        Entry("Demandes d’aide", "cesu.helprequest"),
    ],
    "Aide à domicile": [
        Entry("Comptes d’aide", "cesu.aidaccount"),
        Entry("Imports de droits", "cesu.rightsimport"),
        Entry("Intervenants", "cesu.caregiver"),
        Entry("Paiements des intervenants", "cesu.aidpayment"),
        Entry("Virements aux intervenants", "cesu.aidtransferbatch"),
    ],
}
SETTINGS = {
    "Services et activités": [
        Entry("Services", "services.service"),
        Entry("Activités et tarifs", "reservations.activity"),
        Entry("Types de pièces", "services.documenttype"),
        Entry("Types de porte-monnaie", "wallet.purse"),
    ],
    "Écoles et calendriers": [
        Entry("Écoles", "families.school"),
        Entry("Classes", "families.schoolclass"),
        Entry("Calendriers scolaires", "reservations.schoolcalendar"),
    ],
    "Le portail": [
        Entry("Collectivité", "lib.authority"),
        Entry("Communes", "accounts.commune"),
        Entry("Agents", "accounts.agent"),
        Entry("Actualités", "portal.news"),
    ],
    "Échanges avec le logiciel métier": [
        Entry("Logiciels métier", "reservations.backoffice"),
        Entry("Transmissions", "reservations.transmission"),
        Entry("Lignes transmises", "reservations.change"),
    ],
    "CESU et aide à domicile": [
        Entry("Émetteur des CESU", "cesu.issuer"),
        Entry("Financeurs d’aide", "cesu.funder"),
        Entry("Règles des comptes d’aide", "cesu.aidrule"),
        Entry("Plafonds d’exonération", "cesu.ceiling"),
        Entry("Modes de transport", "cesu.transport"),
        Entry("Conditions générales de vente", "cesu.terms"),
        Entry("Documents utiles", "cesu.usefuldocument"),
        Entry("Actualités des CESU", "cesu.spacenews"),
    ],
    "Suivi technique": [
        Entry("Messages envoyés", "lib.outgoingemail"),
        Entry("Tâches de la nuit", "lib.jobrun"),
        Entry("Événements de Stripe", "wallet.stripeevent"),
        Entry("Exports de listes", "portal.listexport"),
        Entry("Journal des actes", page="journal", is_managers=True),
    ],
}
OTHERS = "Autres listes"
DOOR = Entry("Réglages", page="settings")


@dataclass(frozen=True)
class Link:
    """An entry as a page shows it."""

    label: str
    address: str
    current: bool


@dataclass(frozen=True)
class Group:
    """Links under a title; ``open`` unless they are many and the page is elsewhere."""

    title: str
    links: list[Link]
    open: bool = True


class Menu:
    """The menu of a request, read when a page shows it."""

    def __init__(self, request):
        self._request = request

    @cached_property
    def groups(self) -> list[Group]:
        """What the agent may do."""
        opened = self._opened(TASKS)
        few = sum(len(entries) for entries in opened.values()) <= FEW
        return [Group(title, self._links(entries), few or self._here in entries) for title, entries in opened.items()]

    @cached_property
    def settings(self) -> list[Group]:
        """What the door leads to."""
        return [Group(title, self._links(entries)) for title, entries in self._opened(_behind()).items()]

    @cached_property
    def door(self) -> Link | None:
        """« Réglages », for who finds something there."""
        found = any(each.may_be_opened(self._request) for entries in _behind().values() for each in entries)
        inside = self._here is DOOR or any(self._here in entries for entries in _behind().values())
        return Link(DOOR.label, DOOR.address, inside) if found else None

    def _opened(self, groups: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
        found = {title: [each for each in groups[title] if each.may_be_opened(self._request)] for title in groups}
        return {title: entries for title, entries in found.items() if entries}

    @cached_property
    def _here(self) -> Entry | None:
        """The entry to which the page belongs: the one that says most of its address."""
        path = self._request.path
        known = [DOOR, *(entry for groups in (TASKS, _behind()) for entries in groups.values() for entry in entries)]
        best = max(known, key=lambda entry: entry.reach(path))
        return best if best.reach(path) else None

    def _links(self, entries: list[Entry]) -> list[Link]:
        return [Link(each.label, each.address, each is self._here) for each in entries]


@cache
def _behind() -> dict[str, list[Entry]]:
    """The settings, and the tables that no group names: what was just added is found too."""
    named = {entry.table for groups in (TASKS, SETTINGS) for entries in groups.values() for entry in entries}
    tables = sorted((model._meta.verbose_name_plural, model._meta.label_lower) for model in site._registry)
    return SETTINGS | {OTHERS: [Entry(capfirst(name), table) for name, table in tables if table not in named]}


@cache
def _labels() -> dict[str, str]:
    parts = (TASKS, _behind())
    return {entry.table: entry.label for groups in parts for entries in groups.values() for entry in entries}


def label_of(table: str) -> str:
    """How the menu calls a table (« families.family »)."""
    return _labels().get(table, "")
