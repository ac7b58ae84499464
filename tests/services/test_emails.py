"""What families read: every email whole, in text and in HTML."""

import re
from datetime import date

import pytest
from django.conf import settings
from django.utils import timezone

from common.background.mailing import render
from common.models import Authority, OutgoingEmail
from services import emails
from tests.factories.accounts import UserFactory
from tests.factories.families import GuardianFactory, MemberFactory, parent_of
from tests.factories.services import AudienceFactory, DocumentTypeFactory, ServiceFactory, document, line

pytestmark = pytest.mark.django_db
NAMES = sorted(
    path.name.removesuffix(".subject.txt")
    for path in (settings.BASE_DIR / "templates/emails/services").glob("*.subject.txt")
)


@pytest.fixture(autouse=True)
def _authority(settings):
    settings.PUBLIC_URL = "https://portail.example"
    Authority(name="Dombes Connect").save()


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    return parent_of(louane, email="claire@example.org")


@pytest.fixture
def canteen():
    return ServiceFactory(name="Service cantine", commune__name="Saint-Marcel", access="request")


@pytest.fixture
def asked(canteen, claire, louane):
    """A line of the request, as it stands: ``asked("pending")``."""

    def make(status, **fields):
        residents = AudienceFactory(service=canteen, name="Résident commune")
        return line(canteen, claire.guardian.family, louane, status, audience=residents, **fields)

    return make


def only_email() -> tuple[str, str]:
    """The subject and the text of the one email that is owed."""
    subject, text, _ = render(OutgoingEmail.objects.get())
    return subject, text


@pytest.mark.seed("S2-45", "S2-46")
def test_a_request_that_is_whole_says_that_it_was_sent_and_what_comes_next(asked, claire):
    mine = asked("pending")
    emails.access_asked(mine.request, claire, [mine])
    assert only_email() == (
        "Votre demande d’accès : Saint-Marcel – Service cantine",
        "Bonjour,\n\n"
        "Votre demande est envoyée au service concerné : Saint-Marcel – Service cantine.\n\n"
        "- Louane Dupont, Résident commune : En attente\n\n"
        "Vous serez alerté par e-mail dès que votre dossier aura été accepté. Vous aurez alors accès aux réservations.\n\n"
        "Suivre ma demande : https://portail.example/mes-services/\n\n"
        "Dombes Connect\n",
    )


def test_a_request_that_lacks_pieces_names_them(asked, claire):
    mine = asked("incomplete", reason="Il manque : Fiche sanitaire (Louane).")
    emails.access_asked(mine.request, claire, [mine])
    assert only_email() == (
        "Des pièces à donner : Saint-Marcel – Service cantine",
        "Bonjour,\n\n"
        "Votre demande est enregistrée : Saint-Marcel – Service cantine. Elle sera envoyée au service concerné dès que "
        "vous aurez donné les pièces demandées.\n\n"
        "- Louane Dupont, Résident commune : Pièces à compléter. Il manque : Fiche sanitaire (Louane).\n\n"
        "Donner mes pièces : https://portail.example/mes-services/\n\n"
        "Dombes Connect\n",
    )


@pytest.mark.seed("S2-46")
def test_an_accepted_file_opens_the_bookings(asked):
    emails.lines_decided([asked("accepted")])
    assert only_email() == (
        "Votre demande est acceptée : Saint-Marcel – Service cantine",
        "Bonjour,\n\n"
        "Votre dossier est accepté pour Saint-Marcel – Service cantine. Les réservations sont ouvertes.\n\n"
        "- Louane Dupont, Résident commune : Valide\n\n"
        "Réserver : https://portail.example/mon-compte/\n\n"
        "Dombes Connect\n",
    )


@pytest.mark.parametrize(
    ("status", "subject", "sentence", "row"),
    [
        (
            "refused",
            "Votre demande n’est pas acceptée",
            "Votre demande pour Saint-Marcel – Service cantine n’est pas acceptée.",
            "Refusé. L'école <est> pleine.",
        ),
        (
            "incomplete",
            "Des pièces sont à compléter",
            "Votre demande pour Saint-Marcel – Service cantine attend des pièces.",
            "Pièces à compléter. L'école <est> pleine.",
        ),
        (
            "expired",
            "Votre accès a expiré",
            "Votre accès à Saint-Marcel – Service cantine a expiré : une pièce obligatoire est à renouveler.",
            "Expiré. L'école <est> pleine.",
        ),
    ],
)
def test_any_other_decision_gives_its_reason_word_for_word_and_the_way_on(asked, status, subject, sentence, row):
    emails.lines_decided([asked(status, reason="L'école <est> pleine.")])
    assert only_email() == (
        f"{subject} : Saint-Marcel – Service cantine",
        f"Bonjour,\n\n{sentence}\n\n- Louane Dupont, Résident commune : {row}\n\n"
        "Compléter ma demande : https://portail.example/mes-services/\n\nDombes Connect\n",
    )
    assert "L&#x27;école &lt;est&gt; pleine." in render(OutgoingEmail.objects.get())[2]


def test_lines_decided_together_are_one_email_a_guardian(asked, canteen, claire):
    father = GuardianFactory(family=claire.guardian.family, user=UserFactory(email=None)).user
    mine = asked("accepted")
    theo = line(canteen, claire.guardian.family, MemberFactory(first_name="Théo"), "accepted")
    emails.lines_decided([mine, theo])
    rows = OutgoingEmail.objects.order_by("pk")
    assert [(row.owner, row.to) for row in rows] == [(claire.owner, "claire@example.org"), (father.owner, "")]
    assert [[each["member"] for each in row.context["lines"]] for row in rows] == [["Louane Dupont", "Théo Dupont"]] * 2


def test_a_refused_piece_is_named_with_its_reason(claire, louane):
    sheet = DocumentTypeFactory(name="Fiche sanitaire", per_member=True)
    emails.document_refused(document(claire.guardian.family, sheet, member=louane, status="refused"))
    assert only_email() == (
        "Une pièce est refusée : Fiche sanitaire – Louane Dupont",
        "Bonjour,\n\nLa pièce « Fiche sanitaire – Louane Dupont » est refusée, pour cette raison :\nIllisible.\n\n"
        "Envoyer une nouvelle pièce : https://portail.example/mes-services/documents/\n\nDombes Connect\n",
    )


@pytest.mark.parametrize(
    ("last", "when", "day"),
    [
        (date(2026, 12, 10), "dans 30 jours", "jeudi 10 décembre"),
        (date(2026, 11, 11), "demain", "mercredi 11 novembre"),
        (date(2026, 11, 10), "aujourd’hui", "mardi 10 novembre"),
    ],
)
def test_a_piece_that_ends_is_announced_with_its_last_day(claire, last, when, day):
    given = document(claire.guardian.family, DocumentTypeFactory(name="Assurance"), expires_on=last)
    emails.documents_expire([given], date(2026, 11, 10))
    assert only_email() == (
        f"Une pièce expire {when} : Assurance – Famille Dupont",
        f"Bonjour,\n\nLa pièce « Assurance – Famille Dupont » est valable jusqu’au {day}. Renouvelez-la avant cette date "
        "pour continuer à réserver.\n\n"
        "Envoyer une nouvelle pièce : https://portail.example/mes-services/documents/\n\nDombes Connect\n",
    )


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        ([], ""),
        (
            ["Baneins – Cantine", "Baneins – Garderie"],
            " Les réservations sont fermées en attendant la nouvelle : Baneins – Cantine, Baneins – Garderie.",
        ),
    ],
)
def test_an_expired_piece_says_what_it_closes(claire, closed, said):
    given = document(claire.guardian.family, DocumentTypeFactory(name="Assurance"))
    emails.documents_expired([(given, closed)])
    assert only_email() == (
        "Une pièce a expiré : Assurance – Famille Dupont",
        f"Bonjour,\n\nLa pièce « Assurance – Famille Dupont » a expiré.{said}\n\n"
        "Envoyer une nouvelle pièce : https://portail.example/mes-services/documents/\n\nDombes Connect\n",
    )


CONTEXT = {
    "service": "Saint-Marcel – Service cantine",
    "status": "accepted",
    "complete": True,
    "lines": [{"member": "Louane Dupont", "audience": "Enfants", "status": "Valide", "reason": ""}],
    "name": "Assurance – Famille Dupont",
    "reason": "Illisible.",
    "day": "mardi 10 novembre",
    "days": 7,
    "closed": ["Baneins – Cantine"],
}


@pytest.mark.parametrize("name", NAMES)
def test_the_html_says_what_the_text_says_and_leads_to_the_same_page(name):
    _, text, html = render(OutgoingEmail(template=f"services/{name}", context=CONTEXT, created_at=timezone.now()))
    links = [re.findall(r"https://portail\.example[\w/-]+", part) for part in (text, html)]
    assert links[0] == links[1] != []
    for word in ("Saint-Marcel – Service cantine", "Assurance – Famille Dupont", "Illisible.", "Louane Dupont"):
        assert (word in text) == (word in html), word
    assert not re.search(r"{[{%]|None|http://", text + html)
