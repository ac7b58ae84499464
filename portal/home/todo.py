"""« À faire »: what waits for a parent, the most pressing first, each with its one button.

A new kind of thing is a function that makes ``ToDo`` of a row, in ``_KINDS``, and a branch of the one query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common.values.dates import date_long, deadline_long
from common.values.money import euros
from common.writing.rows import Rows
from reservations.actions.telling.reminders import LATELY
from reservations.models import Billing, WaitlistEntry
from reservations.reads.family import FamilyFacts


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing to do: a sentence, the button's ``label`` and ``address``; ``about`` tells two alike apart for who only
    hears the buttons. ``rank``: the lower, the sooner it is said.
    """

    sentence: str
    label: str
    address: str
    rank: int
    about: str = ""


def to_do(user: User, facts: FamilyFacts, offers: list[WaitlistEntry]) -> list[ToDo]:
    """All that waits for the family's answer, in order, in one query beside what the caller has read already."""
    now, today = timezone.now(), timezone.localdate()
    found = [_KINDS[kind](*row) for kind, *row in _WAITING(user.guardian.family_id, now, today - LATELY)]
    found += map(_offer, offers)
    found += [_debt(debt.purse, debt.cents) for debt in facts.debts]
    if not facts.certified:
        found.append(_certify())
    return sorted(found, key=lambda each: each.rank)


def _payment(reference: str, about: str, cents: int, until: datetime | None) -> ToDo:
    sentence = f"Un paiement par carte de {euros(cents)} est en cours : rien n’est réservé avant sa fin."
    if not about.startswith("cart:"):
        sentence = f"Un paiement par carte de {euros(cents)} est en cours."
    return ToDo(sentence, "Reprendre ou abandonner", reverse("wallet:payment", args=[reference]), 1)


def _cart(billing: str, about: str, lines: int, until: datetime | None) -> ToDo:
    many = "s" if lines > 1 else ""
    where, label, page = _CARTS[billing]
    sentence = f"{lines} jour{many} dans {where}, pas encore confirmé{many}"
    if until:
        sentence += f" : à confirmer avant le {deadline_long(until, timezone.localdate())}"
    return ToDo(f"{sentence}.", label, reverse(page), 2)


_CARTS = {
    Billing.PREPAID: ("votre panier", "Voir mon panier", "reservations:cart"),
    Billing.DEFERRED: ("vos demandes", "Voir mes demandes", "reservations:request"),
}


def _offer(entry: WaitlistEntry) -> ToDo:
    today = timezone.localdate()
    what = f"{entry.session.activity.name}, {entry.member.first_name}"
    sentence = (
        f"Une place vous est proposée : {what}, {date_long(entry.session.date, today)}, "
        f"à confirmer avant le {deadline_long(entry.offered_until, today)}."
    )
    return ToDo(sentence, "Répondre", reverse("reservations:waiting_place", args=[entry.pk]), 3, what)


def _piece(pk: str, about: str, refused: int, until: datetime | None) -> ToDo:
    became = "a été refusée" if refused else "n’est plus valable"
    return ToDo(f"La pièce « {about} » {became}.", "La remplacer", reverse("services:replace", args=[pk]), 4, about)


def _incomplete(service: str, about: str, lines: int, until: datetime | None) -> ToDo:
    sentence = f"Il manque une pièce à votre demande : {about}."
    return ToDo(sentence, "Donner la pièce", reverse("services:pieces", args=[service]), 4, about)


def _debt(purse: str, cents: int) -> ToDo:
    whose = f" « {purse} »" if purse else ""
    sentence = f"Il reste {euros(cents)} à régler sur votre porte-monnaie{whose}."
    return ToDo(sentence, "Régler", reverse("reservations:balances"), 5, purse)


def _low(code: str, purse: str, cents: int, until: datetime | None) -> ToDo:
    whose = f" « {purse} »" if purse else ""
    sentence = f"Il reste {euros(cents)} sur votre porte-monnaie{whose}, réservations à venir déduites."
    if cents < 0:
        sentence = f"Il manque {euros(-cents)} sur votre porte-monnaie{whose} pour vos réservations à venir."
    return ToDo(sentence, "Recharger", f"{reverse('wallet:top_up')}?porte-monnaie={code}", 5, purse)


def _debit(day: str, about: str, cents: int, until: datetime | None) -> ToDo:
    when = date_long(date.fromisoformat(day), timezone.localdate())
    return ToDo(
        f"Un prélèvement de {euros(cents)} aura lieu le {when}.", "Voir", reverse("wallet:direct_debit"), 6, when
    )


def _invitation(email: str, about: str, lines: int, until: datetime) -> ToDo:
    when = date_long(timezone.localtime(until).date(), timezone.localdate())
    sentence = f"Votre invitation à {email} attend sa réponse, jusqu’au {when}."
    return ToDo(sentence, "Voir mon invitation", reverse("families:members"), 8, email)


def _certify() -> ToDo:
    sentence = "Avant de réserver cette année, vérifiez et certifiez les informations de votre famille."
    return ToDo(sentence, "Vérifier mes informations", reverse("families:certify"), 7)


_KINDS: dict[str, Callable[..., ToDo]] = {
    "payment": _payment,
    "cart": _cart,
    "piece": _piece,
    "incomplete": _incomplete,
    "debit": _debit,
    "low": _low,
    "invitation": _invitation,
}

# A cart that is being paid is told by its payment; a piece is told while a service that the family asked for wants it. A
# purse is low as the reminder by email says (``reservations.actions.telling.reminders.low``); one that owes is a debt.
_WAITING = Rows(
    """
    WITH family AS (SELECT %s::bigint AS id, %s::timestamptz AS now, %s::date AS lately)
    SELECT 'payment', payment.reference::text, payment.purpose::text, payment.cents, NULL::timestamptz
    FROM wallet_cardpayment payment JOIN family ON family.id = payment.family_id
    WHERE payment.status IN ('created', 'open')
    UNION ALL
    SELECT 'cart', cart.billing, '', count(*),
        min(CASE line.act WHEN 'cancel' THEN day.cancellable_until ELSE day.bookable_until END)
            FILTER (WHERE CASE line.act WHEN 'cancel' THEN day.cancellable_until ELSE day.bookable_until END > family.now)
    FROM reservations_cart cart JOIN family ON family.id = cart.family_id
    JOIN reservations_cartline line ON line.cart_id = cart.id
    JOIN reservations_session day ON day.id = line.session_id
    WHERE cart.payment_id IS NULL
    GROUP BY cart.billing
    UNION ALL
    SELECT 'piece', piece.id::text, concat(kind.name, ' (' || member.first_name || ')'),
        (piece.status = 'refused')::int, NULL
    FROM services_supportingdocument piece JOIN family ON family.id = piece.family_id
    JOIN services_documenttype kind ON kind.id = piece.type_id
    LEFT JOIN families_member member ON member.id = piece.member_id
    WHERE piece.replaced_at IS NULL AND piece.status IN ('refused', 'expired') AND EXISTS (
        SELECT FROM services_requireddocument required
        JOIN services_accessrequest request ON request.service_id = required.service_id
        JOIN services_requestline line ON line.request_id = request.id
        WHERE request.family_id = family.id AND required.type_id = piece.type_id
            AND (piece.member_id IS NULL OR line.member_id = piece.member_id)
    )
    UNION ALL
    SELECT 'incomplete', service.id::text, concat(service.name, ', ', string_agg(member.first_name, ', ' ORDER BY member.id)),
        count(*), NULL
    FROM services_accessrequest request JOIN family ON family.id = request.family_id
    JOIN services_service service ON service.id = request.service_id
    JOIN services_requestline line ON line.request_id = request.id
    JOIN families_member member ON member.id = line.member_id
    WHERE line.status = 'incomplete'
    GROUP BY service.id
    UNION ALL
    SELECT 'debit', run.collected_on::text, '', debit.cents, NULL
    FROM wallet_directdebit debit JOIN wallet_directdebitrun run ON run.id = debit.run_id
    JOIN wallet_wallet wallet ON wallet.id = debit.wallet_id JOIN family ON family.id = wallet.family_id
    WHERE debit.status = 'pending'
    UNION ALL
    SELECT 'low', purse.code, CASE WHEN purse.is_default THEN '' ELSE purse.name END, left_over.cents, NULL
    FROM wallet_wallet wallet JOIN family ON family.id = wallet.family_id
    JOIN wallet_purse purse ON purse.id = wallet.purse_id
    JOIN wallet_balance balance ON balance.account_id = wallet.account_id
    CROSS JOIN LATERAL (
        SELECT balance.cents - coalesce(sum(booking.cents) FILTER (
            WHERE booking.billing = 'deferred' AND booking.debited_at IS NULL
        ), 0)::int + (
            SELECT coalesce(sum(cents), 0)::int FROM wallet_directdebit
            WHERE wallet_id = wallet.id AND status = 'pending'
        ) AS cents, count(*) FILTER (WHERE day.date >= family.lately) AS lately
        FROM reservations_booking booking
        JOIN reservations_session day ON day.id = booking.session_id
        JOIN reservations_activity activity ON activity.id = day.activity_id
        WHERE booking.family_id = family.id AND booking.status = 'booked' AND activity.purse_id = purse.id
    ) left_over
    WHERE purse.reminder_below IS NOT NULL AND balance.cents >= 0 AND left_over.lately > 0
        AND left_over.cents < purse.reminder_below
    UNION ALL
    SELECT 'invitation', sent.email, '', 0, sent.expires_at
    FROM families_invitation sent JOIN family ON family.id = sent.family_id
    WHERE sent.accepted_at IS NULL AND sent.withdrawn_at IS NULL AND sent.expires_at > family.now
    ORDER BY 1, 5, 2
    """
)
