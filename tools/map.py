"""The map of the code, drawn from its own imports (`make map`): the apps in README.md, the rooms in docs/architecture.md.

A picture stands between two marks and is written anew; ``tests/tools/test_map.py`` says when it is stale. An arrow that
others imply (portal to accounts, say) is left out: what is drawn is what stands directly on what.
"""

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "reservations", "cesu", "services", "wallet", "families", "accounts", "common")
PICTURES = {"README.md": [""], "docs/architecture.md": ["reservations", "wallet", "cesu.orders"]}  # file, whose inside
OUTSIDE = ("apps", "migrations", "management", "templatetags")  # no floor of the staircase

Arrows = dict[str, set[str]]


def read_graph() -> grimp.ImportGraph:
    """Every import of the product."""
    sys.path.insert(0, str(ROOT))
    return grimp.build_graph(*APPS)


def arrows_between(graph: grimp.ImportGraph, rooms: Iterable[str]) -> Arrows:
    """Which room imports which, directly or from any depth of it."""
    rooms = list(rooms)

    def room_of(module: str) -> str | None:
        return next((room for room in rooms if module == room or module.startswith(f"{room}.")), None)

    arrows = {room: set() for room in rooms}
    for module in graph.modules:
        if here := room_of(module):
            there = {room_of(imported) for imported in graph.find_modules_directly_imported_by(module)}
            arrows[here] |= there - {None, here}
    return arrows


def reduced(arrows: Arrows) -> Arrows:
    """The arrows that no chain of others implies. Raises ValueError where rooms stand on each other in a circle."""

    def beyond(room: str, above: tuple[str, ...] = ()) -> set[str]:
        if room in above:
            raise ValueError(f"These rooms stand on each other: {', '.join(above)}")
        return arrows[room].union(*(beyond(below, (*above, room)) for below in arrows[room]))

    return {room: below - set().union(*(beyond(each) for each in below)) for room, below in arrows.items()}


def said_of(module: str) -> str:
    """What the door of a room, or a module, says of itself: its first words."""
    path = ROOT / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    words = ast.get_docstring(ast.parse(path.read_text())) or ""
    return re.split(r"[:;(]|\.(?= |$)", " ".join(words.split()))[0].replace('"', "'").strip()


def picture(graph: grimp.ImportGraph, inside: str) -> str:
    """Mermaid: the apps, or the rooms inside one."""
    rooms = sorted(graph.find_children(inside)) if inside else APPS
    rooms = [room for room in rooms if room.rpartition(".")[2] not in OUTSIDE]
    lines = ["```mermaid", "flowchart TD"]
    for room in rooms:
        name = room.removeprefix(f"{inside}.")
        lines.append(f'    {room}["<b>{name}</b><br/>{said_of(room)}"]')
    for room, below in reduced(arrows_between(graph, rooms)).items():
        lines += [f"    {room} --> {each}" for each in sorted(below)]
    return "\n".join([*lines, "```"])


def redrawn(graph: grimp.ImportGraph, name: str) -> str:
    """The text of a file with its pictures as the code is now. Raises ValueError where a mark is missing."""
    text = (ROOT / name).read_text()
    for inside in PICTURES[name]:
        begin, end = f"<!-- map {inside or 'apps'} -->", "<!-- end of map -->"
        before, mark, rest = text.partition(begin)
        if not mark:
            raise ValueError(f"{name} has no mark {begin}")
        text = f"{before}{begin}\n{picture(graph, inside)}\n{end}{rest.partition(end)[2]}"
    return text


def main() -> None:
    graph = read_graph()
    for name in PICTURES:
        (ROOT / name).write_text(redrawn(graph, name))


if __name__ == "__main__":
    main()
