"""A commune whose agent decides: what the tests of the agents' pages of services start from and read."""

import re
from html import unescape

from django.urls import reverse

from common.models import OutgoingEmail
from services.models import RequestLine, SupportingDocument
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import DocumentTypeFactory, document, line, service_asking

REQUESTS = reverse("admin:services_requestline_changelist")


class Desk:
    """A canteen of Baneins that asks for a certificate, its agent, a family with a child that asked."""

    def __init__(self, status: str = "pending", piece: str | None = "validated"):
        self.commune = CommuneFactory(name="Baneins")
        self.type = DocumentTypeFactory(name="Attestation")
        self.service = service_asking(self.type, commune=self.commune, name="Cantine")
        self.agent = AgentFactory(communes=[self.commune])
        self.child = MemberFactory(first_name="Louane")
        self.parent = parent_of(self.child, email="claire@example.org")
        self.family = self.parent.guardian.family
        self.line = line(self.service, self.family, self.child, status)
        self.piece = document(self.family, self.type, status=piece) if piece else None

    def another(
        self, first_name: str, status: str = "pending", piece: str | None = "validated", **fields
    ) -> RequestLine:
        """A child of another family, who asked later."""
        child = MemberFactory(first_name=first_name)
        family = parent_of(child).guardian.family
        if piece:
            document(family, self.type, status=piece)
        return line(fields.pop("service", self.service), family, child, status, **fields)


def page_of(row, page: str = "change") -> str:
    """An admin page of a line or of a piece."""
    return reverse(f"admin:services_{row._meta.model_name}_{page}", args=[row.pk])


def statuses(*rows) -> list[str]:
    return [RequestLine.objects.get(pk=row.pk).status for row in rows]


def status_of(piece) -> str:
    return SupportingDocument.objects.get(pk=piece.pk).status


def letters(to: str = "claire@example.org") -> list[str]:
    """The templates of what was sent to an address, oldest first."""
    return list(OutgoingEmail.objects.filter(to=to).order_by("pk").values_list("template", flat=True))


def words(response) -> str:
    """The text of a page's main part, without markup and with single spaces."""
    page = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def told(response) -> list[str]:
    """The messages on top of the page."""
    return [str(message) for message in response.context["messages"]]


def faults(response) -> list[str]:
    """Every sentence that a form of ours says is wrong."""
    return [sentence for each in response.context["form"].errors.values() for sentence in each]


def choose(browser, action, *lines, **fields):
    """Choose lines of the list and an action; ``confirmed="1"`` confirms its page."""
    return browser.post(
        REQUESTS, {"action": action, "_selected_action": [row.pk for row in lines]} | fields, follow=True
    )
