"""The port of what reads documents: pages into words, words into records. What a page or a form is, only it knows."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from penstock.model.textract import RecognisedPage


@dataclass(frozen=True, slots=True)
class Drifted:
    """A form that is not what its template has: `template` names it and its version, `signature` is the same wherever
    the same has changed, `fields` say what."""

    template: str
    signature: str
    fields: Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Assembled:
    """A document's records as they come: `lines` is the staged text, in pieces; once they have come, `drifted` are the
    forms that have changed."""

    lines: AsyncIterator[bytes]
    drifted: list[Drifted] = field(default_factory=list[Drifted])


class Survey(NamedTuple):
    """A document's pages, how many of them one worker reads (fewer where they are scans), and its SHA-256."""

    pages: int
    at_once: int
    sha256: str


class Pictures(NamedTuple):
    """Pages of a document that have to be read from pictures: their numbers, and a PDF of their pictures, in order."""

    pages: tuple[int, ...]
    pdf: bytes


class OpenDocument(Protocol):
    """A document that lies here."""

    async def survey(self) -> Survey:
        """What there is to read.

        Raises:
            Refused: `document.…`, where it cannot be read at all.
        """
        ...

    async def pictures(self, first: int, last: int, seconds: float) -> Pictures:
        """Those of these pages, counted from 1, that an engine elsewhere has to read: they have no text that can be
        believed, or understood, and something is on them.

        Raises:
            Transient: it took longer than so many seconds.
        """
        ...

    async def read(
        self, first: int, last: int, seconds: float, recognised: Mapping[int, RecognisedPage] | None = None
    ) -> bytes:
        """What stands on these pages, counted from 1. A page that nobody can read is told as such, among the others.
        `recognised` is what an engine elsewhere read, by page.

        Raises:
            Transient: it took longer than so many seconds.
        """
        ...


class PageReader(Protocol):
    """Reads documents."""

    def opened(self, file_id: str, blocks: AsyncGenerator[bytes]) -> AbstractAsyncContextManager[OpenDocument]:
        """A document, by its bytes; one that lies here still is not fetched again.

        Raises:
            Refused: `document.too_large`.
        """
        ...

    def assemble(self, feed: str, sha256: str, ranges: AsyncIterator[bytes], filed: Mapping[str, str]) -> Assembled:
        """A document's records as its feed wants them, by its pages, of which all ranges come in order: in bounded
        memory, and the same from the same pages and templates; each with what its key says, as it was `filed`. What is
        no template is found before the first comes.

        Raises:
            Misconfigured: what an operator keeps as a template is none.
            Defective: a function of ours fails at the document, which is of this feed.
        """
        ...
