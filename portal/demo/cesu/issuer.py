"""The demo's Service Clients: an agent of the issuer's staff, its useful documents, what waits for it."""

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from accounts.signing_in.mfa import enrol_totp
from cesu.access import STAFF
from cesu.models import ActivationRequest, HelpRequest, UsefulDocument
from cesu.orders.actions.documents import publish_document, publishing
from cesu.orders.actions.help import ASKING, ask_help
from common.files.pdf import PdfUnavailable, render_pdf
from common.models import authority
from common.writing.once import make_key
from portal.demo import data

# title, what it is for, its paragraphs
DOCUMENTS = [
    (
        "Guide de la commande en ligne",
        "Les étapes, de l’inscription à la livraison",
        [
            "Connectez-vous avec votre référence client et votre mot de passe.",
            "« Espace Commandes », « Commandes », « Commander » : le tableau montre tous vos bénéficiaires.",
            "Rappelez votre dernière commande ou saisissez les carnets, puis cliquez sur « Rafraîchir ».",
            "Choisissez la date de livraison, relisez le récapitulatif et validez la commande.",
            "Les titres sont livrés par colis sécurisé, en 4 ou 5 jours ouvrés. Ces délais sont indicatifs.",
        ],
    ),
    (
        "Choix de l’e-CESU par le salarié",
        "À faire remplir et signer par chaque salarié qui préfère l’e-CESU",
        [
            "Nom et prénom : ………………………………………………………………",
            "Date de naissance : ………… / ………… / …………………",
            "Adresse e-mail : ………………………………………………………………",
            "Je choisis de recevoir mes CESU sous forme électronique (e-CESU).",
            "Date et signature :",
        ],
    ),
]


def staff(agent: User) -> None:
    """Put an agent into the group with the demo's second factor, and give them something to do, once."""
    agent.groups.add(Group.objects.get(name=STAFF))
    enrol_totp(agent, data.TOTP_SECRET)
    for rank, (title, description, paragraphs) in enumerate(DOCUMENTS):
        document, _ = UsefulDocument.objects.get_or_create(
            title=title, defaults={"description": description, "rank": rank}
        )
        if not document.key:
            _publish(agent, document, paragraphs)
    _ask()


def _publish(agent: User, document: UsefulDocument, paragraphs: list[str]) -> None:
    try:
        context = {"authority": authority(), "document": document, "paragraphs": paragraphs}
        pdf = render_pdf("pdf/cesu_document.html", context)
    except PdfUnavailable:
        return
    key = make_key(agent.owner, publishing(document))
    publish_document(agent=agent, document=document, file=SimpleUploadedFile("document.pdf", pdf), key=key)


def _ask() -> None:
    """A sign-up whose invoice is too old, and a question of a manager."""
    asked = {"client_reference": "D100400", "invoice_number": "FA-2019-7"}
    person = {"first_name": "Amélie", "last_name": "Costa", "email": "amelie.costa@demo.example"}
    ActivationRequest.objects.get_or_create(**asked, defaults=person)
    manager = User.objects.filter(manager__employer__client_reference="D100300").first()
    if manager and not HelpRequest.objects.exists():
        said = {"subject": "Changer la date de livraison", "message": "Peut-on livrer une semaine plus tard ?"}
        key = make_key(manager.owner, ASKING)
        ask_help(user=manager, employer=manager.manager.employer, phone="05 56 00 00 00", key=key, **said)
