"""Requests that no page was made for: every address of the portal with what nobody types in its parts, fields and cookies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote_from_bytes

from django.test import Client

from tests.access import World, paths_of, table_paths, urls

PROJECT = Path(__file__).resolve().parent.parent
APPS = ("portal", "accounts", "families", "services", "wallet", "reservations", "cesu")
METHODS = ["GET"] * 6 + ["POST"] * 4 + ["HEAD", "OPTIONS", "PUT"]
NASTY = [
    *(
        "\0",
        "a\0b",
        "²",
        "१२",
        "٣",
        "①",
        "-1",
        "0",
        "1",
        "1.5",
        "1e9",
        "inf",
        "nan",
        "0x1f",
        "1_000",
        "+1",
        " 1",
        "1\n",
    ),
    *("9" * 18, "9" * 19, "9" * 40, "9" * 5000, "-" + "9" * 40, "a" * 5000, "é" * 300),
    *(
        "",
        " ",
        ".",
        "..",
        "%",
        "%00",
        "'",
        '"',
        "\\",
        "--",
        ";",
        ",",
        "[]",
        "{}",
        "null",
        "true",
        "\x7f",
        "\ufffe",
        "😀",
    ),
    *(
        "2026-12-01",
        "2026-02-30",
        "0000-00-00",
        "0001-01-01",
        "9999-12-31",
        "2026-13",
        "9999-12",
        "0000-01",
        "31/12/9999",
    ),
    *(
        "01/01/0001",
        "29/02/2027",
        "25:61",
        "2026-12-01T25:00",
        "id__gt=1",
        "../../etc/passwd",
        "<script>",
        "javascript:1",
    ),
]
BROKEN = [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"]  # bytes that are no UTF-8
ADMIN_NAMES = [
    "q",
    "o",
    "p",
    "all",
    "e",
    "_changelist_filters",
    "_to_field",
    "_popup",
    "id__in",
    "pk__gt",
    "action",
    "next",
]


@dataclass(frozen=True)
class Asked:
    """One request."""

    visitor: str
    method: str
    address: str  # with its query, percent-encoded
    fields: dict[str, str]
    cookie: str


def requests(world: World, visitors: list[str], random: Random) -> Iterator[Asked]:
    """Requests without end, on each URL pattern in turn; half of them from whose page it is."""
    routes, names = dict(urls()), sorted({*names_read(), *ADMIN_NAMES})
    valid = paths_of(world) | table_paths(world)
    while True:
        for name, path in random.sample(sorted(valid.items()), len(valid)):
            address = _address(path, routes.get(name, ""), random)
            query = "&".join(f"{random.choice(names)}={_encoded(random)}" for _ in range(random.randrange(4)))
            method = random.choice(METHODS)
            fields = {random.choice(names): random.choice(NASTY) for _ in range(random.randrange(8))}
            yield Asked(
                random.choice([at_home(name), random.choice(visitors)]),
                method,
                f"{address}?{query}" if query else address,
                fields if method == "POST" else {},
                random.choice(NASTY) if random.random() < 0.02 else "",
            )


def at_home(name: str) -> str:
    """The visitor whom the pages of this name are made for."""
    return {"admin": "manager", "cesu": "employer", "aid": "beneficiary"}.get(name.partition(":")[0], "parent")


def replaced(world: World, wrong: str) -> Iterator[tuple[str, str]]:
    """Every address that names something, with ``wrong`` in the place of each name, one at a time."""
    valid = paths_of(world) | table_paths(world)
    for name, route in urls():
        if name not in valid:
            continue
        for at in _own_parts(valid[name], route):
            yield name, _with(valid[name], route, at, _quoted(wrong))


def names_read() -> set[str]:
    """Every name of a field or parameter that the code reads or a template sends."""
    found = set()
    for app in APPS:
        for file in (PROJECT / app).rglob("*.py"):
            text = file.read_text()
            found.update(re.findall(r'(?:GET|POST|data|asked)(?:\.get|\.getlist)?[\[(]"(\w+)"', text))
            found.update(re.findall(r"^    (\w+) = (?:forms\.)?\w+Field\(", text, re.MULTILINE))
    for file in (PROJECT / "templates").rglob("*.html"):
        found.update(re.findall(r'name="(\w+)"', file.read_text()))
    return found - {"once_key"}


def answer(client: Client, asked: Asked):
    """What the portal answers; an exception of its own is a 500, as behind a server."""
    if asked.cookie:
        client.cookies["sessionid"] = asked.cookie.encode().decode("latin-1")  # as a server hands it over
    return client.generic(
        asked.method,
        asked.address,
        "&".join(f"{name}={_quoted(value)}" for name, value in asked.fields.items()),
        "application/x-www-form-urlencoded",
    )


def _address(path: str, route: str, random: Random) -> str:
    """The path with one of its parts replaced: one that names something if there is one, else any."""
    if random.random() < 0.3:
        return path
    own = _own_parts(path, route) or range(len(path.strip("/").split("/")))
    return _with(path, route, random.choice(own), _encoded(random))


def _own_parts(path: str, route: str) -> list[int]:
    """Which parts of the path stand where the route has a converter."""
    shapes = route.strip("/").split("/")
    same = len(shapes) == len(path.strip("/").split("/"))
    return [at for at, shape in enumerate(shapes) if set("<(") & set(shape)] if same else []


def _with(path: str, route: str, at: int, new: str) -> str:
    """The path with this part replaced; what the route has behind its converter stays."""
    parts, shapes = path.strip("/").split("/"), route.strip("/").split("/")
    ending = re.search(r">(\.\w+)$", shapes[at]) if len(shapes) == len(parts) else None
    parts[at] = new + (ending[1] if ending else "")
    return "/" + "/".join(parts) + ("/" if path.endswith("/") else "")


def _encoded(random: Random) -> str:
    return quote_from_bytes(random.choice(BROKEN)) if random.random() < 0.1 else _quoted(random.choice(NASTY))


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")
