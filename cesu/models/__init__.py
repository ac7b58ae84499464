"""Tables of the CESU space: the issuer's settings, employers and their managers, holders, orders, vouchers."""

from cesu.models.aid import (
    AidAccess,
    AidInvitation,
    AidLogin,
    AidPlan,
    AidRule,
    AidSuspension,
    Funder,
    RightNotice,
    RightsImport,
)
from cesu.models.caregivers import AidPayment, AidPaymentLine, AidTransferBatch, Caregiver, KnownCaregiver
from cesu.models.doors import SignUpCode
from cesu.models.employers import ActivationRequest, Contract, Employer, HelpRequest, Invoice, Manager, Numbering
from cesu.models.issuer import Ceiling, Issuer, SpaceNews, Terms, Transport, UsefulDocument, issuer
from cesu.models.orders import VoucherLine, VoucherOrder
from cesu.models.people import AidAccount, Beneficiary, Category, CesuHolder, Form, MonthlyRight, new_code
from cesu.models.vouchers import ExpiryNotice, Fabrication, Opposition, Voucher

__all__ = [
    "ActivationRequest",
    "AidAccess",
    "AidAccount",
    "AidInvitation",
    "AidLogin",
    "AidPayment",
    "AidPaymentLine",
    "AidPlan",
    "AidRule",
    "AidSuspension",
    "AidTransferBatch",
    "Beneficiary",
    "Caregiver",
    "Category",
    "Ceiling",
    "CesuHolder",
    "Contract",
    "Employer",
    "ExpiryNotice",
    "Fabrication",
    "Form",
    "Funder",
    "HelpRequest",
    "Invoice",
    "Issuer",
    "KnownCaregiver",
    "Manager",
    "MonthlyRight",
    "Numbering",
    "Opposition",
    "RightNotice",
    "RightsImport",
    "SignUpCode",
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
