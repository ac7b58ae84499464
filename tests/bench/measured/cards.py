"""What Stripe tells, each event a new one: checked, stored, answered."""

import itertools
import json
import time

from django.conf import settings
from django.test import Client

from tests.bench.measures import Measure
from tests.doubles.stripe import webhooks

ADDRESS = "/paiements/stripe/evenements/"


class Webhook:
    """Sends a signed event that was never sent before."""

    def __init__(self):
        self.client, self.numbers = Client(), itertools.count(1)

    def sign(self) -> None:
        page = {"id": f"cs_bench_{next(self.numbers)}", "payment_intent": None}
        event = {"id": f"evt_bench_{time.time_ns()}", "type": "checkout.session.completed", "data": {"object": page}}
        self.body = json.dumps(event).encode()
        self.headers = webhooks.headers(self.body, settings.STRIPE_WEBHOOK_SECRET, int(time.time()))

    def send(self):
        response = self.client.post(ADDRESS, self.body, content_type="application/json", headers=self.headers)
        if response.status_code != 200:
            raise RuntimeError(f"the webhook answered {response.status_code}")
        return response


def webhook() -> Measure:
    """The webhook's answer, at most 50 ms."""
    sender = Webhook()
    return Measure("Webhook of Stripe", sender.send, milliseconds=50, prepare=sender.sign)
