#!/usr/bin/env bash
# schwifty 2026.10.1 knows the IBANs of Albania, Moldova, Montenegro, North Macedonia and Serbia, and says that they are
# outside the SEPA zone. The European Payments Council let these countries in (EPC409-09: 21 November 2024, 6 March 2025,
# 22 May 2025), and their banks take SEPA transfers since October 2025 (Serbia: May 2026). Who trusts ``in_sepa_zone``
# refuses good accounts: keep a dated list of one's own.
# Expected by a good engineer: True for all five. Seen: False. Exits 1 once the library knows better.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet schwifty==2026.10.1
"$folder/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

from schwifty import IBAN

print("schwifty", version("schwifty"))
JOINED = {  # the examples of the IBAN registry
    "Albania": "AL47212110090000000235698741",
    "Moldova": "MD24AG000225100013104168",
    "Montenegro": "ME25505000012345678951",
    "North Macedonia": "MK07250120000058984",
    "Serbia": "RS35260005601001611379",
}
found = {name: IBAN(text).in_sepa_zone for name, text in JOINED.items()}
for name, inside in found.items():
    print(f"{name}: valid IBAN, in_sepa_zone = {inside}")
print("France, for comparison:", IBAN("FR1420041010050500013M02606").in_sepa_zone)
sys.exit(any(found.values()))
PY
