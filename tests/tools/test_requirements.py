"""The requirements files are made from pyproject.toml, pinned, hashed, and name no download host."""

import re
import tomllib

import pytest

from tools.local import PROJECT

PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)")


def pins(lines):
    return {found[1]: found[2] for found in map(PIN.match, lines) if found}


def declared():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    return project["project"]["dependencies"], project["dependency-groups"]["dev"]


def test_every_direct_dependency_is_pinned_and_locked_at_that_version():
    runtime, dev = declared()
    for wanted, file in ((runtime, "requirements.txt"), (runtime + dev, "requirements-dev.txt")):
        expected = pins(wanted)
        assert len(expected) == len(wanted)
        locked = pins((PROJECT / file).read_text().splitlines())
        assert {name: locked.get(name) for name in expected} == expected


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_a_requirements_file_holds_only_pins_with_their_hashes(file):
    text = (PROJECT / file).read_text()
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", entry)
