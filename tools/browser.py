"""The browser of the tests: which one is used, and what to do when there is none.

python -m tools.browser     prints its path
"""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """The browser tests cannot run; they are never skipped silently."""


def chromium() -> str:
    """Path of the browser: $PORTAL_CHROMIUM, else Chromium or Chrome on the PATH. Raises NoBrowser."""
    named = os.environ.get("PORTAL_CHROMIUM")
    if named:
        return shutil.which(named) or missing(f"PORTAL_CHROMIUM={named} is not a program.")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or missing("No Chromium: run `apt-get install chromium`, or set PORTAL_CHROMIUM to one.")


def missing(sentence: str) -> str:
    raise NoBrowser(sentence)


if __name__ == "__main__":
    try:
        print(chromium())
    except NoBrowser as refusal:
        sys.exit(str(refusal))
