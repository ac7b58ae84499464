#!/usr/bin/env bash
# Make requirements.txt (the portal) and requirements-dev.txt (the portal and its tests) anew from pyproject.toml:
# for every Python from 3.11 on, with hashes, naming no download host. Versions already chosen stay unless
# `--upgrade` is given.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    local file=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$file" "$@" pyproject.toml
    if grep -nE '^-|://' "$file"; then
        echo "$file names a download host." >&2
        exit 1
    fi
}

compile requirements.txt "$@"
compile requirements-dev.txt --group dev "$@"
