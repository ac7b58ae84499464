"""The employers' space around the orders: news, « Documents utiles », « Besoin d’aide »."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from cesu.models import HelpRequest, Issuer, SpaceNews, UsefulDocument
from cesu.orders.actions.documents import NotAPdf, publish_document, publishing, withdraw_document
from cesu.orders.actions.help import AlreadyAnswered, answer_help, answering, forget_requests
from common.background.mailing import send_pending
from common.models import OutgoingEmail
from common.writing.once import make_key
from services.actions.retention import known_blobs
from tests.client import once_keys
from tests.corpus.pdfs import blank, written
from tests.factories.accounts import ManagerFactory
from tests.factories.cesu import beneficiary_of, employer_with, manager_of, place, ready_draft

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f03000806"
    "02fe3b4ae9d50000000049454e44ae426082"
)
PHONE = {
    "phone": "N° Indigo 0 820 20 20 01",
    "phone_price": "0,09 € TTC / mn",
    "phone_hours": "Du lundi au vendredi de 8h30 à 18h",
}
ASKED = {"subject": "Commande C2027-1", "message": "Où est le colis ?", "phone": "05 56 00 00 00"}


@pytest.fixture
def nadia(db):
    return manager_of(employer_with(name="Mairie de Cestas"))


@pytest.fixture
def space(nadia, visitor):
    """Nadia's browser."""
    return visitor(nadia)


@pytest.fixture(autouse=True)
def _vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


def publish(document, content=None, name="guide.pdf", agent=None, key=None):
    agent = agent or ManagerFactory()
    key = key or make_key(agent.owner, publishing(document))
    return publish_document(
        agent=agent, document=document, file=SimpleUploadedFile(name, content or written(blank())), key=key
    )


@pytest.mark.seed("S0-63", "S0-64", "S0-65", "S0-66")
def test_the_home_of_the_space_shows_the_news_of_the_three_kinds_while_they_last(space):
    today = timezone.localdate()
    for kind in SpaceNews.Kind.values:
        SpaceNews.objects.create(kind=kind, title=f"Titre {kind}", text="Texte")
    SpaceNews.objects.create(kind="vintage", title="Demain", text="…", published_on=today + timedelta(1))
    old = {"published_on": today - timedelta(9), "until": today - timedelta(1)}
    SpaceNews.objects.create(kind="vintage", title="Hier", text="…", **old)
    page = space.get(reverse("cesu:home"))
    assert [item.title for item, _ in page.context["news"]] == ["Titre options", "Titre regulation", "Titre vintage"]
    text = page.content.decode()
    for badge in ("Nouveau millésime", "Nouveautés réglementaires", "Nouvelles options"):
        assert f"{badge}</span>" in text


def test_the_home_of_the_space_leads_to_the_order_going_on_and_to_the_last_one(space, nadia):
    beneficiary_of(nadia.manager.employer)
    empty = space.get(reverse("cesu:home"))
    assert (empty.context["draft"], empty.context["last"]) == (None, None)
    ready_draft(nadia)
    order = place(nadia)
    ready_draft(nadia)
    page = space.get(reverse("cesu:home")).content.decode()
    assert "Reprendre ma commande" in page
    assert f'href="{reverse("cesu:order", args=[order.number])}"' in page


@pytest.mark.seed("S0-68")
def test_useful_documents_are_listed_and_downloaded_by_managers_only(space, nadia, visitor):
    offered, empty = (UsefulDocument.objects.create(title=title) for title in ("Guide du CESU", "À venir"))
    publish(offered)
    page = space.get(reverse("cesu:documents"))
    assert list(page.context["documents"]) == [offered]
    assert "Documents utiles</h1>" in page.content.decode()
    answer = space.get(reverse("cesu:document", args=[offered.pk]))
    assert answer.content.startswith(b"%PDF-")
    assert answer["Content-Disposition"] == 'attachment; filename="Guide du CESU.pdf"'
    assert answer["Cache-Control"] == "private, no-store"
    assert space.get(reverse("cesu:document", args=[empty.pk])).status_code == 404
    assert visitor(ManagerFactory()).get(reverse("cesu:document", args=[offered.pk])).status_code == 404


def test_a_document_is_a_pdf_published_once_kept_by_the_sweep_and_withdrawn(db):
    agent, document = ManagerFactory(), UsefulDocument.objects.create(title="Guide")
    with pytest.raises(NotAPdf):
        publish(document, PNG, "photo.png")
    key = make_key(agent.owner, publishing(document))
    first = publish(document, agent=agent, key=key)
    assert publish(document, agent=agent, key=key).key == first.key
    assert first.key in known_blobs()
    withdraw_document(agent=agent, document=document, key=make_key(agent.owner, publishing(document)))
    assert first.key not in known_blobs()
    assert list(UsefulDocument.objects.offered()) == []


@pytest.mark.seed("S0-77")
def test_besoin_d_aide_tells_the_phone_its_price_and_its_hours(space):
    Issuer(**PHONE).save()
    page = space.get(reverse("cesu:help")).content.decode()
    for said in PHONE.values():
        assert said in page
    assert 'href="tel:0820202001"' in page
    Issuer().save()
    assert "Par téléphone" not in space.get(reverse("cesu:help")).content.decode()


@pytest.mark.seed("S0-78", "S0-71")
def test_the_form_of_help_reaches_the_service_once_and_its_answer_the_manager(space, nadia):
    Issuer(email="service@emetteur.example").save()
    key = once_keys(space.get(reverse("cesu:help")))[0]
    for _ in range(2):
        assert space.post(reverse("cesu:help"), ASKED | {"once_key": key}).url == reverse("cesu:help")
    request = HelpRequest.objects.get()
    assert (request.employer, request.by, request.message) == (nadia.manager.employer, nadia, "Où est le colis ?")
    send_pending()
    (letter,) = mail.outbox
    assert (letter.to, letter.reply_to) == (["service@emetteur.example"], [nadia.manager.email])
    assert "Où est le colis ?" in letter.body
    assert OutgoingEmail.objects.get(template="cesu/help_asked").context == {}
    agent = ManagerFactory()
    key = make_key(agent.owner, answering(request))
    for _ in range(2):
        answer_help(agent=agent, request=request, answer="Il arrive demain.", key=key)
    with pytest.raises(AlreadyAnswered):
        answer_help(agent=agent, request=request, answer="Non.", key=make_key(agent.owner, answering(request)))
    send_pending()
    assert [each.to for each in mail.outbox[1:]] == [[nadia.manager.email]]
    assert "Il arrive demain." in mail.outbox[1].body


def test_what_was_asked_long_ago_is_forgotten(space, nadia):
    HelpRequest.objects.create(employer=nadia.manager.employer, by=nadia, subject="Livraison", message="Quand ?")
    assert forget_requests(timezone.now() - timedelta(days=1)) == 0
    assert forget_requests(timezone.now()) == 1


def test_an_empty_or_odd_request_for_help_is_told_at_its_field(space):
    page = space.post(reverse("cesu:help"), {"subject": " ", "message": "x" * 4001, "phone": "appelez-moi"})
    assert sorted(page.context["form"].errors) == ["message", "phone", "subject"]
    assert HelpRequest.objects.count() == 0


def test_help_is_asked_a_few_times_a_minute(space):
    caches["default"].clear()
    answers = [space.post(reverse("cesu:help"), ASKED | {"once_key": "x"}).status_code for _ in range(6)]
    assert answers == [409] * 5 + [429]
    caches["default"].clear()
