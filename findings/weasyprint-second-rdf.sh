#!/usr/bin/env bash
# WeasyPrint's `xmp_metadata`, meant for Factur-X, pastes what it is given behind its own rdf:RDF: the packet then has two.
# XMP (ISO 16684-1, 7.3) knows one, so pikepdf and pypdf see the PDF/A properties and nothing of Factur-X; the file
# looks right to whoever searches its text. Written into the one rdf:RDF (a `finisher`), the same bytes are read.
# Needs Pango, as WeasyPrint does.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check weasyprint==70.0 pikepdf==10.17.0 pypdf==7.1.0 2>/dev/null
"$place/venv/bin/python" - <<'PYTHON'
import io

import pikepdf
import pypdf
import weasyprint

FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
told = f'<rdf:Description {RDF} rdf:about="" xmlns:fx="{FX}"><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>'
page = weasyprint.HTML(string="<html lang=fr><title>Facture</title>Facture")


def attached():
    return [weasyprint.Attachment(string=b"<a/>", name="factur-x.xml")]


def inside(document, pdf):
    stream = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    before, end, after = stream.stream[0].rpartition(b"</rdf:RDF>")
    stream.stream = [before + told.encode() + end + after]


def seen(content):
    with pikepdf.open(io.BytesIO(content)) as pdf, pdf.open_metadata() as metadata:
        first = metadata.get(f"{{{FX}}}ConformanceLevel")
    packet = pypdf.PdfReader(io.BytesIO(content)).xmp_metadata.rdf_root
    nodes = packet.getElementsByTagNameNS(FX, "ConformanceLevel")
    return first, nodes[0].firstChild.data if nodes else None


pasted = io.BytesIO(f"<rdf:RDF {RDF}>{told}</rdf:RDF>".encode())
two = page.write_pdf(pdf_variant="pdf/a-3b", attachments=attached(), xmp_metadata=[pasted])
one = page.write_pdf(pdf_variant="pdf/a-3b", attachments=attached(), finisher=inside)
with pikepdf.open(io.BytesIO(two)) as pdf:
    packets = bytes(pdf.Root.Metadata.read_bytes()).count(b"<rdf:RDF")
print(f"WeasyPrint {weasyprint.__version__}, pikepdf {pikepdf.__version__}, pypdf {pypdf.__version__}")
print("xmp_metadata:", packets, "rdf:RDF; ConformanceLevel seen by pikepdf, pypdf:", seen(two))
print("in the one rdf:RDF: ConformanceLevel seen by pikepdf, pypdf:", seen(one))
assert packets == 2 and seen(two) == (None, None) and seen(one) == ("EN 16931", "EN 16931")
PYTHON
