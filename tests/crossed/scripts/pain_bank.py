"""A bank file as mock-bank takes it in: what it finds, what it reads, and the report (pain.002) that it answers.

Arguments: the file, where to write the report, our account, and an account that the bank holds closed.
"""

import json
import sys
from pathlib import Path

from mockbank import accounts, outbox
from mockbank.server import Config
from mockbank.state import State

file, answer, ours, closed = sys.argv[1:]
bank = State(Config(timezone="Europe/Paris", clock="2026-11-24T09:00"))
accounts.create(bank.conn, "REGIE", {"iban": ours, "balance": 100_000_000})
accounts.create(bank.conn, "FERME", {"iban": closed, "behaviour": "closed-account"})
decided, decision, findings = bank.receive(Path(file).read_bytes(), "application/xml")
(report,) = outbox.collect(bank.conn, bank.now(), kind="pain.002")
Path(answer).write_text(report["body"])
read = decision.payment_file
print(
    json.dumps(
        {
            "faults": [finding.text for finding in findings],
            "message": read.msg_id,
            "count": read.nb_of_txs,
            "sum": str(read.ctrl_sum),
            "status": decided["status"],
            "payments": [
                {
                    "reference": each.end_to_end_id,
                    "cents": each.amount,
                    "iban": getattr(each, "debtor_account", None) or getattr(each, "creditor_account", None),
                    "sequence": getattr(each, "sequence_type", None),
                    "mandate": getattr(each, "mandate_id", None),
                }
                for each in read.payments
            ],
        }
    )
)
