"""Invoices as XML documents: UBL, CII and ZUGFeRD 1, alone, several in an element `Invoices`, or in the envelope of a
Standard Business Document (UN/CEFACT SBDH 1.3), whose header is passed over."""

import codecs
from collections.abc import Callable, Mapping
from typing import Any

from penstock.feeds.freight import cii, cii_names, ubl, ubl_names, zugferd1
from penstock.feeds.freight.defects import Defective
from penstock.formats.text import refuse_unless_text
from penstock.formats.xml import Xml
from penstock.model.errors import Refused
from penstock.model.findings import Finding

_SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
_ENVELOPES = ("", "/Invoices", f"/{{{_SBDH}}}StandardBusinessDocument")
_ROOTS = (*ubl_names.ROOTS, cii_names.ROOT, zugferd1.ROOT)

DOCUMENTS = Xml(
    *(f"{envelope}/{root}" for envelope in _ENVELOPES for root in _ROOTS),
    beside=["StandardBusinessDocumentHeader"],
    vocabularies={
        **dict.fromkeys(ubl_names.ROOTS, ubl_names.VOCABULARY),
        cii_names.ROOT: cii_names.VOCABULARY,
        zugferd1.ROOT: zugferd1.VOCABULARY,
    },
)

READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    **dict.fromkeys(ubl.TYPES, ubl.to_record),
    "CrossIndustryInvoice": cii.to_record,
    zugferd1.NAME: zugferd1.to_record,
}
"""By the name of the document's element."""


def read_document(body: bytes) -> dict[str, Any] | tuple[Finding, ...]:
    """The invoice's fields of one whole document, wherever it was found, or why it is none: for the readers of other
    documents that embed it (Factur-X, ZUGFeRD).

    Raises:
        Refused: it is no such document, or holds several.
    """
    if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        # What is none of it comes out as no UTF-8 either, and is told as such.
        body = body.decode("utf-16", "surrogatepass").encode("utf-8", "surrogatepass")
    refuse_unless_text(body)
    layout = DOCUMENTS.recognise(body, lambda _: "")
    if layout is None or layout.opening:
        raise Refused("format.element", "there is no invoice as a document by itself")
    (parsed,) = DOCUMENTS.parse(layout, DOCUMENTS.split(layout, body[layout.first_byte :]))
    if isinstance(parsed, Finding):
        return (parsed,)
    try:
        return READERS[parsed["#name"]](parsed)
    except Defective as defect:
        return defect.findings
