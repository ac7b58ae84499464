"""How the tests of the pages of services read and fill them."""

import re
from html import unescape

SERVICES, DOCUMENTS = "/mes-services/", "/mes-services/documents/"
PDF_FILE = b"%PDF-1.7\n%minimal"


def words(response) -> str:
    """The text of a page, without markup, with single spaces."""
    page = re.sub(r"<(script|style|head).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def errors(response) -> dict:
    found = response.context["form"].errors.items()
    return {name: [each.replace("\u00a0", " ") for each in sentences] for name, sentences in found}


def give_pieces(client, address, **entered):
    """Post the document step with the keys that its page carries."""
    page = client.get(address).content.decode()
    keys = dict(re.findall(r'name="(piece-[\d-]+-key)" value="([^"]+)"', page))
    return client.post(address, keys | entered)
