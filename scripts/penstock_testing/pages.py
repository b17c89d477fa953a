"""The twin of what reads documents: a document is text, its pages stand between form feeds, each line is a record."""

import gzip
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from penstock.model.errors import Refused
from penstock.ports.pages import Assembled, Drifted, Survey

BEGINS = b"%PAGES"
DRIFTED = b"DRIFTED "


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

    async def read(self, first: int, last: int, seconds: float) -> bytes:
        """As `OpenDocument.read`."""
        for page in range(first, last + 1):
            self.read_pages[page] = self.read_pages.get(page, 0) + 1
        return gzip.compress(b"\f".join(self.texts[first - 1 : last]), mtime=0)


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
                        assembled.drifted.append(Drifted("form/1", signature, [{"field": line.decode()}]))
                    line = line.removeprefix(DRIFTED)
                    yield (json.dumps(json.loads(line) | filed).encode() if filed else line) + b"\n"

        assembled = Assembled(lines())
        return assembled


def page(*records: object) -> bytes:
    """A page with these records."""
    return b"\n".join(json.dumps(record).encode() for record in records)
