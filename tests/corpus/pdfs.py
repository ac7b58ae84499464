"""PDF files that act, hide, lie or burst."""

import io
import zlib
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from tests.corpus import EICAR, MARK, SEEN, Hostile
from tests.corpus.images import located, photo
from tests.corpus.others import EXE, packed

TEXT = String(MARK)
JAVASCRIPT = Dictionary(S=Name.JavaScript, JS=TEXT)
RECT = Array([10, 10, 100, 30])
BURST = 300_000_000


def blank(pages: int = 1) -> Pdf:
    """Pages that say ``SEEN``."""
    pdf = Pdf.new()
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for _ in range(pages):
        page = pdf.add_blank_page().obj
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Contents = Stream(pdf, b"BT /F1 12 Tf 72 720 Td (" + SEEN + b") Tj ET")
    return pdf


def written(pdf: Pdf, **options) -> bytes:
    output = io.BytesIO()
    pdf.save(output, **options)
    return output.getvalue()


def fresh(value):
    """A copy that belongs to no PDF yet."""
    return pikepdf.Object.parse(value.unparse()) if isinstance(value, pikepdf.Object) else value


def on_root(**keys) -> Callable[[], bytes]:
    """A PDF with these keys in its catalogue."""

    def make() -> bytes:
        pdf = blank()
        for key, value in keys.items():
            pdf.Root[f"/{key}"] = fresh(value)
        return written(pdf)

    return make


def on_page(**keys) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = blank()
        for key, value in keys.items():
            pdf.pages[0].obj[f"/{key}"] = fresh(value)
        return written(pdf)

    return make


def annotated(**keys) -> Callable[[], bytes]:
    """A PDF with one annotation."""
    return on_page(Annots=Array([Dictionary({"/Type": Name.Annot, "/Rect": RECT, **_named(keys)})]))


def linked(**action) -> Callable[[], bytes]:
    return annotated(Subtype=Name.Link, A=Dictionary(_named(action)))


def drawn(**keys) -> Callable[[], bytes]:
    """A PDF that draws a form whose stream carries these keys."""

    def make() -> bytes:
        pdf = blank()
        form = {"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": RECT, **_named(keys)}
        pdf.pages[0].obj.Resources.XObject = Dictionary(X1=Stream(pdf, b"0 0 m", Dictionary(form)))
        return written(pdf)

    return make


def _named(keys: dict) -> dict:
    return {f"/{key}": value for key, value in keys.items()}


def described() -> bytes:
    pdf = blank()
    pdf.Root.Metadata = Stream(pdf, b"<x>" + MARK + b"</x>", Type=Name.Metadata, Subtype=Name.XML)
    pdf.Root.Lang, pdf.docinfo["/Author"] = TEXT, TEXT
    return written(pdf, fix_metadata_version=False)


def photographed() -> bytes:
    """A scan as phones make them: the photo as it was taken, notes included."""
    pdf = blank()
    look = Dictionary(
        Type=Name.XObject, Subtype=Name.Image, Width=40, Height=30, BitsPerComponent=8, ColorSpace=Name.DeviceRGB,
        Filter=Name.DCTDecode,
    )  # fmt: skip
    pdf.pages[0].obj.Resources.XObject = Dictionary(I1=Stream(pdf, photo("JPEG", exif=located(), comment=MARK), look))
    return written(pdf)


def attached() -> Pdf:
    pdf = blank()
    pdf.attachments["facture.exe"] = EXE
    pdf.attachments["eicar.com"] = EICAR + MARK
    return pdf


def paperclip() -> bytes:
    pdf = blank()
    file = Dictionary(Type=Name.Filespec, F=TEXT, EF=Dictionary(F=Stream(pdf, EXE)))
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=RECT, FS=file)
    pdf.pages[0].obj.Annots = Array([note])
    return written(pdf)


def form(**keys) -> Callable[[], bytes]:
    """A filled form whose only field carries these keys; what it shows is drawn by its appearance."""

    def make() -> bytes:
        pdf = blank()
        look = Stream(pdf, b"BT /F1 9 Tf (Julie) Tj ET", Dictionary(Subtype=Name.Form, BBox=RECT, Type=Name.XObject))
        field = {"/Subtype": Name.Widget, "/FT": Name.Tx, "/T": TEXT, "/V": String("Julie"), "/Rect": RECT}
        look.Resources = pdf.pages[0].obj.Resources
        widget = pdf.make_indirect(
            Dictionary(
                {
                    **field,
                    "/AP": Dictionary(N=look),
                    "/F": 4,
                    **{f"/{key}": fresh(value) for key, value in keys.items()},
                }
            )
        )
        pdf.pages[0].obj.Annots = Array([widget])
        pdf.Root.AcroForm = Dictionary(Fields=Array([widget]), XFA=Array([TEXT, Stream(pdf, b"<xdp>" + MARK)]))
        return written(pdf)

    return make


def protected(**passwords) -> Callable[[], bytes]:
    return lambda: written(blank(), encryption=pikepdf.Encryption(**passwords, R=6))


def by_hand(*objects: bytes, trailer: bytes = b"", version: bytes = b"1.7") -> bytes:
    """A PDF of these objects, the first being the catalogue, with a true table of references."""
    output, places = b"%PDF-" + version + b"\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(output))
        output += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = trailer.replace(b"HERE", b"%d" % len(output))
    end = b"trailer << /Root 1 0 R /Size %d %b >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(output))
    return output + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %b >>"


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), keys, data)


def simple(content: bytes, page: bytes = b"") -> bytes:
    return by_hand(CATALOGUE, PAGES, PAGE % page, content)


def bomb(layers: int = 1, size: int = BURST) -> bytes:
    """A page whose drawing unpacks to this many spaces."""
    data = b" " * size
    for _ in range(layers):
        data = zlib.compress(data, 9)
    return simple(stream(data, b"/Filter [" + b"/FlateDecode " * layers + b"]"))


def object_stream_bomb(size: int = BURST) -> bytes:
    """A page that stands in a stream of objects, before this many spaces."""
    packed_objects = zlib.compress(b"3 0 " + PAGE % b"" + b" " * size, 9)
    body = stream(packed_objects, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")
    fields = [(0, 0, 65535), (1, 9, 0), (1, 9 + len(CATALOGUE) + 16, 0), (2, 4, 0)]
    head = by_hand(CATALOGUE, PAGES)
    head = head[: head.index(b"xref")]
    place = len(head)
    head += b"4 0 obj\n" + body + b"\nendobj\n"
    fields += [(1, place, 0), (1, len(head), 0)]
    table = b"".join(bytes([kind]) + where.to_bytes(4, "big") + more.to_bytes(2, "big") for kind, where, more in fields)
    xref = stream(table, b"/Type /XRef /W [1 4 2] /Size 6 /Root 1 0 R")
    return head + b"5 0 obj\n" + xref + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def repeated_page() -> bytes:
    kids = b"<< /Type /Pages /Kids [" + b"3 0 R " * 100_000 + b"] /Count 100000 >>"
    return by_hand(CATALOGUE, kids, PAGE % b"", stream(b""))


def updated() -> bytes:
    """A second revision that replaces the page's drawing; the first one still stands in the file."""
    first = simple(stream(b"(" + MARK + b") Tj"))
    place = len(first)
    change = b"4 0 obj\n" + stream(b"% " + SEEN) + b"\nendobj\n"
    table = b"xref\n4 1\n%010d 00000 n \n" % place
    previous = first.rindex(b"startxref\n") + 10
    end = b"trailer << /Root 1 0 R /Size 5 /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return first + change + table + end % (int(first[previous:].split()[0]), place + len(change))


def many_parts(parts: int = 200_001) -> bytes:
    return simple(stream(b""), b"/Resources << /Pattern [" + b"<<>>" * parts + b"] >>")


def chained() -> bytes:
    """A chain of 20,000 objects, each inside the one before."""
    links = [b"<< /Group %d 0 R >>" % (number + 1) for number in range(5, 20_000)]
    return by_hand(CATALOGUE, PAGES, PAGE % b"/Group 5 0 R", stream(b""), *links, b"null")


def _pdf(about: str, make, becomes: str = "pdf", name: str = "facture.pdf", shows: bytes = SEEN) -> Hostile:
    return Hostile(about, name, make, becomes, shows=shows if becomes == "pdf" else b"")


OPEN_FILE = Dictionary(Type=Name.Filespec, F=TEXT)
HIDDEN = Dictionary(Type=Name.OCG, Name=TEXT)

PDFS = [
    _pdf("a script when the document opens", on_root(OpenAction=JAVASCRIPT)),
    _pdf("a script among the names", on_root(Names=Dictionary(JavaScript=Dictionary(Names=Array([TEXT, JAVASCRIPT]))))),
    _pdf("a script when the document is printed", on_root(AA=Dictionary(WP=JAVASCRIPT))),
    _pdf("a script when a page opens", on_page(AA=Dictionary(O=JAVASCRIPT))),
    _pdf("a program started when the document opens", on_root(OpenAction=Dictionary(S=Name.Launch, F=OPEN_FILE))),
    _pdf("a page called when the document opens", on_root(OpenAction=Dictionary(S=Name.URI, URI=TEXT))),
    _pdf("a bookmark that starts a program", on_root(Outlines=Dictionary(First=Dictionary(Title=TEXT, A=JAVASCRIPT)))),
    _pdf("a link to a site", linked(S=Name.URI, URI=TEXT)),
    _pdf("a link that starts a program", linked(S=Name.Launch, Win=Dictionary(F=TEXT, P=TEXT))),
    _pdf("a link into another file", linked(S=Name.GoToR, F=OPEN_FILE, D=Array([0, Name.Fit]))),
    _pdf("a link into an attached file", linked(S=Name.GoToE, T=Dictionary(R=Name.C, N=TEXT))),
    _pdf("a link that sends the form", linked(S=Name.SubmitForm, F=OPEN_FILE)),
    _pdf("a link that brings data in", linked(S=Name.ImportData, F=OPEN_FILE)),
    _pdf("a link that hides fields", linked(S=Name.Hide, T=TEXT, Next=JAVASCRIPT)),
    _pdf("a link to a rendition", linked(S=Name.Rendition, JS=TEXT)),
    _pdf("a script under the mouse", annotated(Subtype=Name.Square, AA=Dictionary(E=JAVASCRIPT))),
    _pdf("a film", annotated(Subtype=Name.Movie, Movie=Dictionary(F=OPEN_FILE), T=TEXT)),
    _pdf("a sound", annotated(Subtype=Name.Sound, Contents=TEXT)),
    _pdf("a Flash animation", annotated(Subtype=Name.RichMedia, RichMediaContent=Dictionary(Assets=TEXT))),
    _pdf("a model in three dimensions", annotated(Subtype=Name("/3D"), **{"3DD": Dictionary(OnInstantiate=TEXT)})),
    _pdf("attached files", lambda: written(attached())),
    _pdf(
        "attached files in a packed PDF",
        lambda: written(attached(), object_stream_mode=pikepdf.ObjectStreamMode.generate),
    ),
    _pdf("a program under a paperclip", paperclip),
    _pdf("an associated file", on_page(AF=Array([OPEN_FILE]))),
    _pdf("a form with XFA", form(), shows=b"Julie"),
    _pdf("a form that computes", form(AA=Dictionary(C=JAVASCRIPT, K=JAVASCRIPT)), shows=b"Julie"),
    _pdf("a button that runs a script", form(A=JAVASCRIPT), shows=b"Julie"),
    _pdf("metadata", described),
    _pdf("private data of a program", on_page(PieceInfo=Dictionary(X=TEXT), LastModified=TEXT, Thumb=TEXT)),
    _pdf("layers with commands", on_root(OCProperties=Dictionary(OCGs=Array([HIDDEN]), D=Dictionary(AS=TEXT)))),
    _pdf("a stream kept in another file", drawn(F=OPEN_FILE, FFilter=Name.FlateDecode), shows=b""),
    _pdf("a drawing taken from another file", drawn(Ref=Dictionary(F=OPEN_FILE, Page=0))),
    _pdf("a drawing replaced by a print server", drawn(OPI=Dictionary(F=OPEN_FILE))),
    _pdf("a drawing in PostScript", drawn(Subtype=Name.PS, PS=TEXT, Metadata=TEXT)),
    _pdf("an unknown key", drawn(Inconnu=Dictionary(S=Name.JavaScript, JS=TEXT))),
    _pdf(
        "a name written in code", lambda: simple(stream(b"% " + SEEN), b"/A#41 << /S /J#61vaScript /JS (%b) >>" % MARK)
    ),
    _pdf("a scan that says where it was taken", photographed),
    _pdf("an older revision", updated),
    _pdf("a PDF followed by a ZIP", lambda: written(blank()) + packed(a__txt=b"x") + MARK),
    _pdf("a PDF followed by a web page", lambda: written(blank()) + b"<script>" + MARK + b"</script>"),
    _pdf(
        "a PDF with EICAR as a comment",
        lambda: by_hand(CATALOGUE, PAGES, PAGE % b"", stream(b"% " + SEEN)) + b"%" + EICAR + MARK,
    ),
    _pdf("a PDF after blanks", lambda: b"\xef\xbb\xbf\r\n" + written(blank())),
    _pdf("a PDF named JPEG", lambda: written(blank()), name="photo.jpg"),
    _pdf("a PDF that may not be printed", protected(owner="secret", user="")),
    _pdf("a PDF behind a password", protected(owner="secret", user="secret"), "ProtectedPdf"),
    _pdf("a dynamic form", on_root(NeedsRendering=True), "InteractivePdf"),
    _pdf("a portfolio", on_root(Collection=Dictionary(View=Name.D)), "InteractivePdf"),
    _pdf("a document of 201 pages", lambda: written(blank(201)), "TooManyPages"),
    _pdf("a page listed 100,000 times", repeated_page, "TooManyPages"),
    _pdf("a drawing that bursts", bomb, "TooComplex"),
    _pdf("a drawing that bursts twice", lambda: bomb(2), "TooComplex"),
    _pdf("objects that burst", object_stream_bomb, "Unreadable"),
    _pdf("more parts than a document needs", many_parts, "TooComplex"),
    _pdf("a chain of objects", chained, shows=b""),
    _pdf(
        "a tree of pages that loops",
        lambda: by_hand(CATALOGUE, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
        "Unreadable",
    ),
    _pdf(
        "a drawing that draws itself",
        lambda: simple(stream(b"/X Do", b"/Resources << /XObject << /X 4 0 R >> >>")),
        shows=b"",
    ),
    _pdf(
        "a table of references that loops",
        lambda: by_hand(CATALOGUE, PAGES, PAGE % b"", stream(b""), trailer=b"/Prev HERE"),
        shows=b"",
    ),
    _pdf("arrays in arrays in arrays", lambda: simple(stream(b""), b"/Group " + b"[" * 100_000), "Unreadable"),
    _pdf("a stream longer than the file", lambda: simple(b"<< /Length 99999999 >>\nstream\nendstream"), shows=b""),
    _pdf("a drawing that is no stream", lambda: simple(b"<< /S /JavaScript /JS (%b) >>" % MARK), shows=b""),
    _pdf("a catalogue that is a number", lambda: by_hand(b"42"), "Unreadable"),
    _pdf("a truncated PDF", lambda: written(blank())[:200], "Unreadable"),
    _pdf("a PDF header alone", lambda: b"%PDF-1.7\n%%EOF", "Unreadable"),
    _pdf("a PDF without a page", lambda: written(Pdf.new()), "Unreadable"),
    _pdf("a PDF header before noise", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400, "Unreadable"),
]
