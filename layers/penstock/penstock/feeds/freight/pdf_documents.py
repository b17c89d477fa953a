"""Invoices that came as PDFs: what the extractor read of one is a line, with the XML that it carries and what stands on
its pages.

The XML is the invoice (Factur-X 1.0, 6; ZUGFeRD 1 and 2; XRechnung), and read as if it had come alone. Who pays by the
page must find the same there: its number, its date and what is due stand on the pages as whole texts, or it is held. A
PDF that carries none is held whole: nobody has read it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from penstock.feeds.freight.xml_documents import read_document
from penstock.feeds.rules import Record, Rulebook
from penstock.formats.format import FieldOf
from penstock.formats.ndjson import NdJson
from penstock.model.errors import Refused
from penstock.model.findings import Finding, Severity
from penstock.model.messages import Layout

_BEGINS = b'{"attached":'
_AMOUNT = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,'\s]\d{3})+(?:[.,]\d{1,4})?(?!\w)|(?<![\w.,])\d+(?:[.,]\d{1,4})?(?!\w)")

_RULES = Rulebook("freight")


class PdfDocuments(NdJson):
    """Lines of the extractor's. Nobody sends JSON to this feed."""

    name = "document"

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """What begins as the extractor writes it."""
        return super().recognise(head, field_of) if head.startswith(_BEGINS) else None


def to_record(tree: Mapping[str, Any]) -> dict[str, Any] | tuple[Finding, ...]:
    """The invoice's fields; of a PDF whose invoice cannot be read so much as makes a record that can be held."""
    attached: dict[str, str] = tree["attached"]
    if len(attached) != 1:
        return _unread(tree, f"it carries {len(attached)} invoices as XML" if attached else "it carries no XML")
    ((name, xml),) = attached.items()
    try:
        fields = read_document(xml.encode())
    except Refused as refusal:
        return _unread(tree, f"{name}: {refusal.message}")
    if isinstance(fields, dict):
        return fields | {"differing": list(_differing(fields, tree["text"]))}
    broken = next((one for one in fields if one.code.startswith("format.")), None)
    return _unread(tree, f"{name}: {broken.message}") if broken else fields


def _unread(tree: Mapping[str, Any], why: str) -> dict[str, Any]:
    return {
        "document_type": "pdf",
        "kind": "unknown",
        "purpose": "unknown",
        "sign": 1,
        "carrier": "unread",
        "carrier_scheme": "document",
        "invoice_number": tree["document"],
        "invoice_date": date(1980, 1, 1),
        "notes": ["; ".join([why, *tree["doubts"]])],
        "lines": [],
        "totals": {"due": 0},
    }


def _differing(fields: Mapping[str, Any], text: str) -> Iterator[str]:
    """Which of an invoice's number, date and amount due stands nowhere on its pages."""
    said = " ".join(text.split())
    if not _stands(str(fields.get("invoice_number", "")), said):
        yield "invoice_number"
    if not _is_dated(str(fields.get("invoice_date", "")), said):
        yield "invoice_date"
    due = _amount(str(fields.get("totals", {}).get("due", "")))
    if due is not None and abs(due) not in _amounts(said):
        yield "totals.due"


def _stands(number: str, said: str) -> bool:
    """Whether a number stands there by itself, whatever blanks are in it."""
    parts = [re.escape(part) for part in number.split()]
    return bool(parts) and re.search(rf"(?<!\w){r'\s*'.join(parts)}(?!\w)", said, re.IGNORECASE) is not None


def _is_dated(day: str, said: str) -> bool:
    """Whether a date stands there, in figures or with its month's name in any language; what is no date is not asked
    for."""
    try:
        there = date.fromisoformat(day)
    except ValueError:
        return True
    d, m, y = f"0?{there.day}", f"0?{there.month}", f"(?:{there.year}|{there.year % 100:02d})"
    mark, name = r"\s?[./-]\s?", r"[^\d]{1,16}"
    forms = (
        f"{d}{mark}{m}{mark}{y}", f"{m}{mark}{d}{mark}{y}", f"{there.year}{mark}{m}{mark}{d}", there.strftime("%Y%m%d"),
        f"{d}{name}{there.year}", rf"[^\W\d]{{3,}}\.?\s{d}{name}{there.year}",
    )  # fmt: skip
    return any(re.search(rf"(?<!\d){form}(?!\d)", said) for form in forms)


def _amounts(said: str) -> set[Decimal]:
    """Every number on the pages; what separates thousands and what fractions is told by what comes last."""
    found: set[Decimal] = set()
    for text in _AMOUNT.findall(said):
        whole, mark, fraction = _parted(text)
        amount = _amount(f"{re.sub(r'\D', '', whole)}{mark}{fraction}")
        found |= {amount} if amount is not None else set()
        # One mark before three figures is either.
        found |= {Decimal(re.sub(r"\D", "", text))} if len(fraction) == 3 else set()
    return found


def _parted(text: str) -> tuple[str, str, str]:
    mark = re.search(r"[.,](\d{1,4})$", text)
    return (text[: mark.start()], ".", mark[1]) if mark else (text, "", "")


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@_RULES.each(
    "pdf_unread",
    "document_type",
    "a PDF carries one invoice as XML (Factur-X, ZUGFeRD, XRechnung); key this one, or ask for it with its XML",
    "Factur-X 1.0, 6",
    Severity.SOFT,
)
def _is_unread(one: Record) -> bool:
    return one["document_type"] == "pdf"


@_RULES.each(
    "page_number",
    "invoice_number",
    "the number in a PDF's XML stands on its pages, too; one of the two is wrong: ask who sent it",
    "Factur-X 1.0, 6",
    Severity.SOFT,
)
def _other_number(one: Record) -> bool:
    return "invoice_number" in one.get("differing", ())


@_RULES.each(
    "page_date",
    "invoice_date",
    "the date in a PDF's XML stands on its pages, too; one of the two is wrong: ask who sent it",
    "Factur-X 1.0, 6",
    Severity.SOFT,
)
def _other_date(one: Record) -> bool:
    return "invoice_date" in one.get("differing", ())


@_RULES.each(
    "page_due",
    "totals.due",
    "what is due by a PDF's XML stands on its pages, too; one of the two is wrong: ask who sent it",
    "Factur-X 1.0, 6",
    Severity.SOFT,
)
def _other_due(one: Record) -> bool:
    return "totals.due" in one.get("differing", ())


RULES = tuple(_RULES)
HOLDING = tuple(rule.code for rule in RULES)
