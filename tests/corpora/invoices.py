"""Real and specimen invoices of X12, UBL and CII: what they should be, and what the freight feed makes of them. The CII
are those that lie in PDFs."""

import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

from penstock.feeds.freight import FREIGHT
from penstock.model.errors import Refused
from penstock.model.findings import Severity
from tests.corpora.corpus import FOLDER, files
from tests.corpora.page import Row
from tests.support.reading import judge_file

X12_FILES = files("freight/x12/*")
UBL_FILES = files("freight/ubl/*.xml")
PDF_FILES = files("freight/pdf/*.pdf")


def _embedded(name: str) -> list[bytes]:
    """The invoices that are attached to a PDF: streams, deflated or plain (ISO 32000-1, 7.3.8)."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", (FOLDER / name).read_bytes(), re.DOTALL)
    return [body for body in map(_inflated, streams) if re.match(rb"\s*<(\?xml|rsm:)", body) and b"<rsm:Cross" in body]


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


CII_BODIES = {f"{name.rsplit('/', 1)[1]}#{at}": body for name in PDF_FILES for at, body in enumerate(_embedded(name))}

_KNOWN: dict[str, Any] = json.loads((FOLDER / "freight/x12_known.json").read_bytes())

#: Where we say something else than a reader of the file's name would expect: why.
EXPLAINED: dict[str, str] = {
    "x12.810b.edi": "a TXI says 7.18 where 2 % of 359.96 are 7.20",
}


@dataclass(frozen=True)
class Verdict:
    """The invoices that a file gave, and the code of each record that is rejected, or of the file's refusal."""

    invoices: list[dict[str, Any]]
    codes: list[str]
    refused: bool = False

    def told(self) -> str:
        """In words."""
        due = [f"{one['document_type']} of {one['totals']['due']}" for one in self.invoices]
        told = ", ".join([*due, *(f"`{code}`" for code in self.codes)])
        return f"refused: {told}" if self.refused else told


def verdict(body: bytes) -> Verdict:
    """What the feed makes of a file."""
    try:
        judgement = judge_file(FREIGHT, body)
    except Refused as refusal:
        return Verdict([], [refusal.code], refused=True)
    return Verdict(
        [json.loads(one.payload) for one in judgement.accepted],
        [next(f.code for f in one.findings if f.severity is Severity.HARD) for one in judgement.rejected],
    )


def expected(name: str) -> str:
    """What the collectors' facts, or the file's own totals, let one expect."""
    short = name.rsplit("/", 1)[1]
    if name in PDF_FILES:
        return "refused: `format.binary`"
    if name in UBL_FILES:
        kind = "ubl_freight_invoice" if "FreightInvoice" in short else "ubl_invoice"
        return f"{kind} of {PAYABLE.get(short, '107.50')}"
    (said,) = _KNOWN[f"dev/{name}"]["transactions"]
    if not said["count_ok"]:
        return "`format.record_count`"
    if said["set"] == "210":
        return f"x12_210 of {said['b3_07'][:-2]}.{said['b3_07'][-2:]}"
    return "`freight.document_type`" if said["set"] != "810" else f"x12_810 of {DUE_810[short]}"


#: TDS01 of the specimens, and PayableAmount of those that are not the example of UBL 2.0.
DUE_810 = {"x12.810a.edi": "365.96", "x12.810b.edi": "401.92", "x12.810c.edi": "411.92", "x12.810d.edi": "646.92"}
PAYABLE = {
    "BII04_XML_example_full_core_data_01.xml": "729",
    "BII04_minimal_VAT_invoice_example_01.xml": "1729.00",
    "BII04_minimal_invoice_example_02.xml": "1436.50",
    "UBL-FreightInvoice-2.1-Example.xml": "729",
    "UBL-Invoice-2.1-Example-Trivial.xml": "100.00",
    "UBL-Invoice-2.1-Example.xml": "729",
}


def rows() -> list[Row]:
    """A row a file."""
    found: list[Row] = []
    for name in (*X12_FILES, *UBL_FILES, *PDF_FILES):
        short, theirs = name.rsplit("/", 1)[1], expected(name)
        ours = verdict((FOLDER / name).read_bytes()).told()
        found.append(Row(short, theirs, ours, "" if ours == theirs else EXPLAINED.get(short, "?")))
    for name, body in CII_BODIES.items():
        theirs, ours = expected_of_cii(body), verdict(body).told()
        found.append(Row(name, theirs, ours, "" if ours == theirs else "?"))
    return found


def expected_of_cii(body: bytes) -> str:
    """What the document itself says is due, in ZUGFeRD 1 as well."""
    due = re.search(rb"<ram:DuePayableAmount[^>]*>([^<]*)<", body)
    return f"cii_invoice of {due[1].decode()}" if due else "?"
