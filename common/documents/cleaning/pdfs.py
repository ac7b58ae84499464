"""PDF files are rebuilt from what draws their pages. Runs in the child process.

Nothing is hunted down: a new catalogue and new pages keep only the keys of ``DRAWING`` below, so scripts, actions,
links, attachments, forms, media, metadata and whatever the next version of PDF invents stay behind.
What a form, a note or a stamp shows is first drawn into the page; what hidden layers hold is left out.
"""

import encodings.ascii
import encodings.cp1252
import encodings.mac_roman
import encodings.utf_16_be  # noqa: F401 -- Python imports codecs when it needs them: the child no longer can
import io
import sys

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from common.documents.cleaning.annotations import draw_annotations
from common.documents.cleaning.child import Beside, Cleaned, serve
from common.documents.cleaning.layers import drop_hidden
from common.documents.kinds import Kind
from common.documents.limits import MAX_PAGES, MAX_PARTS, MAX_STREAM, MAX_STREAMS
from common.documents.refusals import InteractivePdf, ProtectedPdf, TooComplex, TooManyPages, Unreadable


def _names(words: str) -> frozenset[str]:
    return frozenset(f"/{word}" for word in words.split())


PAGE = _names("MediaBox CropBox Rotate UserUnit Resources Contents Group")
RESOURCES = _names("ExtGState ColorSpace Pattern Shading XObject Font Properties ProcSet")
# ISO 32000-1: stream (7.3.8, 7.4), function (7.10), graphics state (8.4.5), colour space (8.6), pattern and shading
# (8.7), image (8.9), form (8.10), font (9.6 to 9.9), optional content (8.11.2), transparency (11.6).
DRAWING = _names(
    "Type Subtype Length Filter DecodeParms Predictor Colors BitsPerComponent Columns EarlyChange K EndOfLine "
    "EncodedByteAlign Rows EndOfBlock BlackIs1 DamagedRowsBeforeError JBIG2Globals ColorTransform "
    "FunctionType Domain Range Size BitsPerSample Order Encode Decode C0 C1 N Functions Bounds "
    "LW LC LJ ML D RI OP op OPM Font FL SM SA BM SMask CA ca AIS TK TR TR2 "
    "WhitePoint BlackPoint Gamma Matrix Alternate Colorants Process MixingHints Components Solidities DotGain "
    "PatternType PaintType TilingType BBox XStep YStep Resources Shading ExtGState "
    "ShadingType ColorSpace Background AntiAlias Coords Function Extend BitsPerCoordinate BitsPerFlag VerticesPerRow "
    "Width Height Intent ImageMask Mask Interpolate SMaskInData Matte Name FormType Group S CS I G BC "
    "BaseFont FirstChar LastChar Widths FontDescriptor Encoding ToUnicode DescendantFonts CIDSystemInfo DW W DW2 W2 "
    "CIDToGIDMap FontBBox FontMatrix CharProcs BaseEncoding Differences Registry Ordering Supplement CMapName WMode "
    "UseCMap FontName FontFamily FontStretch FontWeight Flags ItalicAngle Ascent Descent Leading CapHeight XHeight "
    "StemV StemH AvgWidth MaxWidth MissingWidth FontFile FontFile2 FontFile3 CharSet CIDSet Style Panose "
    "Length1 Length2 Length3"
)
VALUES = {
    "/S": _names("Transparency Alpha Luminosity"),
    "/Subtype": _names(
        "Image Form Type0 Type1 MMType1 Type3 TrueType CIDFontType0 CIDFontType2 Type1C CIDFontType0C OpenType "
        "DeviceN NChannel"
    ),
}
START_OF_SCAN = 0xDA
NOTES = {0xFE, *range(0xE1, 0xF0)} - {0xEE}  # comment and APP1 to APP15; APP14 tells the colours
PLAIN, RESOURCE, NAMED = "plain", "resource", "named"  # NAMED: the file chose the keys, as in « /Font << /F1 … >> »
BY_NAME = _names("CharProcs Colorants")


def clean_pdf(data: bytes) -> Cleaned:
    """Return a PDF that draws the same pages and does nothing else; the same bytes in give the same bytes out."""
    pikepdf.settings.set_qpdf_limits(flate_max_memory=MAX_STREAM, run_length_max_memory=MAX_STREAM)
    pdf = _opened(data)
    drop_hidden(pdf)
    beside = draw_annotations(pdf)
    return _made_anew(pdf, beside)


def join(data: bytes) -> Cleaned:
    """Return two PDF files as one: the number of bytes of the first on a line of its own, then both."""
    size, _, files = data.partition(b"\n")
    pdf, more = (Pdf.open(io.BytesIO(file)) for file in (files[: int(size)], files[int(size) :]))
    pdf.pages.extend(more.pages)
    return _made_anew(pdf, [])


def _made_anew(pdf: Pdf, beside: list[Beside]) -> Cleaned:
    _rebuild(pdf)
    streams = _prune(pdf)
    _measure(streams)
    _forget_notes(streams)
    return Cleaned(Kind.PDF, _written(pdf), len(pdf.Root.Pages.Kids), beside)


def _opened(data: bytes) -> Pdf:
    try:
        pdf = Pdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        raise ProtectedPdf from None
    if pdf.Root.get("/NeedsRendering") or "/Collection" in pdf.Root:
        raise InteractivePdf
    if not len(pdf.pages):
        raise Unreadable
    if len(pdf.pages) > MAX_PAGES:
        raise TooManyPages
    return pdf


def _rebuild(pdf: Pdf) -> None:
    """Put a new catalogue and new pages in the place of the old ones."""
    tree = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array(), Count=len(pdf.pages)))
    for page in list(pdf.pages):
        kept = {key: page.obj[key] for key in PAGE if key in page.obj}
        new = {"/Type": Name.Page, "/Parent": tree, "/Contents": _contents(page.obj)}
        tree.Kids.append(pdf.make_indirect(Dictionary(kept | new)))
    pdf.trailer.Root = pdf.make_indirect(Dictionary(Type=Name.Catalog, Pages=tree))
    for key in set(pdf.trailer.keys()) & {"/Info", "/ID"}:
        del pdf.trailer[key]


def _contents(page: Dictionary) -> Array:
    contents = page.get("/Contents")
    parts = contents if isinstance(contents, Array) else [contents]
    return Array([part for part in parts if isinstance(part, Stream)])


def _prune(pdf: Pdf) -> list[Stream]:
    """Delete every key that draws nothing from all that the pages reach; return the streams that stay."""
    seen, streams, parts = set(), {}, 0
    pages = [(page[key], _role(key, PLAIN)) for page in pdf.Root.Pages.Kids for key in PAGE if key in page]
    todo = [(child, role) for child, role in pages if _is_new(child, role, seen)]
    while todo:
        node, role = todo.pop()
        parts += 1
        if parts > MAX_PARTS:
            raise TooComplex
        if isinstance(node, Stream):
            streams[node.objgen] = node
        todo += [(child, role) for child, role in _children(node, role) if _is_new(child, role, seen)]
    return list(streams.values())


def _children(node, role: str) -> list[tuple]:
    if isinstance(node, Array):
        return [(item, PLAIN) for item in node]
    for key in set(node.keys()):
        if not _draws(key, node[key], role):
            del node[key]
    return [(node[key], _role(key, role)) for key in set(node.keys())]


def _is_new(node, role: str, seen: set) -> bool:
    """Note an object with others inside; False for the rest and for what was seen in this role: PDF objects form loops."""
    if not isinstance(node, Array | Dictionary | Stream):
        return False
    new = not node.is_indirect or (node.objgen, role) not in seen
    seen.add((node.objgen, role))
    return new


def _draws(key: str, value, role: str) -> bool:
    if role == NAMED:
        return True
    return key in (RESOURCES if role == RESOURCE else DRAWING) and (key not in VALUES or str(value) in VALUES[key])


def _role(key: str, parent: str) -> str:
    if parent == RESOURCE:
        return NAMED
    if parent == NAMED:
        return PLAIN
    return RESOURCE if key == "/Resources" else NAMED if key in BY_NAME else PLAIN


def _measure(streams: list[Stream]) -> None:
    """Raise TooComplex when the streams are bombs; those packed as images are counted by their pixels' readers."""
    total = 0
    for stream in streams:
        try:
            total += len(stream.read_bytes(pikepdf.StreamDecodeLevel.generalized))
        except pikepdf.PdfError as error:
            if "limit exceeded" in str(error):
                raise TooComplex from error
            total += len(stream.read_raw_bytes())
        if total > MAX_STREAMS:
            raise TooComplex


def _forget_notes(streams: list[Stream]) -> None:
    """Photos inside a PDF say where they were taken too."""
    for stream in streams:
        if stream.get("/Filter") == Name.DCTDecode:
            jpeg, options = without_notes(stream.read_raw_bytes()), stream.get("/DecodeParms")
            stream.write(jpeg, filter=Name.DCTDecode, decode_parms=options)


def without_notes(jpeg: bytes) -> bytes:
    """Return the JPEG without the segments that no decoder needs: metadata, previews, profiles, comments."""
    kept, place = [jpeg[:2]], 2
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF and jpeg[place + 1] != START_OF_SCAN:
        end = place + 2 + max(2, int.from_bytes(jpeg[place + 2 : place + 4], "big"))
        if jpeg[place + 1] not in NOTES:
            kept.append(jpeg[place:end])
        place = end
    return b"".join(kept) + jpeg[place:]


def _written(pdf: Pdf) -> bytes:
    output = io.BytesIO()
    pdf.save(
        output,
        deterministic_id=True,
        fix_metadata_version=False,  # it would look for the metadata that were left behind
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        recompress_flate=True,  # nothing hides behind the end of a packed stream
    )
    return output.getvalue()


def _open_random_device() -> None:
    """qpdf opens it once, and needs it to read an encrypted PDF."""
    pdf = Pdf.new()
    pdf.add_blank_page()
    pdf.save(io.BytesIO(), encryption=pikepdf.Encryption(owner="", user="", R=6))


if __name__ == "__main__":
    _open_random_device()
    serve(join if sys.argv[1:] == ["join"] else clean_pdf)
