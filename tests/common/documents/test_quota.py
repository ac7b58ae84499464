"""What a family, or an agent, may send in a day."""

import ast
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from common.documents import quota, refusals
from common.documents.intake import accept_upload
from common.documents.limits import BLOCK, MAX_AGENT_DAY, MIB
from common.models import SentToday, authority
from tests.concurrency import own_pid, someone_else
from tests.corpus.images import photo

FAMILY, AGENT = "family:7", "user:3"


@pytest.fixture
def twenty(db):
    """A quota of 20 MB a day."""
    it = authority()
    it.documents_a_day = 20
    it.save()


def test_a_file_counts_for_what_was_sent(twenty):
    data = photo("JPEG", (400, 300)) + bytes(10_000)
    accept_upload(SimpleUploadedFile("photo.jpg", data), FAMILY)
    assert quota.sent(FAMILY) == len(data)
    assert quota.sent("family:8") == 0


def test_a_family_sends_its_quota_and_not_a_byte_more(twenty):
    quota.count(FAMILY, 20 * MIB)
    with pytest.raises(refusals.QuotaReached, match="Votre famille a déjà envoyé 20 Mo de documents aujourd’hui"):
        quota.count(FAMILY, 1)
    quota.count("family:8", MIB)
    assert quota.sent(FAMILY) == 20 * MIB


def test_what_exceeds_the_quota_at_once_counts_for_nothing(twenty):
    with pytest.raises(refusals.QuotaReached):
        quota.count(FAMILY, 20 * MIB + 1)
    assert quota.sent(FAMILY) == 0
    quota.count(FAMILY, 20 * MIB)


def test_small_files_count_as_much_as_they_take(twenty):
    quota.count(FAMILY, 1)
    assert quota.sent(FAMILY) == BLOCK


def test_a_new_day_begins_anew(twenty):
    yesterday = timezone.localdate() - timedelta(days=1)
    SentToday.objects.create(owner=FAMILY, day=yesterday, bytes=20 * MIB)
    quota.count(FAMILY, 20 * MIB)


def test_an_agent_has_a_larger_bound_of_their_own(twenty):
    quota.count(AGENT, MAX_AGENT_DAY)
    with pytest.raises(refusals.QuotaReached, match="Vous avez déjà envoyé 500 Mo"):
        quota.count(AGENT, 1)


def test_it_is_told_before_it_is_reached(twenty):
    quota.count(FAMILY, 14 * MIB)
    assert quota.warning(FAMILY) is None
    quota.count(FAMILY, 2 * MIB)
    assert quota.warning(FAMILY) == "Il reste 4 Mo à envoyer aujourd’hui, sur 20 Mo de documents par jour."


def test_a_file_that_is_no_document_costs_nothing(twenty):
    with pytest.raises(refusals.NotADocument):
        accept_upload(SimpleUploadedFile("a.txt", b"bonjour"), FAMILY)
    assert quota.sent(FAMILY) == 0


@pytest.mark.django_db(transaction=True)
def test_two_parents_at_once_do_not_exceed_it_together():
    with transaction.atomic():
        quota.count(FAMILY, 60 * MIB)
        rival = someone_else(quota.count, FAMILY, 60 * MIB)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(refusals.QuotaReached):
        rival.result()
    assert quota.sent(FAMILY) == 60 * MIB


def test_every_door_says_whose_quota_a_file_counts_for(settings):
    apps = [settings.BASE_DIR / app for app in ("accounts", "families", "services", "wallet", "reservations", "cesu")]
    trees = [ast.parse(path.read_text()) for app in apps for path in app.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == "accept_upload"]
    assert (len(calls), {len(call.args) for call in calls}) == (4, {2})
