"""Invoices that came as PDFs: what the extractor read of one is a line, with the XML that it carries and what stands on
its pages.

The XML is the invoice (Factur-X 1.0, 6; ZUGFeRD 1 and 2; XRechnung), and read as if it had come alone, but held where
its pages say otherwise (`pdf_pages`), and where the PDF was broken and had to be mended. A PDF that carries none is
what its template reads (`pdf_templates`). Without one it is held whole: nobody has read it, and what stands for it here
is never delivered.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from penstock.feeds.freight import pdf_pages, pdf_templates
from penstock.feeds.freight.xml_documents import read_document
from penstock.feeds.rules import Record, Rulebook
from penstock.formats.format import FieldOf
from penstock.formats.ndjson import NdJson
from penstock.model.errors import Refused
from penstock.model.findings import Finding, Severity
from penstock.model.messages import Layout

_BEGINS = b'{"attached":'

_RULES = Rulebook("freight")


class PdfDocuments(NdJson):
    """Lines of the extractor's. Nobody sends JSON to this feed."""

    name = "document"

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """What begins as the extractor writes it."""
        return super().recognise(head, field_of) if head.startswith(_BEGINS) else None


def to_record(tree: Mapping[str, Any]) -> dict[str, Any] | tuple[Finding, ...]:
    """The invoice's fields; of a PDF whose invoice cannot be read so much as makes a record that can be held."""
    read = _read(tree)
    return read | {"marks": tree["marks"]} if isinstance(read, dict) and tree.get("marks") else read


def _read(tree: Mapping[str, Any]) -> dict[str, Any] | tuple[Finding, ...]:
    attached: dict[str, str] = tree["attached"]
    if not attached and "form" in tree:
        return _by_template(tree, tree["form"])
    if len(attached) != 1:
        return _unread(tree, f"it carries {len(attached)} invoices as XML" if attached else "it carries no XML")
    ((name, xml),) = attached.items()
    try:
        fields = read_document(xml.encode())
    except Refused as refusal:
        return _unread(tree, f"{name}: {refusal.message}")
    if isinstance(fields, dict):
        differing = {"differing": list(pdf_pages.differing(fields, tree["text"]))}
        return fields | differing | ({"doubts": tree["doubts"]} if tree.get("mended") else {})
    broken = next((one for one in fields if one.code.startswith("format.")), None)
    return _unread(tree, f"{name}: {broken.message}") if broken else fields


def _by_template(tree: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """What a template reads on the pages; a form that has changed is none of its template's."""
    changed = [one["field"] for one in form.get("drift", ()) if one["critical"]]
    why = f"it has drifted from {form['template']}: {', '.join(changed)}" if changed else pdf_templates.lacking(form)
    if why:
        return _unread(tree, why) | {"template": form["template"]}
    fields = pdf_templates.to_record(form)
    return fields | {"differing": [one for one in pdf_pages.differing(fields, tree["text"]) if one == "currency"]}


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


@_RULES.each(
    "pdf_unread",
    "document_type",
    "a PDF carries one invoice as XML (Factur-X, ZUGFeRD, XRechnung), or a template has its form; ask for it with its"
    " XML, or make a template (penstock templates draft)",
    "Factur-X 1.0, 6",
    Severity.SOFT,
)
def _is_unread(one: Record) -> bool:
    return one["document_type"] == "pdf" and one["carrier_scheme"] == "document"


@_RULES.each(
    "pdf_program",
    "marks",
    "a PDF has no program in it, which may change what it shows; ask for it without",
    severity=Severity.SOFT,
)
def _has_a_program(one: Record) -> bool:
    return "program" in one.get("marks", ())


@_RULES.each(
    "pdf_locked",
    "marks",
    "the PDF is locked against changes by its owner's password; it was read all the same",
    severity=Severity.INFO,
)
def _is_locked(one: Record) -> bool:
    return "locked" in one.get("marks", ())


RULES = (*_RULES, *pdf_templates.RULES, *pdf_pages.RULES)
HOLDING = tuple(rule.code for rule in RULES)
UNREAD = ("freight.pdf_unread",)
"""What stands for a document that nobody has read."""
