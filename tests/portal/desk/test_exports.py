"""Lists that leave: what is filtered, texts as texts, dates as dates, amounts as numbers, within rights, written down."""

import io
from datetime import date, datetime

import pytest
from django.contrib.admin import site
from django.db import DatabaseError
from django.urls import reverse
from openpyxl import load_workbook

from families.models import HealthContent, HealthReading, HealthSheet
from portal.models import ListExport
from tests.access import build_world
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.families import FamilyFactory
from tests.factories.money import paid_at_counter
from tests.factories.reservations import LOUANE, TUESDAY, ActivityFactory, book, household, instant, sessions
from tests.factories.services import line, service_asking
from tests.journeys.town import NOW

pytestmark = pytest.mark.django_db
XLSX = {"_exporter": "xlsx"}


@pytest.fixture
def home(time_machine):
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"))
    return household(5000, LOUANE)


@pytest.fixture
def client(visitor, home):
    return visitor(AgentFactory(communes=[home.family.commune]))


def sheet(response) -> list[tuple]:
    return list(load_workbook(io.BytesIO(response.content)).active.values)


def page(table: str, query: str = "") -> str:
    return reverse(f"admin:{table}_changelist") + query


def test_a_list_of_bookings_leaves_with_days_and_prices(client, home):
    book(home, *sessions(ActivityFactory(service__commune=home.family.commune, name="Repas"), TUESDAY))
    head, row = sheet(client.post(page("reservations_booking"), XLSX))
    assert head[:4] == ("Jour", "Bénéficiaire", "Famille", "Activité")
    assert row[0] == datetime(2026, 11, 10)
    assert row[1:3] == ("Louane Dupont", home.family.named)
    assert row[-1] == 3.80
    text = client.post(page("reservations_booking"), {"_exporter": "csv"}).content.decode("utf-8-sig")
    assert text.splitlines()[1].startswith("10-11-2026;Louane Dupont;")
    assert text.splitlines()[1].endswith(";3,80")


def test_payments_leave_with_their_amounts_and_what_looks_like_a_formula_stays_text(client, home):
    payment = paid_at_counter(home.wallet, 4605, date(2026, 11, 2))
    type(payment).objects.update(payer="=1+1", number="0012345")
    rows = sheet(client.post(page("wallet_counterpayment"), XLSX))
    cells = dict(zip(rows[0], rows[-1], strict=True))
    assert cells["Montant"] == 46.05
    assert ("=1+1" in rows[-1], "0012345" in rows[-1]) == (True, True)


def test_only_what_is_filtered_and_of_the_agent_leaves_and_is_written_down(client, home):
    UserFactory(first_name="Zoé", last_name="Ailleurs", commune=FamilyFactory().commune)
    UserFactory(first_name="Ali", last_name="Moreau", commune=home.family.commune)
    rows = sheet(client.post(page("accounts_user", "?q=moreau"), XLSX))
    assert (len(rows), "Moreau" in str(rows[1])) == (2, True)
    assert "Ailleurs" not in str(sheet(client.post(page("accounts_user"), XLSX)))
    kept = ListExport.objects.order_by("pk").first()
    assert (kept.table, kept.asked, kept.rows, kept.form) == ("Comptes usagers", "q=moreau", 1, "xlsx")
    with pytest.raises(DatabaseError):
        ListExport.objects.update(rows=0)


def test_a_list_that_may_not_be_opened_does_not_leave(client):
    assert client.post(page("wallet_stripeevent"), XLSX).status_code == 403
    assert not ListExport.objects.exists()


def test_diets_and_allergies_leave_as_a_reading_of_each_child(client, home):
    line(service_asking(commune=home.family.commune), home.family, home.child, "accepted")
    sealed = HealthSheet.seal(home.child.pk, HealthContent(allergens=("eggs",)))
    HealthSheet.objects.create(member=home.child, sealed=sealed, updated_by=home.user)
    head, row = sheet(client.post(page("families_healthfile"), XLSX))
    assert (head[-1], row[-1]) == ("Santé et régimes", "Allergie : œufs")
    assert HealthReading.objects.get().member == home.child


def test_every_list_leaves(time_machine, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    time_machine.move_to(NOW)
    world = build_world()
    manager, seen = world.client("manager"), 0
    for model, table in site._registry.items():
        address = page(f"{model._meta.app_label}_{model._meta.model_name}")
        listed = manager.get(address)
        if listed.status_code != 200 or not listed.context["cl"].result_count:
            continue
        seen += 1
        rows = sheet(manager.post(address, XLSX))
        own = model is ListExport  # its export is one of its rows
        assert len(rows) == 1 + own + listed.context["cl"].result_count, table
        assert "<" not in str(rows), table
    assert seen > 40
