"""Run the double until it is stopped."""

import argparse
import signal
import threading

from tests.doubles.stripe.server import Double

TICK = 1  # seconds between two looks at what has become due
SETTLING = 10  # seconds that a slow refund takes


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.doubles.stripe", description=__doc__)
    words.add_argument("--port", type=int, default=0, help="of 127.0.0.1; without it, a free one")
    words.add_argument("--db", default=":memory:", help="the SQLite file that remembers")
    words.add_argument("--webhook", default="", help="the address that receives events")
    words.add_argument("--secret", default="whsec_double", help="what signs them")
    said = words.parse_args()
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    with Double(said.port, said.db, said.webhook, said.secret, talkative=True) as double:
        print(f"A double of Stripe answers at {double.address}", flush=True)
        while not end.wait(TICK):
            double.control.ripen(SETTLING)


if __name__ == "__main__":
    main()
