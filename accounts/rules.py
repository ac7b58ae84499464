"""Regulations of accounts as pure functions, and the sentences of their refusals."""

import secrets
from datetime import date

from common.refusals import Refusal
from common.values.words import unaccented

OLDEST_BIRTH = date(1900, 1, 1)
MAX_REASON = 1000
MIN_QUESTION, MIN_ANSWER = 8, 4  # letters or digits
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is misread on paper
CODE_GROUPS = 3  # of 4 letters: 31^12, about 59 bits, with 5 tries


class NotYourAccount(Refusal):
    """An agent decides for their communes only."""

    sentence = "Ce compte n’est pas dans vos communes."
    status = 404


class SignUpIncomplete(Refusal):
    """A sign-up is decided once it is whole."""

    sentence = "La personne n’a pas encore terminé son inscription : il lui reste à choisir sa commune et son service."


class ReasonMissing(Refusal):
    sentence = "Écrivez le motif : la personne le lira dans son e-mail."


class ReasonTooLong(Refusal):
    sentence = "Le motif est trop long."


class LettersPrinted(Refusal):
    """New codes would make the letters just printed worthless."""

    sentence = (
        "Ces courriers viennent d’être préparés : rien n’a changé. "
        "Pour un nouveau tirage, avec de nouveaux codes, revenez à la liste des comptes."
    )


class NoWayToReset(Refusal):
    """A link goes to the person's own address, and opens what is open."""

    sentence = "Ce compte n’a pas d’adresse e-mail, ou n’est pas ouvert : aucun lien ne peut être envoyé."


class WrongActivation(Refusal):
    """One answer for every failure: unknown identifier, wrong, used or old code, too many tries."""

    sentence = (
        "L’identifiant ou le code d’activation n’est pas le bon, ou le code n’est plus valable. "
        "Vérifiez votre courrier ; si cela continue, demandez un nouveau courrier à votre mairie."
    )


class WeakPassword(Refusal):
    """What is wrong with a password for this person: all at once."""


class WeakQuestion(Refusal):
    """What is wrong with a question and its answer: all at once."""


class WrongAnswer(Refusal):
    sentence = "Ce n’est pas la bonne réponse."


class QuestionBlocked(Refusal):
    sentence = "Trop de mauvaises réponses : attendez 24 heures, ou demandez un nouveau lien à votre mairie."


class DeadLink(Refusal):
    sentence = "Ce lien n’est plus valable : il a déjà servi, ou il date de plus de 2 heures."


def check_reason(reason: str, most: int = MAX_REASON) -> str:
    """Return the reason of a refusal without spaces around; raise when it is empty or has more than ``most`` characters."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    if len(reason) > most:
        raise ReasonTooLong(f"Le motif compte au plus {most} caractères.")
    return reason


def bare_answer(typed: str) -> str:
    """Return an answer as it is compared: without case, accents, punctuation or spaces."""
    return "".join(letter for letter in unaccented(typed) if letter.isalnum())


def check_question(question: str, answer: str) -> None:
    """Raise WeakQuestion when the answer is short, or the question tells it."""
    said, faults = bare_answer(answer), []
    if len(bare_answer(question)) < MIN_QUESTION:
        faults.append("Écrivez une vraie question.")
    if len(said) < MIN_ANSWER:
        faults.append(f"La réponse compte au moins {MIN_ANSWER} lettres ou chiffres.")
    elif said in bare_answer(question):
        faults.append("La question ne doit pas contenir la réponse.")
    if faults:
        raise WeakQuestion(*faults)


def birth_fault(birth_date: date | None, today: date) -> str:
    """Return why a birth date cannot be right, or an empty string."""
    if birth_date and birth_date > today:
        return "La date de naissance ne peut pas être dans le futur."
    if birth_date and birth_date < OLDEST_BIRTH:
        return "La date de naissance n’est pas plausible."
    return ""


def new_code() -> str:
    """Return an activation code such as K7PM-3XQR-9TWH."""
    return "-".join("".join(secrets.choice(CODE_LETTERS) for _ in range(4)) for _ in range(CODE_GROUPS))


def bare_code(typed: str) -> str:
    """Return a typed code without what people add or leave out: case, spaces, hyphens."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())
