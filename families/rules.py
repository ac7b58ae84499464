"""Regulations of households as pure functions, and the sentences of their refusals."""

import re
from datetime import date, datetime, timedelta

from common.refusals import Refusal
from common.values.phones import WrongPhone, phone
from common.values.words import name_key

MAX_MEMBERS = 30  # « autant de bénéficiaires que souhaité » (S3-52); the limit only stops a runaway script
MAX_NAME = 80
MAX_QUOTIENT = 99_999
MAX_GUARDIANS = 2
INVITATION_DAYS = 30
MAX_INVITATIONS = 10  # a family, over INVITATION_DAYS: the portal is not a way to write to strangers
OLDEST_BIRTH = date(1900, 1, 1)
TYPING_DAYS = 7  # after its sign-up a family corrects names and birth dates by itself, even of whom a service let in


class WrongPerson(Refusal):
    """A name or a birth date cannot be right; all reasons are told at once."""

    sentence = "Vérifiez le nom et la date de naissance."


class AlreadyInFamily(Refusal):
    """One entry per person and family (S2-17)."""

    sentence = "Cette personne figure déjà dans vos filiations."


class TooManyMembers(Refusal):
    sentence = f"Une famille compte au plus {MAX_MEMBERS} bénéficiaires. Pour en ajouter, contactez votre mairie."


class HasUpcomingBookings(Refusal):
    """A person is withdrawn only once what is still to come was cancelled."""

    sentence = "Des réservations à venir existent pour cette personne : annulez-les d’abord, puis recommencez."


class NotInFamily(Refusal):
    sentence = "Cette personne ne figure plus dans vos filiations. Rechargez la page."


class InvitationRefused(Refusal):
    """An invitation that cannot be sent or accepted; the sentence says why."""


class InvitationUnknown(InvitationRefused):
    sentence = (
        "Ce lien d’invitation n’est pas valable. Vérifiez qu’il est complet, ou demandez une nouvelle invitation."
    )


class InvitationExpired(InvitationRefused):
    sentence = "Cette invitation a expiré. Demandez à l’autre parent de vous en envoyer une nouvelle."


class InvitationUsed(InvitationRefused):
    sentence = "Cette invitation a déjà servi. Une invitation ne peut être acceptée qu’une fois."


class InvitationWithdrawn(InvitationRefused):
    sentence = "Cette invitation a été retirée par la personne qui vous l’avait envoyée."


class OwnInvitation(InvitationRefused):
    sentence = "Cette invitation vient de votre propre famille : elle s’adresse à l’autre parent."


class HasOwnFamily(InvitationRefused):
    sentence = (
        "Vous avez déjà votre propre famille sur le portail : vous ne pouvez pas rejoindre celle-ci. "
        "Demandez plutôt à l’autre parent une invitation « séparés, chacun son compte », ou contactez votre mairie."
    )


class FamilyIsFull(InvitationRefused):
    sentence = "Cette famille a déjà deux responsables."


class TooManyInvitations(InvitationRefused):
    sentence = (
        "Vous avez envoyé beaucoup d’invitations ces derniers jours. Réessayez plus tard ou contactez votre mairie."
    )


class AlreadyEntered(InvitationRefused):
    """The accepting parent has an entry of their own for the same child (S2-17)."""

    def __init__(self, names: list[str]):
        super().__init__(
            *(
                f"{name} figure déjà dans vos filiations, saisi par vous : retirez d’abord cette fiche, "
                "ou demandez à votre mairie de réunir les deux."
                for name in names
            )
        )


class NotYourIdentityChange(Refusal):
    """It is decided by agents of a service that let the person in."""

    sentence = "Cette demande n’existe pas, ou un autre service la traite."
    status = 404


class ReasonNeeded(Refusal):
    sentence = "Écrivez le motif du refus : la famille le lira."


class NotYourClass(Refusal):
    sentence = "Cette classe n’est pas proposée à votre enfant. Rechargez la page, ou contactez votre mairie."


class NotYours(Refusal):
    """An agent decides only for their own communes."""

    sentence = "Cette famille ou cette école n’est pas de vos communes."


class WrongQuotient(Refusal):
    sentence = f"Un quotient familial est compris entre 0 et {MAX_QUOTIENT}."


def is_typing_mistake(signed_up_at: datetime | None, now: datetime) -> bool:
    """Whether a family still corrects what it typed by itself: within TYPING_DAYS of its sign-up."""
    return signed_up_at is not None and now < signed_up_at + timedelta(days=TYPING_DAYS)


def default_kinship(gender: str) -> str:
    """« Père » as in the guide (S3-50), « Mère » for a person who said « Mme »."""
    return "mother" if gender == "Mme" else "father"


def next_class(name: str, level: str, following: str, candidates: list[tuple[str, str]]) -> str | None:
    """Return the name of the clear next class among next year's (name, level): the namesake or the only one, else None.

    « CP A » goes on as « CE1 A ».
    """
    names = [other for other, its_level in candidates if its_level == following]
    namesake = name.replace(level, following)
    if namesake in names:
        return namesake
    return names[0] if len(names) == 1 else None


def clean_name(name: str) -> str:
    """Return a name without spaces around or doubled."""
    return " ".join(name.split())


def identity(first_name: str, last_name: str, birth_date: date) -> tuple[str, str, date]:
    """Return what makes two entries the same person: names without case, accents or hyphens, and the birth date."""
    return name_key(first_name), name_key(last_name), birth_date


def check_person(first_name: str, last_name: str, birth_date: date, today: date) -> None:
    """Raise WrongPerson with every reason why these details cannot be right."""
    reasons = [
        *_name_faults("Le nom", last_name),
        *_name_faults("Le prénom", first_name),
        *_birth_faults(birth_date, today),
    ]
    if reasons:
        raise WrongPerson(*reasons)


def _name_faults(label: str, name: str) -> list[str]:
    if not name:
        return [f"{label} est obligatoire."]
    return [f"{label} compte au plus {MAX_NAME} caractères."] if len(name) > MAX_NAME else []


def _birth_faults(birth_date: date, today: date) -> list[str]:
    if birth_date > today:
        return ["La date de naissance ne peut pas être dans le futur."]
    return ["La date de naissance n’est pas plausible."] if birth_date < OLDEST_BIRTH else []


# --- Health, contacts, consents --------------------------------------------------------------------------------------
MAX_HEALTH_TEXT = 1000
MAX_CONTACTS = 8  # a child
RELIGIOUS = ("halal", "hallal", "casher", "kasher", "cascher")


class WrongHealth(Refusal):
    """A health sheet says what it must not, or too much; all reasons at once."""


class WrongContact(Refusal):
    """A contact cannot be right; all reasons at once."""


class TooManyContacts(Refusal):
    sentence = f"Un enfant a au plus {MAX_CONTACTS} contacts : retirez-en un d’abord."


class ContactNamedTwice(Refusal):
    sentence = "Cette personne figure déjà parmi les contacts : modifiez son entrée."


class ChangedMeanwhile(Refusal):
    """The other parent wrote while this page was open: nobody's words are lost unseen."""

    sentence = "La fiche a été modifiée entre-temps, peut-être par l’autre parent. Rechargez la page pour la relire."


def check_health(*texts: str) -> None:
    """Raise WrongHealth: texts have a limit and never say a religion (CNIL: « sans porc », never « halal »)."""
    reasons = []
    if any(len(text) > MAX_HEALTH_TEXT for text in texts):
        reasons.append(f"Écrivez au plus {MAX_HEALTH_TEXT} caractères par champ.")
    if any(word in RELIGIOUS for text in texts for word in re.findall(r"\w+", text.casefold())):
        reasons.append("N’indiquez pas de religion : cochez « Sans porc » ou « Sans viande » à la place.")
    if reasons:
        raise WrongHealth(*reasons)


def check_contact(name: str, typed: str, kinship: str, serves: bool) -> str:
    """Return the telephone in its form, or raise WrongContact with every reason why these details cannot be right."""
    reasons = _name_faults("Le nom", name) + ([] if kinship else ["Indiquez le lien avec l’enfant."])
    try:
        number = phone(typed)
    except WrongPhone as refusal:
        number = ""
        reasons += refusal.sentences
    if not typed:
        reasons.append("Indiquez le numéro de téléphone de cette personne.")
    if not serves:
        reasons.append("Cochez au moins une case : à prévenir en cas d’urgence, ou peut venir chercher l’enfant.")
    if reasons:
        raise WrongContact(*reasons)
    return number
