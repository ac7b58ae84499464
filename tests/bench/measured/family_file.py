"""What an agent on the telephone asks: the search, whatever is typed, and the file of the family of ten years."""

from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Commune
from accounts.signing_in import mfa
from tests.bench import decade
from tests.bench.measures import Measure, getting
from tests.bench.people import second_family
from tests.factories.accounts import AgentFactory

SEARCH, FILE = 3, 5  # times the empty page of an agent


def pages() -> list[Measure]:
    """The box with nothing typed, the agents' empty page; searches of each kind; the file of who has been there longest."""
    agent, old = AgentFactory(communes=Commune.objects.all()), decade.give(second_family()).user
    client = Client()
    client.force_login(agent)
    mfa.prove(client.session, agent)
    typed = {
        "two letters": old.last_name[:2],
        "a name": old.last_name,
        "a wrong letter": f"{old.last_name[:-1]}x",
        "nobody": "Wxyzabc Qwertz",
        "a telephone": "06 12 34",
        "an address": old.email[:4] + "@",
    }
    address = reverse("admin:search")
    return [
        Measure("Empty page of an agent", getting(client, address)),
        *(
            Measure(f"Search, {what}", getting(client, f"{address}?{urlencode({'q': text})}"), ratio=SEARCH)
            for what, text in typed.items()
        ),
        Measure(
            "Family file, ten years",
            getting(client, reverse("admin:family_file", args=[old.guardian.family_id])),
            ratio=FILE,
        ),
    ]
