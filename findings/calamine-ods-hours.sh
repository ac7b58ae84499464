#!/usr/bin/env bash
# Hours of work in an ODS, as LibreOffice saves them (office:value-type="time"): python-calamine gives 12:30 as a
# datetime.time and 42:00 as the text « PT42H00M00S », in one column. The same cells of an XLSX are a time and a timedelta.
# Rows that a filter hides (table:visibility="filter") come like the others, with nothing that tells them apart.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check python-calamine==0.9.1 2>/dev/null
"$place/venv/bin/python" - <<'PYTHON'
import datetime
import io
import zipfile
from importlib.metadata import version

from python_calamine import CalamineWorkbook

names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text", "manifest"))
cell = '<table:table-cell office:value-type="time" office:time-value="{}"><text:p>{}</text:p></table:table-cell>'
row = "<table:table-row{}>" + cell + "</table:table-row>"
rows = row.format("", "PT12H30M00S", "12:30:00") + row.format(' table:visibility="filter"', "PT42H00M00S", "42:00:00")
content = (
    f'<office:document-content {names} office:version="1.3"><office:body><office:spreadsheet>'
    f'<table:table table:name="heures">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
)
kind = "application/vnd.oasis.opendocument.spreadsheet"
manifest = (
    f'<manifest:manifest {names} manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    archive.writestr("mimetype", kind)
    archive.writestr("content.xml", content)
    archive.writestr("META-INF/manifest.xml", manifest)
out.seek(0)
read = [value for (value,) in CalamineWorkbook.from_filelike(out).get_sheet_by_index(0).to_python()]
print("python-calamine", version("python-calamine"), "reads 12:30 and the hidden 42:00 as", read)
assert read == [datetime.time(12, 30), "PT42H00M00S"]
PYTHON
