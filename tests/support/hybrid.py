"""PDFs that carry files: an invoice's page, with an invoice as XML behind it."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]

from penstock_ops.samples.tower.paper import Text, pdf

PAGE: Sequence[str] = (
    "Spedition A, VAT DE123456789",
    "Invoice R-1 of 20 November 2026",
    "Haul, 10 hours at 12.50, 125.00",
    "Toll 25.00",
    "Amount due EUR 166.60",
)
"""What stands on the page of the invoice that `tests.support.documents` writes."""


def carrying(attached: Mapping[str, bytes], page: Sequence[str] = PAGE) -> bytes:
    """A PDF of a page with these files in it."""
    document: Any = pdfium.PdfDocument(pdf([[Text(72, 100 + 20 * at, line) for at, line in enumerate(page)]]))
    for name, body in attached.items():
        document.new_attachment(name).set_data(body)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
