"""The rules of the house that no linter knows."""

import importlib
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Template, engines
from django.template.base import Origin
from django.template.defaulttags import URLNode
from django.template.loader import get_template
from django.templatetags.static import StaticNode

from common.refusals import Refusal
from tests import access, seeds, templates

ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "cesu", "common", "families", "portal", "reservations", "services", "wallet")
PAGES = sorted(path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*.html"))
TEXTS = sorted(path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*.txt"))
WEB_PAGES = [page for page in PAGES if page.parts[0] not in ("emails", "pdf")]
SOURCES = sorted(
    path
    for kind in ("*.py", "*.html", "*.js", "*.css", "*.sh", "*.md")
    for path in ROOT.rglob(kind)
    if not {".venv", ".local", "vendor", "__pycache__"} & set(path.relative_to(ROOT).parts)
)


def text_of(page: Path) -> str:
    return (ROOT / "templates" / page).read_text()


# --- Templates --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", [*PAGES, *TEXTS], ids=str)
def test_a_template_compiles_and_every_address_and_file_it_names_exists(page):
    names = {name for name, _ in access.urls()}
    nodes = get_template(str(page)).template.nodelist
    addresses = [node.view_name.var for node in nodes.get_nodes_by_type(URLNode) if not node.view_name.is_var]
    assert [address for address in addresses if address not in names] == []
    files = [node.path.var for node in nodes.get_nodes_by_type(StaticNode) if not node.path.is_var]
    assert [file for file in files if not finders.find(file)] == []


@pytest.mark.parametrize("page", WEB_PAGES, ids=str)
def test_a_page_has_no_style_and_no_script_of_its_own(page):
    found = re.findall(
        r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*(?:\bsrc=|application/json))[^>]*>|javascript:", text_of(page)
    )
    assert found == []


def test_a_template_is_a_page_that_extends_another_or_a_part_that_says_so_by_its_name():
    """Parts begin with « _ » or live in components/; the frames of pages live in layout/."""
    frames = {"base.html", "layout", "components", "bootstrap5"}
    snippets = {Path("mfa/webauthn/snippets"), Path("admin/edit_inline"), Path("admin")}
    pages = [page for page in WEB_PAGES if page.parts[0] not in frames and not page.name.startswith("_")]
    loose = [page for page in pages if "{% extends" not in text_of(page) and page.parent not in snippets]
    assert [str(page) for page in loose if not is_widget(page)] == []


def is_widget(page: Path) -> bool:
    """A template that a form's widget or an admin page names for a piece of itself."""
    return any(f'"{page}"' in path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py"))


def test_an_undefined_variable_is_told_with_its_place(monkeypatch):
    templates.watch(monkeypatch)
    shown = Template("first\n{{ nobody.name }}", origin=Origin(f"{templates.OURS}/page.html"))
    with pytest.raises(templates.UndefinedVariable, match=r"page.html, line 2: .*\[nobody\]"):
        shown.render(Context())


@pytest.mark.parametrize(
    ("text", "shown"),
    [("{{ nobody|default:'personne' }}", "personne"), ("{% if nobody %}oui{% endif %}", ""), ("{{ empty }}", "")],
)
def test_what_may_be_missing_is_not_told(text, shown):
    assert Template(text, origin=Origin(f"{templates.OURS}/page.html")).render(Context({"empty": ""})) == shown


def test_a_loop_over_nothing_that_was_given_is_told():
    shown = Template("{% for each in nobody %}{% endfor %}", origin=Origin(f"{templates.OURS}/page.html"))
    with pytest.raises(templates.UndefinedVariable):
        shown.render(Context())


def test_the_templates_of_libraries_rely_on_silence():
    assert engines["django"].from_string("{{ nobody }}").render() == ""


# --- Words ------------------------------------------------------------------------------------------------------------
def refusals() -> list[type[Refusal]]:
    """Every class of refusal, of every app."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts and path.name not in ("settings.py", "celery.py", "wsgi.py"):
                importlib.import_module(
                    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                )
    return sorted(all_below(Refusal), key=lambda kind: kind.__qualname__)


def all_below(kind: type) -> set[type]:
    return {
        each
        for below in kind.__subclasses__()
        for each in (below, *all_below(below))
        if each.__module__.startswith(APPS)
    }


def test_a_refusal_speaks_in_whole_french_sentences():
    """It begins with a capital, ends with a point, and has a typographic apostrophe."""
    sentences = [kind.sentence for kind in refusals() if kind.sentence]
    assert len(sentences) > 20
    assert [text for text in sentences if not re.fullmatch(r"[A-ZÀÉ«][^']*[.?!]", text)] == []


def test_the_glossary_names_classes_that_exist():
    known = (
        {model.__name__ for model in apps.get_models()} | {kind.__name__ for kind in all_below(Refusal)} | {"Refusal"}
    )
    modules = [importlib.import_module(name) for name in ("families.models", "reservations.rules", "portal.home.todo")]
    known |= {name for module in modules for name in vars(module)}
    table = [line for line in (ROOT / "docs" / "glossary.md").read_text().splitlines() if line.startswith("| ")]
    words = [word for line in table[2:] for word in re.findall(r"`([A-Z]\w+)`", line)]
    assert len(words) > 30
    assert [word for word in words if word not in known] == []


# --- Code -------------------------------------------------------------------------------------------------------------
UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b|mark\.(skip|xfail)|pytest\.skip\("
)


def test_nothing_is_left_for_later_and_no_test_is_skipped():
    here = Path(__file__).resolve()
    found = {str(p.relative_to(ROOT)): UNFINISHED.search(p.read_text()) for p in SOURCES if p != here}
    assert [path for path, match in found.items() if match] == []


def test_a_file_stays_short_enough_to_be_read():
    """About 400 lines, of the code; a test may tell a long story."""
    code = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in code}
    assert {path: lines for path, lines in long.items() if lines > 430} == {}


# --- Requirements -----------------------------------------------------------------------------------------------------
def test_every_marker_names_a_line_of_the_requirements():
    unknown = {line: files for line, files in seeds.markers().items() if line not in seeds.requirements()}
    assert unknown == {"?": {"tests/reservations/rules/test_days.py"}}  # its own « proves(*lines) »


def test_the_requirements_are_476_lines_of_five_guides():
    guides = [line.split("-")[0] for line in seeds.requirements()]
    assert {guide: guides.count(guide) for guide in guides} == {"S0": 78, "S1": 79, "S2": 75, "S3": 120, "S4": 124}


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["S2-1..S2-3"], ["S2-1", "S2-2", "S2-3"]),
        (["S3-8", "S4-2"], ["S3-8", "S4-2"]),
        (["S0-77..S0-78"], ["S0-77", "S0-78"]),
    ],
)
def test_lines_are_named_one_by_one_or_from_one_to_another(words, lines):
    assert seeds.wanted(words) == lines


def test_a_line_without_a_test_is_listed(capsys, monkeypatch):
    monkeypatch.setattr(seeds, "markers", lambda: {"S2-1": set()})
    assert seeds.main(["S2-1..S2-2"]) == 1
    assert capsys.readouterr().out == "S2-2 Journey shown in numbered steps: 1 compte usager.\n"
    assert seeds.main(["S2-1"]) == 0
