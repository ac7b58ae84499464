"""The only module that knows WeasyPrint: printable pages become PDF files."""

from dataclasses import dataclass
from functools import lru_cache, partial

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from common.refusals import Refusal


class PdfUnavailable(Refusal):
    """The libraries that draw PDF files are missing on this machine."""

    sentence = "Le PDF n’est pas disponible pour le moment : imprimez plutôt cette page depuis votre navigateur."
    status = 503


@dataclass(frozen=True)
class Carried:
    """A file that travels inside a PDF/A-3 and says the same for software; ``xmp`` is what the PDF tells of it.

    ``xmp`` is one ``rdf:Description`` or several, without the ``rdf:RDF`` around them.
    """

    name: str
    content: bytes
    xmp: bytes


def render_pdf(template: str, context: dict, carried: Carried | None = None) -> bytes:
    """Return the PDF (tagged: PDF/UA, or PDF/A-3 with a file inside) of a template; raise PdfUnavailable without Pango.

    Only our own static files may be embedded: any other address is refused.
    """
    return _draw(render_to_string(template, context), carried)


def public_pdf(template: str, context: dict) -> bytes:
    """``render_pdf`` for what everybody may ask for: each process draws it once, and anew when its words change."""
    return _drawn_once(render_to_string(template, context))


@lru_cache(maxsize=8)
def _drawn_once(page: str) -> bytes:
    return _draw(page, None)


def _draw(page: str, carried: Carried | None) -> bytes:
    try:
        import weasyprint  # imported late: the portal starts without Pango
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except OSError as error:
        raise PdfUnavailable from error

    class StaticOnly(URLFetcher):
        def fetch(self, url, headers=None):
            path = url.startswith("static:") and finders.find(url.removeprefix("static:"))
            if not path:
                raise ValueError(f"refused in a PDF: {url}")
            with open(path, "rb") as file:
                return URLFetcherResponse(url, file.read())

    html = weasyprint.HTML(string=page, url_fetcher=StaticOnly(), base_url="static:")
    if carried is None:
        return html.write_pdf(pdf_variant="pdf/ua-1")
    file = weasyprint.Attachment(string=carried.content, name=carried.name, relationship="Alternative")
    return html.write_pdf(pdf_variant="pdf/a-3a", attachments=[file], finisher=partial(_tell, carried.xmp))


def _tell(xmp: bytes, _document, pdf) -> None:
    """Write descriptions into the one ``rdf:RDF`` of the metadata: of a second one, which WeasyPrint's own
    ``xmp_metadata`` makes, most readers see nothing (ISO 16684-1, 7.3: a packet has one).
    """
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    [packet] = metadata.stream
    before, end, after = packet.rpartition(b"</rdf:RDF>")
    metadata.stream = [before + xmp + end + after]
