"""The tables of money: the ledger and the wallets, the counter, cards, SEPA."""

from wallet.models.cards import CardDispute, CardPayment, CardPaymentLine, CardRefund, StripeEvent
from wallet.models.counter import CounterPayment
from wallet.models.ledger import BALANCED, SYSTEM, Account, AccountKind, Balance, Operation, Purse, Transfer, Wallet
from wallet.models.sepa import BankRefund, BankRefundBatch, DirectDebit, DirectDebitRun

__all__ = [
    "BALANCED",
    "SYSTEM",
    "Account",
    "AccountKind",
    "Balance",
    "BankRefund",
    "BankRefundBatch",
    "CardDispute",
    "CardPayment",
    "CardPaymentLine",
    "CardRefund",
    "CounterPayment",
    "DirectDebit",
    "DirectDebitRun",
    "Operation",
    "Purse",
    "StripeEvent",
    "Transfer",
    "Wallet",
]
