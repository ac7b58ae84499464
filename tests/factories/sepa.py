"""Families that pay by direct debit, and the bank's answers."""

from datetime import date

from django.core.cache import caches

from common.models import Authority
from common.writing.once import make_key
from families.models import SepaMandate
from tests.factories.accounts import ManagerFactory
from tests.factories.wallet import parent_with, spend
from wallet.actions.bank_refunds import make_refund_file, refund_to_bank
from wallet.actions.debits import announce_debits, make_debit_file
from wallet.models import DirectDebit, DirectDebitRun, Operation

IBAN, OTHER_IBAN = "FR1420041010050500013M02606", "DE89370400440532013000"
KEYLESS = "FR8420041010050500013M02607"  # its RIB key is wrong, its ISO digits are right
JOINED = [  # examples of the IBAN registry, of the countries that joined SEPA last
    "AL47212110090000000235698741",
    "MD24AG000225100013104168",
    "ME25505000012345678951",
    "MK07250120000058984",
    "RS35260005601001611379",
]
OUTSIDE = ["TN5910006035183598478831", "TR330006100519786457841326", "BR1800360305000010009795493C1"]
ANNOUNCED = date(2026, 11, 23)  # 14 days before
COLLECTED = date(2026, 12, 7)  # the 5 is a Saturday


def creditor(**changes) -> Authority:
    """The authority, which collects on the 5th, told 14 days before."""
    fields = {
        "subtitle": "Communauté de communes de la Dombes",
        "email": "regie@dombes.example",
        "phone": "04 74 00 00 00",
        "creditor_id": "FR72ZZZ123456",
        "creditor_iban": IBAN,
        "debit_day": 5,
        "debit_notice": 14,
    }
    it, _ = Authority.objects.update_or_create(pk=1, defaults=fields | changes)
    caches["process"].delete("authority")
    return it


def mandate_of(family, **changes) -> SepaMandate:
    """A mandate that stands."""
    fields = {"rum": f"{family.reference}-M{family.mandates.count() + 1}", "iban": IBAN, "holder": "Zoé Lefèvre"}
    return SepaMandate.objects.create(family=family, **fields | {"signed_on": date(2026, 9, 1)} | changes)


def debtor(owed: int = 4605, **fields):
    """A parent who owes and has signed a mandate: (user, wallet)."""
    user, wallet = parent_with(0, **fields)
    mandate_of(wallet.family)
    if owed:
        spend(wallet, owed, kind=Operation.Kind.DEFERRED_DEBIT)
    return user, wallet


def announced(owed: int = 4605) -> DirectDebit:
    """A debit that was announced."""
    creditor()
    _, wallet = debtor(owed)
    announce_debits(ANNOUNCED)
    return wallet.direct_debits.get()


def with_file(run: DirectDebitRun, agent=None) -> DirectDebitRun:
    """The run with its file for the bank."""
    agent = agent or ManagerFactory()
    return make_debit_file(agent=agent, run=run, key=make_key(agent.owner, f"debit-file:{run.pk}"))


def refund(wallet, cents: int = 2000, agent=None, **changes):
    """A refund asked by an agent."""
    agent = agent or ManagerFactory()
    fields = {"iban": IBAN, "holder": "Zoé Lefèvre", "reason": "Déménagement"} | changes
    key = make_key(agent.owner, f"bank-refund:{wallet.pk}")
    return refund_to_bank(agent=agent, wallet=wallet, cents=cents, key=key, **fields)


def refund_file(agent=None):
    """All the refunds that wait, given to the bank."""
    agent = agent or ManagerFactory()
    return make_refund_file(agent=agent, key=make_key(agent.owner, "refund-file"))


def report(message: str, *payments: str, group: str = "<GrpSts>PART</GrpSts>", block: str = "", version="03") -> bytes:
    """A pain.002 as a bank writes it; ``payments`` are made by ``said``."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BQ-1</MsgId><CreDtTm>2026-12-08T06:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}-FRST</OrgnlPmtInfId>{block}{"".join(payments)}</OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>""".encode()


def said(reference: str, status: str = "RJCT", code: str = "AM04", amount: str = "") -> str:
    """What a report says of one payment."""
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    original = f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef>' if amount else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}{original}"
        "</TxInfAndSts>"
    )
