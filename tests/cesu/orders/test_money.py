"""The employer's money: transfers, cards, invoices, statement, oppositions, certificates, warnings."""

import io
from datetime import date, datetime

import pikepdf
import pytest
import time_machine
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from lxml import etree
from pypdf import PdfReader

from cesu.models import Issuer, Opposition, Voucher, VoucherLine, VoucherOrder
from cesu.orders.actions.dispatch import cancel_order, deciding
from cesu.orders.actions.fabrication import make_due
from cesu.orders.actions.notices import warn_holders
from cesu.orders.actions.oppositions import PURPOSE, AlreadyStopped, BadRange, NotYourTitles, oppose
from cesu.orders.actions.payments import (
    NotAnAmount,
    NothingToPay,
    ReferenceMissing,
    TooMuchForACard,
    credit_employer,
    crediting,
    pay_by_card,
    paying,
)
from cesu.orders.reads.certificates import certificate_of, years_of
from cesu.orders.reads.facturx import invoice_xml
from cesu.rules.orders import IssuerIncomplete
from common.models import OutgoingEmail
from common.writing.once import make_key
from portal.desk.reads.worklist import worklist
from tests.client import PortalClient
from tests.factories.accounts import ManagerFactory
from tests.factories.cesu import beneficiary_of, employer_with, invoice_of, manager_of, pay_in, placed, status
from wallet.actions import AlreadyPosted, balance
from wallet.actions.cards import PaymentGoing, fulfil, start
from wallet.models import CardPayment, Operation

UNCEFACT = "urn:un:unece:uncefact:data:standard"
NAMES = {
    "rsm": f"{UNCEFACT}:CrossIndustryInvoice:100",
    "ram": f"{UNCEFACT}:ReusableAggregateBusinessInformationEntity:100",
    "qdt": f"{UNCEFACT}:QualifiedDataType:100",
}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]


def browser(user) -> PortalClient:
    client = PortalClient()
    client.force_login(user)
    return client


# --- Transfers ----------------------------------------------------------------------------------------------------------
def credit(employer, cents=5000, reference="VIR 123", key=None):
    agent = ManagerFactory()
    key = key or make_key(agent.owner, crediting(employer))
    received = {"received_on": date(2026, 11, 20), "reference": reference}
    return credit_employer(agent=agent, employer=employer, cents=cents, key=key, **received)


def test_a_transfer_is_noted_once_by_its_key_and_by_the_bank_s_reference():
    employer, agent = employer_with(), ManagerFactory()
    key = make_key(agent.owner, crediting(employer))
    for _ in range(2):
        credit_employer(
            agent=agent, employer=employer, cents=5000, received_on=date(2026, 11, 20), reference="VIR 123", key=key
        )
    assert balance(employer.account) == 5000
    with pytest.raises(AlreadyPosted):
        credit(employer)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [({"cents": 0}, NotAnAmount), ({"cents": -5}, NotAnAmount), ({"reference": " "}, ReferenceMissing)],
)
def test_what_is_no_transfer_is_refused(fields, refusal):
    with pytest.raises(refusal):
        credit(employer_with(), **fields)


# --- Cards --------------------------------------------------------------------------------------------------------------
def ask(user, order, key=None):
    return pay_by_card(user=user, order=order, key=key or make_key(user.owner, paying(order)))


def test_the_order_that_a_card_pays_is_the_first_to_take_the_money(stripe_double):
    employer = employer_with()
    user = manager_of(employer)
    older, mine = placed(employer, by=user), placed(employer, by=user)
    payment = start(ask(user, mine))
    stripe_double.pay(payment.session)
    assert fulfil(payment).settled_at
    assert (status(older), status(mine)) == ("taken", "making")
    make_due()
    assert (status(older), balance(employer.account)) == ("taken", 0)
    assert OutgoingEmail.objects.get(template="wallet/card_paid").to == user.manager.email


def test_an_order_is_paid_by_card_once_at_a_time(stripe_double):
    employer = employer_with()
    user, other = manager_of(employer), manager_of(employer, primary=False)
    order = placed(employer, by=user)
    key = make_key(user.owner, paying(order))
    assert ask(user, order, key) == ask(user, order, key)
    with pytest.raises(PaymentGoing):
        ask(other, order)


def test_what_needs_no_card_or_is_too_much_for_one_is_refused():
    employer = employer_with(10**9)
    user = manager_of(employer)
    made, large = placed(employer, by=user), placed(employer, {"booklets": 50, "vouchers": 50}, by=user)
    with pytest.raises(TooMuchForACard):
        ask(user, large)
    make_due()
    with pytest.raises(NothingToPay):
        ask(user, made)


def test_a_manager_pays_by_card_and_comes_back_to_the_order(stripe_double):
    employer = employer_with()
    user = manager_of(employer)
    order, client = placed(employer, by=user), browser(user)
    page = client.get(reverse("cesu:pay", args=[order.number]))
    answer = client.post(reverse("cesu:pay", args=[order.number]), {"once_key": page.context["once_key"]})
    payment = CardPayment.objects.get()
    assert answer.url == payment.url
    stripe_double.pay(payment.session)
    back = client.get(reverse("cesu:payment", args=[payment.reference]))
    assert back.url == reverse("cesu:order", args=[order.number])
    assert status(order) == "making"


@pytest.mark.parametrize("paid", [True, False])
def test_a_payment_that_is_not_what_was_asked_is_told_and_the_order_may_be_paid_anew(stripe_double, paid):
    employer = employer_with()
    user = manager_of(employer)
    order = placed(employer, by=user)
    payment = start(ask(user, order))
    stranger = stripe_double.open(99_900, reference=str(payment.reference))
    CardPayment.objects.filter(pk=payment.pk).update(session=stranger["id"])
    if paid:
        stripe_double.pay(stranger["id"])
    client = browser(user)
    back = client.get(reverse("cesu:payment", args=[payment.reference]) + ("" if paid else "?retour=1"), follow=True)
    assert "nous vérifions ce paiement" in back.content.decode()
    assert (CardPayment.objects.get().status, status(order), balance(employer.account)) == ("to_check", "taken", 0)
    told = OutgoingEmail.objects.get(template="wallet/card_to_check")
    assert told.to == user.manager.email
    assert ask(user, order).status == "created"


def test_a_payment_page_left_open_is_abandoned_and_the_order_stays(stripe_double):
    employer = employer_with()
    user = manager_of(employer)
    order = placed(employer, by=user)
    start(ask(user, order))
    browser(user).post(reverse("cesu:abandon", args=[order.number]))
    assert CardPayment.objects.get().status == "expired"
    assert status(order) == "taken"
    ask(user, order)


def test_another_employer_s_order_and_payment_are_not_found(stripe_double):
    employer = employer_with()
    user = manager_of(employer)
    order = placed(employer, by=user)
    payment = ask(user, order)
    stranger = browser(manager_of(employer_with()))
    paths = [reverse(f"cesu:{name}", args=[order.number]) for name in ("pay", "invoice")]
    paths.append(reverse("cesu:payment", args=[payment.reference]))
    assert [stranger.get(path).status_code for path in paths] == [404, 404, 404]
    assert stranger.post(paths[0]).status_code == 404


# --- Invoices -----------------------------------------------------------------------------------------------------------
def test_the_invoice_is_a_pdf_that_carries_its_factur_x():
    Issuer.objects.create(
        legal_name="Émetteur SA", siren="123456789", vat_number="FR00123456789", iban="FR7630006000011234567890189"
    )
    employer = employer_with(name="Mairie de Cestas", siret="21330122500018")
    order = placed(employer)
    answer = browser(order.by).get(reverse("cesu:invoice", args=[order.number]))
    pdf = PdfReader(io.BytesIO(answer.content))
    assert order.invoice.number in pdf.pages[0].extract_text()
    (xml,) = pdf.attachments["factur-x.xml"]
    found = etree.fromstring(xml)
    totals = found.find(".//ram:SpecifiedTradeSettlementHeaderMonetarySummation", NAMES)
    assert [
        totals.findtext(f"ram:{name}", namespaces=NAMES)
        for name in ("LineTotalAmount", "TaxTotalAmount", "GrandTotalAmount")
    ] == [
        "322.00",
        "4.40",
        "326.40",
    ]


FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
EXTENSION = "http://www.aiim.org/pdfa/ns/extension/"
TOLD = {"DocumentType": "INVOICE", "DocumentFileName": "factur-x.xml", "Version": "1.0", "ConformanceLevel": "EN 16931"}


def test_programs_read_in_one_packet_that_the_pdf_is_a_factur_x():
    order = placed(employer_with())
    content = browser(order.by).get(reverse("cesu:invoice", args=[order.number])).content
    with pikepdf.open(io.BytesIO(content)) as pdf, pdf.open_metadata() as metadata:
        assert {name: metadata[f"{{{FX}}}{name}"] for name in TOLD} == TOLD
        assert (metadata.pdfa_status, metadata["dc:title"]) == ("3A", f"Facture {order.invoice.number}")
        assert f"{{{EXTENSION}}}schemas" in metadata
    read = PdfReader(io.BytesIO(content)).xmp_metadata
    packet = read.rdf_root
    assert {name: packet.getElementsByTagNameNS(FX, name)[0].firstChild.data for name in TOLD} == TOLD
    assert len(packet.getElementsByTagNameNS(EXTENSION, "schemas")) == 1


@pytest.mark.parametrize("missing", ["siren", "vat_number", "iban"])
def test_no_invoice_leaves_an_issuer_that_lacks_what_it_must_hold(missing):
    order = placed(employer_with())
    Issuer.objects.update(**{missing: ""})
    caches["process"].clear()
    label = {"siren": "SIREN", "vat_number": "n° de TVA intracommunautaire", "iban": "IBAN"}[missing]
    with pytest.raises(IssuerIncomplete, match=f"Émetteur des CESU.*Il y manque : {label}\\."):
        invoice_xml(order, order.invoice)
    agent = ManagerFactory()
    with pytest.raises(IssuerIncomplete):
        cancel_order(agent=agent, order=order, reason="Erreur", key=make_key(agent.owner, deciding(order, "cancel")))
    assert status(order) == "taken"
    client = browser(order.by)
    answer = client.get(reverse("cesu:invoice", args=[order.number]), follow=True)
    assert "Facture indisponible pour le moment" in answer.content.decode()
    agent.is_superuser = True
    tasks = {task.label: (task.count, task.address) for task in worklist(agent)}
    assert tasks[f"Fiche de l’émetteur à compléter ({label})"] == (1, reverse("admin:cesu_issuer_change", args=[1]))


def test_a_cancelled_order_has_its_credit_note_to_download():
    order = placed(employer_with())
    client, path = browser(order.by), reverse("cesu:invoice", args=[order.number])
    assert client.get(path, {"avoir": ""}).status_code == 404
    agent = ManagerFactory()
    cancel_order(agent=agent, order=order, reason="Erreur", key=make_key(agent.owner, deciding(order, "cancel")))
    pdf = PdfReader(io.BytesIO(client.get(path, {"avoir": ""}).content))
    order.invoice.refresh_from_db()
    assert order.invoice.credit_note.number in pdf.pages[0].extract_text()
    found = etree.fromstring(invoice_xml(order, order.invoice.credit_note))
    assert found.findtext(".//rsm:ExchangedDocument/ram:TypeCode", namespaces=NAMES) == "381"
    cancelled = found.find(".//ram:InvoiceReferencedDocument", NAMES)  # BT-25, BT-26
    assert cancelled.findtext("ram:IssuerAssignedID", namespaces=NAMES) == order.invoice.number
    day = cancelled.findtext("ram:FormattedIssueDateTime/qdt:DateTimeString", namespaces=NAMES)
    assert day == f"{order.invoice.issued_on:%Y%m%d}"
    assert b"InvoiceReferencedDocument" not in invoice_xml(order, order.invoice)


# --- Statement ----------------------------------------------------------------------------------------------------------
def test_the_statement_shows_what_came_in_and_what_orders_cost():
    employer = employer_with()
    order = placed(employer)
    pay_in(employer, order.total_cents + 1000)
    make_due()
    client = browser(order.by)
    page = client.get(reverse("cesu:statement")).content.decode()
    assert f"Commande de CESU {order.number}" in page
    rows = client.get(reverse("cesu:statement"), {"csv": ""}).content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Date;Libellé;Montant;Solde"
    assert [row.split(";")[2:] for row in rows[1:]] == [["-326,40", "10,00"], ["336,40", "336,40"]]


# --- Oppositions --------------------------------------------------------------------------------------------------------
def made(**fields):
    """An order of 20 titles that was made: (order, first number)."""
    order = placed(employer_with(10**9), **fields)
    make_due()
    return order, Voucher.objects.filter(line__order=order).earliest("number").number


def stop(user, first, last, reason="lost", key=None):
    return oppose(user=user, first=first, last=last, reason=reason, key=key or make_key(user.owner, PURPOSE))


def stopped() -> list[int]:
    return list(Voucher.objects.exclude(opposition=None).values_list("number", flat=True))


def test_titles_are_stopped_from_a_number_to_another_once():
    order, first = made()
    key = make_key(order.by.owner, PURPOSE)
    assert stop(order.by, first + 2, first + 4, key=key) == stop(order.by, first + 2, first + 4, key=key)
    assert stopped() == [first + 2, first + 3, first + 4]
    assert OutgoingEmail.objects.get(template="cesu/titles_stopped").to == order.by.manager.email
    with pytest.raises(AlreadyStopped):
        stop(order.by, first + 3, first + 3)
    stop(order.by, first + 4, first + 5, "stolen")
    assert Opposition.objects.earliest("pk").vouchers.count() == 3


def test_numbers_that_are_not_the_employer_s_are_refused_and_nothing_is_stopped():
    order, first = made()
    _, theirs = made()
    for bounds in ((first + 19, first + 20), (theirs, theirs), (1, 1)):
        with pytest.raises(NotYourTitles):
            stop(order.by, *bounds)
    with pytest.raises(BadRange):
        stop(order.by, first + 1, first)
    with pytest.raises(BadRange):
        stop(order.by, first, first + 10_000)
    assert stopped() == []


def test_a_manager_declares_an_opposition_and_reads_what_is_wrong():
    order, first = made()
    client, path = browser(order.by), reverse("cesu:oppositions")
    form = {"first": "12", "last": f"{first}", "reason": "lost"}
    assert "12 chiffres, comme" in client.post(path, form).content.decode()
    key = client.get(path).context["once_key"]
    spaced = f"{first:012d}"[:2] + " " + f"{first:012d}"[2:]
    answer = client.post(path, {"first": spaced, "last": spaced, "reason": "lost", "once_key": key})
    assert answer.url == path
    assert stopped() == [first]


# --- Certificates -------------------------------------------------------------------------------------------------------
def test_the_certificate_says_what_was_given_and_what_the_person_paid():
    employer = employer_with(10**9)
    lea = beneficiary_of(employer)
    line = {"beneficiary": lea, "booklets": 1, "vouchers": 10, "face_cents": 1505, "share": 50}
    order = placed(employer, line)
    assert certificate_of(lea, timezone.localdate().year, timezone.localdate()) is None
    make_due()
    today = timezone.localdate()
    found = certificate_of(lea, today.year, today)
    assert (found.titles, found.cents, found.employer_cents, found.own_cents) == (10, 15050, 7525, 7525)
    assert (found.is_over, years_of(lea)) == (False, [today.year])
    path = reverse("cesu:certificate", args=[lea.pk, today.year])
    assert path in browser(order.by).get(reverse("cesu:beneficiary_edit", args=[lea.pk])).content.decode()
    answer = browser(order.by).get(reverse("cesu:certificate", args=[lea.pk, today.year]))
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert "Attestation provisoire" in text
    assert "75,25" in text
    stranger = browser(manager_of(employer_with()))
    assert stranger.get(reverse("cesu:certificate", args=[lea.pk, today.year])).status_code == 404


# --- Warnings -----------------------------------------------------------------------------------------------------------
def test_holders_are_warned_60_30_and_7_days_ahead_once_each():
    with time_machine.travel(datetime(2026, 11, 20, 10)):
        employer = employer_with(10**9)
        lea = beneficiary_of(employer, email="lea@example.org")
        theo = beneficiary_of(
            employer, "Petit", "Théo", email="theo@example.org", form="e", form_chosen_on=date(2026, 1, 1)
        )
        placed(
            employer,
            {"beneficiary": lea},
            {"beneficiary": theo, "form": "e"},
            {"beneficiary": beneficiary_of(employer, "Roy", "Ana")},
        )
        make_due()
    told = {}
    for day in (
        date(2026, 12, 1),
        date(2026, 12, 3),
        date(2026, 12, 4),
        date(2027, 1, 2),
        date(2027, 1, 31),
        date(2027, 2, 1),
    ):
        told[day] = warn_holders(day)["told"]
    assert list(told.values()) == [0, 2, 0, 2, 2, 0]
    letters = OutgoingEmail.objects.filter(template="cesu/titles_ending")
    assert sorted(letters.values_list("to", flat=True)) == ["lea@example.org"] * 3 + ["theo@example.org"] * 3


def test_who_has_only_stopped_titles_is_not_warned():
    with time_machine.travel(datetime(2026, 11, 20, 10)):
        employer = employer_with(10**9)
        order = placed(employer, {"beneficiary": beneficiary_of(employer, email="lea@example.org")})
        make_due()
        first = Voucher.objects.earliest("number").number
        stop(order.by, first, first + 19)
    assert warn_holders(date(2026, 12, 3)) == {"told": 0}


def test_an_order_s_debit_is_one_operation():
    order, _ = made()
    operation = VoucherOrder.objects.get(pk=order.pk).operation
    assert operation.kind == Operation.Kind.CESU_ORDER
    assert sorted(operation.transfers.values_list("target__code", "cents"), key=str) == sorted(
        [(f"employer:{order.employer.client_reference}", 30000), ("cesu", 2200), ("cesu-vat", 440)], key=str
    )
    assert VoucherLine.objects.filter(made_at=None).count() == 0


def test_an_invoice_of_before_the_portal_has_none_of_the_portal_s_numbers():
    old = invoice_of(employer_with(), number="F2026-000001")
    with pytest.raises(ValidationError, match="donnés par le portail"):
        old.full_clean()
