"""A document's pages, each read the way it has to be: by content, never by name.

A page's own text is believed where it is writing, dense enough, and not laid under a picture of the page. Else the page
is rendered and read by OCR, and so it is once more if no template understands its text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL.Image import Image

from penstock_documents import beside, pdf, picture, plain_text
from penstock_documents.elsewhere import Recognised
from penstock_documents.pdf import Unreadable
from penstock_documents.words import Page

LEAST_TEXT = 12
"""Characters of text below which a page that has a picture is read from that."""

MOST_PAGES = 5_000
HEAD = 1024  #: bytes by which a document is known
TEXTS_AT_ONCE, SCANS_AT_ONCE = 50, 10  #: pages that are read within a minute or two
LOOKED_AT = 5  #: pages from which it is told which of them they are


@dataclass(slots=True)
class Read:
    """A page as it was read, with what looks at its words read otherwise. A document's first page has the
    invoices that the document carries, by their names."""

    page: Page
    otherwise: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    attached: dict[str, str] = field(default_factory=dict[str, str])


class Document:
    """A PDF, a file of pictures or a text: its pages by number, from 1."""

    def __init__(self, source: Path | bytes, recognised: Mapping[int, Recognised] | None = None) -> None:
        """Opens it. `recognised` is what an engine elsewhere has read, by page.

        Raises:
            Unreadable: it is locked, broken or empty, or has too many pages.
        """
        self.kind, self._source, self._recognised = kind_of(_head_of(source)), source, recognised or {}
        self._pages: Any = _OPENED[self.kind](source)
        self.pages = len(self._pages)
        if self.pages > MOST_PAGES:
            raise Unreadable(f"{self.pages} pages are more than {MOST_PAGES}; send it in parts")

    @property
    def at_once(self) -> int:
        """How many pages one reader takes: fewer where those looked at, from the first to the last, are scans."""
        looked_at = {1 + at * (self.pages - 1) // (LOOKED_AT - 1) for at in range(LOOKED_AT)}
        return TEXTS_AT_ONCE if all(self.by_text(number) for number in sorted(looked_at)) else SCANS_AT_ONCE

    @cached_property
    def invoices(self) -> dict[str, str]:
        """The invoices that it carries as XML."""
        return pdf.invoices_in(self._pages) if self.kind == "pdf" else {}

    def read(self, number: int) -> Read:
        """A page by its text where that is to be believed, else by OCR."""
        read = self._told(by_text) if (by_text := self.by_text(number)) else self.read_by_ocr(number)
        return replace(read, attached=self.invoices) if number == 1 else read

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """What it has beside its pages."""
        return beside.marks_of(self._source) if self.kind == "pdf" else ()

    def _told(self, read: Read) -> Read:
        """What was read, with what a person has to know of the whole document."""
        mended = (pdf.MENDED,) if isinstance(self._pages, pdf.MendedPdf) else ()
        return replace(read, page=replace(read.page, doubts=(*read.page.doubts, *mended), marks=self.marks))

    def by_text(self, number: int) -> Read | None:
        """A page by its own text; None where it has none, or none to believe."""
        if self.kind != "pdf":
            return Read(self._pages[number - 1]) if self.kind == "text" else None
        page = self._pages[number - 1]
        try:
            by_text = pdf.read_text(page, number)
        finally:
            page.close()
        characters = sum(len(word.text) for word in by_text.words)
        return Read(by_text) if not by_text.doubts and characters >= LEAST_TEXT else None

    def read_by_ocr(self, number: int) -> Read:
        """A page from its picture.

        Raises:
            Unreadable: it has none, or the engine elsewhere that was to read it did not.
        """
        from penstock_documents import ocr, recognised

        picture, dpi = self.picture_of(number)
        if elsewhere := self._recognised.get(number):
            found = recognised.read(picture, number, dpi, elsewhere)
        else:
            found = ocr.read_picture(picture, number, dpi)
        return self._told(Read(found.page, found.otherwise))

    def picture_of(self, number: int) -> tuple[Image, float | None]:
        """A page's picture, with its resolution in dots an inch, None where nobody says.

        Raises:
            Unreadable: it is broken, or an absurd one.
        """
        if self.kind != "pdf":
            return self._pages.page(number)
        page = self._pages[number - 1]
        try:
            return pdf.picture_of(page)
        finally:
            page.close()

    def read_all(self) -> list[Read]:
        """Every page."""
        return [self.read(number) for number in range(1, self.pages + 1)]


def _text_of(source: Path | bytes) -> list[Page]:
    return plain_text.pages_of(source if isinstance(source, bytes) else source.read_bytes())


_OPENED: Mapping[str, Callable[[Path | bytes], Any]] = {
    "pdf": pdf.open_pdf,
    "picture": picture.Pictures,
    "text": _text_of,
}


def _head_of(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:HEAD]
    with source.open("rb") as file:
        return file.read(HEAD)


def kind_of(body: bytes) -> str:
    """`pdf`, `picture` or `text`, by what the file begins with; a PDF may begin within its first kilobyte (ISO 32000-1,
    7.5.2, note of its readers)."""
    if b"%PDF-" in body[:1024]:
        return "pdf"
    if body[:4] in (b"II*\0", b"MM\0*") or body[:8] == b"\x89PNG\r\n\x1a\n" or body[:3] == b"\xff\xd8\xff":
        return "picture"
    return "text"


def pages_of(reads: Sequence[Read]) -> list[Page]:
    """The pages of what was read."""
    return [read.page for read in reads]
