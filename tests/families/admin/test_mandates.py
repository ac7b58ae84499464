"""A SEPA mandate as agents see it, and how it ends."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.actions.mandates import AlreadyEnded, SignedInTheFuture, end_mandate, open_mandate
from families.models import SepaMandate
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory, UserFactory
from tests.factories.sepa import IBAN, mandate_of
from tests.factories.wallet import family_with

pytestmark = pytest.mark.django_db
LIST = reverse("admin:families_sepamandate_changelist")


def page(name, mandate):
    return reverse(f"admin:families_sepamandate_{name}", args=[mandate.pk])


def test_a_mandate_signed_tomorrow_is_not_opened_and_the_one_that_stands_stays():
    family, today = family_with(UserFactory()), timezone.localdate()
    said = {"family": family, "iban": IBAN, "bic": "", "holder": "Claire Dupont"}
    with transaction.atomic():
        standing = open_mandate(**said, signed_on=today)
    with pytest.raises(SignedInTheFuture), transaction.atomic():
        open_mandate(**said, signed_on=today + timedelta(1))
    assert list(SepaMandate.objects.standing()) == [standing]


def end(mandate, agent=None, key=None, note="À la demande de la famille"):
    agent = agent or AgentFactory()
    key = key or make_key(agent.owner, f"end-mandate:{mandate.pk}")
    return end_mandate(agent=agent, mandate=mandate, note=note, key=key)


def test_an_ended_mandate_says_why_and_the_family_is_told():
    parent = UserFactory(first_name="Claire")
    mandate = end(mandate_of(family_with(parent)))
    assert (mandate.ended_at is None, mandate.end_note) == (False, "À la demande de la famille")
    email = OutgoingEmail.objects.get()
    subject, text, _ = mailing.render(email)
    assert (email.to, subject) == (parent.email, "Votre mandat de prélèvement est arrêté")
    assert f"Votre mandat de prélèvement {mandate.rum} est arrêté." in text
    with pytest.raises(AlreadyEnded):
        end(mandate)


def test_a_second_click_ends_once():
    mandate, agent = mandate_of(family_with(UserFactory())), AgentFactory()
    key = make_key(agent.owner, f"end-mandate:{mandate.pk}")
    assert end(mandate, agent, key) == end(mandate, agent, key)
    assert OutgoingEmail.objects.count() == 1


def test_a_key_made_for_another_mandate_ends_nothing():
    mandate, agent = mandate_of(family_with()), AgentFactory()
    with pytest.raises(StalePage):
        end(mandate, agent, make_key(agent.owner, "end-mandate:0"))


@pytest.mark.django_db(transaction=True)
def test_two_agents_end_a_mandate_once():
    mandate, one, two = mandate_of(family_with(UserFactory())), AgentFactory(), AgentFactory()
    with transaction.atomic():
        key = make_key(one.owner, f"end-mandate:{mandate.pk}")
        end_mandate.__wrapped__(agent=one, mandate=mandate, note="Clos", key=key)
        rival = someone_else(end, mandate, two)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(AlreadyEnded):
        rival.result()
    assert SepaMandate.objects.get().end_note == "Clos"


def test_the_mandate_that_is_replaced_says_so():
    family = family_with()
    first = mandate_of(family)
    second = open_mandate(family, iban=IBAN, bic="", holder="Zoé", signed_on=date(2026, 11, 1))
    first.refresh_from_db()
    assert (first.end_note, second.rum) == ("Remplacé par un nouveau mandat", f"{family.reference}-M2")


def test_agents_see_the_mandates_of_their_communes_and_end_one(visitor):
    commune = CommuneFactory()
    mine = mandate_of(family_with(UserFactory(), commune=commune))
    other = mandate_of(family_with(UserFactory()))
    browser = visitor(AgentFactory(communes=[commune]))
    listed = browser.get(LIST)
    assert [each.pk for each in listed.context["cl"].result_list] == [mine.pk]
    assert ("FR14 •••• 2606" in listed.content.decode(), IBAN in listed.content.decode()) == (True, False)
    assert browser.get(page("change", other)).status_code == 404
    assert browser.get(page("arreter", other)).status_code == 404
    assert page("arreter", mine) in browser.get(page("change", mine)).content.decode()
    asked = browser.get(page("arreter", mine))
    response = browser.post(page("arreter", mine), {"once_key": asked.context["once_key"], "note": "Déménagement"})
    assert response.url == page("change", mine)
    mine.refresh_from_db()
    assert mine.end_note == "Déménagement"
    shown = browser.get(page("change", mine)).content.decode()
    assert ("Déménagement" in shown, page("arreter", mine) in shown) == (True, False)
    assert [each.pk for each in browser.get(LIST, {"etat": "en-cours"}).context["cl"].result_list] == []
    assert [each.pk for each in browser.get(LIST, {"etat": "fini"}).context["cl"].result_list] == [mine.pk]


@pytest.mark.parametrize("note", ["", "x" * 141])
def test_a_mandate_ends_with_a_reason(visitor, note):
    mandate = mandate_of(family_with(UserFactory()))
    browser = visitor(AgentFactory(is_superuser=True))
    key = browser.get(page("arreter", mandate)).context["once_key"]
    assert browser.post(page("arreter", mandate), {"once_key": key, "note": note}).status_code == 200
    assert SepaMandate.objects.get().ended_at is None


def test_a_mandate_is_neither_written_nor_deleted_by_hand(visitor):
    mandate = mandate_of(family_with(UserFactory()))
    browser = visitor(AgentFactory(is_superuser=True))
    assert browser.post(page("change", mandate), {"iban": "x"}).status_code == 403
    assert browser.post(page("delete", mandate)).status_code == 403
    assert browser.get(reverse("admin:families_sepamandate_add")).status_code == 403
