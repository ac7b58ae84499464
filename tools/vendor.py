"""Fetch what the pages need from npm, by package and version, into static/vendor, and draw the icon sprite.

Run ``python tools/vendor.py`` after changing a version or an icon; ``SHA256SUMS`` then holds what was fetched.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from xml.etree import ElementTree

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
SPRITE = STATIC / "img" / "icons.svg"
SUMS = VENDOR / "SHA256SUMS"

FONT = "files/atkinson-hyperlegible-next-{}-wght-normal.woff2"
# folder → (package, version, {file in the package: file in the folder})
PACKAGES = {
    "bootstrap": ("bootstrap", "5.3.8", {"dist/css/bootstrap.min.css": "bootstrap.min.css"}),
    "htmx": ("htmx.org", "2.0.11", {"dist/htmx.min.js": "htmx.min.js"}),
    "atkinson": (
        "@fontsource-variable/atkinson-hyperlegible-next",
        "5.3.0",
        {FONT.format(part): f"{part}.woff2" for part in ("latin", "latin-ext")},
    ),
    "bootstrap-icons": ("bootstrap-icons", "1.13.1", {}),
}

# Only the icons in use: {% icon "name" %} refuses any other.
ICONS = """
arrow-counterclockwise arrow-left arrow-repeat arrow-right bank2 basket basket-fill bell bell-fill box-arrow-right
building calendar-check calendar-event calendar-plus calendar-week calendar-x calendar2-month cash-coin check-circle
check-circle-fill check-lg check2-all check2-circle chevron-left chevron-right chevron-down circle clock clock-history
credit-card dash-lg door-open download egg-fried emoji-smile envelope envelope-open exclamation-circle
exclamation-triangle exclamation-triangle-fill eye file-earmark-text file-earmark-pdf flower1 folder2-open gear
geo-alt hourglass-split house-door inbox info-circle info-circle-fill key list-ol lock lock-fill megaphone paperclip
patch-check pencil people people-fill person person-badge person-plus piggy-bank plus-lg printer question-circle
receipt search send shield-check shield-lock slash-circle star telephone trash universal-access upload wallet2 x-circle
x-circle-fill x-lg
"""
OWN_ICONS = {"parvis": STATIC / "img" / "parvis.svg"}


def fetch(package: str, version: str, folder: Path) -> Path:
    """Unpack ``package`` at ``version`` below ``folder`` and return the folder that holds its files."""
    name = subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return folder / "unpacked" / "package"


def copy(source: Path, target: Path) -> None:
    """Copy a file; a stylesheet or script loses its link to a source map, which is not kept."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix in (".css", ".js"):
        text = source.read_text(encoding="utf-8")
        target.write_text(re.sub(r"\s*/[*/]# sourceMappingURL=\S+( \*/)?\s*$", "\n", text), encoding="utf-8")
    else:
        shutil.copyfile(source, target)


def symbol(name: str, file: Path) -> str:
    """Return an icon's file as a symbol of the sprite."""
    drawing = ElementTree.parse(file).getroot()
    shapes = "".join(ElementTree.tostring(shape, encoding="unicode").strip() for shape in drawing)
    shapes = re.sub(r' xmlns:?\w*="[^"]+"|ns0:', "", shapes)
    return f'<symbol id="{name}" viewBox="{drawing.get("viewBox")}" fill="currentColor">{shapes}</symbol>'


def draw_sprite(folder: Path) -> None:
    """Write the icons in use as one SVG file."""
    files = OWN_ICONS | {name: folder / "icons" / f"{name}.svg" for name in ICONS.split()}
    symbols = "\n".join(symbol(name, files[name]) for name in sorted(files))
    SPRITE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n', encoding="utf-8")


def sums() -> str:
    """Return one line « SHA-256, two spaces, path below static/ » for each vendored file and for the sprite."""
    files = sorted([SPRITE, *(file for file in VENDOR.rglob("*") if file.is_file() and file != SUMS)])
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(STATIC)}\n" for file in files)


def main() -> None:
    """Replace static/vendor and the sprite by what the pinned packages hold."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for folder, (package, version, files) in PACKAGES.items():
        with tempfile.TemporaryDirectory() as temporary:
            unpacked = fetch(package, version, Path(temporary))
            for source, target in (files | {"LICENSE": "LICENSE"}).items():
                copy(unpacked / source, VENDOR / folder / target)
            if folder == "bootstrap-icons":
                draw_sprite(unpacked)
    SUMS.write_text(sums(), encoding="utf-8")


if __name__ == "__main__":
    main()
