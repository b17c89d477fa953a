"""What the senders of a file's interchanges would be told, as a drop of it would tell them."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from penstock.adapters.system_clock import SystemClock
from penstock.feeds import FEEDS
from penstock.feeds.feed import Feed
from penstock.io.reader import read_blocks, read_range
from penstock.model.messages import Layout, SourceFile, Span
from penstock.model.records import Rejected
from penstock.outputs.acknowledgements import Acknowledgements, Source, reader_of, refusal_of
from penstock.outputs.acknowledgements import Rejected as RejectedFor
from penstock_ops.check.local_store import LocalStore


@dataclass(slots=True)
class Acknowledged:
    """Writes the acknowledgements of one file, once all of it is judged; nothing without a path, and nothing where the
    feed or the standard has none."""

    store: LocalStore
    file: SourceFile
    path: Path | None
    spans: list[Span] = field(default_factory=list[Span])
    rejected: dict[int, RejectedFor] = field(default_factory=dict[int, RejectedFor])

    def note(self, span: Span, bad: Sequence[Rejected]) -> None:
        """What was judged of a chunk."""
        if self.path:
            self.spans.append(span)
            self.rejected[span.chunk] = {one.ordinal: one.findings for one in bad}

    def write(self, feed: Feed, layout: Layout, made: float) -> Path | None:
        """Where they were written."""
        reader = reader_of(feed, layout)
        if self.path is None or reader is None:
            return None

        async def rejected_in(span: Span) -> RejectedFor:
            return self.rejected[span.chunk]

        source = Source(reader, layout, self.spans, rejected_in, _Local(self.store, self.file))
        return self.path if asyncio.run(_written(Acknowledgements(source, made), self.path)) else None


def write_refusal(feed: str | None, head: bytes, why: str, path: Path | None, made: float) -> Path | None:
    """As `Acknowledged.write`, of a file that was refused at its first bytes."""
    told = refusal_of(FEEDS[feed], head, why, made) if feed and path else None
    if told is None or path is None:
        return None
    path.write_bytes(told[0])
    return path


async def _written(acknowledgements: Acknowledgements, path: Path) -> int:
    """How many bytes there were; no file where there were none."""
    size = 0
    async for part in acknowledgements.parts():
        with path.open("ab" if size else "wb") as out:
            size += out.write(part)
    return size


@dataclass(frozen=True, slots=True)
class _Local:
    """As `Original`: a file on this machine."""

    store: LocalStore
    file: SourceFile

    def blocks(self, start: int) -> AsyncGenerator[bytes]:
        """As `Original.blocks`."""
        return read_blocks(self.store, self.file, SystemClock(), random.Random(), start)

    async def bytes_of(self, span: Span) -> bytes:
        """As `Original.bytes_of`."""
        return await read_range(self.store, self.file, span.start, span.end, SystemClock(), random.Random())
