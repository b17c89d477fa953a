"""Which reader a record goes to, told by what is in it and never by its file's name.

A transaction set says in ST01 what it is, and one interchange may hold several kinds; a document says it by its
element. What is no invoice is rejected with its kind's name. Of a PDF the
extractor has made a line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from penstock.feeds.freight import edifact_invoic, pdf_documents, x12_210, x12_810
from penstock.feeds.freight.defects import OF_SUMS, Defective
from penstock.feeds.freight.invoice import Invoice
from penstock.feeds.freight.policy import Policy
from penstock.feeds.freight.totals import RULES
from penstock.feeds.freight.xml_documents import READERS
from penstock.formats.format import Parsed
from penstock.model.findings import Finding, Severity

_ROUTES = {"document": "pdf", "x12": "edi", "edifact": "edi"}
"""By the formats' names; what else there is goes as XML."""


def route_of_batch(formats: Sequence[str | None], policy: Policy) -> str:
    """As `Feed.route_of_batch`: `pdf`, else `edi`, where that has more than the policy's share of a batch; else `xml`.

    >>> route_of_batch(["document", "document", "xml"], Policy()), route_of_batch(["x12", "xml", None], Policy())
    ('pdf', 'edi')
    >>> route_of_batch(["document"] * 3 + ["xml"] * 2, Policy())
    'xml'
    """
    routes = [_ROUTES.get(one or "", "xml") for one in formats]
    for route, share in (("pdf", policy.pdf_share), ("edi", policy.edi_share)):
        if routes.count(route) > share * len(routes):
            return route
    return "xml"


type Canonical = Callable[[Mapping[str, Any]], dict[str, Any]]

_TRANSACTIONS: dict[str, Canonical] = {
    "210": x12_210.to_record,
    "810": x12_810.to_record,
    "INVOIC": edifact_invoic.to_record,
}

_NOT_READ = {
    "110": "air freight details and invoice",
    "310": "freight receipt and invoice (ocean)",
    "410": "rail carrier freight details and invoice",
    "812": "credit/debit adjustment",
    "859": "freight invoice",
    "880": "grocery products invoice",
}
"""Invoices and adjustments of kinds that this feed does not read yet."""

_NO_INVOICES = {
    "204": "motor carrier load tender",
    "211": "motor carrier bill of lading",
    "214": "shipment status message",
    "820": "payment order or remittance advice",
    "850": "purchase order",
    "856": "ship notice",
    "990": "response to a load tender",
    "997": "functional acknowledgement",
    "999": "implementation acknowledgement",
    "APERAK": "application error and acknowledgement",
    "CONTRL": "syntax and service report",
    "DESADV": "despatch advice",
    "IFTMIN": "transport instruction",
    "IFTSTA": "transport status",
    "ORDERS": "purchase order",
    "REMADV": "remittance advice",
}
"""What else carriers send, to be told by name (X12.3, transaction set identifiers; UNTDID, messages)."""


def to_record(tree: Mapping[str, Any]) -> Parsed | tuple[Finding, ...]:
    """The invoice's fields, or why the record is no invoice: defects that no retry mends."""
    try:
        return pdf_documents.to_record(tree) if "attached" in tree else _reader_of(tree)(tree)
    except Defective as defect:
        return (*defect.findings, *_sums_of(defect))


_STAND_INS = {"carrier": "?", "carrier_scheme": "?", "invoice_number": "?", "invoice_date": "1980-01-01"}


def _sums_of(defect: Defective) -> Iterator[Finding]:
    """What is wrong with the sums of a document that is no invoice for other reasons: who mends it mends both."""
    if defect.fields is None or any(one.code in OF_SUMS for one in defect.findings):
        return
    try:
        record = _INVOICE.validate_python(_STAND_INS | dict(defect.fields))
    except ValidationError:
        return
    for rule in RULES:
        if rule.severity is Severity.HARD and rule.breaks([record]):
            yield rule.finding


_INVOICE = TypeAdapter(Invoice)


def _reader_of(tree: Mapping[str, Any]) -> Canonical:
    if "transaction" not in tree:
        return READERS[tree["#name"]]
    kind, field = tree["transaction"], "UNH-02" if "delimiters" in tree else "ST-01"
    if kind in _TRANSACTIONS:
        return _TRANSACTIONS[kind]
    rule = "EDIFACT 0085 14: value not supported in this position" if field == "UNH-02" else None
    known = " or ".join(_TRANSACTIONS)
    if kind in _NOT_READ:
        why = f"the transaction set is a {kind} ({_NOT_READ[kind]}), which is not read yet; this feed reads {known}"
        raise Defective("document_type", field, why, rule)
    name = f" ({_NO_INVOICES[kind]})" if kind in _NO_INVOICES else ""
    why = f"the transaction set is a {kind}{name}, no invoice; this feed reads {known}"
    raise Defective("document_type", field, why, rule)
