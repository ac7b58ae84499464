"""Tables of the CESU space: the issuer's settings, employers and their managers, holders, orders, vouchers."""

from cesu.models.employers import ActivationRequest, Contract, Employer, HelpRequest, Invoice, Manager, Numbering
from cesu.models.issuer import Ceiling, Issuer, SpaceNews, Terms, Transport, UsefulDocument, issuer
from cesu.models.orders import VoucherLine, VoucherOrder
from cesu.models.people import AidAccount, Beneficiary, Category, CesuHolder, Form, MonthlyRight, new_code
from cesu.models.vouchers import ExpiryNotice, Fabrication, Opposition, Voucher

__all__ = [
    "ActivationRequest",
    "AidAccount",
    "Beneficiary",
    "Category",
    "Ceiling",
    "CesuHolder",
    "Contract",
    "Employer",
    "ExpiryNotice",
    "Fabrication",
    "Form",
    "HelpRequest",
    "Invoice",
    "Issuer",
    "Manager",
    "MonthlyRight",
    "Numbering",
    "Opposition",
    "SpaceNews",
    "Terms",
    "Transport",
    "UsefulDocument",
    "Voucher",
    "VoucherLine",
    "VoucherOrder",
    "issuer",
    "new_code",
]
