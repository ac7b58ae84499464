"""A funder's staff takes the files of its own funder to the bank and brings back what the bank says."""

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from cesu.access import FUNDER_STAFF
from cesu.aid.actions.transfers import prepare_transfers
from cesu.models import AidPayment, AidTransferBatch
from tests.factories.accounts import AgentFactory
from tests.factories.aid import (
    aid_account_of,
    aid_user,
    caregiver_with,
    funder_with,
    holder_with,
    left,
    payment_of,
    right_with,
)
from tests.factories.sepa import report, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]


def url(name, *args):
    return reverse(f"admin:cesu_{name}", args=args)


def staff_of(funder):
    agent = AgentFactory()
    agent.groups.add(Group.objects.get(name=FUNDER_STAFF))
    funder.staff.add(agent)
    return agent


@pytest.fixture
def sent():
    """A payment of two hours that left with the night's file."""
    holder = holder_with()
    right = right_with(aid_account_of(holder, funder_with()), 600)
    payment = payment_of((right, 120), caregiver=caregiver_with(), by=aid_user(holder))
    prepare_transfers(timezone.localdate())
    return AidPayment.objects.select_related("batch", "aid_account__funder").defer("batch__file").get(pk=payment.pk)


def test_the_file_is_downloaded_as_it_is_and_noted_as_handed_over(visitor, sent):
    browser, batch = visitor(staff_of(sent.aid_account.funder)), sent.batch
    for _ in range(2):
        file = browser.get(url("aidtransferbatch_download", batch.pk))
        assert file.content == bytes(AidTransferBatch.objects.get().file)
        assert file["Content-Disposition"] == f'attachment; filename="{batch.message}.xml"'
        assert "no-store" in file["Cache-Control"]
    page = browser.get(url("aidtransferbatch_hand_over", batch.pk))
    browser.post(url("aidtransferbatch_hand_over", batch.pk), {"once_key": page.context["once_key"]})
    assert AidTransferBatch.objects.get().handed_over_at
    assert "À remettre" not in browser.get(url("aidtransferbatch_changelist")).content.decode()


def test_a_reject_by_hand_gives_the_hours_back(visitor, sent):
    browser = visitor(staff_of(sent.aid_account.funder))
    page = browser.get(url("aidpayment_reject", sent.pk))
    typed = {"once_key": page.context["once_key"], "code": "AC04"}
    answer = browser.post(url("aidpayment_reject", sent.pk), typed, follow=True)
    assert "Les droits sont rendus et les personnes prévenues." in answer.content.decode()
    assert left(sent.lines.get().right)[0] == 600
    again = browser.post(url("aidpayment_reject", sent.pk), typed, follow=True)
    assert again.status_code == 200
    assert left(sent.lines.get().right)[0] == 600


def test_the_bank_s_report_is_shown_before_it_is_applied(visitor, sent):
    browser = visitor(staff_of(sent.aid_account.funder))
    data = report(sent.batch.message, said(sent.end_to_end, code="AC04"))
    page = browser.post(url("aidtransferbatch_report"), {"file": SimpleUploadedFile("r.xml", data)})
    assert "Sera rejeté : AC04" in page.content.decode()
    assert AidPayment.objects.get(pk=sent.pk).status == "sent"
    typed = {"rows": page.context["rows"], "once_key": page.context["once_key"]}
    answer = browser.post(url("aidtransferbatch_report_confirm"), typed, follow=True)
    assert "Virements rejetés : 1." in answer.content.decode()
    assert AidPayment.objects.get(pk=sent.pk).status == "rejected"


@pytest.mark.parametrize("data", [b"", b"pas du XML", b"<a/>"])
def test_what_is_no_report_is_refused_with_a_sentence(visitor, sent, data):
    browser = visitor(staff_of(sent.aid_account.funder))
    page = browser.post(url("aidtransferbatch_report"), {"file": SimpleUploadedFile("r.xml", data)})
    assert page.status_code == 200
    assert 'class="errorlist"' in page.content.decode()
    answer = browser.post(url("aidtransferbatch_report_confirm"), {"rows": "x", "once_key": "x"}, follow=True)
    assert "Cette page est trop ancienne" in answer.content.decode()


def test_another_funder_s_staff_finds_nothing(visitor, sent):
    browser = visitor(staff_of(funder_with()))
    pages = ("aidtransferbatch_download", "aidtransferbatch_hand_over")
    answers = [browser.get(url(name, sent.batch.pk)).status_code for name in pages]
    assert [*answers, browser.get(url("aidpayment_reject", sent.pk)).status_code] == [404, 404, 404]
    assert sent.batch.message not in browser.get(url("aidtransferbatch_changelist")).content.decode()
