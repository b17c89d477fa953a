"""A PDF that carries an invoice as XML, as one record: the XML, and what stands on the pages, to be compared."""

from collections.abc import Iterable
from typing import Any

from penstock_documents.document import Read
from penstock_documents.words import text_of

FEED = "freight"
"""The feed whose documents are invoices."""

MOST_TEXT = 200_000
"""Characters of the pages that are kept: an invoice's first hundred pages."""


def record_of(reads: Iterable[Read], sha256: str) -> dict[str, Any]:
    """The record of a document; `sha256` is its digest. No more than a page of it is held at once."""
    attached: dict[str, str] = {}
    routes, doubts, text, pages = set[str](), list[str](), "", 0
    for read in reads:
        page, pages = read.page, pages + 1
        attached |= read.attached
        routes.add(page.route)
        doubts += [f"page {page.number}: {doubt}" for doubt in page.doubts]
        text += "".join(f"{text_of(line)}\n" for line in page.lines) if len(text) < MOST_TEXT else ""
    return {
        "attached": attached,
        "document": sha256,
        "pages": [1, pages],
        "route": routes.pop() if len(routes) == 1 else "mixed",
        "text": text[:MOST_TEXT],
        "doubts": doubts,
    }
