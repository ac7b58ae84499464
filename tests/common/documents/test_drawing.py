"""The kept copy of a PDF, drawn by another reader, shows what its own program showed: no more and no less."""

import io

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pikepdf import Array, Dictionary, Name, Stream, String

from common.documents import beside, refusals
from common.documents.cleaning.typed import Look, typed
from common.documents.intake import accept_upload
from common.files.pdf import PdfUnavailable
from tests.corpus import pdfs
from tests.corpus.filled import FILLED, LINES
from tests.drawing import picture, words

ADDED = "Page ajoutée par le portail"
NAME = "Zoé Lefèvre, 12 €"


def kept(data: bytes):
    return accept_upload(SimpleUploadedFile("fiche.pdf", data))


# Forms, filled by programs


def test_three_programs_fill_the_forms_of_three_others():
    assert len(FILLED) == 9


@pytest.mark.parametrize("path", FILLED, ids=lambda path: path.stem)
def test_every_character_that_somebody_filled_in_is_drawn_in_the_kept_copy(path):
    document = kept(path.read_bytes())
    seen = words(document.bytes)
    assert [line for line in LINES if line not in seen] == []
    assert (document.pages, ADDED in seen) == (1, False)


def test_a_drawing_that_is_right_is_kept_as_its_program_made_it():
    (path,) = [path for path in FILLED if path.stem == "office-pypdf"]
    with pikepdf.open(path) as pdf:
        own = [each.AP.N.read_bytes() for each in pdf.Root.AcroForm.Fields]
        assert pdf.Root.AcroForm.NeedAppearances
    assert set(own) <= set(streams(kept(path.read_bytes()).bytes))


def streams(data: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return [each.read_bytes() for each in pdf.objects if isinstance(each, Stream)]


# Forms, field by field


def field(asked: bool = False, look: bytes | None = None, rect=(10, 10, 300, 40), **keys) -> bytes:
    """A form of one field; ``look`` is the drawing that the file brings."""
    pdf = pdfs.blank()
    widget = {"Subtype": Name.Widget, "Type": Name.Annot, "FT": Name.Tx, "T": String("allergies"), "F": 4}
    widget = Dictionary({f"/{key}": pdfs.fresh(value) for key, value in (widget | keys).items()})
    widget.Rect = Array(rect)
    if look is not None:
        box = Array([0, 0, rect[2] - rect[0], rect[3] - rect[1]])
        drawing = Stream(pdf, look, Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=box))
        drawing.Resources = Dictionary(Font=Dictionary(F1=latin(pdf)))
        widget.AP = Dictionary(N=drawing)
    widget = pdf.make_indirect(widget)
    pdf.pages[0].obj.Annots = Array([widget])
    pdf.Root.AcroForm = Dictionary(Fields=Array([widget]), NeedAppearances=asked, DA=String("/Helv 0 Tf 0 g"))
    return pdfs.written(pdf)


def latin(pdf):
    keys = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    return pdf.make_indirect(keys)


def showing(text: str) -> bytes:
    return b"BT /F1 9 Tf 2 4 Td (%b) Tj ET" % text.encode("cp1252")


@pytest.mark.parametrize("asked", [True, False])
def test_a_field_without_a_drawing_gets_one_with_each_of_its_letters(asked):
    assert NAME in words(kept(field(asked, V=String(NAME))).bytes)


def test_a_drawing_of_an_older_value_gives_way_when_the_form_asks_its_reader_to_draw():
    seen = words(kept(field(True, showing("Jeanne"), V=String("Jean"))).bytes)
    assert ("Jean" in seen, "Jeanne" in seen) == (True, False)


def test_a_drawing_that_says_otherwise_stays_when_nothing_is_asked_and_the_value_is_read_beside_it():
    document = kept(field(False, showing("Jeanne"), V=String("Jean"), TU=String("Prénom de l’enfant")))
    seen = words(document.bytes)
    assert (document.pages, "Jeanne" in seen) == (2, True)
    assert f"{ADDED}" in seen
    assert "Page 1, Prénom de l’enfant Jean" in " ".join(seen.split())


def test_an_amount_that_the_form_writes_its_own_way_needs_no_page_more():
    script = Dictionary(F=Dictionary(S=Name.JavaScript, JS=String("AFNumber_Format(2, 2)")))
    document = kept(field(False, showing("1 234,50 €"), V=String("1234.5"), AA=script))
    assert (document.pages, "1 234,50 €" in words(document.bytes)) == (1, True)


@pytest.mark.parametrize("value", ["Przemysław Łoś", "Олена Шевченко", "陳大文"])
def test_letters_that_no_western_font_has_are_read_on_the_page_beside(value):
    document = kept(field(True, V=String(value)))
    with pikepdf.open(io.BytesIO(document.bytes)) as pdf:
        assert (len(pdf.pages), set(pdf.Root.keys())) == (2, {"/Pages", "/Type"})
    assert document.pages == 2
    seen = words(document.bytes)
    assert ADDED in seen
    assert value in seen or value == "陳大文"  # drawn as far as the machine has a font for it


def test_a_long_answer_shrinks_and_breaks_its_lines_so_that_nothing_is_cut():
    text = "Julie ne mange ni arachide ni noix ; son stylo d’adrénaline est dans son sac, appeler le 15. " * 4
    document = kept(field(True, V=String(text), Ff=1 << 12, rect=(10, 10, 300, 70)))
    assert (document.pages, words(document.bytes).count("adrénaline")) == (1, 4)


def test_an_answer_too_long_for_its_box_is_read_on_the_page_beside():
    text = "stylo d’adrénaline, " * 60
    document = kept(field(True, V=String(text)))
    assert (document.pages, words(document.bytes).count("adrénaline") >= 60) == (2, True)


def test_letters_in_cells_stand_one_in_each():
    document = kept(field(True, V=String("0512"), MaxLen=8, Ff=1 << 24, rect=(10, 10, 170, 30)))
    assert words(document.bytes).endswith("0 5 1 2")


def test_a_choice_is_shown_with_the_words_that_people_saw():
    options = Array([Array([String("a"), String("Oui, tous les jours")]), Array([String("b"), String("Non")])])
    seen = words(kept(field(True, FT=Name.Ch, V=String("a"), Opt=options)).bytes)
    assert "Oui, tous les jours" in seen


def test_a_password_and_a_hidden_field_are_told_nowhere():
    for keys in ({"Ff": 1 << 13}, {"F": 2}, {"F": 32}):
        document = kept(field(True, V=String("Secret"), **keys))
        assert (document.pages, "Secret" in words(document.bytes)) == (1, False)


@pytest.mark.parametrize("keys", [{"AS": Name.Oui}, {"V": Name.Oui}, {"V": String("Oui")}])
def test_a_ticked_box_without_a_drawing_is_ticked(keys):
    page = picture(kept(field(FT=Name.Btn, rect=(100, 100, 120, 120), **keys)).bytes)
    assert darkest(page, (100, 100, 120, 120)) < 100


def test_a_box_that_is_not_ticked_stays_empty():
    page = picture(kept(field(FT=Name.Btn, V=Name.Off, AS=Name.Off, rect=(100, 100, 120, 120))).bytes)
    assert darkest(page, (100, 100, 120, 120)) == 255


def darkest(page, rect) -> int:
    """The darkest point within a frame of the page, from 0 to 255."""
    left, bottom, right, top = rect
    return page.convert("L").crop((left, page.height - top, right, page.height - bottom)).getextrema()[0]


@pytest.mark.parametrize(
    "keys", [{"Rect": Array([1, 2])}, {"V": Dictionary(A=1)}, {"DA": 3}, {"Q": Name.X}, {"AP": 4}, {"Parent": Array()}]
)
def test_a_broken_field_keeps_nobody_from_sending_the_rest(keys):
    pdf = pdfs.blank()
    widget = Dictionary(Subtype=Name.Widget, FT=Name.Tx, T=String("x"), V=String("y"), Rect=pdfs.RECT)
    for key, value in keys.items():
        widget[f"/{key}"] = pdfs.fresh(value)
    widget = pdf.make_indirect(widget)
    pdf.pages[0].obj.Annots, pdf.Root.AcroForm = Array([widget]), Dictionary(Fields=Array([widget]))
    assert "Fiche de renseignements" in words(kept(pdfs.written(pdf)).bytes)


def test_without_the_library_of_our_own_pages_a_document_that_needs_one_is_asked_for_later(monkeypatch):
    def missing(*arguments):
        raise PdfUnavailable

    monkeypatch.setattr(beside, "render_pdf", missing)
    with pytest.raises(refusals.CleaningUnavailable):
        kept(field(True, V=String("Łoś")))
    assert kept(field(True, V=String("Zoé"))).pages == 1


def test_more_words_than_a_document_needs_are_refused():
    with pytest.raises(refusals.TooComplex):
        kept(field(True, V=String("Ł" * 100_001)))


def test_a_text_too_long_or_of_other_letters_is_not_drawn_at_all():
    assert typed("Zoé", 100, 20, Look()) is not None
    assert typed("Łoś", 100, 20, Look()) is None
    assert typed("Zoé " * 100, 100, 20, Look()) is None


# Notes, highlights, pens


def marked(**keys) -> bytes:
    return pdfs.annotated(**keys)()


def test_a_typed_note_without_a_drawing_is_drawn():
    note = marked(Subtype=Name.FreeText, Contents=String(NAME), Rect=Array([100, 300, 300, 340]), DA=String("/H 9 Tf"))
    document = kept(note)
    assert (document.pages, NAME in words(document.bytes)) == (1, True)


def test_the_words_of_a_sticky_note_are_read_on_the_page_beside():
    document = kept(marked(Subtype=Name.Text, Contents=String("Louane est allergique")))
    seen = words(document.bytes)
    assert (document.pages, "Page 1, Note Louane est allergique" in seen) == (2, True)


QUAD = Array([100, 320, 200, 320, 100, 300, 200, 300])


@pytest.mark.parametrize(
    "keys",
    [
        {"Subtype": Name.Ink, "InkList": Array([Array([100, 300, 150, 320, 200, 300])]), "C": Array([0, 0, 0])},
        {"Subtype": Name.Ink, "InkList": Array([Array([150, 310])]), "BS": Dictionary(W=6)},
        {"Subtype": Name.Underline, "QuadPoints": QUAD, "C": Array([0])},
        {"Subtype": Name.StrikeOut, "QuadPoints": QUAD, "C": Array([0])},
        {"Subtype": Name.Squiggly, "QuadPoints": QUAD, "C": Array([0, 0, 0, 1])},
        {"Subtype": Name.Line, "L": Array([100, 300, 200, 320])},
        {"Subtype": Name.PolyLine, "Vertices": Array([100, 300, 150, 320, 200, 300])},
        {"Subtype": Name.Polygon, "Vertices": Array([100, 300, 150, 320, 200, 300])},
        {"Subtype": Name.Square, "IC": Array([0])},
        {"Subtype": Name.Circle, "BS": Dictionary(W=3)},
    ],
    ids=lambda keys: str(keys["Subtype"])[1:],
)
def test_what_was_drawn_by_hand_is_drawn_though_the_file_brings_no_drawing(keys):
    document = kept(marked(**{"Rect": Array([100, 300, 200, 320]), **keys}))
    assert darkest(picture(document.bytes), (98, 298, 202, 322)) < 130
    assert document.pages == 1


def test_a_highlight_lets_the_words_under_it_be_read():
    place = Array([72, 735, 200, 735, 72, 715, 200, 715])
    document = kept(
        marked(Subtype=Name.Highlight, QuadPoints=place, C=Array([1, 1, 0]), Rect=Array([72, 715, 200, 735]))
    )
    page = picture(document.bytes)
    colours = {page.getpixel((x, y)) for x in range(74, 198) for y in range(page.height - 733, page.height - 717)}
    assert (255, 255, 0) in colours
    assert min(sum(colour) for colour in colours) < 150


def test_a_note_that_its_writer_hid_stays_hidden():
    note = marked(Subtype=Name.FreeText, Contents=String("Zoé"), Rect=Array([100, 300, 300, 340]), F=2)
    assert "Zoé" not in words(kept(note).bytes)


# Layers


def layered(rule=None, **config) -> bytes:
    """A page whose layer « A » holds words and a stroke, and whose drawing X1 belongs to it too."""
    pdf = pdfs.blank()
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("A")))
    page = pdf.pages[0].obj
    inside = b"/OC /L BDC q BT /F1 12 Tf 72 600 Td (Brouillon) Tj ET 72 500 m 300 500 l S /X1 Do Q EMC "
    page.Contents = Stream(pdf, inside + page.Contents.read_bytes() + b" /X1 Do")
    owner = rule(layer) if rule else layer
    page.Resources.Properties = Dictionary(L=owner)
    form = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 612, 792], OC=owner)
    form.Resources = Dictionary(Font=Dictionary(F1=latin(pdf)))
    page.Resources.XObject = Dictionary(X1=Stream(pdf, b"BT /F1 12 Tf 72 400 Td (Filigrane) Tj ET", form))
    note = Dictionary(Type=Name.Annot, Subtype=Name.FreeText, Contents=String("Remarque"), Rect=[72, 300, 200, 330])
    note.OC = owner
    page.Annots = Array([pdf.make_indirect(note)])
    chosen = {f"/{key}": value(layer) if callable(value) else value for key, value in config.items()}
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(chosen))
    return pdfs.written(pdf)


def only(layer) -> Array:
    return Array([layer])


def members(**keys):
    return lambda layer: Dictionary(Type=Name.OCMD, OCGs=Array([layer]), **keys)


def rule_of(word: str):
    return lambda layer: Dictionary(Type=Name.OCMD, VE=Array([Name(f"/{word}"), layer]))


@pytest.mark.parametrize(
    ("data", "hidden"),
    [
        (lambda: layered(OFF=only), True),
        (lambda: layered(BaseState=Name.OFF), True),
        (lambda: layered(BaseState=Name.OFF, ON=only), False),
        (lambda: layered(ON=only), False),
        (lambda: layered(members(), OFF=only), True),
        (lambda: layered(members(P=Name.AllOff), OFF=only), False),
        (lambda: layered(members(P=Name.AnyOff), ON=only), False),
        (lambda: layered(rule_of("Not"), OFF=only), False),
        (lambda: layered(rule_of("And"), OFF=only), True),
        (lambda: layered(rule_of("Or"), OFF=only), True),
    ],
)
def test_what_a_layer_hides_is_left_out_and_what_it_shows_is_kept(data, hidden):
    document = kept(data())
    seen, page = words(document.bytes), picture(document.bytes)
    assert "Fiche de renseignements" in seen
    assert [word in seen for word in ("Brouillon", "Filigrane", "Remarque")] == [not hidden] * 3
    assert (darkest(page, (72, 490, 300, 510)) == 255) == hidden
    assert any(b"Brouillon" in each for each in streams(document.bytes)) != hidden
