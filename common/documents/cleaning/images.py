"""Images are drawn anew: pixels only, upright, on white, no larger than a document needs. Runs in the child process."""

import io

from PIL import Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401 -- see below

from common.documents.cleaning.child import Cleaned, serve
from common.documents.kinds import Kind, kind_of
from common.documents.limits import MAX_FILE, MAX_JPEG_PIXELS, MAX_PIXELS, MAX_PROGRESSIVE_PIXELS, MAX_SIDE
from common.documents.refusals import TooManyPixels

# Pillow imports readers (and, for the metadata of photos, that of TIFF) when it needs them: the child no longer can.
Image.preinit()
Image.MAX_IMAGE_PIXELS = None  # our own limit is lower and has its sentence
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def clean_image(data: bytes) -> Cleaned:
    """Return the first frame as JPEG, or as PNG when it came so and stays small; nothing but pixels is kept."""
    kind = kind_of(data)
    image = Image.open(io.BytesIO(data), formats=[kind.value.upper()])
    if image.width * image.height > _most_pixels(image, kind):
        raise TooManyPixels
    turn = UPRIGHT.get(_orientation(image))
    image = _fit(image)
    image = _plain(image.transpose(turn) if turn is not None else image)
    image.info.clear()
    if kind is Kind.PNG and len(png := _written(image, "PNG")) <= MAX_FILE:
        return Cleaned(Kind.PNG, png)
    return Cleaned(Kind.JPEG, _written(image, "JPEG", quality=85))


def _most_pixels(image: Image.Image, kind: Kind) -> int:
    if kind is not Kind.JPEG:
        return MAX_PIXELS
    return MAX_PROGRESSIVE_PIXELS if "progressive" in image.info else MAX_JPEG_PIXELS


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # broken metadata of a readable image: it is dropped anyway
        return None


def _fit(image: Image.Image) -> Image.Image:
    """Shrink early: what follows costs memory by the pixel. A JPEG is not even read at its full size."""
    part = MAX_SIDE / max(image.size)
    if part < 1:
        image.draft(image.mode, tuple(max(1, int(side * part)) for side in image.size))
    image.load()
    if max(image.size) <= MAX_SIDE:
        return image
    if image.mode in ("1", "P"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB" if image.mode == "P" else "L")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Return the image in grey or RGB; what was transparent is white, so that everybody sees the same."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=image.getchannel("A"))
        return page
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _written(image: Image.Image, form: str, **options) -> bytes:
    output = io.BytesIO()
    image.save(output, form, **options)
    return output.getvalue()


if __name__ == "__main__":
    serve(clean_image)
