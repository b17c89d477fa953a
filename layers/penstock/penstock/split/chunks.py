"""A file's chunks before it is split, for what must be known of all of it first. The file is read once more for
that."""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

from penstock.feeds.feed import Feed
from penstock.io.reader import read_blocks
from penstock.model.messages import Layout, SourceFile, Span
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources
from penstock.split.planner import Planner

LARGEST = 64 * 1024 * 1024  #: bytes of a chunk that are kept; a feed's chunks are far smaller


async def chunks_of(
    feed: Feed, layout: Layout, file: SourceFile, store: Sources, clock: Clock, rng: random.Random, *, kept: bool
) -> AsyncGenerator[tuple[Span, bytes]]:
    """Each chunk as it will be cut, with its bytes, if they are `kept`; of an oversize one there are none.

    Raises:
        ObjectMissing: the object's version is gone.
        Transient: a read broke every time.
    """
    planner = Planner(feed, layout, start=layout.first_byte, size=layout.until or file.size)
    buffer, begin = bytearray(), layout.first_byte  # bytes that are in no chunk yet

    def cut(span: Span) -> tuple[Span, bytes]:
        nonlocal begin
        chunk = bytes(buffer[span.start - begin : span.end - begin])
        del buffer[: span.end - begin]
        begin = span.end if kept else begin
        return span, b"" if span.oversize else chunk

    async with aclosing(read_blocks(store, file, clock, rng, layout.first_byte, layout.until)) as blocks:
        async for block in blocks:
            if kept and len(buffer) < LARGEST:
                buffer += block
            for span in planner.push(block):
                yield cut(span)
    for span in planner.finish():
        yield cut(span)
