"""A document's pages, each read the way it has to be: by content, never by name.

A page's own text is believed where it is writing, dense enough, and not laid under a picture of the page. Else the page
is rendered and read by OCR, and so it is once more if no template understands its text.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock_documents import pdf, picture, plain_text
from penstock_documents.pdf import Unreadable
from penstock_documents.words import Page

LEAST_TEXT = 12
"""Characters of text below which a page that has a picture is read from that."""

MOST_PAGES = 5_000
MOST_BYTES = 64 * 1024 * 1024 * 1024


@dataclass(slots=True)
class Read:
    """A page as it was read, with what a second look of its words read otherwise."""

    page: Page
    second: dict[int, str] = field(default_factory=dict[int, str])


class Document:
    """A PDF, a file of pictures or a text: its pages by number, from 1."""

    def __init__(self, body: bytes) -> None:
        self.kind = kind_of(body)
        self.sha256 = hashlib.sha256(body).hexdigest()
        self._pictures: list[Any] = []
        self._texts: list[Page] = []
        if self.kind == "pdf":
            self._pdf = pdf.open_pdf(body[body.find(b"%PDF") :])
            self.pages = len(self._pdf)
        elif self.kind == "picture":
            self._pictures = list(picture.pictures_of(body))
            self.pages = len(self._pictures)
        else:
            self._texts = plain_text.pages_of(body)
            self.pages = len(self._texts)
        if self.pages > MOST_PAGES:
            raise Unreadable(f"{self.pages} pages are more than {MOST_PAGES}; send it in parts")

    def read(self, number: int) -> Read:
        """A page by its text where that is to be believed, else by OCR."""
        if self.kind == "text":
            return Read(self._texts[number - 1])
        if self.kind == "picture":
            return self.read_by_ocr(number)
        page = self._pdf[number - 1]
        try:
            by_text = pdf.read_text(page, number)
        finally:
            page.close()
        characters = sum(len(word.text) for word in by_text.words)
        if not by_text.doubts and characters >= LEAST_TEXT:
            return Read(by_text)
        return self.read_by_ocr(number)

    def read_by_ocr(self, number: int) -> Read:
        """A page from its picture."""
        from penstock_documents import ocr

        if self.kind == "pdf":
            page = self._pdf[number - 1]
            try:
                found = ocr.read_picture(pdf.picture_of(page), number, pdf.DPI)
            finally:
                page.close()
        else:
            image, dpi = self._pictures[number - 1]
            found = ocr.read_picture(image, number, dpi)
        return Read(found.page, found.second)

    def read_all(self) -> list[Read]:
        """Every page."""
        return [self.read(number) for number in range(1, self.pages + 1)]


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
