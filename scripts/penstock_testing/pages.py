"""The twin of what reads documents: a document is text, its pages stand between form feeds, each line is a record. A
page that begins with SCANNED is one that an engine elsewhere has to read, if there is one."""

import gzip
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from penstock.model.errors import Refused
from penstock.model.textract import RecognisedPage
from penstock.ports.pages import Assembled, Drifted, Pictures, Survey

BEGINS = b"%PAGES"
DRIFTED = b"DRIFTED "
SCANNED = b"SCANNED "


def document(*pages: bytes) -> bytes:
    """A document of these pages."""
    return BEGINS + b"\f".join(pages)


@dataclass(slots=True)
class MemoryDocument:
    """As `OpenDocument`. `read_pages` counts how often each page was read, by all."""

    texts: list[bytes]
    at_once: int
    read_pages: dict[int, int]

    async def survey(self) -> Survey:
        """As `OpenDocument.survey`."""
        return Survey(len(self.texts), self.at_once, hashlib.sha256(b"\f".join(self.texts)).hexdigest())

    async def pictures(self, first: int, last: int, seconds: float) -> Pictures:
        """As `OpenDocument.pictures`: a picture is the page's text."""
        scans = {page: self.texts[page - 1] for page in range(first, last + 1)}
        scans = {page: text.removeprefix(SCANNED) for page, text in scans.items() if text.startswith(SCANNED)}
        return Pictures(tuple(scans), b"\f".join(scans.values()))

    async def read(
        self, first: int, last: int, seconds: float, recognised: Mapping[int, RecognisedPage] | None = None
    ) -> bytes:
        """As `OpenDocument.read`. A page that the engine failed at is a record of why."""
        texts: list[bytes] = []
        for page in range(first, last + 1):
            self.read_pages[page] = self.read_pages.get(page, 0) + 1
            texts.append(_text_of(self.texts[page - 1], (recognised or {}).get(page)))
        return gzip.compress(b"\f".join(texts), mtime=0)


def _text_of(page: bytes, recognised: RecognisedPage | None) -> bytes:
    if recognised is None:
        return page.removeprefix(SCANNED)
    if recognised.failed:
        return json.dumps({"unread": recognised.failed}).encode()
    return "\n".join(word.text for word in recognised.words).encode()


@dataclass(slots=True)
class MemoryPages:
    """As `PageReader`. A line that begins with DRIFTED is a form that has changed."""

    at_once: int = 2
    read_pages: dict[int, int] = field(default_factory=dict[int, int])

    @asynccontextmanager
    async def opened(self, file_id: str, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[MemoryDocument]:
        """As `PageReader.opened`."""
        body = b"".join([block async for block in blocks])
        if not body.startswith(BEGINS):
            raise Refused("document.unsupported", "the file is no document")
        yield MemoryDocument(body.removeprefix(BEGINS).split(b"\f"), self.at_once, self.read_pages)

    def assemble(self, feed: str, sha256: str, ranges: AsyncIterator[bytes], filed: Mapping[str, str]) -> Assembled:
        """As `PageReader.assemble`."""

        async def lines() -> AsyncGenerator[bytes]:
            async for body in ranges:
                for line in gzip.decompress(body).replace(b"\f", b"\n").splitlines():
                    if line.startswith(DRIFTED):
                        signature = hashlib.sha256(line).hexdigest()[:16]
                        changed = {"field": line.decode(), "kind": "moved", "critical": True}
                        assembled.drifted.append(Drifted("form/1", signature, [changed]))
                    line = line.removeprefix(DRIFTED)
                    yield (json.dumps(json.loads(line) | filed).encode() if filed else line) + b"\n"

        assembled = Assembled(lines())
        return assembled


def page(*records: object) -> bytes:
    """A page with these records."""
    return b"\n".join(json.dumps(record).encode() for record in records)
