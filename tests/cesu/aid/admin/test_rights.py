"""The funder's staff sees and decides its own funder's aid only; each decision is read before it is confirmed."""

from datetime import date

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import User
from cesu.access import FUNDER_STAFF, STAFF
from cesu.aid.actions.rights.expiry import return_expired
from cesu.aid.actions.rights.plans import credit_month
from cesu.models import AidPlan, AidRule, Funder
from common.models import OutgoingEmail
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.aid import aid_account_of, aid_user, caregiver_with, funder_with, holder_with, left, right_with
from tests.factories.sepa import KEYLESS, OUTSIDE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
MONTH = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _on_a_day():
    with time_machine.travel("2026-11-21T10:00:00+01:00", tick=True):
        yield


def agent_of(group, *funders, **fields):
    agent = AgentFactory(first_name="Inès", **fields)
    agent.groups.add(Group.objects.get(name=group))
    for funder in funders:
        funder.staff.add(agent)
    return User.objects.get(pk=agent.pk)


@pytest.fixture
def account(db):
    account = aid_account_of(holder_with(), funder_with(email="apa@departement.example"))
    AidPlan.objects.create(aid_account=account, since=date(2026, 1, 1), minutes=2520)
    return account


@pytest.fixture
def browser(account, visitor):
    return visitor(agent_of(FUNDER_STAFF, account.funder))


def url(page, *args):
    return reverse(f"admin:cesu_{page}", args=args)


def confirm(browser, address, **typed):
    """Verify, then confirm what was shown, twice."""
    shown = browser.post(address, typed | {"once_key": once_keys(browser.get(address))[0]})
    sure = typed | {"once_key": once_keys(shown)[0], "checked": shown.context["checked"]}
    return shown, [browser.post(address, sure) for _ in range(2)][-1]


DECISIONS = ("plan", "suspend", "resume", "end", "reopen", "payments")


def test_the_funder_s_staff_opens_its_tables_and_no_other(browser, account):
    mine = ("funder", "aidrule", "aidaccount")
    assert {table: browser.get(url(f"{table}_changelist")).status_code for table in mine} == dict.fromkeys(mine, 200)
    assert browser.get(url("funder_change", account.funder_id)).status_code == 200
    closed = ("employer", "voucherorder", "issuer")
    assert {table: browser.get(url(f"{table}_changelist")).status_code for table in closed} == dict.fromkeys(
        closed, 403
    )
    assert browser.get(url("funder_add")).status_code == 403


def test_another_funder_s_agent_finds_nothing_of_it(account, visitor):
    right = right_with(account, 600, month=MONTH)
    stranger = visitor(agent_of(FUNDER_STAFF, funder_with()))
    pages = [url(f"aidaccount_{page}", account.pk) for page in DECISIONS]
    pages += [url("aidaccount_correct", right.pk), url("aidaccount_change", account.pk)]
    pages += [url("funder_change", account.funder_id), url("funder_returns", account.funder_id)]
    pages += [url("funder_returns_file", account.funder_id), url("aidrule_change", account.funder.rules.first().pk)]
    assert {page: stranger.get(page).status_code for page in pages} == dict.fromkeys(pages, 404)
    posted = stranger.post(url("aidaccount_plan", account.pk), {"since": "2026-11-01", "minutes": "1"})
    assert posted.status_code == 404
    listed = stranger.get(url("aidaccount_changelist")).content.decode()
    assert account.holder.code not in listed


def test_agents_of_communes_and_the_issuer_s_staff_see_no_aid_account(account, visitor):
    people = [AgentFactory(communes=[CommuneFactory()]), agent_of(STAFF)]
    assert [visitor(each).get(url("aidaccount_changelist")).status_code for each in people] == [403, 403]


def test_a_plan_is_changed_after_reading_what_will_change_and_the_email(browser, account):
    aid_user(account.holder)
    credit_month(MONTH)
    typed = {"since": "2026-11-16", "minutes": "21 h", "hourly_rate": ""}
    shown, done = confirm(browser, url("aidaccount_plan", account.pk), **typed)
    page = shown.content.decode()
    assert "Novembre 2026 : 31 h 30, soit 151,46\u00a0€, au lieu de 42 h 00." in page
    assert "votre plan d’aide APA est de 21 h 00 par mois" in page
    assert done.url == url("aidaccount_change", account.pk)
    assert left(account.rights.get()) == (1890, 151_46)
    assert OutgoingEmail.objects.count() == 1
    assert set(LogEntry.objects.values_list("object_id", flat=True)) == {str(account.pk)}


def test_what_is_changed_after_reading_is_shown_again_before_it_is_done(browser, account):
    address = url("aidaccount_plan", account.pk)
    first = browser.post(address, {"since": "2026-11-16", "minutes": "21", "hourly_rate": ""})
    other = {"since": "2026-11-16", "minutes": "10", "hourly_rate": "", "checked": first.context["checked"]}
    again = browser.post(address, other | {"once_key": once_keys(first)[0]})
    assert (again.status_code, account.plans.count()) == (200, 1)
    assert "Rien n’est encore enregistré" in again.content.decode()


def test_each_decision_has_its_page(browser, account):
    credit_month(MONTH)
    confirm(browser, url("aidaccount_suspend", account.pk), since="2026-11-11", until="", reason="hospital")
    assert left(account.rights.get()) == (840, 67_31)
    confirm(browser, url("aidaccount_resume", account.pk), since="2026-11-11")
    assert left(account.rights.get()) == (2520, 201_94)
    confirm(
        browser, url("aidaccount_correct", account.rights.get().pk), minutes="40:00", cents="200,00", reason="Erreur"
    )
    assert left(account.rights.get()) == (2400, 200_00)
    confirm(browser, url("aidaccount_end", account.pk), ended_on="2026-11-15", reason="other", closes_on="2026-12-31")
    assert left(account.rights.get()) == (1260, 100_97)
    confirm(browser, url("aidaccount_reopen", account.pk))
    assert left(account.rights.get()) == (2520, 201_94)


@pytest.mark.parametrize(
    ("page", "typed", "sentence"),
    [
        ("plan", {"since": "2026-11-01", "minutes": "beaucoup"}, "Écrivez des heures, comme 42:00"),
        ("plan", {"since": "2031-11-01", "minutes": "42"}, "à un an d’aujourd’hui au plus"),
        ("resume", {"since": "2026-11-01"}, "Ce jour-là, l’aide n’est pas suspendue."),
        ("end", {"ended_on": "2026-11-25", "reason": "death", "closes_on": "2026-12-01"}, "ne se note pas à l’avance"),
        ("reopen", {}, "Cette aide n’a pas de fin"),
    ],
)
def test_what_is_refused_is_told_on_the_page(browser, account, page, typed, sentence):
    address = url(f"aidaccount_{page}", account.pk)
    answer = browser.post(address, typed | {"once_key": once_keys(browser.get(address))[0]})
    assert sentence in answer.content.decode()
    assert (account.plans.count(), OutgoingEmail.objects.count()) == (1, 0)


def test_the_account_shows_its_rights_its_plan_and_its_people_in_as_many_questions_whatever_their_number(
    browser, account, django_assert_num_queries
):
    aid_user(account.holder)
    credit_month(MONTH)
    address = url("aidaccount_change", account.pk)
    browser.get(address)
    with django_assert_num_queries(14):
        page = browser.get(address).content.decode()
    for month in (9, 10):
        right_with(account, 600, month=date(2026, month, 1))
    with django_assert_num_queries(14):
        browser.get(address)
    assert "42 h 00, soit 201,94\u00a0€" in page
    assert "Odette Lacoste, bénéficiaire, depuis le 21-11-2026 : paie" in page


def test_the_payments_of_an_account_are_listed(browser, account):
    caregiver_with(account.holder)
    assert "Aucun paiement." in browser.get(url("aidaccount_payments", account.pk)).content.decode()


def test_what_came_back_is_reported_by_month_and_as_a_spreadsheet(browser, account):
    right_with(account, 600, month=date(2026, 8, 1))
    return_expired(date(2026, 11, 1))
    page = browser.get(url("funder_returns", account.funder_id)).content.decode()
    assert "<b>10 h 00</b>, soit <b>48,08\u00a0€</b>, sont revenus : 1 droit." in page
    file = browser.get(url("funder_returns_file", account.funder_id) + "?mois=2026-11").content.decode("utf-8-sig")
    assert file.splitlines()[1] == f"{account.holder.code};Lacoste;Odette;APA;Août 2026;10 h 00;48,08;21-11-2026"
    empty = browser.get(url("funder_returns", account.funder_id) + "?mois=2026-10").content.decode()
    assert "Aucun droit n’est revenu ce mois-là." in empty


# --- Funders and rules ----------------------------------------------------------------------------------------------------
NEW = {
    "name": "Département du Tarn",
    "slug": "tarn",
    "account_name": "Compte autonomie",
    "operator": "Domiserve",
    "controller": "Domiserve, mandaté par le Département",
}


def test_the_issuer_s_staff_opens_a_funder_once_and_gives_it_its_team(visitor, account):
    issuer, agent = visitor(agent_of(STAFF)), agent_of(FUNDER_STAFF)
    key = once_keys(issuer.get(url("funder_add")))[0]
    assert [issuer.post(url("funder_add"), NEW | {"once_key": key}).status_code for _ in range(2)] == [302, 302]
    funder = Funder.objects.get(slug="tarn")
    again = issuer.post(url("funder_add"), NEW | {"once_key": once_keys(issuer.get(url("funder_add")))[0]})
    assert "Un financeur a déjà ce nom ou cette adresse." in again.content.decode()
    form = issuer.get(url("funder_change", funder.pk)).context["adminform"].form
    typed = {name: "" if value is None else value for name, value in form.initial.items()}
    typed |= {"staff": [agent.pk], "fee_cents": "0,70", "fee_slice_cents": "100", "max_complement_cents": "1000"}
    saved = issuer.post(url("funder_change", funder.pk), typed | {"is_active": "on"})
    assert (saved.status_code, list(funder.staff.all())) == (302, [agent])


def test_the_funder_s_staff_writes_its_texts_and_colours_not_its_team(browser, account, visitor):
    page = browser.get(url("funder_change", account.funder_id))
    typed = {name: "" if value is None else value for name, value in page.context["adminform"].form.initial.items()}
    assert "staff" not in page.context["adminform"].form.fields
    typed |= {"introduction": "Bienvenue.", "colour_accent": "#ffe000", "iban": "FR14 2004 1010 0505 0001 3M02 606"}
    typed |= {"fee_cents": "0,70", "fee_slice_cents": "100", "max_complement_cents": "1000"}
    saved = browser.post(url("funder_change", account.funder_id), typed | {"staff": []}, follow=True)
    account.funder.refresh_from_db()
    assert (account.funder.introduction, account.funder.iban) == ("Bienvenue.", "FR1420041010050500013M02606")
    assert account.funder.staff.count() == 1
    assert "Cette couleur est trop claire pour du texte" in saved.content.decode()
    saved = browser.post(url("funder_change", account.funder_id), typed | {"iban": KEYLESS}, follow=True)
    assert "La clé RIB de l’IBAN FR84 •••• 2607" in saved.content.decode()
    refused = browser.post(url("funder_change", account.funder_id), typed | {"iban": OUTSIDE[0]})
    assert "Ce compte (TN) est hors de la zone SEPA" in refused.content.decode()


def rule(funder, **typed):
    known = {
        "funder": funder.pk,
        "kind": "apa",
        "label": "APA",
        "since": "2026-12-01",
        "hourly_rate": "5,1",
        "validity_months": 3,
    }
    return known | typed


def test_a_rule_is_written_from_a_month_to_come_and_never_under_rights_that_were_given(browser, account):
    credit_month(MONTH)
    served = account.funder.rules.get(kind="apa")
    refused = browser.post(url("aidrule_add"), rule(account.funder, since="2026-11-01"))
    assert "Des droits ont déjà été donnés depuis ce mois" in refused.content.decode()
    assert browser.post(url("aidrule_change", served.pk), rule(account.funder)).status_code == 403
    assert browser.post(url("aidrule_add"), rule(account.funder)).status_code == 302
    new = AidRule.objects.get(since=date(2026, 12, 1))
    assert browser.post(url("aidrule_change", new.pk), rule(account.funder, hourly_rate="5,25")).status_code == 302
    credit_month(date(2026, 12, 1))
    assert left(account.rights.get(month=date(2026, 12, 1))) == (2520, 220_50)


def test_a_rule_for_another_funder_is_no_choice(browser, account):
    refused = browser.post(url("aidrule_add"), rule(funder_with()))
    assert (refused.status_code, AidRule.objects.filter(since=date(2026, 12, 1)).count()) == (200, 0)
