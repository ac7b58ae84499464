"""What poppler, a reader that is not of the portal, draws of a PDF."""

import io
import subprocess

from PIL import Image


def words(pdf: bytes) -> str:
    """The words that a reader sees, one space between two."""
    return " ".join(_run(pdf, "pdftotext", "-layout", "-", "-").decode().split())


def picture(pdf: bytes) -> Image.Image:
    """The first page, a pixel a point."""
    return Image.open(io.BytesIO(_run(pdf, "pdftoppm", "-r", "72", "-f", "1", "-l", "1", "-png", "-"))).convert("RGB")


def _run(pdf: bytes, *command: str) -> bytes:
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout
