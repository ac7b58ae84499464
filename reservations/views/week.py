"""« Réserver la semaine »: the coming week as the family usually has it, on one page, booked by one button."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import make_key
from families.access import family_required
from reservations.actions.checkout import NotCertified
from reservations.actions.places.baskets import Basket
from reservations.actions.weeks import book_week, read_week, shown, week_purpose
from reservations.models import Billing, Cart, CartLine
from reservations.reads.family import facts_of
from reservations.reads.usual_week import coming_monday, usual_pairs
from reservations.views.page_data import checkout_of

LETTERS = "LMMJVSD"


@dataclass
class Part:
    """What of the week is paid one way: the lines that can be booked, the key that books them."""

    basket: Basket
    key: str

    @property
    def billing(self) -> str:
        return self.basket.cart.billing

    @property
    def checkout(self):
        return checkout_of(self.basket)


@dataclass
class WeekPage:
    """The week from ``monday``: its parts by billing, prepaid first, and why usual days are left out."""

    monday: date
    parts: list[Part]
    left_out: list[str]

    @property
    def lines(self) -> list[CartLine]:
        found = [line for part in self.parts for line in part.basket.lines]
        return sorted(found, key=lambda line: (line.session.date, line.member.birth_date, line.session_id))

    @property
    def cents(self) -> int:
        return sum(part.basket.booked_cents for part in self.parts)

    @property
    def due(self) -> int:
        """What the wallets pay at once, in cents; the rest is debited once its day has come."""
        return sum(part.basket.due for part in self.parts)

    @property
    def is_plain(self) -> bool:
        """Whether the main purse pays all that is paid at once: then one new balance says it all."""
        return all(
            line.session.activity.purse.is_default
            for part in self.parts
            if part.billing == Billing.PREPAID
            for line in part.basket.lines
        )

    @property
    def names(self) -> str:
        return ", ".join(dict.fromkeys(line.member.first_name for line in self.lines))

    @property
    def weekdays(self) -> str:
        return " ".join(LETTERS[day] for day in sorted({line.session.date.weekday() for line in self.lines}))

    @property
    def changeable_until(self):
        """The first moment after which one of these days can be cancelled no more."""
        return min(
            (line.session.cancellable_until for line in self.lines if line.session.cancellable_until), default=None
        )

    @property
    def by_child(self) -> list[tuple[str, list[CartLine], int]]:
        """Each child with its days and their price in cents."""
        found = defaultdict(list)
        for line in self.lines:
            found[line.member.first_name].append(line)
        return [(name, lines, sum(line.cents for line in lines)) for name, lines in found.items()]

    @property
    def shortages(self) -> list[str]:
        return [each for part in self.parts if part.billing == Billing.PREPAID for each in part.checkout.shortages]


def week_page(user: User, like_last: bool = False) -> WeekPage:
    """The coming week as the family usually has it, each way of paying read once."""
    monday, parts, left_out = coming_monday(timezone.localdate()), [], []
    carts = {each.billing: each for each in Cart.objects.filter(family=user.guardian.family_id)}
    for billing, pairs in sorted(usual_pairs(user.guardian.family_id, monday, like_last).items(), reverse=True):
        basket = read_week(_unpaid(carts.get(billing), user, billing), pairs)
        left_out += basket.reasons
        basket.lines = basket.booked and [line for line in basket.booked if not line.reasons]
        if basket.lines:
            parts.append(Part(basket, make_key(user.owner, week_purpose(billing), shown(basket.lines))))
    return WeekPage(monday, parts, left_out)


def _unpaid(cart: Cart | None, user: User, billing: str) -> Cart:
    """The cart to read with, as if no payment page were open for it: these are other days."""
    return Cart(pk=cart and cart.pk, family_id=user.guardian.family_id, billing=billing)


@require_http_methods(["GET", "HEAD", "POST"])
@family_required
def week(request):
    """The page of confirmation; « Confirmer » books each part, and tells what became of each."""
    if request.method == "POST":
        return _confirm(request)
    page = week_page(request.user, "derniere" in request.GET)
    context = {"page": page, "balance": facts_of(request.user).balance - page.due}
    return render(request, "reservations/week.html", context)


def _confirm(request):
    done, refused = [], False
    for billing in (Billing.PREPAID, Billing.DEFERRED):
        if key := request.POST.get(f"once_key_{billing}"):
            try:
                done.append(book_week(user=request.user, billing=billing, key=key)["order"])
            except NotCertified as refusal:
                messages.warning(request, refusal.sentence)
                return redirect(f"{reverse('families:certify')}?suite={reverse('reservations:week')}")
            except Refusal as refusal:
                refused = True
                for sentence in refusal.sentences[:20]:
                    messages.error(request, sentence)
    if not done or refused:
        if done:
            messages.success(request, f"Le reste est réservé : commande n° {done[0]}.")
        return redirect("reservations:week")
    messages.success(request, "Votre semaine est réservée. Un e-mail vous le confirme.")
    return redirect("reservations:order", done[0]) if len(done) == 1 else redirect("reservations:bookings")
