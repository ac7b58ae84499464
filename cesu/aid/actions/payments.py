"""A caregiver is paid out of the rights of a holder's account, in one transaction or, with a card, in two.

Locks: key → authorisation → aid accounts of the holder by pk → accounts of the ledger by pk (docs/locks.md). What is spent is
read under them. The card's part: cesu/aid/actions/complements.py.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.complements import hold, write_lines
from cesu.aid.actions.funders import payable_account
from cesu.aid.actions.paying import require_paying
from cesu.aid.emails import payments as emails_payment
from cesu.models import AidAccount, AidPayment, Caregiver, CesuHolder, Funder, MonthlyRight
from cesu.rules.aid import PaymentRefused, Standing, TooManyTries, Use, WrongPassword, credited_by
from cesu.rules.aid_payments import (
    CardTerms,
    CaregiverGone,
    NotThisPayment,
    RightsChanged,
    against_complement,
    against_uses,
    changed,
    digest,
)
from common.brakes.tries import PASSWORD_PERIOD, PASSWORDS, forget_tries, is_spent, password_of, take_try
from common.refusals import Refusal
from common.values.dates import day_and_month
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.actions import Move, post
from wallet.models import Operation


# --- What there is to pay with ----------------------------------------------------------------------------------------
def every_standing(aid_account: AidAccount) -> list[Standing]:
    """What each right of an account has left, the oldest first, those that may not be used any more too."""
    rights = MonthlyRight.objects.filter(aid_account=aid_account).order_by("expires_on", "month", "pk")
    rows = rights.values_list(
        "pk", "month", "account__balance__cents", "account__balance__minutes", "expires_on", "reopened_until"
    )
    return [
        Standing(pk, month, cents, minutes, max(expires_on, reopened or expires_on))
        for pk, month, cents, minutes, expires_on, reopened in rows
    ]


def standings(aid_account: AidAccount, today: date) -> list[Standing]:
    """The rights that may be used today, the oldest first."""
    if closed(aid_account, today):
        return []
    return [each for each in every_standing(aid_account) if each.cents > 0 and today <= each.usable_until]


def closed(aid_account: AidAccount, today: date) -> str:
    """Why nothing is paid any more with an account; empty while something may be."""
    if aid_account.closes_on is None or today <= aid_account.closes_on:
        return ""
    last = f"{day_and_month(aid_account.closes_on)} {aid_account.closes_on.year}"
    return f"Ce compte est fermé depuis le {last} : il ne peut plus payer. Rien n’a été payé."


def card_terms(aid_account: AidAccount) -> CardTerms:
    """What a complement by card costs with this account: its funder's terms, else the usual ones."""
    funder = aid_account.funder or Funder()
    return CardTerms(funder.fee_cents, funder.fee_slice_cents, funder.max_complement_cents)


def against(
    aid_account: AidAccount, standing: Sequence[Standing], uses: Sequence[Use], complement_cents: int, today: date
) -> list[str]:
    """Every reason not to make this payment, all at once; ``standing``: every right of the account, the oldest first."""
    if reason := closed(aid_account, today):
        return [reason]
    in_order = (aid_account.funder or Funder()).order_of_use == Funder.OrderOfUse.OLDEST
    reasons = against_uses(standing, uses, today, in_order=in_order, in_hours=aid_account.is_in_hours)
    return reasons + against_complement(complement_cents, card_terms(aid_account), of_rights=bool(uses))


# --- The payment ------------------------------------------------------------------------------------------------------
def paying(holder: CesuHolder) -> str:
    """The purpose of the key of the page that confirms; its detail is ``digest`` of what the page shows."""
    return f"aid-pay:{holder.pk}"


def pay(
    *,
    user: User,
    holder: CesuHolder,
    aid_account: AidAccount,
    caregiver: Caregiver,
    uses: Sequence[Use],
    complement_cents: int = 0,
    password: str,
    key: str,
) -> AidPayment:
    """Pay a caregiver out of the holder's rights; the same page again gets the same payment.

    With a complement the rights are put aside and ``card_payment`` is to be started (``wallet.actions.cards.start``).
    Raise StalePage, NotThisPayment (another payee, account or amount than the page's), LookOnly, WrongPassword,
    TooManyTries (five wrong ones in 15 minutes), CaregiverGone, PaymentRefused, RightsChanged, PaymentStands.
    """
    made = _pay(user, holder, aid_account.pk, caregiver.pk, uses, complement_cents, password, key)
    if isinstance(made, Refusal):
        raise made
    return made


@outermost
def _pay(
    user: User,
    holder: CesuHolder,
    account_pk: int,
    caregiver_pk: int,
    uses: Sequence[Use],
    complement_cents: int,
    password: str,
    key: str,
) -> AidPayment | Refusal:
    """The payment; or the refusal of a wrong password, so that the transaction which counts it is kept."""
    once = claim_key(key, user.owner, paying(holder))
    if once.detail != digest(caregiver_pk, account_pk, uses, complement_cents):
        raise NotThisPayment
    if once.answer:
        return AidPayment.objects.select_related("card_payment").get(pk=once.answer["payment"])
    require_paying(user, holder)
    if wrong := _against_password(user, password):
        return wrong
    now = timezone.now()
    account = lock_account(holder, account_pk)
    caregiver = payee(holder, caregiver_pk)
    _check(account, uses, complement_cents, timezone.localdate(now))
    payment = _payment(account, caregiver, user, uses, complement_cents, now)
    if complement_cents:
        hold(payment, _accounts(uses), uses)
    else:
        _confirm(payment, uses)
    once.remember({"payment": payment.pk})
    return payment


def _against_password(user: User, password: str) -> Refusal | None:
    """Why a password opens nothing. Who pays is locked: of passwords tried at once, each is counted before the next."""
    subject = password_of(user)
    if is_spent(subject, PASSWORDS, PASSWORD_PERIOD):
        return TooManyTries()
    if user.check_password(password):
        forget_tries(subject)
        return None
    take_try(subject, PASSWORDS, PASSWORD_PERIOD)
    return TooManyTries() if is_spent(subject, PASSWORDS, PASSWORD_PERIOD) else WrongPassword()


def lock_account(holder: CesuHolder, pk: int) -> AidAccount:
    """An aid account of a holder, all of theirs locked: one payment at a time for a person."""
    accounts = AidAccount.objects.locked().filter(holder=holder).select_related("funder").order_by("pk")
    return {each.pk: each for each in accounts}[pk]


def payee(holder: CesuHolder, pk: int) -> Caregiver:
    """A caregiver of the holder's who may be paid today; raise CaregiverGone."""
    found = Caregiver.objects.known_to(holder).payable().filter(pk=pk).first()
    if found is None:
        raise CaregiverGone
    return found


def _check(account: AidAccount, uses: Sequence[Use], complement_cents: int, today: date) -> None:
    standing = every_standing(account)
    if reasons := against(account, standing, uses, complement_cents, today):
        raise PaymentRefused(*reasons)
    if changed(standing, uses):
        raise RightsChanged


def _payment(
    account: AidAccount, caregiver: Caregiver, user: User, uses: Sequence[Use], complement_cents: int, now: datetime
) -> AidPayment:
    """A payment to come, with its number, not written yet: it is written with its operation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('cesu_aidpayment', 'id'))")
        [pk] = cursor.fetchone()
    return AidPayment(
        pk=pk,
        aid_account=account,
        caregiver=caregiver,
        by=user,
        minutes=sum(use.minutes for use in uses) if account.is_in_hours else None,
        cents=sum(use.cents for use in uses),
        complement_cents=complement_cents,
        fee_cents=card_terms(account).fee(complement_cents),
        created_at=now,
    )


def _accounts(uses: Sequence[Use]) -> dict[int, int]:
    """The accounts of the ledger of the rights used, by pk of right."""
    return dict(MonthlyRight.objects.filter(pk__in=[use.right for use in uses]).values_list("pk", "account"))


def _confirm(payment: AidPayment, uses: Sequence[Use]) -> None:
    accounts, target = _accounts(uses), payable_account(payment.caregiver).pk
    moves = [
        Move(accounts[use.right], target, use.cents, f"aid:{payment.pk}:{use.right}", minutes=use.minutes)
        for use in uses
    ]
    at, label = payment.created_at, f"Paiement de {payment.caregiver}"[:200]
    payment.operation = post(Operation.Kind.AID_PAYMENT, moves, actor=payment.by, label=label, at=at)
    payment.status, payment.confirmed_at = AidPayment.Status.CONFIRMED, at
    payment.credited_by = credited_by(timezone.localtime(at))
    payment.save(force_insert=True)
    write_lines(payment, uses)
    emails_payment.confirmed(payment)
