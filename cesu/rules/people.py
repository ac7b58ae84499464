"""Who may enter an employer's space, whom it may pay: regulations as pure functions, and the sentences of their refusals."""

from portal.lib.refusals import Refusal

LINK_DAYS = 7
MAX_REASON = 200  # characters
NEUTRAL = (
    "Si ces informations correspondent à l’un de nos clients, un e-mail vous parviendra sous 12 heures ouvrées "
    "à l’adresse indiquée, avec un lien pour choisir votre mot de passe."
)
NEUTRAL_LINK = (
    "Si ces informations correspondent à un gestionnaire, un e-mail lui parvient dans quelques minutes, "
    "avec un lien pour choisir un nouveau mot de passe."
)


class DeadLink(Refusal):
    sentence = f"Ce lien n’est plus valable : il a déjà servi, ou il date de plus de {LINK_DAYS} jours."


class PrimaryThere(Refusal):
    """An employer has one primary manager at a time."""

    sentence = "Cet employeur a déjà un gestionnaire principal : retirez-le d’abord."


class ReferenceTaken(Refusal):
    """The client reference is somebody's identifier already."""

    sentence = "Cette référence client sert déjà d’identifiant à un autre compte."


class NotPrimary(Refusal):
    sentence = "Seul le gestionnaire principal ajoute ou retire des gestionnaires."
    status = 404


class PrimaryStays(Refusal):
    sentence = "Le gestionnaire principal ne se retire pas lui-même : contactez votre Service Clients."


class AlreadyManager(Refusal):
    """Two managers of one employer never share an address: each has a link of their own."""

    sentence = "Un gestionnaire de votre espace a déjà cette adresse e-mail."


class ReasonMissing(Refusal):
    sentence = "Écrivez le motif : la personne le lira dans son e-mail."


class ReasonTooLong(Refusal):
    sentence = f"Le motif compte au plus {MAX_REASON} caractères."


def check_reason(reason: str) -> str:
    """Return the reason of a refusal without spaces around; raise when it is empty or too long."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    if len(reason) > MAX_REASON:
        raise ReasonTooLong
    return reason


def bare(typed: str) -> str:
    """Return a client reference or an invoice number as it is compared: no spaces, capitals."""
    return "".join(typed.split()).upper()
