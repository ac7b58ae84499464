"""Files that are neither a PDF nor an image, whatever they are called."""

import gzip
import io
import tarfile
import zipfile
import zlib

from tests.corpus import EICAR, MARK, Hostile

SCRIPT = b"<script>alert('" + MARK + b"')</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + SCRIPT + b"</svg>"
EXE = b"MZ\x90\x00\x03" + bytes(55) + b"\x80\x00\x00\x00" + bytes(64) + b"PE\x00\x00" + MARK
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + MARK
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + MARK


def packed(**members: bytes) -> bytes:
    """A ZIP of these members (``__`` is a dot, ``_`` a slash)."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", ".").replace("_", "/"), data)
    return output.getvalue()


def macro() -> bytes:
    return packed(word_document__xml=b"<w:document/>", word_vbaProject__bin=OLE)


def tar() -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as file:
        file.addfile(tarfile.TarInfo("../../etc/cron.d/x"))
    return output.getvalue()


def gif(width: int, height: int, tail: bytes = b"") -> bytes:
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"GIF89a" + size + b"\x80\x00\x00\x00\x00\x00\xff\xff\xff" + tail + b"\x3b"


def _refused(about: str, name: str, data: bytes, becomes: str = "NotADocument", **more) -> Hostile:
    return Hostile(about, name, lambda: data, becomes, **more)


OTHERS = [
    _refused("an empty file", "vide.pdf", b"", "EmptyFile"),
    _refused("a megabyte of zeros", "zeros.pdf", bytes(1_000_000)),
    Hostile("a file over the cap", "gros.pdf", lambda: b"%PDF-1.7\n" + bytes(10 * 1024 * 1024), "TooBig"),
    _refused("an SVG with a script", "plan.svg", SVG, declared="image/svg+xml"),
    _refused("an SVG named PNG", "plan.png", b'<?xml version="1.0"?>' + SVG, declared="image/png"),
    _refused("an HTML page", "page.html", b"<!doctype html>" + SCRIPT, declared="text/html"),
    _refused("an HTML page named PDF", "page.pdf", b"<html>" + SCRIPT),
    _refused("an HTML page with a PDF header inside", "page.pdf", b"<html>" + SCRIPT + b"\n" * 600 + b"%PDF-1.7\n"),
    _refused("a Windows program", "facture.pdf.exe", EXE, declared="application/x-msdownload"),
    _refused("a Windows program named JPEG", "photo.jpg", EXE, declared="image/jpeg"),
    _refused("a Linux program", "facture", b"\x7fELF\x02\x01\x01" + bytes(57) + MARK),
    _refused("a shell script", "facture.sh", b"#!/bin/sh\nrm -rf ~\n"),
    _refused("a shell script named PDF", "facture.pdf", b"#!/bin/sh\n# %PDF-1.7\nrm -rf ~\n"),
    _refused("a script for Windows", "facture.js", b"new ActiveXObject('WScript.Shell').Run('calc')"),
    _refused("a PHP page named PNG", "shell.php.png", b"<?php system($_GET['c']); ?>", declared="image/png"),
    _refused("EICAR alone", "eicar.com", EICAR),
    _refused("EICAR in a ZIP", "eicar.zip", packed(eicar__com=EICAR), declared="application/zip"),
    _refused("a ZIP named PDF", "archive.pdf", packed(facture__pdf=b"%PDF-1.7")),
    Hostile("a ZIP bomb", "bombe.zip", lambda: packed(zeros=bytes(50_000_000)), "NotADocument"),
    _refused("a gzip", "facture.pdf.gz", gzip.compress(b"%PDF-1.7", mtime=0)),
    Hostile("a tar that climbs", "facture.tar", tar, "NotADocument"),
    _refused("a compressed stream alone", "facture.pdf", zlib.compress(b"%PDF-1.7")),
    Hostile("a Word document with a macro", "fiche.docm", macro, "OfficeFile"),
    Hostile("a Word document", "fiche.docx", lambda: packed(word_document__xml=b"<w/>"), "OfficeFile"),
    Hostile("a Word document named PDF", "fiche.pdf", macro, "NotADocument"),
    _refused("an old Word document", "fiche.doc", OLE, "OfficeFile"),
    _refused("a rich text", "fiche.rtf", b"{\\rtf1 {\\object\\objdata " + MARK + b"}}", "OfficeFile"),
    _refused("an iPhone's photo", "IMG_0001.HEIC", HEIC, "HeicPhoto", declared="image/heic"),
    _refused("an iPhone's photo named JPEG", "IMG_0001.jpg", HEIC, "HeicPhoto", declared="image/jpeg"),
    _refused("a GIF", "photo.gif", gif(1, 1), declared="image/gif"),
    _refused("a GIF that is JavaScript", "photo.gif", gif(0x2A2F, 0x2A2F, b"*/=1;alert(1)"), declared="image/gif"),
    _refused("a GIF bomb", "photo.gif", gif(65535, 65535), declared="image/gif"),
    _refused("a GIF named PNG", "photo.png", gif(1, 1), declared="image/png"),
    _refused("a BMP", "photo.bmp", b"BM" + bytes(60), declared="image/bmp"),
    _refused("a TIFF", "scan.tif", b"II*\x00\x08\x00\x00\x00" + bytes(60), declared="image/tiff"),
    _refused("an icon", "photo.ico", b"\x00\x00\x01\x00\x01\x00" + bytes(60)),
    _refused("PostScript", "fiche.ps", b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n"),
    _refused("PostScript that runs before a PDF", "fiche.pdf", b"%!PS\n%PDF-1.7\n"),
    _refused("a Windows shortcut", "facture.pdf.lnk", b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(68)),
    _refused("a RIFF that is no WebP", "photo.webp", b"RIFF\x24\x00\x00\x00WAVEfmt ", declared="image/webp"),
    _refused("plain text", "photo.png", b"bonjour", declared="image/png"),
    _refused("a single byte", "a.pdf", b"%"),
]
