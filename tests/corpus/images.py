"""Images that hide, lie or burst."""

import io
import struct
import zlib

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.corpus import MARK, Hostile
from tests.corpus.others import packed

SCRIPT = b"<?php /* " + MARK + b" */ ?><script>alert(1)</script>"
GPS = 0x8825


def photo(form: str, size=(40, 30), mode="RGB", **options) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, "white").save(output, form, **options)
    return output.getvalue()


def located(orientation: int = 1) -> Image.Exif:
    """The metadata of a phone: where, when, who."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = orientation, MARK.decode()
    exif.get_ifd(GPS).update({1: "N", 2: (45.0, 9.0, 30.0), 3: "E", 4: (1.0, 31.0, 0.0), 29: "2026:01:01"})
    return exif


def frames(form: str) -> bytes:
    output = io.BytesIO()
    second = Image.new("RGB", (40, 30), "red")
    Image.new("RGB", (40, 30), "white").save(output, form, save_all=True, append_images=[second] * 3)
    return output.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))


def png(width: int, height: int, pixels: bytes, *extra: bytes) -> bytes:
    """A PNG in grey, one byte a pixel, written by hand."""
    head = chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0))
    parts = [b"\x89PNG\r\n\x1a\n", head, *extra, chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")]
    return b"".join(parts)


def resized(jpeg: bytes, side: int) -> bytes:
    """The same JPEG, declaring other dimensions."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack("!HH", side, side) + jpeg[place + 4 :]


def noted() -> bytes:
    info = PngInfo()
    info.add_text("Comment", SCRIPT.decode())
    info.add_itxt("XML:com.adobe.xmp", SCRIPT.decode())
    return photo("PNG", pnginfo=info)


def text_bomb(name: bytes) -> bytes:
    body = (b"note\0\0" if name == b"zTXt" else b"profil\0\0") + zlib.compress(bytes(200_000_000), 9)
    return png(1, 1, b"\0\0", chunk(name, body))


def _jpeg(about: str, make, becomes: str = "jpeg", name: str = "photo.jpg") -> Hostile:
    return Hostile(about, name, make, becomes, "image/jpeg")


def _png(about: str, make, becomes: str = "png", name: str = "photo.png") -> Hostile:
    return Hostile(about, name, make, becomes, "image/png")


def _webp(about: str, make, becomes: str = "jpeg") -> Hostile:
    return Hostile(about, "photo.webp", make, becomes, "image/webp")


IMAGES = [
    _jpeg("a JPEG that says where it was taken", lambda: photo("JPEG", exif=located())),
    _jpeg("a JPEG turned by its metadata", lambda: photo("JPEG", exif=located(6))),
    _jpeg("a JPEG with broken metadata", lambda: photo("JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + MARK)),
    _jpeg("a JPEG with a script as its comment", lambda: photo("JPEG", comment=SCRIPT)),
    _jpeg("a JPEG with a profile of its own", lambda: photo("JPEG", icc_profile=MARK * 20)),
    _jpeg("a JPEG followed by a ZIP", lambda: photo("JPEG") + packed(a__txt=b"x") + MARK),
    _jpeg("a JPEG followed by a web page", lambda: photo("JPEG") + SCRIPT),
    _jpeg("a JPEG followed by a PDF", lambda: photo("JPEG") + b"%PDF-1.7 " + MARK),
    _jpeg("a JPEG in ink colours", lambda: photo("JPEG", mode="CMYK")),
    _jpeg("a JPEG named PDF", lambda: photo("JPEG"), name="facture.pdf"),
    _jpeg("a JPEG of several pictures", lambda: frames("MPO")),
    _jpeg("a truncated JPEG", lambda: photo("JPEG", (400, 300))[:-300], "Unreadable"),
    _jpeg("the first bytes of a JPEG", lambda: b"\xff\xd8\xff", "Unreadable"),
    _jpeg("a program behind the first bytes of a JPEG", lambda: b"\xff\xd8\xff\xe0MZ" + MARK * 99, "Unreadable"),
    _jpeg("a JPEG of four thousand million pixels", lambda: resized(photo("JPEG"), 65500), "TooManyPixels"),
    _jpeg("a JPEG that declares 200 million pixels", lambda: resized(photo("JPEG"), 14000)),
    _jpeg("a JPEG that declares too much", lambda: resized(photo("JPEG"), 6000)),
    _png("a PNG with notes", noted),
    _png("a PNG that says where it was taken", lambda: photo("PNG", exif=located(3))),
    _png("a PNG followed by a ZIP", lambda: photo("PNG") + packed(a__txt=b"x") + MARK),
    _png("a PNG with a hidden chunk", lambda: png(2, 2, bytes(6), chunk(b"eviL", MARK))),
    _png("a PNG seen through", lambda: photo("PNG", mode="RGBA")),
    _png("a PNG of sixteen bits", lambda: photo("PNG", mode="I;16")),
    _png("a moving PNG", lambda: frames("PNG")),
    _png("a PNG named JPEG", noted, name="photo.jpg"),
    _png("a truncated PNG", lambda: photo("PNG", (400, 300))[:-60], "Unreadable"),
    _png(
        "a PNG with a wrong checksum", lambda: photo("PNG").replace(b"IHDR\0\0\0\x28", b"IHDR\0\0\0\x29"), "Unreadable"
    ),
    _png("a script behind the signature of a PNG", lambda: b"\x89PNG\r\n\x1a\n#!/bin/sh\n" + MARK, "Unreadable"),
    _png("a PNG of two thousand million pixels", lambda: png(50000, 50000, b"\0"), "TooManyPixels"),
    _png("a PNG larger than it has pixels", lambda: png(6000, 6000, b"\0"), "Unreadable"),
    _png("a PNG with more pixels than it says", lambda: png(10, 10, bytes(100_000_000))),
    _png("a PNG without width", lambda: png(0, 10, b"\0"), "Unreadable"),
    _png("a PNG whose note bursts", lambda: text_bomb(b"zTXt"), "Unreadable"),
    _png("a PNG whose profile bursts", lambda: text_bomb(b"iCCP"), "Unreadable"),
    _webp("a WebP that says where it was taken", lambda: photo("WEBP", exif=located())),
    _webp("a moving WebP", lambda: frames("WEBP")),
    _webp("a truncated WebP", lambda: photo("WEBP", (400, 300))[:-40], "Unreadable"),
    _webp("a WebP without a picture", lambda: b"RIFF\x04\x00\x00\x00WEBP" + MARK, "Unreadable"),
    Hostile("a WebP named PDF", "facture.pdf", lambda: photo("WEBP", lossless=True), "jpeg"),
]
