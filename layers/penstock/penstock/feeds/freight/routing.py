"""Which reader a record goes to, told by what is in it and never by its file's name.

A transaction set says in ST01 what it is, and one interchange may hold several kinds; a document says it by its
element. What is no invoice is rejected with its kind's name. A PDF does not come this far: the feed has no format for
it yet, so such a file is refused, and its reader will be one more format and one more entry here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from penstock.feeds.freight import ubl, x12_210, x12_810
from penstock.feeds.freight.defects import Defective
from penstock.formats.format import Parsed

type Canonical = Callable[[Mapping[str, Any]], dict[str, Any]]

_TRANSACTIONS: dict[str, Canonical] = {"210": x12_210.to_record, "810": x12_810.to_record}

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
}
"""What else carriers send, to be told by name (X12.3, transaction set identifiers)."""


def to_record(tree: Mapping[str, Any]) -> Parsed:
    """The invoice's fields, or why the record is no invoice: a defect that no retry mends."""
    try:
        return _reader_of(tree)(tree)
    except Defective as defect:
        return defect.finding


def _reader_of(tree: Mapping[str, Any]) -> Canonical:
    if "transaction" not in tree:
        return ubl.to_record
    kind = tree["transaction"]
    if kind in _TRANSACTIONS:
        return _TRANSACTIONS[kind]
    name = f" ({_NO_INVOICES[kind]})" if kind in _NO_INVOICES else ""
    known = " or ".join(_TRANSACTIONS)
    raise Defective(
        "document_type",
        "ST-01",
        f"the transaction set is a {kind}{name}, no invoice; this feed reads {known}",
    )
