"""The hostile corpus: what strangers send is made anew or refused with a sentence, never kept as given."""

import io
import resource
import time

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from common.documents import refusals
from common.documents.intake import CleanDocument, accept_upload
from common.documents.kinds import Kind
from common.documents.limits import CHILD_MEMORY, CHILD_SECONDS
from tests.corpus import MARK, Hostile, images, pdfs
from tests.corpus.images import IMAGES
from tests.corpus.others import OTHERS
from tests.corpus.pdfs import PDFS

CORPUS = [*OTHERS, *IMAGES, *PDFS]
ACTING = (
    "A AA AcroForm AF Annots Collection EF EmbeddedFiles Encrypt F FFilter FS Info JS JavaScript Launch Metadata Names "
    "NeedsRendering OCProperties OpenAction OPI Outlines Perms PieceInfo PS Ref RichMedia Thumb URI XFA"
)
FORBIDDEN = {f"/{key}" for key in ACTING.split()}


def sent(hostile: Hostile) -> tuple[bytes, CleanDocument | refusals.DocumentRefused]:
    data = hostile.make()
    try:
        return data, accept_upload(SimpleUploadedFile(hostile.name, data, hostile.declared))
    except refusals.DocumentRefused as refusal:
        return data, refusal


def test_the_corpus_holds_sixty_files_or_more_that_all_differ():
    assert len({hostile.about for hostile in CORPUS}) == len(CORPUS)
    assert len({hostile.make() for hostile in CORPUS if hostile.about != "a ZIP bomb"}) >= 60


@pytest.mark.parametrize(
    "make",
    [
        lambda: pdfs.bomb(1, size=1000),
        lambda: pdfs.bomb(2, size=1000),
        lambda: pdfs.object_stream_bomb(size=1000),
        lambda: pdfs.many_parts(1000),
        lambda: pdfs.written(pdfs.blank(200)),
        lambda: images.png(6000, 6000, bytes(6001 * 6000)),
    ],
)
def test_the_same_file_without_its_excess_is_taken(make):
    _, answer = sent(Hostile("", "facture.pdf", make, ""))
    assert isinstance(answer, CleanDocument)


def test_the_mark_stands_in_what_the_corpus_sends_so_that_its_absence_proves_something():
    made_anew = [hostile for hostile in CORPUS if hostile.becomes == "pdf"]
    assert {hostile.about for hostile in made_anew if not is_marked(hostile.make())} == {
        "a PDF after blanks",
        "a PDF named JPEG",
        "a PDF that may not be printed",
        "a chain of objects",
        "a drawing that draws itself",
        "a table of references that loops",
        "a stream longer than the file",
    }


def is_marked(data: bytes) -> bool:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        objects = [each for each in pdf.objects if each is not None]
        streams = [each for each in objects if isinstance(each, pikepdf.Stream) and "/F" not in each]
        return MARK in data or any(MARK in found for found in map(content, streams)) or any(
            MARK in each.unparse() for each in objects
        )  # fmt: skip


@pytest.mark.parametrize("hostile", CORPUS, ids=str)
def test_a_hostile_file_is_made_anew_or_refused_within_bounds(hostile):
    started, memory = time.monotonic(), largest_child()
    data, answer = sent(hostile)
    assert time.monotonic() - started < CHILD_SECONDS + 5
    # A child counts for as much as its parent until it becomes another program.
    assert largest_child() <= max(memory, CHILD_MEMORY, own_memory())
    if isinstance(answer, refusals.DocumentRefused):
        assert type(answer).__name__ == hostile.becomes
        assert answer.sentences == [type(answer).sentence]
        return
    assert answer.kind == hostile.becomes
    assert answer.bytes != data
    assert MARK not in answer.bytes
    check = check_pdf if answer.kind is Kind.PDF else check_image
    check(answer, hostile.shows)


def largest_child() -> int:
    """Bytes of the largest process that this one ever waited for."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def own_memory() -> int:
    """Bytes of this process at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def check_pdf(document: CleanDocument, shows: bytes) -> None:
    """Reopens without a warning, reaches no acting key, hides nothing, still shows what it showed."""
    with pikepdf.open(io.BytesIO(document.bytes), attempt_recovery=False) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert not pdf.is_encrypted
        assert len(pdf.pages) == document.pages
        assert set(pdf.trailer.keys()) == {"/ID", "/Root", "/Size"}
        assert set(pdf.Root.keys()) == {"/Pages", "/Type"}
        dictionaries = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary | pikepdf.Stream)]
        keys = {key for each in dictionaries for key in keys_of(each)}
        assert keys & FORBIDDEN == set()
        kinds = {str(each["/S"]) for each in dictionaries if "/S" in each}
        assert kinds <= {"/Transparency", "/Alpha", "/Luminosity"}
        streams = [content(each) for each in dictionaries if isinstance(each, pikepdf.Stream)]
    assert not any(MARK in data for data in streams)
    assert shows in b"".join(streams)


def content(stream: pikepdf.Stream) -> bytes:
    packed = stream.get("/Filter") == pikepdf.Name.DCTDecode
    return stream.read_raw_bytes() if packed else stream.read_bytes()


def keys_of(node) -> set[str]:
    """The keys of an object and of the ones written inside it; names that the file chose for its resources excepted."""
    if isinstance(node, pikepdf.Array):
        return {key for item in node for key in keys_of(item)}
    if not isinstance(node, pikepdf.Dictionary | pikepdf.Stream):
        return set()
    inside = [value for _, value in node.items() if not getattr(value, "is_indirect", False)]
    return set(node.keys()).union(*map(keys_of, inside))


def check_image(document: CleanDocument, shows: bytes) -> None:
    """Opens to its last byte, holds pixels only."""
    image = Image.open(io.BytesIO(document.bytes), formats=[document.kind.upper()])
    image.load()
    assert (image.getexif(), getattr(image, "n_frames", 1)) == ({}, 1)
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert document.bytes.endswith(b"\xff\xd9" if document.kind is Kind.JPEG else b"IEND\xaeB`\x82")
