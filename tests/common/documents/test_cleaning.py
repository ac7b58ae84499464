"""What people see of a document once it is made anew, and the process that reads it."""

import io
import json
import os
import sys
import time

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from common.documents import refusals
from common.documents.cleaning import sandbox
from common.documents.intake import accept_upload
from common.documents.kinds import Kind
from common.documents.labels import clean_label
from common.documents.limits import CHILD_MEMORY, MAX_FILE, MAX_SIDE, MIB
from common.documents.scanning import Scan
from common.refusals import Refusal
from tests.corpus import SEEN, pdfs
from tests.corpus.images import located, photo


def accepted(data: bytes, name: str = "fiche"):
    return accept_upload(SimpleUploadedFile(name, data))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


# Images


def test_a_photo_taken_sideways_stands_upright():
    left_is_red = Image.new("RGB", (40, 20), "white")
    left_is_red.paste("red", (0, 0, 20, 20))
    output = io.BytesIO()
    left_is_red.save(output, "JPEG", exif=located(orientation=6), quality=95)
    image = opened(accepted(output.getvalue()).bytes)
    assert image.size == (20, 40)
    assert [image.getpixel((10, y))[1] > 128 for y in (5, 35)] == [False, True]


def test_a_large_photo_shrinks_to_what_reading_needs():
    assert opened(accepted(photo("PNG", (5000, 2500), "L")).bytes).size == (MAX_SIDE, MAX_SIDE // 2)


HUNGRY = """
status = open("/proc/self/status")  # before nothing can be opened any more
import io
from PIL import Image
from common.documents.cleaning import child, images
data = sys.stdin.buffer.read()
child._limit()
size = Image.open(io.BytesIO(images.clean_image(data).bytes)).size
print(*size, next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((8000, 6000), (4000, 3000)),
        ((8160, 6144), (4000, 3012)),
        ((12000, 9000), (4000, 3000)),
        ((16320, 12240), (4000, 3000)),
        ((12240, 16320), (3000, 4000)),
    ],
)
def test_photos_of_up_to_200_million_pixels_are_read_in_little_memory(size, shrunk):
    code, output = sandbox.run([sys.executable, "-c", "import sys\n" + HUNGRY], photo("JPEG", size, "L"))
    width, height, kilobytes = map(int, output.split())
    assert (code, (width, height)) == (0, shrunk)
    assert kilobytes < 160 * 1024


def test_a_coloured_photo_of_200_million_pixels_keeps_its_colours():
    half = Image.new("RGB", (16320, 12240), "red")
    half.paste("blue", (8160, 0, 16320, 12240))
    output = io.BytesIO()
    half.save(output, "JPEG", exif=located(orientation=6))
    image = opened(accepted(output.getvalue()).bytes)
    assert image.size == (3000, 4000)
    assert [max("rgb", key=dict(zip("rgb", image.getpixel((1500, y)), strict=True)).get) for y in (500, 3500)] == [
        "r",
        "b",
    ]


@pytest.mark.parametrize(
    ("form", "size", "more"),
    [("JPEG", (8200, 8200), {"progressive": True}), ("PNG", (8000, 6000), {}), ("WEBP", (8000, 6000), {})],
)
def test_images_that_must_be_held_whole_are_refused_sooner(form, size, more):
    with pytest.raises(refusals.TooManyPixels):
        accepted(photo(form, size, "RGB", **more))


def test_a_progressive_photo_that_is_held_whole_has_its_memory():
    options = {"progressive": True, "subsampling": 0, "mode": "RGB"}
    assert opened(accepted(photo("JPEG", (8000, 8000), **options)).bytes).size == (4000, 4000)


def test_what_was_transparent_is_white():
    output = io.BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(output, "PNG")
    assert opened(accepted(output.getvalue()).bytes).getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize(("mode", "colour", "grey"), [("I;16", 0x8000, 128), ("L", 77, 77), ("1", 1, 255)])
def test_a_grey_scan_keeps_its_shades(mode, colour, grey):
    output = io.BytesIO()
    Image.new(mode, (4, 4), colour).save(output, "PNG")
    image = opened(accepted(output.getvalue()).bytes)
    assert (image.mode, image.getpixel((1, 1))) == ("L", grey)


def test_a_moving_picture_keeps_its_first_frame():
    output = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(
        output, "WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")]
    )
    document = accepted(output.getvalue())
    red, _, blue = opened(document.bytes).getpixel((4, 4))
    assert (document.kind, document.pages, red > 200, blue < 60) == (Kind.JPEG, 1, True, True)


# PDF files


def test_a_filled_form_still_shows_what_was_filled_in():
    pdf = pdfs.blank()
    field = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Widget,
        FT=pikepdf.Name.Tx,
        T=pikepdf.String("allergies"),
        V=pikepdf.String("Arachide"),
        DA=pikepdf.String("/F1 9 Tf"),
        Rect=pdfs.RECT,
        F=4,
    )
    widget = pdf.make_indirect(field)
    pdf.pages[0].obj.Annots = pikepdf.Array([widget])
    resources = pdf.pages[0].obj.Resources
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([widget]), NeedAppearances=True, DR=resources)
    with pikepdf.open(io.BytesIO(accepted(pdfs.written(pdf)).bytes)) as cleaned:
        streams = [each.read_bytes() for each in cleaned.objects if isinstance(each, pikepdf.Stream)]
    assert [b"Arachide" in data for data in streams].count(True) == 1
    assert [SEEN in data for data in streams].count(True) == 1


def test_a_photo_inside_a_pdf_is_still_a_photo():
    with pikepdf.open(io.BytesIO(accepted(pdfs.photographed()).bytes)) as cleaned:
        image = opened(cleaned.pages[0].obj.Resources.XObject.I1.read_raw_bytes())
        image.load()
    assert (image.size, image.getpixel((9, 9)), image.getexif()) == ((40, 30), (255, 255, 255), {})


def test_the_pages_of_a_pdf_are_counted_and_keep_their_format():
    pdf = pdfs.blank(3)
    pdf.Root.Pages.Rotate = 90  # handed down to every page
    document = accepted(pdfs.written(pdf))
    with pikepdf.open(io.BytesIO(document.bytes)) as cleaned:
        formats = [(page.obj.Rotate, list(page.mediabox)) for page in cleaned.pages]
    assert (document.pages, formats) == (3, [(90, [0, 0, 612, 792])] * 3)


@pytest.mark.parametrize("make", [lambda: pdfs.written(pdfs.blank()), lambda: photo("JPEG"), lambda: photo("PNG")])
def test_the_same_file_is_made_anew_into_the_same_bytes(make):
    data = make()
    assert accepted(data).bytes == accepted(data).bytes


# What the person is told


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("RIB.pdf", "RIB.pdf"),
        ("Attestation CAF 12.2026.PDF", "Attestation CAF 12.2026.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\julie\\fiche.pdf", "fiche.pdf"),
        ("facture.pdf.exe", "facture.pdf.exe.pdf"),
        ("facture.jpg.pdf", "facture.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe.pdf"),
        ("a\x00b\r\nSet-Cookie: x\u2028.pdf", "a b Set-Cookie x .pdf".replace(" .", ".")),
        ("<script>\"'&.pdf", "script '&.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("CON", "document CON.pdf"),
        ("com1.txt", "document com1.txt.pdf"),
        ("", "document.pdf"),
        ("...", "document.pdf"),
        ("/", "document.pdf"),
        ("🏖️ été.pdf", "🏖️ été.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("\ud800\ufffe\U000f0000.pdf", "document.pdf"),
    ],
)
def test_the_name_becomes_a_label_without_traps(name, label):
    assert clean_label(name, Kind.PDF) == label


def test_the_label_ends_as_the_file_is_not_as_it_was_called():
    assert accepted(photo("JPEG"), "RIB.pdf").label == "RIB.jpg"


def test_each_refusal_has_a_sentence_of_its_own_that_says_what_to_do():
    refused = refusals.DocumentRefused.__subclasses__()
    assert len({refusal.sentence for refusal in refused} - {Refusal.sentence}) == len(refused) == 15
    assert [refusal.__name__ for refusal in refused if refusal.sentence.count(".") < 2] == []


def test_the_sentences_say_the_limits_in_words():
    assert refusals.TooBig.sentence.startswith("Ce fichier dépasse 10\xa0Mo.")
    assert refusals.RequestTooBig.sentence.startswith("Vos fichiers dépassent ensemble 25\xa0Mo.")
    assert refusals.TooManyFiles.sentence.startswith("Vous pouvez envoyer 5\xa0fichiers à la fois.")
    assert refusals.TooManyPixels.sentence.startswith(
        "Cette image a trop de pixels : 40\xa0millions au plus, 210 pour une photo JPEG, 64 "
    )
    assert refusals.TooManyPages.sentence.startswith("Votre PDF a plus de 200\xa0pages.")


def test_ten_megabytes_are_taken_and_a_byte_more_is_not():
    document = pdfs.written(pdfs.blank())
    assert accepted(document + b"\n" * (MAX_FILE - len(document))).scan is Scan.NOT_SCANNED
    with pytest.raises(refusals.TooBig):
        accepted(document + b"\n" * (MAX_FILE - len(document) + 1))


# The process


def told(code: str, data: bytes = b"", **options) -> tuple[int, bytes]:
    """Run some Python where strangers' files are read, limits on."""
    begin = "import os, socket, sys\nfrom common.documents.cleaning import child\nchild._limit()\n"
    return sandbox.run([sys.executable, "-c", begin + code], data, **options)


@pytest.mark.parametrize(
    "forbidden",
    ["open('/etc/passwd')", "open('/tmp/parvis', 'w')", "socket.socket()", "os.pipe()", "os.listdir('/')"],
)
def test_the_process_opens_nothing(forbidden):
    code = f"try:\n    {forbidden}\nexcept OSError as error:\n    print(error.errno)"
    assert told(code) == (0, b"24\n")


def test_the_process_knows_no_secret():
    assert "DATABASE_URL" in os.environ
    code, output = told("print(sorted(set(os.environ) - {'LC_CTYPE'}))")
    assert (code, output) == (0, b"['LANG', 'PYTHONDONTWRITEBYTECODE']\n")


def test_the_process_gets_no_more_memory_than_its_share():
    megabytes = CHILD_MEMORY // MIB
    code = f"try:\n    bytearray({megabytes} * 1024 * 1024)\nexcept MemoryError:\n    print('refused')"
    assert told(code) == (0, b"refused\n")


def test_a_slow_process_is_killed():
    started = time.monotonic()
    assert told("import time; time.sleep(60)", seconds=0.5) == (-9, b"")
    assert time.monotonic() - started < 5


def test_a_process_that_never_reads_is_killed():
    assert told("import time; time.sleep(60)", bytes(MAX_FILE), seconds=0.5) == (-9, b"")


def test_a_process_that_answers_without_end_is_cut_off():
    code, output = told("while True: sys.stdout.buffer.write(bytes(1 << 20))")
    assert (code, len(output)) == (-9, sandbox.MAX_ANSWER + 1)


@pytest.mark.parametrize(
    ("code", "output", "refusal"),
    [
        (-9, b"", refusals.TooComplex),
        (-11, b"", refusals.TooComplex),
        (70, b"", refusals.TooComplex),
        (1, b"", refusals.CleaningUnavailable),
        (0, bytes(sandbox.MAX_ANSWER + 1), refusals.TooComplex),
        (0, json.dumps({"kind": "pdf", "pages": 1}).encode() + b"\nMZ", refusals.Unreadable),
        (0, json.dumps({"refused": "TooManyPages"}).encode() + b"\n", refusals.TooManyPages),
    ],
)
def test_whatever_becomes_of_the_process_is_a_refusal(monkeypatch, code, output, refusal):
    monkeypatch.setattr(sandbox, "run", lambda command, data: (code, output))
    with pytest.raises(refusal):
        sandbox.clean(Kind.PDF, b"%PDF-1.7")


def test_a_cleaner_that_does_not_start_is_the_fault_of_the_installation(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(refusals.CleaningUnavailable):
        accepted(photo("JPEG"))


def test_taking_a_document_in_writes_no_file(monkeypatch):
    written = []

    def watch(event, arguments):
        if event == "open" and isinstance(arguments[0], str) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(arguments[0])

    watching = [watch]
    sys.addaudithook(lambda *event: [each(*event) for each in watching])
    with open(os.devnull, "w"):
        assert written == [os.devnull]
    accepted(pdfs.written(pdfs.blank()))
    accepted(photo("PNG"))
    watching.clear()
    assert set(written) == {os.devnull}
