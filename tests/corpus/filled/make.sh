#!/usr/bin/env bash
# How the PDF files of this folder were made: forms of three programs, filled by three others. Run it to make them anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install -q weasyprint==70.0 reportlab==5.1.0 pypdf==7.1.0 pikepdf==10.17.0
npm init -y >/dev/null
npm install --silent pdfjs-dist@4.10.38 >/dev/null
v/bin/python "$here/forms.py" blank .
for form in weasyprint reportlab office; do
    v/bin/python "$here/forms.py" pypdf "$form.pdf" "$form-pypdf.pdf"
    v/bin/python "$here/forms.py" pikepdf "$form.pdf" "$form-pikepdf.pdf"
    cp "$here/fill.mjs" . && node fill.mjs "$form.pdf" "$form-pdfjs.pdf"
done
mv ./*-*.pdf "$here/"
