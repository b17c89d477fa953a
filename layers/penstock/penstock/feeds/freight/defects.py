"""What makes a document no invoice at all: found before there is a record, and for good."""

from penstock.model.findings import Finding

FINDINGS = (
    Finding(
        "freight.document_type",
        "the transaction set is a 210 or an 810; of the others none is an invoice",
        "ST-01",
        rule="X12 AK502 1: transaction set not supported",
    ),
    Finding(
        "freight.segment_missing",
        "the transaction set has the segments that the standard makes mandatory",
        rule="X12 AK304 3: mandatory segment missing",
    ),
    Finding(
        "freight.segment_order",
        "segments stand in the standard's order, no more often than it allows (version 004010)",
        rule="X12 AK304 7: segment not in proper sequence",
    ),
    Finding(
        "freight.element_missing",
        "a segment or document has the elements that it must have",
        rule="X12 AK403 1: mandatory data element missing",
    ),
    Finding("freight.carrier_missing", "the invoice says whose it is"),
    Finding("freight.scac", "the carrier's SCAC is two to four capital letters", rule="NMFTA, SCAC"),
    Finding("freight.date", "a date is one; X12 writes it CCYYMMDD", rule="X12 AK403 8: invalid date"),
    Finding(
        "freight.amount",
        "an amount is a number: in X12 with two implied decimals (N2) or a point (R), as the element has it",
        rule="X12 AK403 6: invalid character in data element",
    ),
    Finding(
        "freight.currency",
        "every amount of a document is in the document's currency; a tax may be told in another one as well",
        rule="UBL 2.1, DocumentCurrencyCode",
    ),
    Finding("freight.no_lines", "a UBL document has at least one line", "InvoiceLine", rule="UBL 2.1, InvoiceLine"),
)
"""One for each code."""

_RULES = {finding.code.removeprefix("freight."): finding.rule for finding in FINDINGS}


class Defective(Exception):
    """Raised where a document cannot be read as an invoice; the routing turns it into the record's finding. `code` is
    one of `FINDINGS`, without the feed's name; `field` is the element as its standard calls it. No value of the
    document is in it."""

    def __init__(self, code: str, field: str, message: str, rule: str | None = None) -> None:
        super().__init__(code)
        self.finding = Finding(f"freight.{code}", message, field, rule=rule or _RULES[code])
