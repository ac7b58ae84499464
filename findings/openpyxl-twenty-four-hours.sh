#!/usr/bin/env bash
# A column of hours in an XLSX with the usual format « hh:mm »: openpyxl gives 12:00 as a datetime.time, and from 24:00 on a
# datetime of January 1900. 24:00 is 1 January 1900 at midnight, which no test on the type or on the hour tells from a date;
# only the cell's number format does. With « [h]:mm » the same numbers are timedeltas.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check openpyxl==3.1.5 2>/dev/null
"$place/venv/bin/python" - <<'PYTHON'
import io
from datetime import datetime, time, timedelta

import openpyxl

book, out = openpyxl.Workbook(), io.BytesIO()
for rank, (number, shape) in enumerate([(0.5, "hh:mm"), (1, "hh:mm"), (1.75, "hh:mm"), (1, "[h]:mm")], start=1):
    book.active.cell(rank, 1, number).number_format = shape
book.save(out)
out.seek(0)
read = [cell.value for (cell,) in openpyxl.load_workbook(out).active.iter_rows()]
print("openpyxl", openpyxl.__version__, "reads 12:00, 24:00, 42:00 of hh:mm and 24:00 of [h]:mm as", read)
assert read == [time(12), datetime(1900, 1, 1), datetime(1900, 1, 1, 18), timedelta(days=1)]
PYTHON
