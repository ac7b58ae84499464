"""What families are written about their bookings, word for word."""

import pytest
from django.core import mail

from common.background.mailing import render, send_pending
from common.models import OutgoingEmail
from reservations.models import Activity, Booking
from tests.factories.accounts import CommuneFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    confirm,
    household,
    session,
    sessions,
)

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


def last():
    """The last message owed: its subject and its text, with plain spaces."""
    subject, text, _ = render(OutgoingEmail.objects.latest("pk"))
    return subject, text.replace(NBSP, " ")


@pytest.fixture
def activity(db):
    return ActivityFactory(service__commune=CommuneFactory(name="Aiguilhe"))


def test_a_paid_order_lists_its_days_in_order_and_says_that_it_is_paid(activity):
    home = household(10_000, LOUANE, THEO)
    sessions(activity, TUESDAY, THURSDAY)
    choose(home, activity, THURSDAY)
    choose(home, activity, TUESDAY, members=home.children[:1])
    order = confirm(home)
    assert last() == (
        "Votre réservation est confirmée",
        f"""Bonjour,

Votre demande n° {order.pk} est enregistrée.

Récapitulatif des réservations
- mardi 10 novembre : Louane, Cantine – Aiguilhe (3,80 €)
- jeudi 12 novembre : Théo, Cantine – Aiguilhe (3,80 €)
- jeudi 12 novembre : Louane, Cantine – Aiguilhe (3,80 €)
Total : 11,40 €

Les réservations ont été réglées avec votre porte-monnaie.

Vos réservations : http://testserver/reservations/mes-reservations/

Parvis
""",
    )


def test_bookings_and_cancellations_are_told_apart_and_the_recredit_is_said(activity):
    home = household()
    tuesday, _ = sessions(activity, TUESDAY, THURSDAY)
    book(home, tuesday)
    choose(home, activity, TUESDAY, THURSDAY)
    order = confirm(home)
    assert last() == (
        "Votre réservation est confirmée",
        f"""Bonjour,

Votre demande n° {order.pk} est enregistrée.

Récapitulatif des réservations
- jeudi 12 novembre : Louane, Cantine – Aiguilhe (3,80 €)
Total : 3,80 €

Récapitulatif des annulations
- mardi 10 novembre : Louane, Cantine – Aiguilhe (3,80 €)
Total : 3,80 €

Les réservations ont été réglées avec votre porte-monnaie.

Votre porte-monnaie est recrédité de 3,80 €.

Vos réservations : http://testserver/reservations/mes-reservations/

Parvis
""",
    )


@pytest.mark.seed("S4-108")
def test_deferred_requests_say_when_they_are_debited():
    home = household()
    activity = LeisureFactory(cents=1330, service__commune=CommuneFactory(name="Cestas"))
    tuesday, _ = sessions(activity, TUESDAY, THURSDAY)
    book(home, tuesday)
    choose(home, activity, TUESDAY, THURSDAY)
    order = confirm(home, "deferred")
    assert last() == (
        "Votre réservation est confirmée",
        f"""Bonjour,

Votre demande n° {order.pk} est enregistrée.

Récapitulatif des réservations
- jeudi 12 novembre : Louane, ALSH Journée – Cestas (13,30 €)
Total : 13,30 €

Récapitulatif des annulations
- mardi 10 novembre : Louane, ALSH Journée – Cestas (13,30 €)
Total : 13,30 €

Chaque activité sera débitée de votre porte-monnaie le jour venu.

Vos réservations : http://testserver/reservations/mes-reservations/

Parvis
""",
    )


@pytest.mark.seed("S4-108")
def test_cancellations_alone_are_confirmed_as_such():
    home = household()
    activity = LeisureFactory(service__commune=CommuneFactory(name="Cestas"))
    book(home, session(activity))
    choose(home, activity, TUESDAY)
    order = confirm(home, "deferred")
    assert last() == (
        "Votre annulation est confirmée",
        f"""Bonjour,

Votre demande n° {order.pk} est enregistrée.

Récapitulatif des annulations
- mardi 10 novembre : Louane, ALSH Journée – Cestas (3,80 €)
Total : 3,80 €

Vos réservations : http://testserver/reservations/mes-reservations/

Parvis
""",
    )


def test_the_red_cross_says_what_was_recredited(activity):
    home = household()
    [booking] = book(home, session(activity))
    cancel(home, booking)
    assert last() == (
        "Votre réservation du mardi 10 novembre est annulée",
        """Bonjour,

La réservation suivante est annulée :
- mardi 10 novembre : Louane Dupont, Cantine – Aiguilhe

Votre porte-monnaie est recrédité de 3,80 €.

Vos réservations : http://testserver/reservations/mes-reservations/

Parvis
""",
    )


def test_the_red_cross_on_a_deferred_day_promises_no_recredit():
    home = household()
    [booking] = book(home, session(LeisureFactory(service__commune=CommuneFactory(name="Cestas"))))
    cancel(home, booking)
    assert last()[1].splitlines()[2:6] == [
        "La réservation suivante est annulée :",
        "- mardi 10 novembre : Louane Dupont, ALSH Journée – Cestas",
        "",
        "Vos réservations : http://testserver/reservations/mes-reservations/",
    ]


def test_the_email_leaves_for_the_parent_with_names_as_they_are_written(activity):
    Activity.objects.update(name="Cantine d’été & <co>")
    home = household()
    book(home, session(activity))
    assert send_pending() == 1
    [message] = mail.outbox
    assert message.to == [home.user.email]
    assert "Cantine d’été & <co> – Aiguilhe" in message.body


def test_what_was_written_is_frozen(activity):
    home = household()
    book(home, session(activity))
    before = last()
    Activity.objects.update(name="Autre")
    Booking.objects.update(cents=380)
    assert last() == before
