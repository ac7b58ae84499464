"""Which lines of docs/requirements.md are proven by a test, and which are not.

python -m tests.seeds                       how many of each guide
python -m tests.seeds S2 S3-1 S4-54..S4-73  the lines among these that no test names; exit status 1 if there are any
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^- (S\d-\d+) \[[^\]]+\] (.+)$", re.M)


def requirements() -> dict[str, str]:
    """Every line by its number: « S3-84 » → its text."""
    return dict(LINE.findall((ROOT / "docs" / "requirements.md").read_text()))


def markers() -> dict[str, set[str]]:
    """The files of tests that name a line: « S3-84 » → {"tests/journeys/guides/test_guide_003.py"}; « ? » for one not written out."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for call in filter(_is_marker, ast.walk(ast.parse(path.read_text()))):
            for line in _lines_of(call):
                found.setdefault(line, set()).add(str(path.relative_to(ROOT)))
    return found


def _lines_of(call: ast.Call) -> list[str]:
    """The numbers of a marker, also in a tuple that is spread out."""
    flat = [each for arg in call.args for each in (arg.value.elts if _is_spread(arg) else [arg])]
    return [each.value if isinstance(each, ast.Constant) else "?" for each in flat]


def _is_spread(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple)


def _is_marker(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.mark.seed", "proves")


def wanted(words: list[str]) -> list[str]:
    """The lines that the words name: a guide, one line, or a range."""
    known, chosen = list(requirements()), []
    for word in words:
        first, _, last = word.partition("..")
        if "-" not in first:
            chosen += [line for line in known if line.startswith(f"{first}-")]
        else:
            chosen += known[known.index(first) : known.index(last or first) + 1]
    return chosen


def main(words: list[str]) -> int:
    lines, proven = requirements(), markers()
    if not words:
        for guide in sorted({line.split("-")[0] for line in lines}):
            of_guide = wanted([guide])
            print(f"{guide}: {sum(line in proven for line in of_guide)} of {len(of_guide)}")
        return 0
    missing = [line for line in wanted(words) if line not in proven]
    for line in missing:
        print(f"{line} {lines[line]}")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
