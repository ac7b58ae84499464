"""A bank file against its schema by xmlschema, then its payments as the schema's types decode them."""

import json
import sys

import xmlschema

file, xsd = sys.argv[1:]
schema = xmlschema.XMLSchema(xsd)
faults = [str(error.reason) for error in schema.iter_errors(file)]
(body,) = (value for name, value in schema.to_dict(file).items() if not name.startswith("@"))
head = body["GrpHdr"]
payments = [
    {
        "reference": each["PmtId"]["EndToEndId"],
        "amount": str((each.get("InstdAmt") or each["Amt"]["InstdAmt"])["$"]),
        "iban": (each.get("DbtrAcct") or each["CdtrAcct"])["Id"]["IBAN"],
    }
    for block in body["PmtInf"]
    for each in block.get("DrctDbtTxInf") or block["CdtTrfTxInf"]
]
told = {"message": head["MsgId"], "count": int(head["NbOfTxs"]), "sum": str(head["CtrlSum"])}
print(json.dumps({"faults": faults, **told, "payments": payments}))
