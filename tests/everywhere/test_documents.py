"""Documents and docstrings name what exists: a file, a module, what a module holds."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = ("accounts", "cesu", "common", "families", "portal", "reservations", "services", "tests", "tools", "wallet")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CODE = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)

QUOTED = re.compile(r"``?([^`]+)``?")
LINKED = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)")
FILE = re.compile(r"(?<![\w./-])[\w./-]*\w\.(?:py|md|sh|html|js|css|toml)\b(?![\w/])")
FILE_OF_OURS = re.compile(rf"\b(?:docs|templates|static|{'|'.join(ROOMS)})/[\w./-]*\w\.(?:py|md|sh|html|js|css)\b")
DOTTED = re.compile(r"([a-z_]\w*)((?:\.\w+)+)")


@cache
def files() -> frozenset[str]:
    """Every file, from the root, after a slash."""
    roots = [path for path in ROOT.iterdir() if path.name not in (".venv", ".local", ".git")]
    found = [each for root in roots for each in (root.rglob("*") if root.is_dir() else [root]) if each.is_file()]
    return frozenset(f"/{path.relative_to(ROOT)}" for path in found)


@cache
def modules() -> dict[str, Path]:
    """Every module and package of ours by its dotted name."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in CODE}


@cache
def by_last_name() -> dict[str, list[str]]:
    found = defaultdict(list)
    for name in modules():
        found[name.rpartition(".")[2]].append(name)
    return dict(found)


@cache
def names_in(module: str) -> frozenset[str]:
    """What a module defines, imports, keeps on itself or passes by name."""
    found = set()
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name) | ast.Attribute(attr=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name)
            case ast.keyword(arg=str(name)):
                found.add(name)
    return frozenset(found)


def holds(module: str, name: str) -> bool:
    return f"{module}.{name}" in modules() or name in names_in(module)


def is_there(dotted: str) -> bool:
    """Whether a dotted name that begins with a room or a module of ours leads somewhere; others are not ours."""
    first, *rest = dotted.split(".")
    if first not in ROOMS:
        return first not in by_last_name() or any(holds(each, rest[0]) for each in by_last_name()[first])
    known = next(at for at in range(len(rest), -1, -1) if ".".join([first, *rest[:at]]) in modules())
    return known == len(rest) or holds(".".join([first, *rest[:known]]), rest[known])


def is_a_file(name: str) -> bool:
    return any(path.endswith(f"/{name.lstrip('./')}") for path in files())


def lost_in(text: str) -> list[str]:
    """Names in backticks that lead nowhere."""
    lost = []
    for quoted in QUOTED.findall(text):
        lost += [name for name in FILE.findall(quoted) if not is_a_file(name)]
        word = quoted.partition("(")[0].strip()
        if DOTTED.fullmatch(word) and not FILE.fullmatch(word) and not is_there(word):
            lost.append(word)
    return lost


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_and_links_what_exists(path):
    text = path.read_text()
    assert lost_in(text) == []
    assert [link for link in LINKED.findall(text) if not (path.parent / link).exists()] == []


def test_docstrings_and_comments_name_what_exists():
    lost = {}
    for path in set(CODE) - {Path(__file__).resolve()}:
        text = path.read_text()
        quoted = [word for word in re.findall(r"``([\w.]+)``", text) if DOTTED.fullmatch(word)]
        gone = [word for word in quoted if word.split(".")[0] in ROOMS and not is_there(word)]
        gone += [name for name in FILE_OF_OURS.findall(text) if not is_a_file(name)]
        if gone:
            lost[str(path.relative_to(ROOT))] = gone
    assert lost == {}


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("`reservations/reads/offers.py`, `reads/offers.py`, `offers.py`, `gunicorn.conf.py`", []),
        ("`reservations/offers.py`, `forms_orders.py`", ["reservations/offers.py", "forms_orders.py"]),
        ("`reservations.reads.offers.Offer.state(day, member)`, `offers.Offer`, `refund.created`", []),
        ("`reservations.offers.Offer`, `offers.is_full`", ["reservations.offers.Offer", "offers.is_full"]),
    ],
)
def test_what_leads_nowhere_is_listed(text, lost):
    assert lost_in(text) == lost
