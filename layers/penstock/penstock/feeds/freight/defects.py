"""What makes a document no invoice at all: found before there is a record, and for good."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

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
    Finding(
        "freight.price_basis",
        "a unit price says what it is per by a code that is known",
        "IT1-05",
        rule="X12 data element 639",
    ),
    Finding(
        "freight.allowance_unpriced",
        "an allowance or charge gives an amount, or a percentage or rate that one can be made of",
        "SAC-05",
        rule="X12 SAC, note on SAC01: at least one of SAC05, SAC07 or SAC08",
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
    Finding(
        "freight.currency_unknown",
        "the currency is one of ISO 4217's with amounts of its own",
        "currency",
        rule="ISO 4217",
    ),
    Finding(
        "freight.stands_twice",
        "what money hangs on stands once in a document, in every version",
        rule="X12 AK304 5: segment exceeds maximum use",
    ),
    Finding(
        "freight.element_content",
        "an element that says something by itself has no others within",
        rule="UBL 2.1; EN 16931-3-3",
    ),
    Finding("freight.no_lines", "a UBL document has at least one line", "InvoiceLine", rule="UBL 2.1, InvoiceLine"),
)
"""One for each code."""

OF_SUMS = frozenset(
    f"freight.{code}"
    for code in ("amount", "price_basis", "allowance_unpriced", "currency", "currency_unknown", "stands_twice",
                 "segment_order", "no_lines")
)  # fmt: skip
"""Defects of what is added up: where there is one, nothing more can be said of the sums."""

_RULES = {finding.code.removeprefix("freight."): finding.rule for finding in FINDINGS}


class Defective(Exception):
    """Raised where a document cannot be read as an invoice; the routing turns it into the record's findings. `code` is
    one of `FINDINGS`, without the feed's name; `field` is the element as its standard calls it. No value of the
    document is in it. `fields` are those that could be read, if it was read to its end."""

    def __init__(self, code: str, field: str, message: str, rule: str | None = None) -> None:
        super().__init__(code)
        self.findings: tuple[Finding, ...] = (Finding(f"freight.{code}", message, field, rule=rule or _RULES[code]),)
        self.fields: Mapping[str, Any] | None = None

    def at(self, number: int, tag: str) -> "Defective":
        """The same, with the place of the segment that it is about, counted from 1."""
        self.findings = tuple(replace(one, message=f"segment {number} ({tag}): {one.message}") for one in self.findings)
        return self


class Defects:
    """Defects of one document, gathered: one never hides another."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def add(self, code: str, field: str, message: str, rule: str | None = None) -> None:
        """One more; of several of one field the first is told."""
        self.take(Defective(code, field, message, rule))

    def read[T](self, of: Callable[[], T], otherwise: T) -> T:
        """What a reader gives, `otherwise` where it finds a defect."""
        try:
            return of()
        except Defective as defect:
            self.take(defect)
            return otherwise

    def take(self, defect: Defective) -> None:
        """All of another's."""
        known = {(one.code, one.field) for one in self._found}
        self._found += [one for one in defect.findings if (one.code, one.field) not in known][:MOST]
        del self._found[MOST:]

    def settle(self, fields: Mapping[str, Any]) -> None:
        """Ends the reading, if there were any; `fields` are what could be read nevertheless.

        Raises:
            Defective: all of them.
        """
        if self._found:
            first = self._found[0]
            defect = Defective(first.code.removeprefix("freight."), first.field or "", first.message)
            defect.findings, defect.fields = tuple(self._found), fields
            raise defect


MOST = 20  #: defects of one document that are told
