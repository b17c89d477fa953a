"""An invoice as a PDF, as one record: the XML that it carries, and what stands on the pages, to be compared; of one
that carries none what its template reads on them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from penstock_documents import forms
from penstock_documents.beside import LOCKED, PROGRAM
from penstock_documents.document import Read
from penstock_documents.forms import FormFinder, Found
from penstock_documents.page_numbers import ORDER
from penstock_documents.pdf import MENDED
from penstock_documents.template import Template
from penstock_documents.words import text_of

FEED = "freight"
"""The feed whose documents are invoices."""

MOST_TEXT = 200_000
"""Characters of the pages that are kept: an invoice's first hundred pages."""

LEAST_TEXT = 50
"""Characters of a page's own text below which no template reads it: what it says is perhaps in its pictures."""

MARKS = (LOCKED, PROGRAM)
"""What matters of a PDF's own marks: files it has by its nature, and how many pages there are its template says."""

MOST_DOUBTS = 20
"""Pages that are told by number of those that cannot be read."""


class InvoiceGathering:
    """Gathers a document's record from its pages as they come, in order: of each page no more is kept than its text,
    and of all of them no more than `MOST_TEXT`. An invoice is read by a template that has all of its pages."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._attached: dict[str, str] = {}
        self._routes, self._doubts, self._text, self._pages = set[str](), list[str](), "", 0
        self._mended, self._marks = False, set[str]()
        self._finder, self._found, self._bare = FormFinder(templates), list[Found](), 0

    def push(self, read: Read) -> None:
        """The next page."""
        page = read.page
        self._pages += 1
        self._attached |= read.attached
        self._routes.add(page.route)
        self._mended |= MENDED in page.doubts
        self._marks |= {mark for mark in page.marks if mark in MARKS}
        self._doubts += [f"page {page.number}: {doubt}" for doubt in page.doubts]
        del self._doubts[MOST_DOUBTS:]
        if len(self._text) < MOST_TEXT:
            self._text += "".join(f"{text_of(line)}\n" for line in page.lines)[: MOST_TEXT - len(self._text)]
        if not self._bare and (page.route != "text" or sum(len(word.text) for word in page.words) < LEAST_TEXT):
            self._bare = page.number
        self._take(self._finder.push(read))

    def record(self, sha256: str) -> dict[str, Any]:
        """The record, when all pages have come; `sha256` is the document's digest."""
        self._take(self._finder.finish())
        form, why = self._form(sha256)
        return {
            "attached": self._attached,
            "document": sha256,
            "pages": [1, self._pages],
            "route": next(iter(self._routes)) if len(self._routes) == 1 else "mixed",
            "text": self._text,
            "mended": self._mended,
            "marks": sorted(self._marks),
            "doubts": self._doubts + ([why] if why else []),
        } | ({"form": form} if form else {})

    def _take(self, found: Iterator[Found]) -> None:
        """Keeps the first forms: a second one says as much as any more."""
        self._found += found
        del self._found[2:]

    def _form(self, sha256: str) -> tuple[dict[str, Any], str]:
        """What its template reads of the whole document; or nothing, and why. One with XML needs none."""
        if self._attached:
            return {}, ""
        if self._bare:
            return {}, f"page {self._bare} has less than {LEAST_TEXT} characters of text, and no template reads it"
        first = self._found[0]
        if first.form is None:
            return {}, first.why or "no template has its labels"
        if ORDER in first.marks:
            return {}, f"its pages are not in the order of {first.form.template.id}"
        if len(first.reads) < self._pages:
            return {}, f"{first.form.template.id} has {len(first.reads)} of its pages"
        facts = first.form.template.facts
        return forms.record_of(first, sha256) | facts, ""


def record_of(reads: Iterable[Read], templates: Sequence[Template], sha256: str) -> dict[str, Any]:
    """The record of a whole document."""
    gathering = InvoiceGathering(templates)
    for read in reads:
        gathering.push(read)
    return gathering.record(sha256)
