"""What a closed account would leave behind, read for the page of the agents and again under lock for the decision."""

from dataclasses import dataclass, field

from accounts.models import User
from common.values.money import euros
from families.models import Family, SepaMandate
from reservations.actions.leaving import cart_lines, places_held, to_come, to_debit_still
from services.models import RequestLine
from wallet.models import CardPayment, DirectDebit, Wallet


@dataclass
class Leaving:
    """A family whose last account closes: each purse's cents, what the closing settles, what prevents it."""

    family: Family | None = None
    wallets: list[Wallet] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)

    @property
    def with_money(self) -> list[Wallet]:
        """The wallets that are not at zero, once the days to come are given back too."""
        return [wallet for wallet in self.wallets if wallet.balance]


def leaving_of(user: User) -> Leaving:
    """Read it; empty while another guardian of the family can still sign in."""
    family = Family.objects.filter(guardians__user=user).first()
    others = family and family.guardians.exclude(user=user).filter(user__is_active=True).exists()
    if family is None or others:
        return Leaving()
    wallets = list(Wallet.objects.filter(family=family).with_balance())
    return Leaving(family, wallets, _settled(family), _against(family))


def _settled(family: Family) -> list[str]:
    """What the closing ends by itself."""
    counted = [
        (to_come(family).count(), "réservation à venir", "réservations à venir"),
        (places_held(family).count(), "place en liste d’attente", "places en liste d’attente"),
        (cart_lines(family).count(), "journée dans le panier", "journées dans le panier"),
        (SepaMandate.objects.standing().filter(family=family).count(), "mandat SEPA", "mandats SEPA"),
        (_undecided(family), "demande d’accès en attente", "demandes d’accès en attente"),
    ]
    return [f"{number} {one if number == 1 else many}" for number, one, many in counted if number]


def _undecided(family: Family) -> int:
    waiting = (RequestLine.Status.PENDING, RequestLine.Status.INCOMPLETE)
    return RequestLine.objects.filter(request__family=family, status__in=waiting).count()


def _against(family: Family) -> list[str]:
    """What must end first, in sentences."""
    reasons = []
    if CardPayment.objects.filter(family=family, status__in=("created", "open")).exists():
        reasons.append("Un paiement par carte est en cours : attendez qu’il soit fini ou abandonné.")
    for debit in DirectDebit.objects.pending().filter(wallet__family=family):
        reasons.append(f"Un prélèvement de {euros(debit.cents)} est annoncé : attendez qu’il soit crédité ou rejeté.")
    if to_debit_still(family).exists():
        reasons.append("Des journées déjà passées seront débitées cette nuit : fermez le compte demain.")
    return reasons
