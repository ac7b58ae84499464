"""What agents may do: roles that a manager gives, each a set of rights; which rows, each table limits to their communes."""

from collections.abc import Iterable
from functools import cache

from django.db.models import TextChoices


class Role(TextChoices):
    """A role, as agents read it."""

    ANIMATEUR = "animateur", "Animateur"
    GUICHET = "guichet", "Guichet"
    REGISSEUR = "regisseur", "Régisseur"
    RESPONSABLE = "responsable", "Responsable"
    CONSULTATION = "consultation", "Consultation"
    GESTIONNAIRE = "gestionnaire", "Gestionnaire"


LETS_DO = {
    Role.ANIMATEUR: "Feuilles de présence, effectifs, menus, santé et contacts des enfants du jour.",
    Role.GUICHET: "Familles et comptes, demandes d’accès et pièces, réservations, absences, messages ; lit les soldes.",
    Role.REGISSEUR: "Règlements, porte-monnaie, cartes, prélèvements, remboursements, comptabilité ; lit les familles.",
    Role.RESPONSABLE: "Activités, tarifs et réglages des services, écoles et classes, journées, menus, avis, chiffres.",
    Role.CONSULTATION: "Les chiffres seulement ; personne n’y est nommé.",
    Role.GESTIONNAIRE: "Tout ce qui précède, et donne les rôles aux agents de ses communes.",
}
GIVE_ROLES = "accounts.change_agent"


def _rights(app: str, **tables: str) -> set[str]:
    """``family="view change"`` is families.view_family and families.change_family."""
    return {f"{app}.{verb}_{table}" for table, verbs in tables.items() for verb in verbs.split()}


EDIT, ALL = "view add change", "view add change delete"
_DAYS = _rights("reservations", session="view")
_FAMILIES = _rights("families", family="view", member="view", school="view", schoolclass="view")
_GRANTS = {
    Role.ANIMATEUR: _DAYS
    | _rights("families", healthfile="view")
    | _rights("portal", kitchen="view")
    | {"reservations.add_attendance"},
    Role.GUICHET: _DAYS
    | _FAMILIES
    | _rights("accounts", user="view change")
    | _rights("families", family="add change", member="add change", identitychange="view change")
    | _rights("families", sepamandate="view change")
    | _rights("services", service="view", requestline="view change", supportingdocument="view change")
    | _rights("reservations", booking="view add", order="view", waitlistentry="view", absence="view change")
    | _rights("reservations", activity="view")
    | _rights("wallet", wallet="view")
    | _rights("portal", contactmessage="view change"),
    Role.REGISSEUR: _FAMILIES
    | _rights("accounts", user="view")
    | _rights("families", sepamandate="view change")
    | _rights("reservations", booking="view", order="view")
    | _rights(
        "wallet", wallet="view change", operation="view", directdebit="view", bankrefund="view", cardpayment="view"
    )
    | _rights("wallet", counterpayment=EDIT),
    Role.RESPONSABLE: _DAYS
    | _rights("families", schoolclass=EDIT, school="view", healthfile="view")
    | _rights("services", service=EDIT, audience=ALL, requireddocument=ALL)
    | _rights("reservations", activity=EDIT, openingrule=ALL, closure=ALL, tariff=ALL, priority=ALL)
    | _rights(
        "reservations", booking="view", waitlistentry="view", absence="view", change="view change", figures="view"
    )
    | _rights("portal", news=EDIT, kitchen=EDIT, review="view change")
    | {"reservations.add_attendance"},
    Role.CONSULTATION: _rights("reservations", figures="view"),
}
_GRANTS[Role.GESTIONNAIRE] = set().union(*_GRANTS.values()) | _rights("accounts", agent=EDIT)


def granted(roles: Iterable[str]) -> frozenset[str]:
    """The rights of who has these roles."""
    return _union(tuple(sorted(roles)))


@cache
def _union(roles: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(_GRANTS.get(role, ()) for role in roles))
