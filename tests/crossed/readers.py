"""The programs of others: installed in a temporary folder, run on a file, their answer read as JSON."""

import json
import re
import shutil
import subprocess
import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"


class Missing(Exception):
    """A program cannot be had; the sentence says what to do."""


class Readers:
    """Node and Python libraries of ``scripts/``, and LibreOffice of the system, all writing in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        for tool, package in {"node": "nodejs", "npm": "npm", "soffice": "libreoffice-calc-nogui"}.items():
            if not shutil.which(tool):
                raise Missing(f"{tool} is missing: apt-get install {package}")
        shutil.copytree(SCRIPTS, folder, dirs_exist_ok=True)
        run([sys.executable, "-m", "venv", folder / "venv"], folder)
        run([folder / "venv/bin/pip", "install", "--quiet", "-r", "requirements.txt"], folder)
        run(["npm", "install", "--no-audit", "--no-fund", "--silent"], folder)

    def python(self, script: str, *arguments):
        """What a Python script says of a file."""
        return json.loads(run([self.folder / "venv/bin/python", script, *arguments], self.folder))

    def node(self, script: str, *arguments):
        """What a Node script says of a file."""
        return json.loads(run(["node", script, *arguments], self.folder))

    def write(self, name: str, content: bytes) -> Path:
        """A file of the portal, for them to read."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    @cached_property
    def versions(self) -> dict[str, str]:
        """Of every program that reads here."""
        pins = re.findall(r"^([\w-]+)==(\S+)$", (SCRIPTS / "requirements.txt").read_text(), re.MULTILINE)
        npm = json.loads((SCRIPTS / "package.json").read_text())["dependencies"]
        office = run(["soffice", "--version"], self.folder).split()[1]
        return {**dict(pins), **npm, "LibreOffice": office, "sepaxml": version("sepaxml")}


def run(command: list, folder: Path) -> str:
    """What a command prints; raise Missing with its own words when it fails."""
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout
