"""A holder with rights and a caregiver, and payments made through the real action."""

from dataclasses import dataclass
from datetime import date

from accounts.models import User
from cesu.aid.actions.payments import every_standing, pay, paying
from cesu.models import AidAccount, AidPayment, Caregiver, CesuHolder, MonthlyRight
from cesu.rules.aid import Use, cents_used
from cesu.rules.aid_payments import digest
from common.writing.once import make_key
from tests.factories.aid import aid_account_of, aid_user, caregiver_with, funder_with, holder_with, right_with

PASSWORD = "Cantine-Facile-2026"


@dataclass
class Home:
    """A beneficiary with an APA account, the rights of some months and a caregiver."""

    holder: CesuHolder
    user: User
    account: AidAccount
    caregiver: Caregiver
    rights: list[MonthlyRight]


def home_with(*minutes: int, months: list[date] | None = None, order: str = "oldest", **fields) -> Home:
    """A home with a right of so many minutes for each month; the current one unless told."""
    holder = holder_with()
    account = aid_account_of(holder, funder_with(order_of_use=order, **fields))
    wanted = zip(minutes, months or [None] * len(minutes), strict=True)
    rights = [right_with(account, many, month) for many, month in wanted]
    return Home(holder, aid_user(holder, password=PASSWORD), account, caregiver_with(holder), rights)


def use(right: MonthlyRight, minutes: int) -> Use:
    """So many minutes of a right at the price of this moment."""
    [standing] = [each for each in every_standing(right.aid_account) if each.right == right.pk]
    return Use(right.pk, minutes, cents_used(minutes, standing.minutes, standing.cents))


def key_for(home: Home, uses: list[Use], complement_cents: int = 0, user: User | None = None) -> str:
    """The key of the page that confirms."""
    shown = digest(home.caregiver.pk, home.account.pk, uses, complement_cents)
    return make_key((user or home.user).owner, paying(home.holder), shown)


def pay_for(
    home: Home,
    uses: list[Use],
    complement_cents: int = 0,
    *,
    user: User | None = None,
    password: str = PASSWORD,
    key: str | None = None,
    **other,
) -> AidPayment:
    """Confirm the page of these uses."""
    given = {"aid_account": home.account, "caregiver": home.caregiver} | other
    return pay(
        user=user or home.user,
        holder=home.holder,
        uses=uses,
        complement_cents=complement_cents,
        password=password,
        key=key or key_for(home, uses, complement_cents, user),
        **given,
    )
