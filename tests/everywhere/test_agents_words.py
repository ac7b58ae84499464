"""No page of the agents speaks of « objets » and « modifications » as Django's admin does, nor English."""

import re
from html.parser import HTMLParser

import pytest
import time_machine

from tests.access import build_world, paths_of, table_paths
from tests.journeys.town import NOW

FOREIGN = re.compile(
    r"Sélectionnez l|\bobjets?\b|\bUtilisateurs?\b|Ajouter (?=[a-zé])(?!un|une|des|le|la|les|à|l’|tout)\w+$|^Ajout de\b"
    r"|^(Modification|Affichage) de\b|Administration|Site d’admin|avec succès|Aucun\(e\)|\(e\)s?\b"
    r"|\b(User|Users|Member|Members|Family|Families|Booking|Bookings|Wallet|Add|Change|Delete|Save|Select|View|History)\b",
    re.MULTILINE,
)
SAID = {"title", "aria-label", "placeholder", "alt"}


class Words(HTMLParser):
    """What is read or heard of a page, a piece a line: texts, buttons, labels; not what people wrote."""

    def __init__(self, html: str):
        super().__init__()
        self.pieces, self._hidden = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self._hidden = tag in ("script", "style")
        said = SAID | ({"value"} if attrs.get("type") in ("submit", "button") else set())
        self.pieces += [text for name, text in attrs.items() if name in said and text]

    def handle_endtag(self, tag):
        self._hidden = False

    def handle_data(self, data):
        if not self._hidden and data.strip():
            self.pieces.append(" ".join(data.split()))


@pytest.fixture
def world(db, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(NOW, tick=True):
        yield build_world()


@pytest.mark.parametrize("visitor", ["agent", "manager"])
def test_every_page_of_the_agents_speaks_our_words(world, visitor):
    client, found, read = world.client(visitor), set(), 0
    for path in (paths_of(world) | table_paths(world)).values():
        response = client.get(path) if path.startswith("/admin/") else None
        if response and response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            read += 1
            pieces = Words(response.content.decode()).pieces
            found |= {(path, piece) for piece in pieces if FOREIGN.search(piece)}
    assert read > 100
    assert sorted(found) == []
