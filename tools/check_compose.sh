#!/usr/bin/env bash
# docker-compose.yml is sound, where a docker-compose is there to say so; no engine is needed.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v docker-compose >/dev/null; then
    compose=(docker-compose)
elif docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
else
    echo "docker-compose.yml is not checked: no docker-compose here."
    exit 0
fi
"${compose[@]}" --env-file .env.example config --quiet
echo "docker-compose.yml is sound."
