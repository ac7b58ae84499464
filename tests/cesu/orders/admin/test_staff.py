"""The issuer's staff: what the group opens, what it decides; nothing of it for the agents of communes, nor the reverse."""

from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from cesu.access import STAFF
from cesu.models import ActivationRequest, Contract, Employer, Invoice, Issuer, Manager, Terms, Voucher, VoucherOrder
from cesu.orders.actions.contracts import ContractPast, apply_contracts, contracting, set_contract
from cesu.orders.actions.fabrication import make_due
from common.background.mailing import send_pending
from common.writing.once import make_key
from portal.desk.reads.worklist import worklist
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, UserFactory
from tests.factories.cesu import employer_with, invoice_of, manager_of, pay_in, placed, terms
from wallet.actions import balance

TABLES = [
    "activationrequest",
    "ceiling",
    "employer",
    "fabrication",
    "helprequest",
    "opposition",
    "spacenews",
    "terms",
    "transport",
    "usefuldocument",
    "voucher",
    "voucherorder",
]


@pytest.fixture
def staff(db):
    """Somebody of the issuer's staff: an agent without communes, in the group."""
    agent = AgentFactory(first_name="Inès")
    agent.groups.add(Group.objects.get(name=STAFF))
    return User.objects.get(pk=agent.pk)


@pytest.fixture
def browser(staff, visitor):
    return visitor(staff)


@pytest.fixture
def cestas(db):
    return employer_with(name="Mairie de Cestas", client_reference="D100200")


def url(page, *args):
    return reverse(f"admin:cesu_{page}", args=args)


def decide(browser, page, pk, times=2, **typed):
    """Open the page that decides, confirm it, twice with the same key; return the last answer."""
    address = url(page, *([pk] if pk else []))
    sent = typed | {"once_key": once_keys(browser.get(address))[0]}
    answers = [browser.post(address, sent) for _ in range(times)]
    return answers[-1]


def test_the_group_opens_the_issuer_s_tables_and_no_page_of_the_communes(browser):
    seen = {table: browser.get(url(f"{table}_changelist")).status_code for table in TABLES}
    assert seen == dict.fromkeys(TABLES, 200)
    assert browser.get(url("issuer_changelist")).url == url("issuer_change", 1)
    assert browser.get(url("issuer_change", 1)).status_code == 200
    closed = [
        "families_family_changelist",
        "accounts_user_changelist",
        "wallet_wallet_changelist",
        "services_requestline_changelist",
        "portal_contactmessage_changelist",
        "reservations_booking_changelist",
        "family_new",
        "family_import",
        "desk",
        "attendance_day",
        "headcounts",
        "accounting_month",
    ]
    answers = {name: browser.get(reverse(f"admin:{name}")).status_code for name in closed}
    assert answers == dict.fromkeys(closed, 403)
    home = browser.get(reverse("admin:index"))
    assert [group.title for group in home.context["menu"].groups] == ["CESU des employeurs", "Aide à domicile"]
    assert "Feuilles de présence" not in home.content.decode()


def test_an_agent_of_a_commune_sees_neither_the_issuer_s_tables_nor_the_managers_accounts(visitor, cestas):
    agent, user = AgentFactory(communes=[CommuneFactory()]), manager_of(cestas)
    nobody_s = UserFactory(commune=None)
    client = visitor(agent)
    answers = {table: client.get(url(f"{table}_changelist")).status_code for table in TABLES}
    assert answers == dict.fromkeys(TABLES, 403)
    assert list(User.objects.of_agent(agent).filter(pk__in=[user.pk, nobody_s.pk])) == []
    agent.roles = [Role.GESTIONNAIRE]
    assert list(User.objects.of_agent(agent).filter(pk__in=[user.pk, nobody_s.pk])) == [nobody_s]
    agent.roles = []
    assert worklist(agent) == []


def test_what_waits_is_counted_on_the_first_page_of_the_issuer_s_staff_only(staff, cestas):
    asked_at = timezone.now() - timedelta(3)
    asked = {"client_reference": "D9", "invoice_number": "F", "first_name": "Ana", "last_name": "Diaz"}
    ActivationRequest.objects.create(**asked, email="a@b.example", asked_at=asked_at)
    UserFactory(commune=None, status="pending", decided_at=None)
    pay_in(cestas, placed(cestas).total_cents)
    make_due()
    found = [(task.label, task.count, task.days) for task in worklist(staff)]
    assert found == [("Inscriptions d’employeurs à vérifier", 1, 3), ("Commandes de CESU à expédier", 1, 0)]


def test_an_employer_is_created_once_and_its_reference_is_its_own(browser, cestas):
    typed = {"client_reference": "d 300 400", "name": "Crèche du Rocher", "siret": "213 301 225 00014"}
    answer = decide(browser, "employer_add", None, **typed)
    assert answer.url == url("employer_changelist")
    made = Employer.objects.get(client_reference="D300400")
    assert (made.siret, made.account.floor, made.contracts.count()) == ("21330122500014", 0, 1)
    page = decide(browser, "employer_add", None, 1, **typed | {"client_reference": "é", "siret": "12", "email": "x"})
    assert sorted(page.context["form"].errors) == ["client_reference", "email", "siret"]
    page = decide(browser, "employer_add", None, 1, **typed | {"client_reference": "d100200"})
    assert page.context["form"].non_field_errors() == ["Un employeur a déjà cette référence client."]
    assert Employer.objects.count() == 2


def test_the_details_of_an_employer_are_edited_but_not_its_reference(browser, cestas):
    rows = {f"{name}-{end}_FORMS": 0 for name in ("contracts", "managers", "invoices") for end in ("TOTAL", "INITIAL")}
    typed = {"name": "Ville de Cestas", "client_reference": "D1"}
    assert browser.post(url("employer_change", cestas.pk), typed | rows).status_code == 302
    cestas.refresh_from_db()
    assert (cestas.name, cestas.client_reference) == ("Ville de Cestas", "D100200")


def test_a_contract_gives_its_credit_from_its_first_day_on(browser, staff, cestas):
    today = timezone.localdate()
    typed = {"fee_rate": "1,5", "min_fee_cents": "10", "credit_cents": "5 000,00", "payment_days": "30"}
    decide(browser, "employer_contract", cestas.pk, starts_on=today, **typed)
    contract = Contract.objects.get(employer=cestas)
    known = (contract.fee_rate, contract.min_fee_cents, contract.credit_cents, contract.payment_days)
    assert known == (150, 1000, 500000, 30)
    cestas.account.refresh_from_db()
    assert cestas.account.floor == -500000
    later = today + timedelta(10)
    decide(browser, "employer_contract", cestas.pk, starts_on=later, **typed | {"credit_cents": "100"})
    assert apply_contracts(today) == {"contracts": 0}
    with time_machine.travel(timezone.now() + timedelta(10)):
        assert [apply_contracts(later), apply_contracts(later)] == [{"contracts": 1}, {"contracts": 0}]
    cestas.account.refresh_from_db()
    assert cestas.account.floor == -10000
    key = make_key(staff.owner, contracting(cestas))
    with pytest.raises(ContractPast):
        set_contract(agent=staff, employer=cestas, starts_on=today - timedelta(1), key=key, credit_cents=0)


@pytest.mark.parametrize(
    ("field", "typed"), [("fee_rate", "101"), ("fee_rate", "1,555"), ("credit_cents", "-1"), ("payment_days", "abc")]
)
def test_an_odd_contract_is_told_at_its_field(browser, cestas, field, typed):
    whole = {"starts_on": "2027-01-01", "fee_rate": "1", "min_fee_cents": "0", "credit_cents": "0", "payment_days": "0"}
    page = decide(browser, "employer_contract", cestas.pk, 1, **whole | {field: typed})
    assert list(page.context["form"].errors) == [field]


def test_a_transfer_is_noted_once_and_the_orders_that_waited_are_made(browser, cestas):
    order = placed(cestas)
    amount = f"{order.total_cents / 100:.2f}".replace(".", ",")
    typed = {"cents": amount, "received_on": timezone.localdate(), "reference": "VIR 77"}
    decide(browser, "employer_credit", cestas.pk, **typed)
    assert balance(cestas.account) == order.total_cents
    again = decide(browser, "employer_credit", cestas.pk, 1, **typed)
    assert len(again.context["form"].non_field_errors()) == 1
    make_due()
    order.refresh_from_db()
    assert order.status == VoucherOrder.Status.MAKING
    assert "Virement reçu" in browser.get(url("employer_statement", cestas.pk)).content.decode()


def test_an_invoice_of_before_the_portal_is_noted_once(browser, cestas):
    typed = {"number": "FA-1", "issued_on": "2026-01-15", "cents": "120,50"}
    decide(browser, "employer_invoice", cestas.pk, **typed)
    assert list(Invoice.objects.values_list("number", "issued_on", "cents")) == [("FA-1", date(2026, 1, 15), 12050)]
    for wrong in (typed, typed | {"number": "FA-2", "issued_on": "2099-01-01"}):
        assert len(decide(browser, "employer_invoice", cestas.pk, 1, **wrong).context["form"].non_field_errors()) == 1
    ours = decide(browser, "employer_invoice", cestas.pk, 1, **typed | {"number": "F2026-000009"})
    assert list(ours.context["form"].errors) == ["number"]
    assert Invoice.objects.count() == 1


def test_a_manager_is_sent_a_new_link_and_the_primary_one_retired(browser, cestas):
    user = manager_of(cestas)
    assert "Envoyer un nouveau lien" in browser.get(url("employer_change", cestas.pk)).content.decode()
    decide(browser, "employer_link", user.manager.pk)
    send_pending()
    assert [letter.to for letter in mail.outbox] == [[user.manager.email]]
    decide(browser, "employer_retire", user.manager.pk)
    assert Manager.objects.current().count() == 0
    refused = decide(browser, "employer_link", user.manager.pk, 1)
    assert refused.context["form"].non_field_errors() == [
        "Cette personne n’est plus gestionnaire : elle ne reçoit plus de lien."
    ]


def test_a_sign_up_is_accepted_for_an_employer_or_refused(browser, cestas):
    invoice_of(cestas, number="FA7")
    person = {"first_name": "Nadia", "last_name": "Roux", "email": "nadia@employeur.example"}
    asked = [
        ActivationRequest.objects.create(client_reference=typed, invoice_number="FA9", **person)
        for typed in ("D100200", "D100201")
    ]
    shown = browser.get(url("activationrequest_change", asked[0].pk)).content.decode()
    assert "Mairie de Cestas – dernières factures : FA7" in shown
    page = decide(browser, "activationrequest_accept", asked[1].pk, 1, client_reference="D999")
    assert list(page.context["form"].errors) == ["client_reference"]
    decide(browser, "activationrequest_accept", asked[0].pk, client_reference="d100200")
    assert Manager.objects.get().employer == cestas
    decide(browser, "activationrequest_refuse", asked[1].pk, reason="Référence inconnue")
    assert [each.status for each in ActivationRequest.objects.order_by("pk")] == ["accepted", "refused"]


def test_an_order_is_sent_and_arrives(browser, cestas):
    order = placed(cestas, {"booklets": 2, "vouchers": 10, "face_cents": 1500})
    assert "Prise en charge, à payer" in browser.get(url("voucherorder_change", order.pk)).content.decode()
    early = decide(browser, "voucherorder_ship", order.pk, 1, tracking="X")
    assert len(early.context["form"].non_field_errors()) == 1
    pay_in(cestas, order.total_cents)
    make_due()
    assert [
        row.pk for row in browser.get(f"{url('voucherorder_changelist')}?etat=a-expedier").context["cl"].result_list
    ]
    decide(browser, "voucherorder_ship", order.pk, tracking="6A123")
    decide(browser, "voucherorder_deliver", order.pk)
    order.refresh_from_db()
    assert (order.status, order.tracking) == (VoucherOrder.Status.DELIVERED, "6A123")
    shown = browser.get(url("voucherorder_change", order.pk)).content.decode()
    assert "20 titres en 2 carnets" in shown


def test_an_order_is_cancelled_with_its_reason(browser, cestas):
    order = placed(cestas)
    assert "reason" in decide(browser, "voucherorder_cancel", order.pk, 1, reason="").context["form"].errors
    decide(browser, "voucherorder_cancel", order.pk, reason="Demande de l’employeur")
    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == (VoucherOrder.Status.CANCELLED, "Demande de l’employeur")
    assert Invoice.objects.filter(credits=order.invoice).count() == 1


def test_the_printer_s_file_is_given_by_post_alone_and_each_download_is_inscribed(browser, staff, cestas):
    order = placed(cestas)
    pay_in(cestas, order.total_cents)
    make_due()
    batch = order.fabrication
    assert "Télécharger le fichier" in browser.get(url("fabrication_change", batch.pk)).content.decode()
    assert browser.get(url("fabrication_download", batch.pk)).status_code == 405
    answer = browser.post(url("fabrication_download", batch.pk))
    assert answer.content == bytes(batch.file)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    assert LogEntry.objects.filter(user=staff, object_id=str(batch.pk)).count() == 1


def test_a_title_is_found_by_its_number_and_none_is_listed_otherwise(browser, cestas):
    order = placed(cestas, {"booklets": 1, "vouchers": 2})
    pay_in(cestas, order.total_cents)
    make_due()
    first = Voucher.objects.first()

    def found(term):
        return list(browser.get(url("voucher_changelist"), {"q": term} if term else {}).context["cl"].result_list)

    assert [found(""), found("abc"), found("²"), found("9" * 30)] == [[], [], [], []]
    assert found(f"{first.number:012d}") == [first]


def test_terms_that_an_order_accepted_are_never_changed(browser, cestas):
    accepted, free = placed(cestas).terms, terms("2")
    for each in (accepted, free):
        changed = {"version": each.version, "text": "Autre", "published_on": "2026-11-01"}
        browser.post(url("terms_change", each.pk), changed)
    assert list(Terms.objects.filter(text="Autre")) == [free]


def test_the_issuer_s_settings_are_typed_in_euros_and_percents(browser):
    typed = {"name": "CESU", "min_face_cents": "2", "max_face_cents": "99,99", "vat_rate": "5,5"}
    typed |= {"max_booklets": "10", "max_vouchers": "20", "iban": "FR76 3000 6000 0112 3456 7890 189"}
    assert browser.post(url("issuer_change", 1), typed).status_code == 302
    it = Issuer.objects.get()
    assert (it.min_face_cents, it.max_face_cents, it.vat_rate) == (200, 9999, 550)
    assert it.iban == "FR7630006000011234567890189"
    page = browser.post(url("issuer_change", 1), typed | {"min_face_cents": "200", "vat_rate": "x"})
    assert page.status_code == 200
    assert 'value="99,99"' in browser.get(url("issuer_change", 1)).content.decode()


def test_a_superuser_does_the_issuer_s_work_too(db, visitor):
    assert visitor(ManagerFactory()).get(url("employer_changelist")).status_code == 200
