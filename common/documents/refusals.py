"""Why a document is not taken, each with a sentence that says what to do."""

from common.documents.limits import (
    MAX_FILE,
    MAX_FILES,
    MAX_JPEG_PIXELS,
    MAX_PAGES,
    MAX_PIXELS,
    MAX_PROGRESSIVE_PIXELS,
    MAX_REQUEST,
    MIB,
)
from common.refusals import Refusal

MILLION = 1_000_000


class DocumentRefused(Refusal):
    """A document is not taken; nothing of it was kept."""

    status = 422


class EmptyFile(DocumentRefused):
    """No byte."""

    sentence = (
        "Ce fichier est vide. Ouvrez-le sur votre appareil pour vérifier son contenu, puis envoyez-le de nouveau."
    )


class TooBig(DocumentRefused):
    """More bytes than a file may have."""

    sentence = (
        f"Ce fichier dépasse {MAX_FILE // MIB} Mo. Photographiez ou numérisez le document avec une qualité plus basse, "
        "ou envoyez-le en plusieurs fichiers."
    )


class RequestTooBig(DocumentRefused):
    """The files of one request are too big together."""

    sentence = (
        f"Vos fichiers dépassent ensemble {MAX_REQUEST // MIB} Mo. Celui-ci n’a pas été reçu : "
        "envoyez-le dans un second temps."
    )


class TooManyFiles(DocumentRefused):
    """More files than one request may bring."""

    sentence = (
        f"Vous pouvez envoyer {MAX_FILES} fichiers à la fois. Celui-ci n’a pas été reçu : "
        "envoyez-le dans un second temps."
    )


class QuotaReached(DocumentRefused):
    """What a family or an agent may send in a day is sent."""

    sentence = "Vous avez envoyé aujourd’hui tous les documents qu’un jour permet. Celui-ci n’a pas été gardé : envoyez-le demain."
    status = 429


class NotADocument(DocumentRefused):
    """Neither a PDF nor an image, whatever its name says."""

    sentence = (
        "Ce fichier n’est pas un PDF ni une image JPEG, PNG ou WebP. "
        "Envoyez une photo du document, ou enregistrez-le au format PDF."
    )


class OfficeFile(DocumentRefused):
    """A word processor's or a spreadsheet's file."""

    sentence = (
        "Ce fichier vient d’un traitement de texte ou d’un tableur. Ouvrez-le, choisissez « Enregistrer au format PDF » "
        "ou « Exporter en PDF », puis envoyez le PDF."
    )


class HeicPhoto(DocumentRefused):
    """A photo in the iPhone's own format."""

    sentence = (
        "Cette photo est au format HEIC, que le portail ne sait pas lire. Sur l’iPhone, choisissez Réglages > "
        "Appareil photo > Formats > « Le plus compatible » et reprenez la photo, ou envoyez une capture d’écran."
    )


class ProtectedPdf(DocumentRefused):
    """A PDF that asks for a password."""

    sentence = (
        "Votre PDF est protégé par un mot de passe. Ouvrez-le, imprimez-le « au format PDF » sans mot de passe, "
        "puis envoyez ce nouveau fichier."
    )


class InteractivePdf(DocumentRefused):
    """A PDF whose content is not in its pages: a dynamic form or a portfolio. Cleaned, it would show nothing."""

    sentence = (
        "Votre PDF est un formulaire interactif ou un porte-documents. Ouvrez-le, imprimez-le « au format PDF », "
        "puis envoyez ce nouveau fichier."
    )


class TooManyPages(DocumentRefused):
    """More pages than a document may have."""

    sentence = f"Votre PDF a plus de {MAX_PAGES} pages. Envoyez seulement les pages demandées."


class TooManyPixels(DocumentRefused):
    """An image larger than a document needs."""

    sentence = (
        f"Cette image a trop de pixels : {MAX_PIXELS // MILLION} millions au plus, {MAX_JPEG_PIXELS // MILLION} pour une "
        f"photo JPEG, {MAX_PROGRESSIVE_PIXELS // MILLION} si elle est « progressive ». "
        "Photographiez ou numérisez le document avec une qualité plus basse."
    )


class TooComplex(DocumentRefused):
    """Cleaning asked for more memory or time than a document needs."""

    sentence = "Ce fichier est trop lourd à vérifier. Imprimez-le « au format PDF » ou envoyez une photo du document."


class Unreadable(DocumentRefused):
    """Damaged, truncated, or not what it claims to be."""

    sentence = (
        "Ce fichier est abîmé : nous n’avons pas pu le lire. Vérifiez qu’il s’ouvre sur votre appareil, "
        "ou envoyez une photo du document."
    )


class Infected(DocumentRefused):
    """The antivirus found something."""

    sentence = (
        "Notre antivirus a trouvé un programme dangereux dans ce fichier. Il n’a pas été gardé : vérifiez votre appareil "
        "avec un antivirus, ou envoyez une photo du document."
    )


class CleaningUnavailable(Refusal):
    """The cleaner could not start: the installation is at fault, not the file."""

    sentence = (
        "Les documents ne peuvent pas être vérifiés pour le moment. Rien n’a été enregistré : merci de réessayer."
    )
    status = 503


class StorageUnavailable(Refusal):
    """The documents' place is full, read-only or gone: nothing was kept, not even a part."""

    sentence = (
        "Votre document ne peut pas être enregistré pour le moment : l’espace de stockage ne répond pas. "
        "Rien n’a été gardé ni changé. Gardez votre fichier et réessayez dans quelques heures."
    )
    status = 503


class DocumentMissing(Refusal):
    """The vault has no such document for this owner."""

    sentence = "Ce document n’est plus disponible. Envoyez-le de nouveau."
    status = 404


class DocumentUnreadable(Refusal):
    """The vault's copy was altered, or its encryption key is no longer given."""

    sentence = "Ce document ne peut pas être ouvert pour le moment. Prévenez votre collectivité si cela dure."
    status = 503
