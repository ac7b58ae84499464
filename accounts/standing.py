"""Where an account stands and who acts next: decided here once, told in these words by pages, emails and agents' lists."""

from dataclasses import dataclass, replace
from enum import StrEnum

from accounts import hooks
from accounts.models import User

Status = User.Status


class Access(StrEnum):
    """What a person's services let them do today (``hooks.access_of``), the best of their family's lines."""

    OPEN = "open"  # somebody of the family may be booked
    ASKED = "asked"  # an agent of the service decides
    LACKING = "lacking"  # the family has pieces to give
    REFUSED = "refused"
    NONE = "none"  # nothing was asked


@dataclass(frozen=True)
class Standing:
    """A state of an account: its name for agents, who acts next, and what its owner reads and may do."""

    label: str
    tone: str
    actor: str
    sentence: str  # may name {town}
    title: str = ""
    action: str = ""
    url_name: str = ""


TOWN_NAMED = "{town}"
TOWN = "un agent de la commune"
OWNER = "la personne"
SERVICE = "un agent du service"
WAITING = "En attente de validation"
VALID = "Votre compte usager est validé."

STARTED = Standing(
    "Inscription inachevée",
    "warn",
    OWNER,
    "C’est à vous : indiquez vos filiations, puis choisissez le service de votre commune. "
    "La mairie n’examine votre compte qu’ensuite.",
    "Terminez votre inscription",
    "Terminer mon inscription",
    "signup_members",
)
REFUSED = Standing(
    "Refusé",
    "danger",
    OWNER,
    "C’est à vous : corrigez vos informations, puis demandez un nouvel examen.",
    "Votre compte n’a pas été accepté",
    "Demander un nouvel examen",
    "waiting",
)
CLOSED = Standing(
    "Fermé",
    "quiet",
    "personne",
    "Votre compte usager est fermé : il ne permet plus de se connecter. Pour toute question, contactez votre mairie.",
    "Votre compte est fermé",
)
COMPLETE = Standing(
    WAITING,
    "warn",
    TOWN,
    "Votre demande est complète. Un agent{town} va l’examiner.",
    WAITING,
)
PIECES = Standing(
    WAITING,
    "warn",
    f"{TOWN} ; la personne a aussi des pièces à donner",
    "Votre compte attend la validation d’un agent{town}. Votre demande n’est pas complète : c’est à vous de donner "
    "les pièces que le service demande.",
    WAITING,
    "Donner mes pièces",
    "signup_services",
)
ENTERED = {
    Access.OPEN: Standing(
        "Validé", "ok", OWNER, f"{VALID} Vous pouvez dès maintenant réserver en ligne.", "", "Réserver", "account"
    ),
    Access.ASKED: Standing(
        "Validé",
        "ok",
        SERVICE,
        f"{VALID} Un agent du service examine votre demande d’accès : vous réserverez dès qu’il l’aura acceptée.",
        "Le service examine votre demande",
        "Suivre ma demande",
        "services:services",
    ),
    Access.LACKING: Standing(
        "Validé",
        "ok",
        OWNER,
        f"{VALID} Il manque des pièces à votre demande d’accès : donnez-les pour que le service l’examine.",
        "Il manque des pièces à votre demande",
        "Donner mes pièces",
        "services:services",
    ),
    Access.REFUSED: Standing(
        "Validé",
        "ok",
        OWNER,
        f"{VALID} Votre demande d’accès n’a pas été acceptée : lisez le motif, vous pouvez la refaire.",
        "Votre demande d’accès n’a pas été acceptée",
        "Lire le motif",
        "services:services",
    ),
    Access.NONE: Standing(
        "Validé",
        "ok",
        OWNER,
        f"{VALID} Pour réserver, indiquez vos filiations et demandez l’accès à un service de votre commune.",
        "Demandez l’accès à un service",
        "Demander un accès",
        "services:services",
    ),
}


def standing(status: str, is_whole: bool, access: Access | None = None) -> Standing:
    """The state of an account; ``is_whole``: its three steps are done. Without ``access`` only label and actor hold."""
    if status == Status.VALIDATED:
        return ENTERED[access or Access.NONE]
    if status != Status.PENDING:
        return REFUSED if status == Status.REFUSED else CLOSED
    if not is_whole:
        return STARTED
    return PIECES if access == Access.LACKING else COMPLETE


def standing_of(user: User, status: str = "") -> Standing:
    """Where a person's account stands now, or would once it has ``status``."""
    access = next(iter(hooks.access_of(user=user)), Access.NONE)
    found = standing(status or user.status, user.signed_up_at is not None, Access(access))
    if TOWN_NAMED not in found.sentence:
        return found
    town = f" de {user.commune}" if user.commune_id else ""
    return replace(found, sentence=found.sentence.replace(TOWN_NAMED, town))


def sentence_for(user: User, status: str = "") -> str:
    """What the person reads of it."""
    return standing_of(user, status).sentence
