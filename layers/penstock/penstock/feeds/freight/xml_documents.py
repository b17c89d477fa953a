"""Invoices as XML documents: UBL and CII, alone, several in an element `Invoices`, or in the envelope of a Standard
Business Document (UN/CEFACT SBDH 1.3), whose header is passed over."""

from collections.abc import Callable, Mapping
from typing import Any

from penstock.feeds.freight import cii, cii_names, ubl, ubl_names
from penstock.formats.xml import Xml

_SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
_ENVELOPES = ("", "/Invoices", f"/{{{_SBDH}}}StandardBusinessDocument")
_ROOTS = (*ubl_names.ROOTS, cii_names.ROOT)

DOCUMENTS = Xml(
    *(f"{envelope}/{root}" for envelope in _ENVELOPES for root in _ROOTS),
    beside=["StandardBusinessDocumentHeader"],
    vocabularies={**dict.fromkeys(ubl_names.ROOTS, ubl_names.VOCABULARY), cii_names.ROOT: cii_names.VOCABULARY},
)

READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    **dict.fromkeys(ubl.TYPES, ubl.to_record),
    "CrossIndustryInvoice": cii.to_record,
}
"""By the name of the document's element."""
