"""A page's form as a browser would send it back untouched."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._select = self._textarea = None
        self._chosen = False

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "input" and found.get("name"):
            self._input(found)
        elif tag == "select":
            self._select, self._chosen = found.get("name"), False
        elif tag == "option" and self._select:
            self._option(found)
        elif tag == "textarea":
            self._textarea = found.get("name")
            self.fields[self._textarea] = [""]

    def handle_data(self, data):
        if self._textarea:
            self.fields[self._textarea][0] += data.removeprefix("\r\n").removeprefix("\n")

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def _input(self, found):
        kind = found.get("type", "text")
        if kind in ("submit", "button", "file") or (kind in ("checkbox", "radio") and "checked" not in found):
            return
        self.fields.setdefault(found["name"], []).append(found.get("value", "on" if kind == "checkbox" else ""))

    def _option(self, found):
        if "selected" in found or (not self._chosen and self._select not in self.fields):
            self.fields[self._select] = [found.get("value", "")]
            self._chosen = "selected" in found


def fields_of(response) -> dict[str, list[str]]:
    """Every field of a page with the values it would send: ticked boxes, chosen options, typed text."""
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader.fields
