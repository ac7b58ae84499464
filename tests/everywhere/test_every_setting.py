"""Every setting is written on a page: nothing that drives bookings, money or letters is for a script alone to set."""

import pytest
from django.apps import apps
from django.contrib.admin import site

from cesu.models import issuer
from common.models import authority
from tests.factories.accounts import AgentFactory
from tests.factories.aid import funder_with
from tests.factories.reservations import ActivityFactory

pytestmark = pytest.mark.django_db

PARENT = "the row it stands under"
# Each model that agents and managers set, with the fields that no form of a table writes, and why.
SETTINGS = {
    "lib.Authority": {},
    "accounts.Commune": {},
    "families.School": {},
    "families.SchoolClass": {},
    "services.Service": {},
    "services.Audience": {},
    "services.DocumentType": {"blank_label": "the name of the file given on « Formulaire vierge »"},
    "services.RequiredDocument": {},
    "wallet.Purse": {},
    "reservations.Activity": {},
    "reservations.Tariff": {"kind": "each kind has its own table", "activity": PARENT},
    "reservations.OpeningRule": {"activity": PARENT},
    "reservations.Closure": {"activity": PARENT},
    "reservations.Priority": {},
    "reservations.SchoolCalendar": {},
    "reservations.SchoolHoliday": {},
    "reservations.BackOffice": {},
    "reservations.BackOfficeService": {},
    "cesu.Issuer": {},
    "cesu.Ceiling": {},
    "cesu.Transport": {},
    "cesu.Terms": {},
    "cesu.SpaceNews": {},
    "cesu.UsefulDocument": {},
    "cesu.Funder": {"slug": "typed once, on the page that creates the funder: it is in addresses and references"},
    "cesu.AidRule": {},
    "portal.Kitchen": {},
    "portal.News": {},
}
# Models that no form of a table writes: pages of their own do, or what people do and what the night counts.
OTHERS = {
    "lib": "OutgoingEmail JobRun IdempotencyKey Tries RateCount SentToday Outage",
    "accounts": "User Agent Consent ActivationCode CredentialAct SecurityQuestion",
    "families": "Family Guardian Member Membership Schooling Certification Quotient Invitation SepaMandate HealthSheet "
    "Contact MemberConsent HealthReading HealthFile IdentityChange FamilyNote",
    "services": "SupportingDocument DocumentReading AccessRequest RequestLine",
    "wallet": "Account Balance Wallet Operation Transfer CardPayment CardPaymentLine CardRefund CardDispute "
    "CounterPayment DirectDebitRun DirectDebit BankRefundBatch BankRefund",
    "reservations": "Session Order RefusedDay Booking Cart CartLine Attendance Absence Forgiveness Headcount "
    "CalendarAddress WeekReminder RemindersOff Transmission Change WaitlistEntry CalendarDay "
    "DayFigure FigureRun FamilyMonth MoneyFigure UnmetDemand WeekForecast",
    "cesu": "Employer Contract Manager ActivationRequest Invoice Numbering HelpRequest CesuHolder Beneficiary "
    "AidAccount MonthlyRight AidPlan AidSuspension RightsImport RightNotice AidLogin AidAccess AidInvitation SignUpCode "
    "Caregiver KnownCaregiver AidTransferBatch AidPayment AidPaymentLine VoucherOrder VoucherLine Fabrication "
    "Opposition Voucher ExpiryNotice",
    "portal": "Menu Dish ContactMessage Review ListExport",
}


def own_models() -> set[str]:
    """The models of our apps, the tables of histories left out."""
    labels = {"lib", "accounts", "families", "services", "wallet", "reservations", "cesu", "portal"}
    models = (model for model in apps.get_models() if model._meta.app_label in labels)
    return {model._meta.label for model in models if not model.__name__.endswith("Event")}


def test_each_model_is_a_setting_or_is_not():
    others = {f"{app}.{name}" for app, names in OTHERS.items() for name in names.split()}
    assert own_models() == SETTINGS.keys() | others
    assert not SETTINGS.keys() & others


@pytest.fixture
def asked(rf):
    """A manager's request; the tables whose page needs a row have one."""
    authority(), issuer().save(), funder_with(), ActivityFactory()
    request = rf.get("/")
    request.user = AgentFactory(is_superuser=True)
    return request


def fields_of_pages(request, model) -> set[str]:
    """What the forms of the tables write of a model: its own page, and the rows of pages that it stands under."""
    return {name for page in site._registry.values() for name in fields_of_page(request, page, model)}


def fields_of_page(request, page, model):
    if page.model is not model and model not in [rows.model for rows in page.inlines]:
        return
    row = page.model._default_manager.first()
    if page.has_add_permission(request):
        yield from written(request, page, model, None)
    if row and page.has_change_permission(request, row):
        yield from written(request, page, model, row)


def written(request, page, model, row):
    if page.model is model:
        form = page.get_form(request, row, change=row is not None)
        yield from form.base_fields.keys() - set(page.get_readonly_fields(request, row))
    for rows in page.get_inline_instances(request, row):
        if rows.model is model:
            form = rows.get_formset(request, row).form
            yield from form.base_fields.keys() - set(rows.get_readonly_fields(request, row))


@pytest.mark.parametrize("label", SETTINGS)
def test_each_field_of_a_setting_stands_on_a_page_or_has_a_reason_not_to(asked, label):
    model, reasons = apps.get_model(label), SETTINGS[label]
    fields = {field.name for field in (*model._meta.concrete_fields, *model._meta.many_to_many) if field.editable}
    fields -= {model._meta.pk.name} if model._meta.pk.auto_created else set()
    assert fields - fields_of_pages(asked, model) == reasons.keys()
