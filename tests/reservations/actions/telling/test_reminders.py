"""« Rappel de solde »: told once, not again until it has been above since, or two weeks later."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.background.mailing import render, send_pending
from common.models import Authority, JobRun, OutgoingEmail
from portal.tasks import nightly
from reservations.actions import debit_the_day, remind_low_balances
from reservations.actions.telling import reminders
from tests.concurrency import own_pid, someone_else
from tests.factories.families import GuardianFactory
from tests.factories.money import debited
from tests.factories.reservations import (
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    household,
    instant,
    session,
)
from tests.factories.wallet import spend, wallet_with
from wallet.actions import set_floor
from wallet.models import Purse, Wallet

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"
TODAY = TUESDAY - timedelta(8)  # the Monday on which these tests live


@pytest.fixture
def purse(db):
    """Reminds below 20 €; families may book 50 € down."""
    found = Purse.objects.get(is_default=True)
    found.reminder_below = 2000
    found.save()
    set_floor(found, -5000)
    return found


@pytest.fixture
def journee(purse):
    return LeisureFactory(cents=1330)


@pytest.fixture
def low(journee):
    """33,29 € and 13,30 € to come: one cent too few."""
    home = household(3329)
    book(home, session(journee))
    forget_messages()
    return home


def forget_messages():
    OutgoingEmail.objects.all().delete()


def remind(time_machine=None, days=0):
    """How many wallets are told, so many days later."""
    if time_machine:
        time_machine.move_to(instant(TODAY + timedelta(days), "02:10"), tick=False)
    return remind_low_balances(TODAY + timedelta(days))["reminded"]


def told(home):
    return OutgoingEmail.objects.filter(owner=home.user.owner, template="reservations/low_balance").count()


def text(email=None):
    """The subject and the text of the last message, with plain spaces."""
    subject, words, _ = render(email or OutgoingEmail.objects.latest("pk"))
    return subject, words.replace(NBSP, " ")


def test_what_is_coming_counts_and_the_family_is_told_once(low):
    assert (remind(), remind(), told(low)) == (1, 0, 1)


def test_exactly_at_the_reminder_nobody_is_told(journee):
    home = household(3330)
    book(home, session(journee))
    assert remind() == 0


def test_a_family_above_is_not_told(journee):
    home = household(10_000)
    book(home, session(journee))
    assert (remind(), Wallet.objects.get(pk=home.wallet.pk).reminded_at) == (0, None)


def test_a_purse_without_reminder_tells_nobody(low):
    Purse.objects.update(reminder_below=None)
    assert remind() == 0


def test_a_prepaid_purse_reminds_whoever_booked_lately(purse, time_machine):
    home = household(1900)
    assert remind() == 0
    book(home, session(ActivityFactory()))
    assert remind(time_machine, days=8 + 31) == 1


def test_a_family_that_books_no_more_is_left_alone_unless_it_owes(purse, time_machine):
    home, other = household(1900), household(1900)
    for each in (home, other):
        book(each, session(ActivityFactory()))
    spend(other.wallet, 1521, kind="deferred_debit")
    assert remind(time_machine, days=8 + 32) == 1
    assert (told(home), told(other)) == (0, 1)


def test_a_cancelled_day_no_longer_counts(purse, journee):
    home = household(3329)
    [booking] = book(home, session(journee))
    cancel(home, booking)
    assert remind() == 0


def test_a_direct_debit_already_announced_counts_as_if_it_were_there(low):
    debited(low.wallet, 1, TODAY + timedelta(14), "pending")
    assert remind() == 0


# --- Again ------------------------------------------------------------------------------------------------------------
def test_after_fourteen_days_it_is_told_again_not_before(low, time_machine):
    assert [remind(time_machine, days=each) for each in (0, 1, 13, 14, 15, 27, 28)] == [1, 0, 0, 1, 0, 0, 1]


def test_whoever_has_been_above_since_is_told_anew_at_the_next_fall(low, time_machine):
    assert remind(time_machine, days=0) == 1
    wallet_with(1, low.family)
    assert remind(time_machine, days=1) == 0
    assert Wallet.objects.get(pk=low.wallet.pk).reminded_at is None
    spend(low.wallet, 1)
    assert remind(time_machine, days=2) == 1
    assert told(low) == 2


def test_the_debit_of_the_day_changes_nothing_to_what_was_told(low, time_machine):
    assert remind(time_machine, days=7) == 1
    time_machine.move_to(instant(TUESDAY, "02:10"))
    debit_the_day(TUESDAY)
    assert remind_low_balances(TUESDAY) == {"reminded": 0}


def test_the_night_tells_once_whatever_the_number_of_schedulers(low, time_machine, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    time_machine.move_to(instant(TODAY, "02:10"))
    nightly()
    nightly()
    assert JobRun.objects.get(job="reminders").report == {"reminded": 1}
    assert told(low) == 1


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_tell_each_family_once(low):
    [pks] = reminders._chunks(reminders._due(TODAY, timezone.now()))
    with transaction.atomic():
        assert reminders._remind.__wrapped__(pks, TODAY) == 1
        rival = someone_else(remind_low_balances, TODAY)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"reminded": 0}
    assert told(low) == 1


@pytest.mark.django_db(transaction=True)
def test_without_its_lock_the_second_scheduler_would_tell_again(low, monkeypatch):
    """The control: what is due is read before the first has written that it told."""
    [pks] = reminders._chunks(reminders._due(TODAY, timezone.now()))
    with transaction.atomic():
        reminders._remind.__wrapped__(pks, TODAY)
        seen = someone_else(lambda: list(reminders._due(TODAY, timezone.now()).values_list("pk", flat=True))).result()
    assert seen == pks


def test_a_night_killed_between_two_chunks_tells_the_rest_later(journee, monkeypatch):
    monkeypatch.setattr(reminders, "CHUNK", 1)
    it = session(journee)
    homes = [household(3329) for _ in range(3)]
    for home in homes:
        book(home, it)
    write, calls = reminders.emails.low_balances, []

    def killed(wallets):
        calls.append(wallets)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(wallets)

    monkeypatch.setattr(reminders.emails, "low_balances", killed)
    with pytest.raises(KeyboardInterrupt):
        remind()
    assert [told(home) for home in homes] == [1, 0, 0]
    assert (remind(), [told(home) for home in homes]) == (2, [1, 1, 1])


def test_thirty_families_take_as_many_queries_as_one(journee):
    it = session(journee)
    counts = []
    for number in (1, 30):
        for _ in range(number):
            book(household(3329), it)
        with CaptureQueriesContext(connection) as captured:
            assert remind() == number
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- What is written --------------------------------------------------------------------------------------------------
def test_the_message_says_what_there_is_what_is_coming_and_where_to_pay(low):
    Authority.objects.create(name="Dombes Connect", phone="04 74 00 00 00")
    remind()
    assert text() == (
        "Pensez à recharger votre porte-monnaie",
        f"""Bonjour,

Porte-monnaie ({low.family})
Solde : 33,29 €
Réservations à venir : 13,30 €
Nouveau solde : 19,99 €

Pensez à recharger votre porte-monnaie avant qu’il ne soit vide.

Recharger mon crédit : http://testserver/porte-monnaie/recharger/?porte-monnaie={low.wallet.purse.code}
Soldes et paiements : http://testserver/reservations/soldes-et-paiements/

En cas de difficulté, contactez-nous : 04 74 00 00 00.

Dombes Connect
""",
    )


def test_what_is_owed_is_said_first_and_that_booking_is_suspended(low):
    Purse.objects.update(blocked_above=0)
    spend(low.wallet, 3329 + 4605, kind="deferred_debit")
    remind()
    subject, words = text()
    assert subject == "Il vous reste 46,05 € à régler"
    assert "Solde : −46,05 €\nRéservations à venir : 13,30 €\nNouveau solde : −59,35 €\n" in words
    assert "Il vous reste 46,05 € à régler : votre prochain paiement les règle en premier." in words
    assert "vous ne pouvez pas faire de nouvelle réservation. Celles déjà faites restent valables." in words


def test_each_guardian_is_written_to_and_one_without_an_address_reads_it_in_the_portal(low, mailoutbox, visitor):
    other = GuardianFactory(family=low.family, user__email=None).user
    remind()
    send_pending()
    assert [each.to for each in mailoutbox] == [[low.user.email]]
    for user in (low.user, other):
        page = visitor(user).get("/comptes/messages/")
        assert "Pensez à recharger votre porte-monnaie" in page.content.decode()


def test_one_message_for_each_wallet_that_is_low(low, journee):
    other = Purse.objects.create(code="alsh", name="PERISCOLAIRE", floor=-5000, reminder_below=0)
    book(low, session(LeisureFactory(cents=475, purse=other)))
    assert (remind(), told(low)) == (2, 2)
    subjects = {
        text(email)[1].splitlines()[2] for email in OutgoingEmail.objects.filter(template__endswith="low_balance")
    }
    assert subjects == {f"Porte-monnaie ({low.family})", f"PERISCOLAIRE ({low.family})"}


def test_an_announced_direct_debit_counts_as_paid_in_what_is_asked(low):
    spend(low.wallet, 3329 + 4605, kind="deferred_debit")
    debited(low.wallet, 4605, TUESDAY, status="pending")
    remind()
    subject, words = text()
    assert subject == "Pensez à recharger votre porte-monnaie"
    assert "Prélèvement annoncé : 46,05 €\nNouveau solde : −13,30 €" in words
    assert "Il vous reste" not in words
    assert "Le prélèvement annoncé règle ce que vous devez : pour cela, vous n’avez rien à faire." in words


def test_what_an_announced_direct_debit_leaves_is_asked_for(low):
    spend(low.wallet, 3329 + 4605, kind="deferred_debit")
    debited(low.wallet, 4000, TUESDAY, status="pending")
    remind()
    assert text()[0] == "Il vous reste 6,05 € à régler"


def test_who_books_no_more_and_whose_debt_is_being_debited_is_not_written_to(purse):
    home = household(0)
    spend(home.wallet, 4605, kind="deferred_debit")
    debited(home.wallet, 4605, TUESDAY, status="pending")
    assert remind() == 0
