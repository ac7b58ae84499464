"""Invoices as software reads them: Factur-X, profile EN 16931. The only module that knows drafthorse.

The law asks firms to exchange such invoices (ordonnance 2021-1190); people read the PDF that carries it.
"""

from datetime import datetime, time
from decimal import Decimal

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem

from cesu.models import Invoice, VoucherOrder, issuer
from cesu.rules.orders import IssuerIncomplete

NAME = "factur-x.xml"
INVOICE, CREDIT_NOTE = "380", "381"  # UNTDID 1001
TRANSFER, CARD = "30", "48"  # UNTDID 4461
EXEMPT, STANDARD = "E", "S"  # UNTDID 5305
REASON = "Valeur faciale des titres spéciaux de paiement, hors champ de la TVA"

# What a PDF says of the file that it carries, in the words of the Factur-X standard: descriptions of its one packet.
XMP = b"""<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>fx</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>%s</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>""" % b"".join(
    b'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>%s</pdfaProperty:name>'
    b"<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
    b"<pdfaProperty:description>%s</pdfaProperty:description></rdf:li>" % (name, text)
    for name, text in (
        (b"DocumentFileName", b"The name of the embedded XML document"),
        (b"DocumentType", b"The type of the hybrid document"),
        (b"Version", b"The version of the standard"),
        (b"ConformanceLevel", b"The profile of the XML data"),
    )
)


def invoice_xml(order: VoucherOrder, invoice: Invoice) -> bytes:
    """The invoice of an order, or its credit note, validated against the schema of the standard.

    Raise IssuerIncomplete: without a SIREN, a VAT number or an IBAN it would break BR-CO-26, BR-S-02, BR-E-02 or BR-61
    (EN 16931-1).
    """
    if missing := issuer().missing:
        raise IssuerIncomplete.of(missing)
    document = Document()
    document.context.guideline_parameter.id = "urn:cen.eu:en16931:2017"
    document.header.id = invoice.number
    document.header.type_code = CREDIT_NOTE if invoice.credits_id else INVOICE
    document.header.issue_date_time = _day(invoice.issued_on)
    _parties(document, order)
    _lines(document, order)
    _settlement(document, order, invoice)
    return document.serialize(schema="FACTUR-X_EN16931")


def _parties(document: Document, order: VoucherOrder) -> None:
    ours, agreement, employer = issuer(), document.trade.agreement, order.employer
    agreement.buyer_reference = employer.client_reference
    agreement.seller.name = ours.legal_name or ours.name
    agreement.seller.address.country_id = agreement.buyer.address.country_id = "FR"
    agreement.seller.legal_organization.id = ("0002", ours.siren)
    agreement.seller.tax_registrations.add(TaxRegistration(id=("VA", ours.vat_number)))
    agreement.buyer.name = employer.name
    if employer.siret:
        agreement.buyer.legal_organization.id = ("0002", employer.siret[:9])
    if employer.address:
        agreement.buyer.address.line_one = employer.address
    if employer.postcode:
        agreement.buyer.address.postcode, agreement.buyer.address.city_name = employer.postcode, employer.city
    agreement.buyer_order.issuer_assigned_id = order.number


def _lines(document: Document, order: VoucherOrder) -> None:
    parts = [
        ("Titres CESU, valeur faciale", order.face_cents, EXEMPT),
        ("Frais de service", order.fee_cents, STANDARD),
        ("Transport", order.shipping_cents, STANDARD),
    ]
    for rank, (name, cents, category) in enumerate(parts, 1):
        if not cents:
            continue
        line = LineItem()
        line.document.line_id = str(rank)
        line.product.name = name
        line.agreement.net.amount = _euros(cents)
        line.delivery.billed_quantity = (Decimal(1), "C62")  # UN/ECE 20: one
        line.settlement.trade_tax.type_code = "VAT"
        line.settlement.trade_tax.category_code = category
        line.settlement.trade_tax.rate_applicable_percent = _rate(category)
        line.settlement.monetary_summation.total_amount = _euros(cents)
        document.trade.items.add(line)


def _settlement(document: Document, order: VoucherOrder, invoice: Invoice) -> None:
    settlement, taxed = document.trade.settlement, order.fee_cents + order.shipping_cents
    settlement.currency_code = "EUR"
    means = PaymentMeans()
    means.type_code = TRANSFER if order.means == VoucherOrder.Means.TRANSFER else CARD
    means.payee_account.iban = issuer().iban
    settlement.payment_means.add(means)
    for category, basis, tax in ((EXEMPT, order.face_cents, 0), (STANDARD, taxed, order.vat_cents)):
        if basis:
            settlement.trade_tax.add(_tax(category, basis, tax))
    terms = PaymentTerms()
    terms.due = _day(invoice.due_on or invoice.issued_on)
    settlement.terms.add(terms)
    if invoice.credits:
        cancelled = settlement.invoice_referenced_document  # BT-25, BT-26
        cancelled.issuer_assigned_id, cancelled.issue_date_time = (
            invoice.credits.number,
            _day(invoice.credits.issued_on),
        )
    total = settlement.monetary_summation
    total.line_total = _euros(order.face_cents + taxed)
    total.tax_basis_total = _euros(order.face_cents + taxed)
    total.tax_total = (_euros(order.vat_cents), "EUR")
    total.grand_total = total.due_amount = _euros(order.total_cents)


def _tax(category: str, basis: int, cents: int) -> ApplicableTradeTax:
    tax = ApplicableTradeTax()
    tax.calculated_amount, tax.basis_amount = _euros(cents), _euros(basis)
    tax.type_code, tax.category_code = "VAT", category
    tax.rate_applicable_percent = _rate(category)
    if category == EXEMPT:
        tax.exemption_reason = REASON
    return tax


def _rate(category: str) -> Decimal:
    return Decimal(issuer().vat_rate if category == STANDARD else 0).scaleb(-2)


def _euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _day(day) -> datetime:
    return datetime.combine(day, time.min)
