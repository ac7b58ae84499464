"""The pages of somebody who has paid a caregiver every week for two years, and the three steps of a payment."""

from django.test import Client
from django.utils import timezone

from cesu.aid.actions.payments import standings
from cesu.aid.forms.payments import Choice
from cesu.rules.aid import Use, cents_used
from common.background.retention import months_before
from tests.bench.measures import Measure, getting
from tests.factories.aid import (
    aid_account_of,
    aid_user,
    caregiver_with,
    funder_with,
    holder_with,
    payment_of,
    right_with,
)

MONTHS, PAYMENTS, HOUR = 24, 4, 60


def pages() -> list[Measure]:
    """Each at most five times the empty signed-in page."""
    holder, today = holder_with(), timezone.localdate()
    account, caregiver, user = aid_account_of(holder, funder_with()), caregiver_with(holder), aid_user(holder)
    for months in range(MONTHS):
        right = right_with(account, 10 * HOUR, month=months_before(today, months).replace(day=1))
        for _ in range(PAYMENTS):
            payment_of((right, 2 * HOUR), caregiver=caregiver, by=user)
    oldest = standings(account, today)[0]
    use = Use(oldest.right, HOUR, cents_used(HOUR, oldest.minutes, oldest.cents))
    sealed, space = Choice(account.pk, (use,)).sealed(holder.pk, caregiver.pk), f"/aide/{holder.pk}/"
    addresses = {
        "Home of a beneficiary": space,
        "Payment, step 1": f"{space}payer/",
        "Payment, step 2": f"{space}payer/{caregiver.pk}/",
        "Payment, step 3": f"{space}payer/{caregiver.pk}/confirmer/?p={sealed}",
        "History of a beneficiary": f"{space}historique/",
        "Hours statement": f"{space}releve-d-heures/",
    }
    client = Client()
    client.force_login(user)
    return [Measure(name, getting(client, address), ratio=5) for name, address in addresses.items()]
