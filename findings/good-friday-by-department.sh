#!/usr/bin/env bash
# holidays 0.108 makes Good Friday a public holiday of the whole of Alsace and Moselle. The law (code du travail, article
# L3134-13, from the ordinance of 16 August 1892) makes it one only in the communes with a protestant church or a church
# that both confessions share; 26 December has no such condition. A library that knows departments cannot know it: the
# commune has to say. And the departments must be asked for: France without subdivision has neither day, the key is
# "6AE" for both Alsatian departments, and "67", "68" or "75" are refused rather than read as the mainland.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet holidays==0.108
"$place/venv/bin/python" - <<'PYTHON'
from datetime import date

import holidays

friday, second = date(2027, 3, 26), date(2027, 12, 26)
print("holidays", holidays.__version__)
for key in (None, "57", "6AE"):
    found = holidays.France(subdiv=key, years=2027)
    print(f"subdiv={key}: Good Friday {friday in found}, 26 December {second in found}")
    assert (friday in found, second in found) == ((key is not None,) * 2)
for key in ("67", "68", "75"):
    try:
        holidays.France(subdiv=key, years=2027)
    except NotImplementedError as refused:
        print(f"subdiv={key}: {refused}")
    else:
        raise AssertionError(f"{key} is read now")
PYTHON
