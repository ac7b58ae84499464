"""The blank forms, and how pypdf and pikepdf fill them; see make.sh. Not imported by any test."""

import sys

import pikepdf
import pypdf
import weasyprint
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from reportlab.pdfgen import canvas

VALUES = {
    "nom": "Zoé Lefèvre, 12 €",
    "note": "allergie à l’arachide\nstylo d’adrénaline\nappeler le 15\nœuf : non",
    "repas": "Non",
}
HTML = """<form><input name=nom style="width:8cm"><textarea name=note rows=5 cols=40></textarea>
<input type=checkbox name=accord><select name=repas><option value=Oui>Oui<option value=Non>Non</select></form>"""


def of_weasyprint(path):
    weasyprint.HTML(string=HTML).write_pdf(path, pdf_forms=True)


def of_reportlab(path):
    page = canvas.Canvas(path)
    page.drawString(50, 780, "Formulaire")
    page.acroForm.textfield(name="nom", x=50, y=700, width=200, height=20)
    page.acroForm.textfield(name="note", x=50, y=600, width=300, height=80, fieldFlags="multiline")
    page.acroForm.checkbox(name="accord", x=50, y=560)
    page.acroForm.choice(name="repas", x=50, y=500, width=100, height=20, value="Oui", options=["Oui", "Non"])
    page.save()


def of_an_office(path):
    """As LibreOffice writes a form: it asks readers to draw its fields, and brings an empty drawing for each."""
    pdf = Pdf.new()
    page = pdf.add_blank_page(page_size=(595, 842)).obj
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    fonts = Dictionary(Font=Dictionary(Helvetica=pdf.make_indirect(font)))
    boxes = {"nom": ([50, 700, 250, 720], 0), "note": ([50, 600, 350, 680], 4096), "repas": ([50, 500, 150, 520], 0)}
    fields = [_field(pdf, page, fonts, name, *box) for name, box in boxes.items()]
    page.Annots = Array(fields)
    pdf.Root.AcroForm = Dictionary(Fields=Array(fields), DR=fonts, NeedAppearances=True)
    pdf.save(path)


def _field(pdf, page, fonts, name, rect, flags):
    box = Array([0, 0, rect[2] - rect[0], rect[3] - rect[1]])
    keys = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=box, Resources=fonts)
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String(name), V=String(""), F=4, Ff=flags)
    field.DA, field.Rect, field.P = String("0 0 0 rg /Helvetica 10 Tf"), Array(rect), page
    field.AP = Dictionary(N=Stream(pdf, b"/Tx BMC\nEMC", keys))
    return pdf.make_indirect(field)


def by_pypdf(source, target):
    writer = pypdf.PdfWriter(clone_from=source)
    for page in writer.pages:
        writer.update_page_form_field_values(page, VALUES)
    writer.write(target)


def by_pikepdf(source, target):
    """The values alone, and the wish that readers draw them."""
    with Pdf.open(source) as pdf:
        for field in pdf.Root.AcroForm.Fields:
            if str(field.T) in VALUES:
                field.V = pikepdf.String(VALUES[str(field.T)])
        pdf.Root.AcroForm.NeedAppearances = True
        pdf.save(target)


if __name__ == "__main__":
    how, *paths = sys.argv[1:]
    if how == "blank":
        of_weasyprint("weasyprint.pdf"), of_reportlab("reportlab.pdf"), of_an_office("office.pdf")
    else:
        {"pypdf": by_pypdf, "pikepdf": by_pikepdf}[how](*paths)
