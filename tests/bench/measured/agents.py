"""What an agent of the town opens all day: the first page and the lists, told as ratios to an agent's empty page."""

from django.test import Client
from django.urls import reverse

from accounts.models import Commune, User
from accounts.signing_in import mfa
from tests.bench.measures import Measure, getting
from tests.factories.accounts import AgentFactory, ManagerFactory

FIRST_PAGE, A_LIST = 3, 4  # times the empty page of an agent
LISTS = [
    "accounts_user",
    "families_family",
    "reservations_booking",
    "reservations_order",
    "reservations_session",
    "services_requestline",
    "services_supportingdocument",
    "wallet_counterpayment",
    "wallet_operation",
    "wallet_wallet",
]


def pages() -> list[Measure]:
    """The first page of an agent of every commune and of who manages the portal, then the longest lists."""
    agent = _client(AgentFactory(communes=Commune.objects.all()))
    manager = _client(ManagerFactory())
    first = reverse("admin:index")
    return [
        Measure("First page of an agent", getting(agent, first), ratio=FIRST_PAGE),
        Measure("First page of a manager", getting(manager, first), ratio=FIRST_PAGE),
        *(Measure(f"List {name}", getting(agent, reverse(f"admin:{name}_changelist")), ratio=A_LIST) for name in LISTS),
    ]


def _client(agent: User) -> Client:
    client = Client()
    client.force_login(agent)
    mfa.prove(client.session, agent)
    return client
