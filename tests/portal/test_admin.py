"""The settings of the authority, the messages and the runs of jobs: only for those who manage the portal."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.models import Authority, JobRun, OutgoingEmail, authority
from common.values.colours import contrast, contrast_sentence
from tests.client import PortalClient
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.forms import fields_of

pytestmark = pytest.mark.django_db
SETTINGS = reverse("admin:lib_authority_change", args=[1])
MESSAGES = reverse("admin:lib_outgoingemail_changelist")
JOBS = reverse("admin:lib_jobrun_changelist")


@pytest.fixture
def manager(visitor):
    authority()
    return visitor(ManagerFactory())


def change(browser, **fields):
    return browser.post(SETTINGS, fields_of(browser.get(SETTINGS)) | fields, follow=True)


def errors(response) -> dict:
    return dict(response.context["adminform"].form.errors)


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def email(**fields) -> OutgoingEmail:
    return OutgoingEmail.objects.create(template="accounts/activation", to="claire@example.org", **fields)


def found(response) -> list:
    return list(response.context["cl"].queryset)


@pytest.mark.parametrize("page", [SETTINGS, MESSAGES, JOBS, reverse("admin:lib_authority_changelist")])
def test_an_agent_sees_neither_settings_nor_messages_nor_jobs(visitor, page):
    authority()
    browser = visitor(AgentFactory(communes=[CommuneFactory()]))
    assert browser.get(page).status_code == 403
    assert browser.post(page, {"name": "Pris"}).status_code == 403
    assert "/admin/lib/" not in browser.get("/admin/").content.decode()


@pytest.mark.parametrize("page", [SETTINGS, MESSAGES, JOBS])
def test_nobody_enters_without_a_second_factor(page):
    client = PortalClient()
    client.force_login(ManagerFactory())
    assert client.get(page).status_code == client.post(page).status_code == 302


def test_the_authority_is_one_row(manager):
    assert manager.get(reverse("admin:lib_authority_changelist")).url == SETTINGS
    assert manager.get(reverse("admin:lib_authority_add")).status_code == 403
    assert manager.post(reverse("admin:lib_authority_delete", args=[1]), {"post": "yes"}).status_code == 403
    assert Authority.objects.count() == 1


def test_the_authority_gives_its_name_texts_and_colours(manager, client):
    change(manager, name="Dombes Connect", colour_primary="#123456", counter_payment="À la régie, le matin.")
    it = authority()
    assert (it.name, it.colour_primary, it.counter_payment) == ("Dombes Connect", "#123456", "À la régie, le matin.")
    assert "--pv-brand:#123456" in client.get(reverse("authority_css")).content.decode()
    assert "Dombes Connect" in client.get("/").content.decode()


def test_the_authority_says_how_it_collects(manager):
    change(
        manager,
        creditor_id="fr72 zzz 123456",
        creditor_iban="fr14 2004 1010 0505 0001 3m02 606",
        creditor_bic="psstfrppxxx",
        debit_day=10,
        debit_notice=5,
        top_up_amounts="10,25",
        top_up_min=10,
        top_up_max=200,
    )
    it = authority()
    assert (it.creditor_id, it.creditor_iban, it.creditor_bic) == (
        "FR72ZZZ123456",
        "FR1420041010050500013M02606",
        "PSSTFRPPXXX",
    )
    assert (it.debit_day, it.debit_notice, it.top_up_amounts, it.top_up_min, it.top_up_max) == (
        10,
        5,
        [10, 25],
        10,
        200,
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"creditor_id": "FR12ZZZ123456"}, "creditor_id"),
        ({"creditor_iban": "FR1420041010050500013M02607"}, "creditor_iban"),
        ({"creditor_bic": "PSST"}, "creditor_bic"),
        ({"debit_day": 29}, "debit_day"),
        ({"debit_notice": 1}, "debit_notice"),
        ({"top_up_amounts": "20,beaucoup"}, "top_up_amounts"),
        ({"top_up_amounts": "20,600"}, "top_up_amounts"),
        ({"top_up_amounts": "2", "top_up_min": 5}, "top_up_amounts"),
        ({"top_up_min": 50, "top_up_max": 20, "top_up_amounts": "30"}, "top_up_amounts"),
    ],
)
def test_what_a_bank_or_the_portal_would_refuse_is_told_on_the_field(manager, changes, field):
    before = authority()
    assert field in errors(change(manager, **changes))
    assert (authority().creditor_id, authority().top_up_amounts) == (before.creditor_id, before.top_up_amounts)


@pytest.mark.parametrize("colour", ["rouge", "#12345", "#12345g", "#fff", "red;}body{display:none"])
def test_a_colour_that_is_none_is_refused(manager, colour):
    assert list(errors(change(manager, colour_primary=colour))) == ["colour_primary"]
    assert authority().colour_primary == "#0f5a60"


def test_a_colour_too_light_for_text_is_kept_with_a_warning(manager):
    response = change(manager, colour_primary="#ffd700")
    assert authority().colour_primary == "#ffd700"
    assert told(response)[0] == (
        "Couleur principale : Contraste avec le blanc : 1,4 pour 1, il en faut 4,5. Cette couleur est trop claire pour "
        "du texte : le portail l’assombrit là où elle doit se lire."
    )
    assert "1,4 pour 1" in manager.get(SETTINGS).content.decode()


@pytest.mark.parametrize(
    ("colour", "ratio"), [("#ffffff", 1.0), ("#000000", 21.0), ("#767676", 4.54), ("#777777", 4.48)]
)
def test_the_contrast_is_the_one_of_wcag(colour, ratio):
    assert round(contrast(colour), 2) == ratio


def test_a_readable_colour_is_said_to_be():
    assert contrast_sentence("#0f5a60") == "Contraste avec le blanc : 7,9 pour 1. Cette couleur se lit bien."


def test_new_terms_need_a_new_version(manager):
    response = change(manager, terms="Nouvelles conditions")
    sentence = "Le texte des conditions a changé : donnez-lui une nouvelle version, celle que chacun acceptera."
    assert errors(response) == {"terms_version": [sentence]}
    assert authority().terms == ""
    change(manager, terms="Nouvelles conditions", terms_version="2")
    assert (authority().terms, authority().terms_version) == ("Nouvelles conditions", "2")


def test_the_same_terms_keep_their_version(manager):
    change(manager, terms="Conditions\r\nen deux lignes", terms_version="2")
    change(manager, name="Autre nom")
    assert (authority().name, authority().terms_version) == ("Autre nom", "2")


def test_messages_are_only_read(manager):
    row = email()
    assert manager.get(reverse("admin:lib_outgoingemail_add")).status_code == 403
    page = reverse("admin:lib_outgoingemail_change", args=[row.pk])
    assert manager.post(page, {"to": "autre@example.org"}).status_code == 403
    assert manager.post(reverse("admin:lib_outgoingemail_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert OutgoingEmail.objects.get().to == "claire@example.org"


def test_what_a_secret_message_says_is_never_shown(manager):
    row = email(secret=True, context={"link": "https://portail/mot-de-passe/abc"})
    for page in (MESSAGES, reverse("admin:lib_outgoingemail_change", args=[row.pk])):
        assert "mot-de-passe/abc" not in manager.get(page).content.decode()
    assert found(manager.get(MESSAGES, {"q": "mot-de-passe"})) == []


def test_what_a_plain_message_says_is_shown_escaped(manager):
    row = email(context={"name": "<b>Élodie</b>"})
    page = manager.get(reverse("admin:lib_outgoingemail_change", args=[row.pk])).content.decode()
    assert "&lt;b&gt;Élodie&lt;/b&gt;" in page


def test_messages_are_found_by_what_became_of_them(manager):
    now = timezone.now()
    rows = {
        "a-envoyer": email(),
        "envoye": email(sent_at=now),
        "abandonne": email(given_up_at=now),
        "portail": OutgoingEmail.objects.create(template="accounts/activation", owner="user:1"),
    }
    assert {state: found(manager.get(MESSAGES, {"envoi": state})) for state in rows} == {
        state: [row] for state, row in rows.items()
    }
    assert len(found(manager.get(MESSAGES))) == 4


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"finished_at": timezone.now()}, "Terminée le"),
        ({"lease_until": timezone.now() + timedelta(hours=1)}, "En cours"),
        ({}, "Interrompue : elle sera reprise dans l’heure"),
    ],
)
def test_a_run_says_whether_it_ended(manager, fields, state):
    lease = {"lease_until": timezone.now() - timedelta(hours=1)}
    run = JobRun.objects.create(job="housekeeping", business_date=date(2026, 11, 2), **lease | fields)
    assert state in manager.get(JOBS).content.decode()
    page = reverse("admin:lib_jobrun_change", args=[run.pk])
    assert "housekeeping" in manager.get(page).content.decode()
    assert manager.post(page, {"job": "autre"}).status_code == 403
