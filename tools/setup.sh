#!/usr/bin/env bash
# Everything a command needs, done once and skipped when nothing changed.
#   tools/setup.sh demo     .venv with all Python packages; the libraries of the PDFs if they can be had
#   tools/setup.sh tests    the same, the browser and the PDF reader of the tests
#   tools/setup.sh image    .venv with the packages of the portal only, and the libraries of the PDFs
set -euo pipefail
cd "$(dirname "$0")/.."

UV=0.13.8
PYTHON=${PYTHON:-python3}
VENV=.venv
PDF_LIBRARIES="libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0"
PDF_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

fail() {
    echo "$*" >&2
    exit 1
}

# Install system packages: without asking as root, otherwise say the line to run.
system_packages() {
    local line="apt-get install -y --no-install-recommends $*"
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Missing system packages. Run as root: $line" >&2
        return 1
    fi
    echo "Installing $*" >&2
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive $line; } </dev/null >.local/apt.log 2>&1; then
        tail -n 5 .local/apt.log >&2
        echo "This failed: $line" >&2
        return 1
    fi
}

has_libraries() {
    "$VENV/bin/python" -c 'import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]' "$@" 2>/dev/null
}

# A Python that can make virtual environments.
require_python() {
    command -v "$PYTHON" >/dev/null || system_packages python3 python3-venv || exit 1
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or later is needed: set PYTHON to one, for instance PYTHON=python3.12."
    "$PYTHON" -c 'import ensurepip' 2>/dev/null || system_packages python3-venv || exit 1
}

# The packages of a requirements file, exactly these, checked by their hashes.
python_packages() {
    local file=$1 state
    state="$(cat "$file" "$0" | sha256sum | cut -d ' ' -f 1) $file"
    if [ -x "$VENV/bin/python" ] && [ "$(cat "$VENV/.installed" 2>/dev/null)" = "$state" ]; then
        return
    fi
    require_python
    echo "Installing the Python packages of $file"
    "$VENV/bin/python" -c '' 2>/dev/null || "$PYTHON" -m venv --clear "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV"
    # pip is ten times slower, but knows the mirrors and proxies that only pip's own settings name.
    VIRTUAL_ENV=$PWD/$VENV "$VENV/bin/uv" pip sync --quiet --system-certs --require-hashes "$file" ||
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$file"
    echo "$state" >"$VENV/.installed"
}

pdf_libraries() {
    has_libraries $PDF_LIBRARIES || system_packages $PDF_PACKAGES
}

# Another reader of PDF files than our own libraries: the tests look at what it draws.
reader() {
    command -v pdftotext >/dev/null && command -v pdftoppm >/dev/null || system_packages poppler-utils || exit 1
}

browser() {
    local wanted=""
    has_libraries libatomic.so.1 || wanted="libatomic1"
    "$VENV/bin/python" -m tools.browser >/dev/null 2>&1 || [ -n "${PORTAL_CHROMIUM:-}" ] || wanted="$wanted chromium"
    [ -z "$wanted" ] || system_packages $wanted || exit 1
    "$VENV/bin/python" -m tools.browser >/dev/null
}

mkdir -p .local
exec 9>.local/setup.lock
command -v flock >/dev/null && flock 9

case "${1:-}" in
demo)
    python_packages requirements-dev.txt
    pdf_libraries || echo "The portal starts without them; its PDFs are missing until then." >&2
    ;;
tests)
    python_packages requirements-dev.txt
    pdf_libraries || exit 1
    reader
    browser
    ;;
image)
    python_packages requirements.txt
    pdf_libraries || exit 1
    ;;
*) fail "Say demo, tests or image." ;;
esac
